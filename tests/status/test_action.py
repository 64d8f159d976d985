"""The GitHub Action, its workflows and its scripts, on a machine that is not GitHub's."""
import concurrent.futures
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess

import jsonschema
import pytest
import yaml
from stack import host
from stack.doubles import Site

from status.github import GitHub

SRC = host.SRC
GITHUB = SRC / 'deploy/github'
PUSH, INSTALL = GITHUB / 'push.sh', GITHUB / 'install.sh'
WORKFLOWS = sorted((GITHUB / 'workflows').glob('*.yml'))
MINE = 'OWNER/tocsin@v1'
YESTERDAY = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)).date()


class Words(yaml.SafeLoader):
    """YAML 1.2 as GitHub reads it: `on` is a word."""


Words.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rows if tag != 'tag:yaml.org,2002:bool']
    for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Words.add_implicit_resolver('tag:yaml.org,2002:bool', re.compile('^(true|false)$'), list('tf'))


def load(path):
    return yaml.load(path.read_text(), Words)


def schema(name):
    return json.loads((SRC / 'tests/schemas' / name).read_text())


ACTION = load(SRC / 'action.yml')


def runs(document):
    """(name, script) of every run block."""
    steps = document['runs']['steps'] if 'runs' in document else [s for job in document['jobs'].values() for s in job['steps']]
    return [(s.get('name', s.get('id', '?')), s['run']) for s in steps if 'run' in s]


def test_the_action_is_what_github_takes():
    jsonschema.validate(ACTION, schema('action.json'))


@pytest.mark.parametrize('path', WORKFLOWS, ids=lambda p: p.stem)
def test_the_workflows_are_what_github_takes(path):
    document = load(path)
    jsonschema.validate(document, schema('workflow.json'))
    for job in document['jobs'].values():
        for step in job['steps']:
            if step.get('uses') == MINE:
                assert set(step.get('with', {})) <= set(ACTION['inputs'])


@pytest.mark.parametrize('change', [
    lambda d: d['jobs']['monitor'].pop('timeout-minutes'), lambda d: d['jobs']['monitor']['steps'].append({'run': 'x', 'uses': 'a/b@v1'}),
    lambda d: d['on'].update(pushes={}), lambda d: d['on'].update(schedule=[{'cron': 'hourly'}]),
    lambda d: d['jobs']['monitor']['steps'].append({'uses': 'actions/checkout'}), lambda d: d.update(permissions='write-all')])
def test_the_schema_refuses_what_github_would(change):
    document = load(GITHUB / 'workflows/monitor-systems.yml')
    change(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema('workflow.json'))


def test_all_workflows_of_the_scripts_before_are_there():
    assert {p.stem for p in WORKFLOWS} == {'monitor-systems', 'status-update', 'compress-archives', 'deploy', 'deploy-scheduled'}
    writers = [load(p) for p in WORKFLOWS if load(p)['permissions']['contents'] == 'write']
    assert len(writers) == 3 and {w['concurrency']['group'] for w in writers} == {'status-data-writer'}


@pytest.mark.parametrize('path', [SRC / 'action.yml', *WORKFLOWS], ids=lambda p: p.stem)
def test_every_script_in_them_is_sound(path, tmp_path):
    for name, script in runs(load(path)):
        assert '${{' not in script, f'{name}: what others choose goes in by the environment'
        file = tmp_path / 'step.sh'
        file.write_text(f'#!/bin/bash\nset -eo pipefail\n{script}')
        done = subprocess.run(['shellcheck', str(file)], capture_output=True, text=True)
        assert done.returncode == 0, (name, done.stdout)


def test_the_flags_of_every_step_are_known(build):
    binary = pathlib.Path(build).resolve() / 'cli/tocsin'
    seen = 0
    for name, script in runs(ACTION):
        for line in re.findall(r'^\s*tocsin (.*)$', script, re.M):
            words = line.split()
            command = words[:1] if words[0] == 'probe' else words[:2]
            text = subprocess.run([binary, *command, '--help'], capture_output=True, text=True)
            assert text.returncode == 0, (name, command, text.stderr)
            for flag in re.findall(r' (--[a-z-]+)', line):
                assert f'  {flag}' in text.stdout, (name, flag)
                seen += 1
    assert seen > 10


def test_outputs_and_inputs_of_the_action_are_used():
    text = (SRC / 'action.yml').read_text()
    for name in ACTION['inputs']:
        assert f'inputs.{name}' in text
    ids = {s['id'] for s in ACTION['runs']['steps'] if 'id' in s}
    for used in re.findall(r'steps\.(\w+)\.', text):
        assert used in ids


