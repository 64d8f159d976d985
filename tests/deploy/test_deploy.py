"""No container engine is needed to see that what deploy/ names exists and is understood."""
import json
import pathlib
import re
import shlex
import shutil
import subprocess

import pytest
import yaml

from stack import host

SRC = host.SRC
DEPLOY = SRC / 'deploy'
DOCKERFILE = (DEPLOY / 'Dockerfile').read_text()
COMPOSE = yaml.safe_load((DEPLOY / 'compose.yaml').read_text())


def instructions():
    """(word, rest) of the Dockerfile, lines joined."""
    text = re.sub(r'^\s*#[^\n]*\n', '', DOCKERFILE, flags=re.M).replace('\\\n', ' ')
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def stages():
    return [rest.split()[-1] for word, rest in instructions() if word == 'FROM']


@pytest.fixture(scope='module')
def stage(build, tmp_path_factory):
    """What the image's build stage has under /stage."""
    root, work = tmp_path_factory.mktemp('stage'), build
    folders = {'prefix': '/usr', 'sysconfdir': '/etc', 'localstatedir': '/var'}
    if not folders.items() <= host.make_vars(build).items():
        work = tmp_path_factory.mktemp('installed')
        host.run(str(SRC / 'configure'), '-q', *(f'--{name}={at}' for name, at in folders.items()), 'CFLAGS=-O0', cwd=work)
        host.run('make', '-s', '-j2', cwd=work)
    host.run('make', '-s', 'install', f'DESTDIR={root}', cwd=work)
    return root


def test_dockerfile_words():
    known = 'FROM RUN COPY ENV WORKDIR USER EXPOSE VOLUME ENTRYPOINT CMD ARG LABEL HEALTHCHECK'.split()
    for word, rest in instructions():
        assert word in known, word
        if word in ('ENTRYPOINT', 'CMD'):
            assert all(isinstance(part, str) for part in json.loads(rest))
    assert [s for s in stages()] == ['build', 'postgres', 'httpd', 'tocsind']
    runs = [rest for word, rest in instructions() if word == 'RUN' and 'apt-get install' in rest]
    assert all('--no-install-recommends' in rest and 'rm -rf /var/lib/apt/lists' in rest for rest in runs)
    users = [rest for word, rest in instructions() if word == 'USER']
    assert users == ['www-data', 'tocsin'], 'our images do not run as root'


def test_every_copied_file_exists(stage):
    for word, rest in instructions():
        if word != 'COPY':
            continue
        parts = shlex.split(rest)
        if parts[0].startswith('--from='):
            assert parts[0] == '--from=build'
            assert parts[1].startswith('/stage/')
            assert (stage / parts[1].removeprefix('/stage/')).exists(), parts[1]
        else:
            assert (SRC / parts[0]).exists(), parts[0]


def copied_to():
    return {shlex.split(rest)[-1] for word, rest in instructions() if word == 'COPY'}


def test_every_program_it_starts_exists(stage):
    named = []
    for word, rest in instructions():
        if word in ('ENTRYPOINT', 'CMD'):
            named += [part for part in json.loads(rest) if part.startswith('/')]
    for service in COMPOSE['services'].values():
        command = service.get('command', [])
        named += [part for part in command if part.startswith('/')]
    assert named
    for path in named:
        assert path in copied_to() or (stage / path[1:]).exists(), path


def test_configured_packages_exist():
    """Each Debian package that an image installs is one that Debian 12 has."""
    if not shutil.which('apt-cache') or 'bookworm' not in pathlib.Path('/etc/os-release').read_text():
        # elsewhere the names are those of another release; there is nothing to hold them to
        return
    for word, rest in instructions():
        for names in re.findall(r'apt-get install -y --no-install-recommends(.*?)&&', rest):
            for name in names.split():
                assert host.run('apt-cache', '--no-all-versions', 'show', name), name


