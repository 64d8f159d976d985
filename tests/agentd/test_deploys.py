"""Deploys: a real git repository, the real `tocsin-agent deploy`, and a systemctl that starts it as systemd would."""
import concurrent.futures
import grp
import json
import os
import pwd
import re
import signal
import subprocess
import time
import uuid

import pytest

import agentrig

# root deploys as another; who is not root can only deploy as himself
USER = pwd.getpwnam('www-data') if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())

SYSTEMCTL = '''#!/bin/sh
here=${0%%/*}
for unit; do :; done
case $unit in
tocsin-deploy@*.service)
    app=${unit#tocsin-deploy@}
    case $1 in
    start)
        [ ! -e "$here/refuse" ] || { echo 'Failed to start it: Access denied' >&2; exit 4; }
        # what runs is not started twice
        readlink "/proc/$(cat "$here/pid" 2>/dev/null)/exe" >/dev/null || {
            setsid "%s" -c "$here/agent.conf" --own deploy "${app%%.service}" >>"$here/journal" 2>&1 &
            echo $! >"$here/pid"
        }
        while [ -e "$here/slow" ]; do sleep 0.02; done ;;
    stop) kill -TERM "$(cat "$here/pid")" ;;
    esac
    exit 0 ;;
esac
exec "$here/systemctl" "$@"
'''

BUILD = '''echo "building $TOCSIN_REF as $(id -un)"
[ ! -e hold ] || { echo held >held; while [ -e hold ]; do sleep 0.02; done; }
'''


class Deploys:
    """An app with a working copy, its origin, and an agent that may deploy it."""

    def __init__(self, agent, folder, more='deploy_health = 1s\n', health=True, runs='unit = web.service'):
        self.folder = folder
        folder.chmod(0o755)
        self.origin, self.work, self.dir = folder / 'origin.git', folder / 'work', folder / 'app'
        for path in (self.origin, self.work):
            path.mkdir()
            os.chown(path, USER.pw_uid, USER.pw_gid)
        self.git('init', '-q', '--bare', '-b', 'main', self.origin)
        self.git('init', '-q', '-b', 'main', self.work)
        self.first = self.commit('first', {'build.sh': BUILD, 'text': 'one\n'})
        self.dir.mkdir()
        os.chown(self.dir, USER.pw_uid, USER.pw_gid)
        self.git('clone', '-q', self.origin, self.dir)
        apps = (f'[app web]\n{runs}\ndir = {self.dir}\ndeploy = yes\ndeploy_user = {USER.pw_name}\n'
                f'deploy_refs = main release/* v*\ndeploy_step = build: /bin/sh build.sh\n{more}'
                + (f'health_command = /usr/bin/test ! -e {self.dir}/ill\n' if health else ''))
        self.agent = agent(apps, f'systemctl = {folder}/agent0/fake\ndeploys = {folder}/deploys\ndocker_socket = {folder}/docker.sock\n',
                           start=False)
        fake = self.agent.folder / 'fake'
        fake.write_text(SYSTEMCTL % (self.agent.build / 'agent/tocsin-agent'))
        fake.chmod(0o755)
        self.agent.unit('web.service')
        self.agent.start()

    def git(self, *args, where=None):
        command = ['git', '-c', 'user.name=Ann', '-c', 'user.email=ann@example.com', *map(str, args)]
        return subprocess.run(command, cwd=where or self.folder, check=True, capture_output=True, text=True, user=USER.pw_uid,
                              group=USER.pw_gid, extra_groups=[] if os.geteuid() == 0 else None,
                              env={'PATH': os.environ['PATH'], 'HOME': '/nonexistent'}).stdout.strip()

    def commit(self, subject, files, ref='main'):
        """A commit on top of the last one, pushed to a branch; its name."""
        for name, text in files.items():
            path = self.work / name
            path.unlink(missing_ok=True)
            if text is not None:
                path.write_text(text)
        self.git('add', '-A', where=self.work)
        self.git('commit', '-q', '-m', subject, where=self.work)
        self.git('push', '-q', '-f', self.origin, f'HEAD:refs/heads/{ref}', where=self.work)
        return self.git('rev-parse', 'HEAD', where=self.work)

    def post(self, ref='main', id=None):
        return self.agent.post('/v1/apps/web/deploys', {'id': id or str(uuid.uuid4()), 'ref': ref})

    def begin(self, ref='main'):
        answer = self.post(ref)
        assert answer.status_code == 202, answer.text
        return answer.json()['id']

    def get(self, id):
        return self.agent.get(f'/v1/apps/web/deploys/{id}').json()

    def until(self, id, fits, timeout=60):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            said = self.get(id)
            if fits(said):
                return said
            time.sleep(0.05)
        raise AssertionError(f'{said}\n{self.journal}')

    def deploy(self, ref='main'):
        """From the request to the end of it."""
        return self.until(self.begin(ref), lambda said: said['state'] != 'running')

    def hold(self):
        """The next build waits in its step; the file is not git's."""
        (self.dir / 'hold').touch()

    def held(self, id):
        self.until(id, lambda _: (self.dir / 'held').exists())

    def let_go(self):
        (self.dir / 'hold').unlink(missing_ok=True)
        (self.dir / 'held').unlink(missing_ok=True)

    @property
    def app(self):
        return self.agent.get('/v1/state').json()['apps'][0]

    @property
    def head(self):
        return self.git('rev-parse', 'HEAD', where=self.dir)

    @property
    def journal(self):
        path = self.agent.folder / 'journal'
        return path.read_text(errors='replace') if path.exists() else ''

    @property
    def looks(self):
        """How often a deploy has looked at the unit."""
        calls = self.agent.folder / 'calls'
        return calls.exists() and calls.read_text().count('ActiveState,SubState,InvocationID')

    @property
    def restarts(self):
        return sum(call.startswith('restart') for call in self.agent.calls)

    def kill(self):
        os.kill(int((self.agent.folder / 'pid').read_text()), signal.SIGKILL)