# ---------------------------------------------------------------- push.sh

class Clone:
    """A clone of a bare repository that has status data of `readings`."""

    def __init__(self, bare, path, binary):
        self.path, self.data = path, path / 'status-data'
        self.env = {**os.environ, 'TOCSIN': str(binary), 'PUSH_WAIT': '0.05', 'HOME': str(path.parent), 'GIT_CONFIG_NOSYSTEM': '1',
                    'GIT_CONFIG_GLOBAL': '/dev/null'}
        self.binary = binary
        subprocess.run(['git', 'clone', '-q', bare, path], check=True, env=self.env, capture_output=True)

    def git(self, *args):
        who = ('-c', 'user.name=t', '-c', 'user.email=t@example.org')
        return subprocess.run(['git', *who, *args], cwd=self.path, env=self.env, check=True, capture_output=True, text=True).stdout

    def probe(self, at, svc='api', url='http://127.0.0.1:1/'):
        subprocess.run([self.binary, 'probe', '--system', svc, '--url', url, '--as-of', at], cwd=self.path, env=self.env, check=True,
                       capture_output=True)

    def push(self, *args, status=0):
        done = subprocess.run([PUSH, *args], cwd=self.path, env=self.env, capture_output=True, text=True, timeout=60)
        assert done.returncode == status, done.stderr
        return done.stderr

    @property
    def times(self):
        return [r['t'] for r in json.loads((self.data / 'current.json').read_text())]


@pytest.fixture
def clone(tmp_path, build):
    bare = tmp_path / 'origin.git'
    subprocess.run(['git', 'init', '-q', '--bare', '-b', 'main', bare], check=True)
    binary = pathlib.Path(build).resolve() / 'cli/tocsin'
    first = Clone(bare, tmp_path / 'first', binary)
    first.git('checkout', '-q', '-b', 'main')
    (first.path / 'README.md').write_text('hello\n')
    first.git('add', '-A')
    first.git('commit', '-q', '-m', 'first')
    first.git('push', '-q', 'origin', 'main')
    return lambda name: Clone(bare, tmp_path / name, binary)


def test_what_has_not_changed_is_not_pushed(clone):
    a = clone('a')
    a.probe('2026-03-10T10:00:00Z')
    assert 'pushed to main (attempt 1)' in a.push('--message', 'one')
    assert 'nothing has changed' in a.push('--message', 'two')
    assert a.git('log', '--format=%s|%an', 'origin/main').splitlines() == ['one|tocsin', 'first|t']
    assert '.lock' not in a.git('ls-files')


def test_two_who_push_at_once_lose_no_reading(clone):
    a, b = clone('a'), clone('b')
    a.probe(f'{YESTERDAY}T10:00:00Z')
    a.push('--message', 'a one')
    b.git('pull', '-q')
    a.probe(f'{YESTERDAY}T10:05:00Z')
    b.probe(f'{YESTERDAY}T10:06:00Z', 'web')
    a.push('--message', 'a two')
    said = b.push('--message', 'b\n\nwith more lines')
    assert 'attempt 2' in said
    c = clone('c')
    text = next(c.data.glob('archives/*/*/*.jsonl')).read_text()
    assert len(text.splitlines()) == 3 and '<<<<' not in text
    assert len(c.times) == 3 and set(json.loads((c.data / 'daily-summary.json').read_text())['services']) == {'api', 'web'}
    assert {i['name'] for i in json.loads((c.data / 'status.json').read_text())['items']} == {'api', 'web'}
    assert c.git('log', '--format=%s').splitlines() == ['b', 'a two', 'a one', 'first']


def test_many_who_push_at_once_all_arrive(clone):
    clones = [clone(f'c{i}') for i in range(3)]
    for i, c in enumerate(clones):
        c.probe(f'2026-03-10T10:0{i}:00Z', f's{i}')
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda c: c.push('--message', 'x', '--attempts', '20'), clones))
    last = clone('last')
    lines = (last.data / 'archives/2026/03/history-2026-03-10.jsonl').read_text().splitlines()
    assert {json.loads(line)['svc'] for line in lines} == {f's{i}' for i in range(3)} and len(lines) == 3


