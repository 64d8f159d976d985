"""The units of root beside the agent, on a real systemd: the helper for env files and the deploys. The control plane is
this test; the agent is the one of the build tree."""
import json
import pathlib
import re
import sys
import uuid

import pytest

from rig.apps import ENV, put_shop
from stack import host

sys.path.insert(0, str(host.SRC / 'tests/agentd'))
import agentrig  # noqa: E402

UNITS = ('tocsin-agent.service', 'tocsin-env@.service', 'tocsin-deploy@.service')
FILE = '/srv/shop/.env'


class Alone:
    """A machine with an agent, its units and a shop, and no Tocsin."""

    def __init__(self, build, rig, repository, folder):
        self.machine = m = rig.machine('alone')
        authority = agentrig.Authority(folder)
        control, server = authority.issue(agentrig.CONTROL, 'clientAuth'), authority.issue(agentrig.HOST_NAME, 'serverAuth')
        m.write('/usr/local/sbin/tocsin-agent', pathlib.Path(build, 'agent/tocsin-agent').read_bytes(), '755')
        m.run('useradd', '--system', '--user-group', '--home-dir', '/var/lib/tocsin-agent', '--shell', '/usr/sbin/nologin', 'tocsin-agent')
        for name, path, mode in (('cert.pem', server[0], '644'), ('key.pem', server[1], '600'), ('ca.pem', authority.cert, '644')):
            m.write(f'/var/lib/tocsin-agent/{name}', path.read_bytes(), mode, 'tocsin-agent:tocsin-agent')
        m.sh('chown tocsin-agent: /var/lib/tocsin-agent; chmod 700 /var/lib/tocsin-agent')
        for name in UNITS:
            text = (host.SRC / f'conf/systemd/{name}.in').read_text()
            m.write(f'/etc/systemd/system/{name}', text.replace('@sbindir@', '/usr/local/sbin').replace('@confdir@', '/etc/tocsin'))
        m.write('/etc/systemd/system/tocsin-env.socket', (host.SRC / 'conf/systemd/tocsin-env.socket').read_text())
        m.sh('install -d -m 755 /etc/tocsin')
        m.write('/etc/tocsin/agent.conf', f'listen = {m.address}:7443\n' + put_shop(m, repository) + 'env odd = /srv/shop/odd.env\nenv new = /etc/shop.env\nenv_owner = shop\n', '640', 'root:tocsin-agent')
        m.sh('systemctl daemon-reload; systemctl start tocsin-env.socket tocsin-agent')
        self.session = agentrig.requests.Session()
        self.session.trust_env = False
        self.session.mount('https://', agentrig.ForHost())
        self.session.verify, self.session.cert = str(authority.cert), tuple(map(str, control))

    def call(self, method, path, **more):
        return self.session.request(method, f'https://{self.machine.address}:7443/v1/apps/shop{path}', timeout=60, **more)

    def answers(self):
        try:
            return self.call('GET', '/env').status_code == 200
        except agentrig.requests.ConnectionError:
            return False

    def put(self, body):
        etag = self.call('GET', '/env/main').json()['etag']
        return self.call('PUT', '/env/main', json=body, headers={'If-Match': etag})

    def begin(self, ref='main'):
        answer = self.call('POST', '/deploys', json={'id': str(uuid.uuid4()), 'ref': ref})
        assert answer.status_code == 202, answer.text
        return answer.json()['id']

    def until(self, id, fits):
        return host.wait(lambda: (said := self.call('GET', f'/deploys/{id}').json()) and fits(said) and said, 60, 'the deploy')

    def deploy(self, ref='main'):
        return self.until(self.begin(ref), lambda said: said['state'] != 'running')

    @property
    def head(self):
        return self.machine.run('runuser', '-u', 'shop', '--', 'git', '-C', '/srv/shop', 'rev-parse', 'HEAD').strip()

    @property
    def version(self):
        return self.machine.run('curl', '-fsS', 'http://127.0.0.1:8080/version').strip()


@pytest.fixture(scope='module')
def alone(build, rig, repository, tmp_path_factory):
    made = Alone(build, rig, repository, tmp_path_factory.mktemp('authority'))
    yield made
    made.machine.crash()


def test_the_units_are_in_order(alone):
    m = alone.machine
    assert m.run('systemd-analyze', 'verify', *(f'/etc/systemd/system/{name}' for name in ('tocsin-env.socket', 'tocsin-env@x.service',
                                                                                          'tocsin-deploy@shop.service'))).strip() == ''
    score = {name: float(re.search(r'exposure level for \S+: ([\d.]+)', m.run('systemd-analyze', 'security', '--no-pager', name))[1])
             for name in ('tocsin-env@x.service', 'tocsin-deploy@shop.service')}
    assert score['tocsin-env@x.service'] <= 3.0 and score['tocsin-deploy@shop.service'] <= 6.0, score