def test_the_page_of_installing_lists_what_the_check_installs():
    script = '. quickstart.d/packages.sh; printf "%s\\n" "${PACKAGES_check[@]}"'
    wanted = set(host.run('bash', '-c', script, cwd=SRC).split())
    listed = re.findall(r'apt-get install --no-install-recommends (.*?)\n```', (SRC / 'docs/install.md').read_text(), re.S)
    assert len(wanted) > 20 and wanted <= set(' '.join(listed).replace('\\\n', ' ').split())


def test_images_have_the_libraries_of_what_they_run(stage):
    """Each library that an installed program or module names is in a package of its image."""
    if not shutil.which('dpkg') or 'bookworm' not in pathlib.Path('/etc/os-release').read_text():
        return  # as above
    packages, image = {}, None
    for word, rest in instructions():
        image = rest.split()[-1] if word == 'FROM' else image
        for names in re.findall(r'apt-get install -y --no-install-recommends(.*?)&&', rest):
            packages[image] = {*names.split(), 'libc6'}
    installed = {'httpd': list((stage / 'usr/lib/apache2/modules').glob('*.so')),
                 'tocsind': [stage / 'usr/sbin/tocsind', stage / 'usr/bin/tocsin']}
    assert len(installed['httpd']) > 5
    for image, files in installed.items():
        for file in files:
            for name in re.findall(r'NEEDED.*\[(.*)\]', host.run('readelf', '-d', str(file))):
                owners = {line.split(':')[0] for line in host.run('dpkg', '-S', f'*/{name}').splitlines()}
                assert owners & packages[image], f'{file.name} in the image {image} needs {name} of {owners}'


def test_httpd_reaches_the_agents_by_tocsinds_socket():
    conf = dict(line.split(' = ') for line in (DEPLOY / 'tocsind.conf').read_text().splitlines() if ' = ' in line)
    defined = re.search(r"Define TOCSIN_FLEET (\S+)'", (DEPLOY / 'httpd-entry.sh').read_text())[1]
    assert conf['fleet_socket'] == defined
    folder = str(pathlib.PurePath(defined).parent)
    for name in ('httpd', 'tocsind'):
        assert f'gateway:{folder}' in COMPOSE['services'][name]['volumes']
    # a volume takes owner, group and mode from the image that is started first: all have the same
    made = re.findall(r'install -d -o (\S+) -g www-data -m 2750 (\S+)', DOCKERFILE)
    assert made == [('901', folder), ('tocsin', folder)] and '--uid 901' in DOCKERFILE
    assert conf['fleet_socket_group'] == 'www-data'
    # the keys are tocsind's alone, and are made where it reads them
    entry = (DEPLOY / 'tocsind-entry.sh').read_text()
    assert f"fleet={conf['fleet_dir']}\n" in entry
    where = str(pathlib.PurePath(conf['fleet_dir']).parent)
    assert f'fleet:{where}' in COMPOSE['services']['tocsind']['volumes'] and f'-m 0700 {where} ' in DOCKERFILE
    assert not any(v.startswith('fleet:') for v in COMPOSE['services']['httpd']['volumes'])


def test_compose_refers_to_what_is_there():
    services, secrets, volumes = COMPOSE['services'], COMPOSE['secrets'], COMPOSE['volumes']
    assert set(services) == {'postgres', 'migrate', 'httpd', 'tocsind'}
    known = {'build', 'restart', 'shm_size', 'volumes', 'secrets', 'healthcheck', 'depends_on', 'environment',
             'command', 'ports', 'init', 'stop_grace_period'}
    for name, service in services.items():
        assert set(service) <= known, name
        assert (DEPLOY / service['build']['context'] / service['build']['dockerfile']).exists()
        assert service['build']['target'] in stages()
        assert set(service.get('secrets', [])) <= set(secrets)
        assert {v.split(':')[0] for v in service.get('volumes', [])} <= set(volumes)
        for other, how in service.get('depends_on', {}).items():
            assert other in services
            assert how['condition'] != 'service_healthy' or 'healthcheck' in services[other]