def test_a_day_that_was_compressed_meanwhile_keeps_its_late_readings(clone):
    a, b = clone('a'), clone('b')
    a.probe('2026-03-10T23:50:00Z')
    a.push('--message', 'one')
    b.git('pull', '-q')
    subprocess.run([a.binary, 'status-data', 'compress', '--as-of', '2026-03-11T00:05:00Z'], cwd=a.path, check=True, capture_output=True)
    a.push('--message', 'compressed')
    b.probe('2026-03-10T23:55:00Z')
    b.push('--message', 'late')
    c = clone('c')
    assert {p.name for p in c.data.glob('archives/2026/03/*')} >= {'history-2026-03-10.jsonl.gz', 'history-2026-03-10.jsonl'}
    subprocess.run([c.binary, 'status-data', 'rebuild', '--as-of', '2026-03-11T00:10:00Z'], cwd=c.path, check=True)
    assert c.times == [1773186600000, 1773186900000]


def test_what_is_not_status_data_is_left_alone(clone):
    a = clone('a')
    a.probe('2026-03-10T10:00:00Z')
    (a.path / 'README.md').write_text('changed\n')
    (a.path / 'secret.env').write_text('x')
    a.push('--message', 'one')
    assert a.git('show', 'origin/main:README.md') == 'hello\n' and 'secret.env' not in a.git('ls-files')


def test_a_server_that_refuses_is_given_up_on(clone):
    a = clone('a')
    a.probe('2026-03-10T10:00:00Z')
    hook = pathlib.Path(a.git('remote', 'get-url', 'origin').strip()) / 'hooks/pre-receive'
    hook.write_text('#!/bin/sh\necho no thanks >&2\nexit 1\n')
    hook.chmod(0o755)
    said = a.push('--message', 'one', '--attempts', '2', status=1)
    assert 'given up after 2 attempts' in said and 'rejected' in said


@pytest.mark.parametrize('args, status', [(['--dir', 'nowhere'], 1), (['--message'], 2), (['--force', 'x'], 2), (['--attempts', '0'], 2)])
def test_push_refuses_wrong_calls(clone, args, status):
    clone('a').push(*args, status=status)


# ---------------------------------------------------------------- the action, played

class Runner:
    """Runs the steps of action.yml that are scripts, as GitHub's runner does."""

    def __init__(self, clone, hub, tools):
        self.clone, self.hub, self.tools = clone, hub, tools

    def value(self, text, inputs, steps):
        def one(match):
            for term in match[1].split('||'):
                term = term.strip()
                if term.startswith("'"):
                    found = term.strip("'")
                else:
                    kind, _, rest = term.partition('.')
                    found = {'inputs': lambda: inputs[rest], 'github': lambda: {'token': self.hub.token, 'action_path': str(SRC)}[rest],
                             'steps': lambda: steps.get(rest.split('.')[0], {}).get(rest.split('.')[2], '')}[kind]()
                if found:
                    return found
            return ''
        return re.sub(r'\$\{\{ (.+?) \}\}', one, text)

    def wanted(self, condition, inputs):
        for term in condition.split('&&'):
            term = term.strip()
            if term == '!cancelled()':
                continue
            name, op, value = re.fullmatch(r"inputs\.([\w-]+) (==|!=) '(.*)'", term).groups()
            if (inputs[name] == value) != (op == '=='):
                return False
        return True

    def run(self, **given):
        inputs = {name: str(d.get('default', '')) for name, d in ACTION['inputs'].items()}
        inputs['token'] = self.hub.token
        inputs.update({k.replace('_', '-'): v for k, v in given.items()})
        steps = {}
        for step in ACTION['runs']['steps']:
            if 'run' not in step or not self.wanted(step.get('if', "inputs.config != ''"), inputs):
                continue
            out = self.clone.path.parent / 'out'
            out.write_text('')
            env = {k: v for k, v in self.clone.env.items() if not k.startswith(('GITHUB_', 'GH_'))}
            env.update({k: self.value(v, inputs, steps) for k, v in step['env'].items()}, PATH=f"{self.tools}:{env['PATH']}",
                       GITHUB_OUTPUT=str(out), GITHUB_API_URL=self.hub.url, GITHUB_REPOSITORY='acme/site', PUSH_WAIT='0.05')
            done = subprocess.run(['bash', '--noprofile', '--norc', '-eo', 'pipefail', '-c', step['run']], cwd=self.clone.path, env=env,
                                  capture_output=True, text=True, timeout=60)
            print(step['name'], done.stdout, done.stderr)
            assert done.returncode == 0, (step['name'], done.stdout, done.stderr)
            steps[step.get('id', step['name'])] = outputs(out.read_text())
        return {name: self.value(o['value'], inputs, steps) for name, o in ACTION['outputs'].items()}