def test_the_agent_edits_what_it_cannot_open(alone):
    m = alone.machine
    assert m.tried('runuser', '-u', 'tocsin-agent', '--', 'cat', FILE)[0] != 0
    said = alone.call('GET', '/env/main').json()
    assert 'good morning' in said['text'] and 'hunter2' not in said['text']
    listed = alone.call('GET', '/env').json()['files'][0]
    assert listed['writable'] and listed['size'] == len(ENV)
    saved = alone.put({'set': {'GREETING': 'good night'}})
    assert saved.status_code == 200, saved.text
    assert m.read(FILE) == ENV.replace('good morning', 'good night')
    assert m.run('stat', '-c', '%U:%G %a', FILE).strip() == 'shop:shop 600'
    assert m.run('stat', '-c', '%U:%G %a', '/srv/shop/.tocsin-backups').strip() == 'root:root 700'
    name = alone.call('GET', '/env/main/backups').json()[0]['name']
    back = alone.call('POST', f'/env/main/backups/{name}/restore', headers={'If-Match': saved.json()['etag']})
    assert back.status_code == 200 and m.read(FILE) == ENV
    assert m.run('systemctl', 'list-units', '--no-legend', '--all', 'tocsin-env@*').strip() == ''  # nothing is left of them


def test_a_file_that_is_made_is_its_owners(alone):
    answer = alone.call('PUT', '/env/new', json={'set': {'A': '1'}}, headers={'If-Match': 'absent'})
    assert answer.status_code == 200, answer.text
    assert alone.machine.run('stat', '-c', '%U:%G %a %h', '/etc/shop.env').strip() == 'shop:shop 600 1'
    assert alone.machine.read('/etc/shop.env') == 'A=1\n'


def test_systemd_and_a_shell_read_what_was_written(alone):
    """Whatever it holds: the same value for both, and for who reads it here."""
    m = alone.machine
    values = ['plain', '', 'two words', "it's", '"quoted"', '$HOME ${HOME} `id` $(id)', 'back\\slash \\', '#no comment', 'a # b', '~/x', '!x', '*',
              ';id', 'a\tb', 'ü€😀', "'", '"', "'\"$`\\", 'http://u@h:1/p?a=b&c=%20', '=', ' blanks ']
    sets = {f'V{n}': value for n, value in enumerate(values)}
    for like in ('', 'Q="x y"\n', "Q='x y'\n"):
        text = ''.join(like.replace('Q', key) for key in sets) if like else ''
        m.write('/srv/shop/odd.env', text, '600', 'shop:shop')
        etag = alone.call('GET', '/env/odd').json()['etag']
        answer = alone.call('PUT', '/env/odd', json={'set': sets}, headers={'If-Match': etag})
        assert answer.status_code == 200, answer.text
        said = {e['key']: e['value'] for e in alone.call('GET', '/env/odd?reveal=*').json()['entries']}
        assert said == sets
        by_systemd = m.run('systemd-run', '-q', '--wait', '--pipe', '-p', 'EnvironmentFile=/srv/shop/odd.env', 'env', '-0')
        by_shell = m.sh('set -a; . /srv/shop/odd.env; exec env -0')
        for read in (by_systemd, by_shell):
            got = dict(line.split('=', 1) for line in read.split('\0') if line)
            assert {key: got.get(key) for key in sets} == sets
    m.run('rm', '/srv/shop/odd.env')


def test_nobody_else_may_ask_the_helper(alone):
    code, said = alone.machine.tried('runuser', '-u', 'shop', '--', 'busybox', 'nc', 'local:/run/tocsin-env.sock')
    assert code != 0 and alone.machine.run('stat', '-c', '%U:%G %a', '/run/tocsin-env.sock').strip() == 'root:tocsin-agent 660', said


def test_a_link_in_the_place_of_the_file_leads_nowhere(alone):
    m = alone.machine
    m.sh(f'mv {FILE} /srv/shop/real; ln -s /etc/shadow {FILE}')
    try:
        answer = alone.call('GET', '/env/main')
        assert answer.status_code == 409 and 'link' in answer.json()['error'] and 'root:' not in answer.text
    finally:
        m.sh(f'mv /srv/shop/real {FILE}')


def test_the_app_that_owns_the_backups_folder_stops_nothing_but_itself(alone):
    """It renames root's folder away and lays a link there: refused, and nothing of /etc is touched."""
    m = alone.machine
    m.sh('cd /srv/shop; mv .tocsin-backups aside; runuser -u shop -- ln -s /etc .tocsin-backups')
    try:
        answer = alone.put({'set': {'LIMIT': '11'}})
        assert answer.status_code == 409 and '.tocsin-backups' in answer.json()['error']
        assert m.read(FILE) == ENV and 'lock' not in m.run('ls', '/etc').split()
    finally:
        m.sh('cd /srv/shop; rm .tocsin-backups; mv aside .tocsin-backups')


