"""What `make release` leaves: agents for both architectures that run, sums, a signature, and the same
bytes wherever it was built."""
import hashlib
import os
import re
import shutil
import subprocess
import tarfile

import pytest

from rig import make_release, sources
from stack import host

ARCHES = ('amd64', 'arm64')


@pytest.fixture(scope='session')
def unpacked(release, tmp_path_factory):
    folders = {}
    for arch in ARCHES:
        folders[arch] = tmp_path_factory.mktemp(arch)
        with tarfile.open(release / f'tocsin-agent-linux-{arch}.tar.gz') as tar:
            tar.extractall(folders[arch])
    return folders


def test_release_has_what_it_promises(release):
    assert {f.name for f in release.iterdir()} == {
        'install.sh', 'SHA256SUMS', 'SHA256SUMS.sig', *(f'tocsin-agent-linux-{a}.tar.gz' for a in ARCHES)}
    for line in (release / 'SHA256SUMS').read_text().splitlines():
        said, name = line.split()
        assert hashlib.sha256((release / name).read_bytes()).hexdigest() == said


def test_signature_is_of_the_key(release, made, tmp_path):
    public = made.public
    check = ['openssl', 'pkeyutl', '-verify', '-pubin', '-inkey', str(public), '-rawin', '-sigfile', str(release / 'SHA256SUMS.sig'), '-in']
    host.run(*check, str(release / 'SHA256SUMS'))
    changed = tmp_path / 'SHA256SUMS'
    changed.write_text((release / 'SHA256SUMS').read_text().replace('1', '2', 1))
    assert subprocess.run([*check, str(changed)], capture_output=True).returncode != 0
    pinned = re.search(r"^PINNED_KEY='(.*)'$", (release / 'install.sh').read_text(), re.M)[1]
    assert pinned == ''.join(public.read_text().splitlines()[1:-1])


def runner(arch):
    """How a program of that architecture is run here."""
    if os.uname().machine == {'amd64': 'x86_64', 'arm64': 'aarch64'}[arch]:
        return []
    return [shutil.which({'amd64': 'qemu-x86_64-static', 'arm64': 'qemu-aarch64-static'}[arch])]


@pytest.mark.parametrize('arch', ARCHES)
def test_agent_is_one_static_file_that_runs(unpacked, arch, tmp_path):
    agent = unpacked[arch] / 'tocsin-agent'
    assert agent.stat().st_size <= 6 << 20
    assert 'NEEDED' not in host.run('readelf', '-d', str(agent))
    assert host.run(*runner(arch), str(agent), 'version').startswith('tocsin-agent ')
    conf = tmp_path / 'agent.conf'
    conf.write_text('listen = 127.0.0.1:7443\n[app web]\nunit = web.service\n')
    conf.chmod(0o600)
    host.run(*runner(arch), str(agent), '-c', str(conf), '--own', 'check')
    conf.write_text('listen = 127.0.0.1:7443\n[app web]\nunti = web.service\n')
    done = subprocess.run([*runner(arch), str(agent), '-c', str(conf), '--own', 'check'], capture_output=True, text=True)
    assert done.returncode == 1 and ':3: ' in done.stderr


def test_archives_have_all_that_is_installed(unpacked):
    names = {arch: sorted(str(f.relative_to(folder)) for f in folder.rglob('*')) for arch, folder in unpacked.items()}
    assert names['amd64'] == names['arm64']
    assert {'tocsin-agent', 'tocsin-agent.service', 'tocsin-deploy@.service', 'agent.conf.example', 'LICENSE'} <= set(names['amd64'])
    assert any(n.endswith('.rules') for n in names['amd64'])


def test_two_builds_are_the_same_bytes(release, made, tmp_path):
    """In a folder of another name and length; one architecture, for both take the same way."""
    source = sources(tmp_path / 'quite/another/folder', of=made.source)
    again = make_release(source, tmp_path / 'release', '--key', made.key, '--arch', 'native')
    for file in [*again.glob('*.tar.gz'), again / 'install.sh']:
        assert hashlib.sha256(file.read_bytes()).hexdigest() == hashlib.sha256((release / file.name).read_bytes()).hexdigest(), file.name
    assert len(list(again.glob('*.tar.gz'))) == 1


def test_make_release_says_what_is_wrong(made, tmp_path):
    make = str(made.source / 'deploy/agent/make-release')
    for words, said in (([], 'which folder'), ([str(tmp_path), '--arch', 'mips'], 'an agent for mips cannot be built'),
                        ([str(tmp_path), '--key', str(tmp_path / 'none')], 'cannot be read'), (['--what'], "there is no '--what'")):
        done = subprocess.run([make, *words], capture_output=True, text=True)
        assert done.returncode == 1 and said in done.stderr, done.stderr
        assert not list(tmp_path.iterdir())