@pytest.fixture
def deploys(agent, folder):
    made = []
    yield lambda *args, **more: made.append(Deploys(agent, folder, *args, **more)) or made[0]
    for one in made:
        one.let_go()
        pid = one.agent.folder / 'pid'
        if pid.exists():
            try:
                os.kill(int(pid.read_text()), signal.SIGKILL)
            except ProcessLookupError:
                pass
        found = re.search(r'(?s)(AddressSanitizer|LeakSanitizer|runtime error:).*', one.journal)
        assert not found, found.group(0)[:4000]


def names(said):
    return [(step['name'], step['state']) for step in said['steps']]


FORTH = ['fetch', 'check', 'checkout', 'build', 'restart', 'health']
BACK = [('roll-back: ' + name, 'ok') for name in FORTH[2:]]


def test_a_commit_is_deployed(deploys):
    d = deploys()
    second = d.commit('second: "quoted"', {'text': 'two\n'})
    third = d.commit('third', {'text': 'three\n'})
    (d.dir / 'mine').write_text('untracked files stay\n')
    said = d.deploy()
    assert said['state'] == 'succeeded' and said['error'] is None, (said, d.journal)
    assert (said['from'], said['to'], said['ref']) == (d.first, third, 'main') and second
    assert said['subjects'] == ['third', 'second: "quoted"']
    assert names(said) == [(name, 'ok') for name in FORTH]
    assert all(step['ms'] >= 0 and step['at'].endswith('Z') for step in said['steps'])
    assert said['started_at'] <= said['steps'][0]['at'] <= said['ended_at']
    assert d.head == third and (d.dir / 'text').read_text() == 'three\n' and (d.dir / 'mine').exists()
    assert f'building main as {USER.pw_name}' in d.journal and d.restarts == 1
    marks = [json.loads(line.split(' ', 1)[1]) for line in d.journal.splitlines() if line.startswith('::tocsin:: ')]
    assert {'deploy': said['id'], 'step': 'build', 'state': 'running'} in marks
    assert marks[-1] == {'deploy': said['id'], 'state': 'succeeded'}
    assert (d.app['running_deploy'], d.app['last_deploy'], d.app['commit'], d.app['branch']) == (None, said['id'], third, 'main')


def test_the_same_id_is_done_once(deploys):
    d = deploys()
    said = d.deploy()
    again = d.post(id=said['id'])
    assert again.status_code == 202 and again.json()['state'] == 'succeeded'
    assert d.restarts == 1