def test_deploys_by_the_unit_of_root(alone, repository):
    m, before = alone.machine, alone.head
    m.sh('systemctl restart shop')
    seen = alone.call('GET', '/refs').json()
    assert seen['head'] == before and [ref['name'] for ref in seen['refs']] == ['main']
    wanted = repository.commit('2.0', 'A door')
    said = alone.deploy()
    assert said['state'] == 'succeeded', (said, m.journal('tocsin-deploy@shop'))
    assert (said['from'], said['to'], alone.head) == (before, wanted, wanted)
    assert alone.version == '2.0'
    journal = m.journal('tocsin-deploy@shop')
    assert 'building 2.0' in journal and '::tocsin:: {"deploy":"%s","state":"succeeded"}' % said['id'] in journal
    for version in ('unbuildable', 'broken'):
        repository.commit(version, version)
        said = alone.deploy()
        assert said['state'] == 'rolled-back' and alone.head == wanted and alone.version == '2.0', (version, said)
    assert m.run('stat', '-c', '%U:%G %a', f'/var/lib/tocsin-deploy/shop/{said["id"]}.json').strip() == 'root:tocsin-agent 640'
    repository.commit('2.1', 'mended')


def hold(alone):
    """The health check waits, for there is nobody who answers."""
    alone.machine.sh('mkdir -p /run/systemd/system/shop.service.d; printf "[Service]\\nExecStart=\\nExecStart=/bin/sleep infinity\\n" '
                     '>/run/systemd/system/shop.service.d/hold.conf; systemctl daemon-reload')


def let_go(alone):
    alone.machine.sh('rm -r /run/systemd/system/shop.service.d; systemctl daemon-reload')


def test_a_deploy_is_cancelled_through_polkit(alone):
    before = alone.head
    hold(alone)
    id = alone.begin()
    alone.until(id, lambda said: said['step'] == 'health')
    let_go(alone)
    assert alone.call('POST', f'/deploys/{id}/cancel').status_code == 202
    said = alone.until(id, lambda said: said['state'] != 'running')
    assert said['state'] == 'cancelled' and alone.head == before and alone.version == '2.0', said


def test_a_deploy_that_is_killed_is_told_of(alone):
    before = alone.head
    hold(alone)
    id = alone.begin()
    alone.until(id, lambda said: said['step'] == 'health')
    let_go(alone)
    alone.machine.run('systemctl', 'kill', '-s', 'KILL', 'tocsin-deploy@shop')
    said = alone.until(id, lambda said: said['state'] != 'running')
    assert said['state'] == 'failed' and "killed in step 'health'" in said['error']
    said = alone.deploy()
    assert said['state'] == 'succeeded' and said['from'] == before and alone.version == '2.1', said


def test_what_the_page_says_works_as_written(alone, repository):
    """docs/deploys.md; the shop that it sets up is called store here, for there is a shop."""
    page = (host.SRC / 'docs/deploys.md').read_text()
    blocks = re.findall(r'^```sh\n(.*?)^```', page, re.M | re.S)
    listed = re.search(r'^```ini\n(.*?)^```', page, re.M | re.S)[1]
    assert len(blocks) == 4

    def do(block):
        # the machine asks root for a password in sudo: it is root already
        code, said = alone.machine.tried('bash', '-euo', 'pipefail', '-c', block.replace('sudo -u tocsin-agent', 'runuser -u tocsin-agent --')
                                         .replace('sudo ', ''))
        assert code == 0, (block, said)
    do(blocks[0].replace('https://git.example.org/shop.git', repository.url).replace('/shop', '/store').replace('store.git', 'shop.git')
       .replace(' shop', ' store'))
    alone.machine.sh('cat >>/etc/tocsin/agent.conf', input='\n' + listed.replace('shop.service', 'store.service').replace('[app shop]', '[app store]')
                     .replace('/srv/shop', '/srv/store').replace('= shop', '= store'))
    do(blocks[1])
    alone.machine.run('runuser', '-u', 'store', '--', 'test', '-e', '/srv/store/VERSION')
    host.wait(alone.answers, 20, 'the agent after its reload')
    do(blocks[3])
    host.wait(lambda: not alone.machine.is_active('tocsin-deploy@shop'), 30, 'the deploy by hand')
    do(blocks[2])
    last = json.loads(alone.machine.read('/var/lib/tocsin-deploy/shop/last.json'))
    said = alone.call('GET', f'/deploys/{last["last"]}').json()
    assert said['state'] == 'succeeded' and alone.machine.show('tocsin-deploy@shop', 'Result')['Result'] == 'success'