def test_secrets_are_made(tmp_path):
    shutil.copy(DEPLOY / 'make-secrets.sh', tmp_path)
    host.run(str(tmp_path / 'make-secrets.sh'))
    made = {f.name: f.read_text() for f in (tmp_path / 'secrets').iterdir()}
    assert {s['file'].removeprefix('secrets/') for s in COMPOSE['secrets'].values()} == set(made)
    host.run(str(tmp_path / 'make-secrets.sh'))
    assert made == {f.name: f.read_text() for f in (tmp_path / 'secrets').iterdir()}, 'they are kept'
    assert made['pgpass'].count('\n') == 3
    assert 'deploy/secrets/' in (SRC / '.gitignore').read_text()


def test_yaml_is_clean():
    files = [str(f) for f in [*DEPLOY.rglob('*.y*ml'), *(SRC / '.github').rglob('*.yml')]]
    assert len(files) >= 2
    done = subprocess.run(['yamllint', '-s', '-d', '{extends: default, rules: {line-length: {max: 160}, document-start: disable,'
                           ' truthy: {check-keys: false}}}', *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_dockerfile_is_clean():
    done = subprocess.run([str(SRC / 'node_modules/.bin/dockerfile-utils'), 'lint', str(DEPLOY / 'Dockerfile')],
                          capture_output=True, text=True)
    assert done.returncode == 0 and not done.stdout.strip(), done.stdout + done.stderr


def test_httpd_understands_the_container_configuration(build, stage, tmp_path):
    """Debian's apache2.conf is not here; ours is read the way a2enmod would have it read."""
    make = host.make_vars(build)
    libexec = make['HTTPD_LIBEXECDIR']
    load = (stage / 'etc/apache2/mods-available/tocsin.load').read_text()
    assert '/usr/lib/apache2/modules/mod_tocsin.so' in load
    enabled = re.search(r'a2enmod ([a-z ]+)', DOCKERFILE)[1].split()
    assert set(re.search(r'^# Depends: (.*)$', load, re.M)[1].split()) | {'tocsin'} == set(enabled)
    conf = tmp_path / 'httpd.conf'
    (tmp_path / 'keys').write_text('k1 ' + 'QUFB' * 16 + '\n')
    base = ['mpm_event', 'authn_core', 'authz_core', 'authz_host', *(m for m in enabled if m != 'tocsin')]
    conf.write_text(''.join(f'LoadModule {m}_module {libexec}/mod_{m}.so\n' for m in base)
                    + load.replace('/usr/lib/apache2/modules', str(stage / 'usr/lib/apache2/modules'))
                    + f'''
ServerRoot "{tmp_path}"
DefaultRuntimeDir {tmp_path}
ErrorLog {tmp_path}/log
Listen 127.0.0.1:8080
TypesConfig /etc/mime.types
Define TOCSIN_PATH "/"
Define TOCSIN_KEYS "{tmp_path}/keys"
Define TOCSIN_DB "host=postgres dbname=tocsin user=tocsin_web"
LogFormat "%h" combined
''' + (stage / 'etc/apache2/mods-available/tocsin.conf').read_text() + (DEPLOY / 'httpd-site.conf').read_text())
    host.run(make['HTTPD_BIN'], '-f', str(conf), '-t')


def test_tocsind_understands_the_container_configuration(build, tmp_path):
    conf = tmp_path / 'tocsind.conf'
    fleet = tmp_path / 'fleet'
    host.run(str(pathlib.Path(build) / 'cli/tocsin'), 'fleet', 'init', '--dir', str(fleet))
    conf.write_text((DEPLOY / 'tocsind.conf').read_text().replace('/run/tocsin', str(tmp_path)).replace('/var/lib/tocsin/fleet', str(fleet)))
    host.run(str(pathlib.Path(build) / 'workers/tocsind'), '-t', '-c', str(conf))