def test_a_build_that_fails_is_rolled_back(deploys):
    d = deploys()
    bad = d.commit('bad', {'build.sh': 'echo made >made; exit 3\n'})
    said = d.deploy()
    assert said['state'] == 'rolled-back' and said['error'] == "step 'build': exit code 3", (said, d.journal)
    assert names(said) == [('fetch', 'ok'), ('check', 'ok'), ('checkout', 'ok'), ('build', 'failed'), *BACK]
    assert (said['from'], said['to'], d.head) == (d.first, bad, d.first)
    assert d.restarts == 1 and d.journal.count('building main') == 1


def test_what_a_build_did_to_tracked_files_is_no_obstacle(deploys):
    d = deploys()
    d.commit('bad', {'build.sh': 'echo other >text; exit 3\n'})
    assert d.deploy()['state'] == 'rolled-back' and (d.dir / 'text').read_text() == 'one\n'


def test_an_app_that_is_not_well_is_rolled_back(deploys):
    d = deploys()
    d.commit('ill', {'ill': 'x'})
    said = d.deploy()
    assert said['state'] == 'rolled-back' and "step 'health': not well after 1 s" in said['error'], said
    assert names(said) == [*((name, 'ok') for name in FORTH[:-1]), ('health', 'failed'), *BACK]
    assert d.head == d.first and d.restarts == 2


def test_an_app_that_does_not_start_is_rolled_back_and_told_when_that_fails_too(deploys):
    d = deploys()
    d.commit('second', {'text': 'two\n'})
    d.agent.unit('web.service', Refuse=1)
    said = d.deploy()
    assert said['state'] == 'failed'
    assert "step 'restart': exit code 1; and the roll-back failed: step 'roll-back: restart'" in said['error'], said
    assert d.head == d.first


def test_without_a_health_check_the_app_must_stay_what_was_started(deploys):
    d = deploys('deploy_health = 20s\n', health=False)
    id = d.begin()
    d.until(id, lambda _: d.looks > 1)  # so the first look is over
    d.agent.unit('web.service', InvocationID='f0' * 16)
    said = d.until(id, lambda said: said['state'] != 'running')
    assert said['state'] == 'failed' and 'was started again by itself' in said['error']
    assert 'none to go back to' in said['error']  # it was the same commit


def test_a_health_check_over_http_is_asked(deploys, site):
    d = deploys(health=False, more=f'deploy_health = 1s\nhealth = {site.url}/ok\n')
    assert d.deploy()['state'] == 'succeeded' and site.hits >= 1
    d.commit('second', {'text': 'two\n'})
    site.status = 500
    said = d.deploy()
    assert said['state'] == 'failed' and 'HTTP 500' in said['error']


def test_a_container_is_restarted_and_watched(deploys, folder):
    docker = agentrig.Docker(folder / 'docker.sock')
    docker.container('box')
    d = deploys(health=False, runs='container = box')
    second = d.commit('second', {'text': 'two\n'})
    said = d.deploy()
    assert said['state'] == 'succeeded' and said['steps'][-1]['ms'] >= 1000 and d.head == second
    assert [call.split('?')[0] for call in docker.calls if call.startswith('POST')] == ['POST /containers/box/restart']
    d.commit('third', {'text': 'three\n'})
    docker.container('box', State={'Health': {'Status': 'unhealthy', 'FailingStreak': 3, 'Log': []}})
    said = d.deploy()
    assert said['state'] == 'failed' and 'unhealthy' in said['error'] and 'after 1 s' in said['error'], said
    docker.fail = 500
    said = d.deploy()
    assert said['state'] == 'failed' and "step 'restart': Docker did not restart it: HTTP 500" in said['error'], said
    docker.containers.clear()
    assert 'HTTP 404' in d.deploy()['error']
    docker.close()
    assert "step 'restart'" in d.deploy()['error']