def outputs(text):
    out, lines = {}, iter(text.splitlines())
    for line in lines:
        if '<<' in line:
            name, mark = line.split('<<', 1)
            out[name] = '\n'.join(iter(lambda: next(lines), mark))
        else:
            name, _, out[name] = line.partition('=')
    return out


def test_an_outage_becomes_a_commit_an_issue_and_an_incident(clone, tmp_path):
    hub, site, c = GitHub(), Site(), clone('c')
    tools = tmp_path / 'tools'
    tools.mkdir()
    (tools / 'tocsin').symlink_to(c.binary)
    (c.path / '.monitorrc.json').write_text(json.dumps({'systems': [{'system': 'api', 'url': site.url}]}))
    play = Runner(c, hub, tools)
    try:
        said = play.run(open_issues='true', sync='true', publish='site')
        assert (said['status'], said['critical-changed'], said['down']) == ('up', 'false', '') and hub.issues == {}
        assert '<title>Status</title>' in (c.path / 'site/status/index.html').read_text()
        site.stop()
        assert play.run(open_issues='true', sync='true')['critical-changed'] == 'false'  # one failure is not believed yet
        said = play.run(open_issues='true', sync='true')
        assert (said['status'], said['down'], said['critical-changed']) == ('down', 'api', 'true')
        assert [i['state'] for i in hub.issues.values()] == ['open']
        shown = json.loads(c.git('show', 'origin/main:status-data/incidents.json'))
        assert [(i['severity'], i['systems']) for i in shown] == [('critical', ['api'])]
        site.start()
        play.run(open_issues='true', sync='true')
        assert play.run(open_issues='true', sync='true')['critical-changed'] == 'true'
        assert [i['state'] for i in hub.issues.values()] == ['closed']
        subjects = c.git('log', '--format=%s', 'origin/main').splitlines()
        assert len(subjects) == 6 and subjects[0] == '🟩 All systems operational [skip ci]' and subjects[2] == '🟥 Systems down: api [skip ci]'
        assert len((next(c.data.glob('archives/*/*/*.jsonl'))).read_text().splitlines()) == 5
    finally:
        hub.stop()
        site.stop()


# ---------------------------------------------------------------- install.sh, tocsin-static

@pytest.fixture(scope='module')
def static(build):
    build = pathlib.Path(build).resolve()
    done = subprocess.run(['make', '-s', 'tocsin-static'], cwd=build, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return build / 'cli/tocsin-static'


def test_the_static_program_needs_libc_and_libcurl_only(static):
    needed = re.findall(r'NEEDED.*\[(.*)\]', subprocess.run(['readelf', '-d', static], capture_output=True, text=True, check=True).stdout)
    assert {re.sub(r'\.so.*', '', n) for n in needed} <= {'libc', 'libcurl', 'libm'}
    listed = subprocess.run([static, '--help'], capture_output=True, text=True, check=True).stdout
    assert 'probe' in listed and 'status-data' in listed and 'migrate ' not in listed


def test_the_static_program_probes_and_publishes(static, tmp_path):
    site = Site()
    subprocess.run([static, 'probe', '--system', 'api', '--url', site.url], cwd=tmp_path, check=True, capture_output=True)
    subprocess.run([static, 'status-data', 'publish', '--title', 'Us'], cwd=tmp_path, check=True, capture_output=True)
    site.stop()
    assert '<title>Us</title>' in (tmp_path / 'status-site/status/index.html').read_text()


def install(tmp_path, **env):
    path = tmp_path / 'path'
    done = subprocess.run([INSTALL, tmp_path / 'bin'], capture_output=True, text=True,
                          env={'PATH': '/usr/bin:/bin', 'HOME': str(tmp_path), 'GITHUB_PATH': str(path), **env})
    return done, path.read_text() if path.exists() else ''


def test_install_takes_what_is_there(static, tmp_path):
    (tmp_path / 'bin').mkdir()
    shutil.copy(static, tmp_path / 'bin/tocsin')
    done, path = install(tmp_path)
    assert done.returncode == 0 and done.stdout.startswith('tocsin ') and path == f'{tmp_path}/bin\n'


@pytest.mark.parametrize('env, words', [({'TOCSIN_BINARY_URL': 'http://127.0.0.1/x'}, 'no https'),
                                        ({'TOCSIN_BINARY_URL': 'https://127.0.0.1:1/x'}, 'TOCSIN_BINARY_SHA256 is missing')])
def test_install_fetches_only_what_is_known(tmp_path, env, words):
    done, path = install(tmp_path, **env)
    assert done.returncode == 1 and words in done.stderr and path == '' and not (tmp_path / 'bin/tocsin').exists()