def test_a_deploy_is_cancelled_and_goes_back(deploys):
    d = deploys()
    d.commit('second', {'text': 'two\n'})
    d.hold()
    id = d.begin()
    d.held(id)
    assert d.head != d.first
    (d.dir / 'hold').unlink()  # for the build on the way back
    (d.dir / 'hold').touch()
    answer = d.agent.post(f'/v1/apps/web/deploys/{id}/cancel')
    assert answer.status_code == 202
    d.until(id, lambda said: said['step'] == 'roll-back: build')
    d.let_go()
    said = d.until(id, lambda said: said['state'] != 'running')
    assert said['state'] == 'cancelled' and said['error'] == "cancelled in step 'build'", said
    assert ('build', 'cancelled') in names(said) and names(said)[-4:] == BACK
    assert d.head == d.first
    assert d.agent.post(f'/v1/apps/web/deploys/{id}/cancel').status_code == 409
    assert d.agent.post(f'/v1/apps/web/deploys/{uuid.uuid4()}/cancel').status_code == 404


def test_one_deploy_at_a_time(deploys):
    d = deploys()
    d.hold()
    id = d.begin()
    d.held(id)
    second = d.post()
    assert second.status_code == 409 and second.json()['running'] == id
    assert d.app['running_deploy'] == id
    # and the unit itself holds to it, whoever starts it
    (d.agent.state_dir / 'deploy-web.json').write_text(json.dumps({'id': str(uuid.uuid4()), 'ref': 'main'}))
    other = run(d)
    assert other.returncode == 1 and 'another deploy of it runs' in other.stderr
    (d.agent.state_dir / 'deploy-web.json').unlink()
    d.let_go()
    assert d.until(id, lambda said: said['state'] != 'running')['state'] == 'succeeded'
    assert d.app['running_deploy'] is None


def wait_in_fetch(d):
    """The next fetch of git's waits in a hook of the working copy's, until the file that is returned is gone."""
    wait = d.folder / 'wait'
    (d.dir / '.git/hooks').mkdir(exist_ok=True)
    hook = d.dir / '.git/hooks/reference-transaction'
    hook.write_text(f'#!/bin/sh\n[ ! -e {wait} ] || echo >>{d.dir}/.git/waits\nwhile [ -e {wait} ]; do sleep 0.02; done\n')
    hook.chmod(0o755)
    wait.touch()
    return wait


@pytest.fixture
def aside():
    """aside(call, *args): it is made beside; its future."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        yield pool.submit


def test_a_deploy_waits_for_the_look_at_what_is_new(deploys, aside):
    d = deploys()
    second = d.commit('second', {'text': 'two\n'})
    wait = wait_in_fetch(d)
    refs = aside(d.agent.get, '/v1/apps/web/refs')
    d.agent.wait((d.dir / '.git/waits').exists)
    id = d.begin()
    assert d.get(id)['state'] == 'running' and d.get(id)['steps'] == [] and d.app['running_deploy'] == id
    assert d.post().json()['running'] == id  # one deploy waits, not two
    wait.unlink()
    assert refs.result().json()['refs'][0]['sha'] == second
    said = d.until(id, lambda said: said['state'] != 'running')
    assert (said['state'], said['to'], d.head) == ('succeeded', second, second), (said, d.journal)


def test_a_look_that_does_not_end_is_ended_for_a_deploy(deploys, aside):
    d = deploys()
    d.agent.get('/v1/apps/web/refs')
    second = d.commit('second', {'text': 'two\n'})
    wait = wait_in_fetch(d)
    refs = aside(d.agent.get, '/v1/apps/web/refs?fetch=1')
    d.agent.wait((d.dir / '.git/waits').exists)
    id = d.begin()
    seen = refs.result().json()  # while the deploy waits in its own fetch, or before
    assert seen['refs'][0]['sha'] == d.first and 'error' not in seen, seen
    d.until(id, lambda said: said['step'] == 'fetch')
    assert d.agent.get('/v1/apps/web/refs?fetch=1').json()['refs'][0]['sha'] == d.first
    wait.unlink()
    assert d.until(id, lambda said: said['state'] != 'running')['state'] == 'succeeded' and d.head == second


def test_a_deploy_may_be_asked_for_while_systemd_starts_a_look(deploys, aside):
    d = deploys()
    slow = d.agent.folder / 'slow'
    slow.touch()
    refs = aside(d.agent.get, '/v1/apps/web/refs')
    d.agent.wait((d.folder / 'deploys/web/refs.json').exists)
    id = str(uuid.uuid4())
    answer = aside(d.post, id=id)
    asked = d.agent.state_dir / 'deploy-web.json'
    d.agent.wait(lambda: answer.done() or json.loads(asked.read_text())['id'] == id)
    slow.unlink()
    assert answer.result().status_code == 202, answer.result().text
    assert refs.result().json()['head'] == d.first
    assert d.until(id, lambda said: said['state'] != 'running')['state'] == 'succeeded'


def test_a_deploy_that_is_over_is_in_nobodys_way(deploys, aside):
    d = deploys()
    slow = d.agent.folder / 'slow'
    slow.touch()
    id = str(uuid.uuid4())
    first = aside(d.post, id=id)
    d.agent.wait((d.folder / f'deploys/web/{id}.json').exists)
    assert d.until(id, lambda said: said['state'] != 'running')['state'] == 'succeeded'
    second = aside(d.post)
    asked = d.agent.state_dir / 'deploy-web.json'
    d.agent.wait(lambda: second.done() or json.loads(asked.read_text())['id'] != id)
    slow.unlink()
    assert (first.result().status_code, second.result().status_code) == (202, 202), second.result().text
    assert d.until(second.result().json()['id'], lambda said: said['state'] != 'running')['state'] == 'succeeded'


def test_refs_that_are_not_allowed_are_refused(deploys):
    d = deploys()
    for body, field in [
            ({'id': 'x', 'ref': 'main'}, 'id'), ({'ref': 'main'}, 'id'), ({'id': str(uuid.uuid4()).upper(), 'ref': 'main'}, 'id'),
            *(({'id': str(uuid.uuid4()), 'ref': ref}, 'ref') for ref in (
                None, '', 7, '-x', '--upload-pack=touch /tmp/x', 'a..b', 'main~1', 'main^', 'HEAD@{1}', '../main', 'main/', 'a b',
                'main:x', 'other', 'feature/x', 'v1;id', 'v$(id)', 'v1\n', 'x' * 300, 'v1.lock', 'abcdef', 'refs/heads/main', '*'))]:
        answer = d.agent.post('/v1/apps/web/deploys', body)
        assert answer.status_code == 422 and answer.json()['field'] == field, (body, answer.text)
    assert not (d.agent.state_dir / 'deploy-web.json').exists()


def test_refs_are_what_the_origin_has(deploys):
    d = deploys()
    old = d.first
    d.git('tag', '-a', 'v1', '-m', 'one', where=d.work)
    release = d.commit('release', {'text': 'r\n'}, 'release/1')
    secret = d.commit('secret', {'text': 's\n'}, 'feature/x')
    d.git('push', '-q', d.origin, 'v1', where=d.work)
    d.git('branch', 'release/here', where=d.dir)  # a branch of the working copy is none of the origin
    assert d.deploy('release/1')['to'] == release
    assert d.deploy('v1')['to'] == old and d.head == old
    assert d.deploy(release)['state'] == 'succeeded'  # a commit of an allowed branch
    for ref, why in (('release/none', 'no branch or tag'), ('release/here', 'no branch or tag'), ('0' * 40, 'no commit'),
                     (secret, 'may be deployed')):
        said = d.deploy(ref)
        assert said['state'] == 'failed' and why in said['error'] and "'check'" in said['error'], said
    assert d.head == release
    seen = d.agent.get('/v1/apps/web/refs').json()
    assert seen['head'] == release and seen['allowed'] == 'main release/* v*' and seen['ahead'] == 0
    assert {ref['name']: ref['sha'] for ref in seen['refs']} == {'main': old, 'release/1': release, 'v1': old}
    assert {ref['name']: ref['subject'] for ref in seen['refs']}['release/1'] == 'release'


def test_a_name_that_is_branch_and_tag_is_not_guessed(deploys):
    d = deploys()
    d.git('tag', 'v1', where=d.work)
    d.git('push', '-q', d.origin, 'v1', where=d.work)
    d.commit('other', {'text': 'x\n'}, 'v1')
    said = d.deploy('v1')
    assert said['state'] == 'failed' and 'a branch and a tag' in said['error']


def test_refs_are_looked_at_before_the_first_deploy(deploys):
    d = deploys()
    second = d.commit('second', {'text': 'two\n'})
    seen = d.agent.get('/v1/apps/web/refs').json()
    assert seen['refs'][0]['sha'] == second and seen['ahead'] == 1 and seen['head'] == d.first and seen['branch'] == 'main'
    third = d.commit('third', {'text': 'three\n'})
    assert d.agent.get('/v1/apps/web/refs').json()['refs'][0]['sha'] == second
    assert d.agent.get('/v1/apps/web/refs?fetch=1').json()['refs'][0]['sha'] == third
    assert d.app['last_deploy'] is None
    d.origin.rename(d.folder / 'away')
    seen = d.agent.get('/v1/apps/web/refs?fetch=1').json()
    assert seen['refs'][0]['sha'] == third and 'git fetch: exit code 128' in seen['error']
    said = d.deploy()
    assert said['state'] == 'failed' and "step 'fetch'" in said['error'] and len(said['steps']) == 1
    assert 'does not appear to be a git repository' in d.journal


def test_what_was_changed_by_hand_is_not_run_over(deploys):
    d = deploys()
    d.commit('second', {'text': 'two\n'})
    (d.dir / 'text').write_text('by hand\n')
    said = d.deploy()
    assert said['state'] == 'failed' and 'changed by hand' in said['error'] and ' M text' in said['error'], said
    (d.dir / 'text').write_text('one\n')
    d.commit('third', {'mine': 'theirs\n'})
    (d.dir / 'mine').write_text('untracked\n')
    said = d.deploy()
    assert said['state'] == 'failed' and "'checkout'" in said['error'] and len(said['steps']) == 3, said
    assert (d.dir / 'mine').read_text() == 'untracked\n' and d.head == d.first and d.restarts == 0
    (d.dir / 'mine').unlink()
    assert d.deploy()['state'] == 'succeeded'


def test_a_step_that_takes_too_long_is_ended(deploys):
    d = deploys('deploy_health = 1s\ndeploy_timeout = 1s\n')
    d.commit('slow', {'build.sh': 'sleep 1000 & wait\n'})
    said = d.deploy()
    assert said['state'] == 'rolled-back' and 'not done within 1 s' in said['error'], said


@pytest.mark.parametrize('step', ['fetch', 'checkout', 'build', 'restart', 'health'])
def test_a_deploy_that_is_killed_is_told_of_and_the_next_goes_back_to_what_was_good(deploys, step):
    d = deploys(more='deploy_health = 5s\n')
    assert d.deploy()['state'] == 'succeeded'
    d.commit('second', {'text': 'two\n', **({'ill': 'x'} if step == 'health' else {})})
    if step in ('fetch', 'checkout'):  # git waits in a hook of the working copy's, or in a fetch
        (d.dir / '.git/hooks').mkdir(exist_ok=True)
        hook = d.dir / '.git/hooks' / {'fetch': 'reference-transaction', 'checkout': 'post-checkout'}[step]
        hook.write_text(f'#!/bin/sh\nwhile [ -e {d.folder}/wait ]; do sleep 0.02; done\n')
        hook.chmod(0o755)
        (d.folder / 'wait').touch()
    elif step == 'build':
        d.hold()
    elif step == 'restart':
        d.agent.unit('web.service', Slow=1)
    id = d.begin()
    d.until(id, lambda said: said['step'] == step)
    if step == 'build':
        d.held(id)
    d.kill()
    said = d.until(id, lambda said: said['state'] != 'running')
    assert said['state'] == 'failed' and f"killed in step '{step}'" in said['error'], said
    assert said['steps'][-1]['state'] == 'failed'
    (d.folder / 'wait').unlink(missing_ok=True)
    (d.agent.folder / 'go').touch()
    d.let_go()
    d.until(id, lambda _: not any('build.sh' in line for line in processes(d)))
    (d.dir / '.git/index.lock').touch()  # git may have left some
    d.agent.unit('web.service', Slow=0)
    d.commit('bad', {'build.sh': 'exit 3\n', 'ill': None})
    after = d.deploy()
    assert (after['state'], after['from'], d.head) == ('rolled-back', d.first, d.first), (after, d.journal)
    assert d.get(id)['state'] == 'failed'


def processes(d):
    return [line for line in subprocess.run(['ps', '-eo', 'args'], capture_output=True, text=True).stdout.splitlines()
            if str(d.folder) in line]


def run(d, app='web'):
    """The unit's program, started by hand."""
    return subprocess.run([d.agent.build / 'agent/tocsin-agent', '-c', d.agent.conf_path, '--own', 'deploy', app],
                          capture_output=True, text=True, timeout=20)


def test_the_unit_believes_no_request(deploys):
    d = deploys()
    path, other = d.agent.state_dir / 'deploy-web.json', d.folder / 'other'
    good = json.dumps({'id': str(uuid.uuid4()), 'ref': 'main'})
    other.write_text(good)
    texts = ['main', '[]', good + ' ' * 5000, good.replace('main', '--upload-pack=id'), good.replace('-', '/', 1)]
    for make in (lambda: None, lambda: path.symlink_to(other), lambda: os.mkfifo(path), path.mkdir, lambda: os.link(other, path),
                 *(lambda text=text: path.write_text(text) for text in texts)):
        make()
        said = run(d)
        assert said.returncode == 1 and said.stderr.startswith('tocsin-agent deploy web: '), said
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
    assert d.restarts == 0 and not list((d.folder / 'deploys/web').glob('*-*.json'))
    assert run(d, 'other').returncode == 1 and run(d, '../web').returncode == 1


def test_root_is_nobody_to_deploy_as(deploys):
    d = deploys()
    d.agent.conf_path.write_text(d.agent.conf_path.read_text().replace(f'deploy_user = {USER.pw_name}', 'deploy_user = root'))
    said = run(d)
    assert said.returncode == 1 and 'will not deploy as root' in said.stderr


def test_builds_have_the_rights_of_their_user_alone(deploys):
    d = deploys()
    d.commit('look', {'build.sh': 'cat /proc/self/status; id -G; tty; env | sort; exec 3</dev/null; ls /proc/self/fd\n'})
    assert d.deploy()['state'] == 'succeeded'
    status = dict(re.findall(r'^(\w+):\s+(.*)$', d.journal, re.M))
    assert status['NoNewPrivs'] == '1' and status['Uid'].split() == [str(USER.pw_uid)] * 4
    groups = {USER.pw_gid, *(g.gr_gid for g in grp.getgrall() if USER.pw_name in g.gr_mem)}
    if os.geteuid() == 0:
        assert int(status['CapEff'], 16) == 0 and set(map(int, status['Groups'].split())) == groups
    assert 'not a tty' in d.journal and 'TOCSIN_COMMIT=' in d.journal
    assert not re.search(r'^(SSH|PYTEST|TOCSIN_BUILD)\w*=', d.journal, re.M)


def test_output_comes_by_lines_that_are_cut_and_cannot_be_taken_for_ours(deploys):
    d = deploys()
    d.commit('loud', {'build.sh': 'echo ::tocsin:: forged; head -c 100000 /dev/zero | tr "\\0" x; echo; printf "a\\rb\\0c\\n\\377\\n"; echo err >&2\n'})
    assert d.deploy()['state'] == 'succeeded'
    lines = (d.agent.folder / 'journal').read_bytes().split(b'\n')
    assert b' ::tocsin:: forged' in lines and b'err' in lines and b'bc' in lines and b'\xff' in lines
    long = next(line for line in lines if line.startswith(b'xxxx'))
    assert len(long) < 4200 and b'95904 bytes more' in long


def test_a_systemd_that_refuses_is_told_of(deploys):
    d = deploys()
    (d.agent.folder / 'refuse').touch()
    id = str(uuid.uuid4())
    answer = d.post(id=id)
    assert answer.status_code == 500 and 'Access denied' in answer.json()['error']
    assert d.agent.get(f'/v1/apps/web/deploys/{id}').status_code == 404
    (d.agent.folder / 'refuse').unlink()
    assert d.post(id=id).status_code == 202
    assert d.until(id, lambda said: said['state'] != 'running')['state'] == 'succeeded'


def test_an_app_without_deploys_says_so(agent):
    a = agent('[app web]\nunit = web.service\n')
    assert a.post('/v1/apps/web/deploys', {'id': str(uuid.uuid4()), 'ref': 'main'}).status_code == 409
    assert a.get('/v1/apps/web/refs').status_code == 409
    assert a.get('/v1/apps/web/deploys/x').status_code == 404
