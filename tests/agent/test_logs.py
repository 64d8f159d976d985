"""Logs by a real journald and its journalctl: a burst, odd bytes, rotation, restarts, and what is vacuumed. And by a
real Docker: pages, and a container's lives."""
import pathlib
import socket
import ssl
import sys

import pytest

from stack import host

sys.path.insert(0, str(host.SRC / 'tests/agentd'))
import agentrig  # noqa: E402
from journal import Events  # noqa: E402

STREAM = '/v1/apps/talk/logs/stream'
# says what is put into its pipe; `burst N` is N lines at once
TALK = r'''#!/bin/bash
mkfifo -m 600 /run/talk; echo ready
while :; do
    while read -r verb rest; do
        case $verb in
        burst) seq -f "$rest line %.0f of the burst" "${rest##* }" ;;
        bytes) printf 'caf\351 \001 \342\202\254\n' ;;
        long) head -c 100000 /dev/zero | tr '\0' x; echo ;;
        bad) echo "<3>$rest" ;;
        *) echo "$verb${rest:+ $rest}" ;;
        esac
    done </run/talk
done
'''
UNIT = '[Service]\nExecStart=/usr/local/bin/talk\nLogRateLimitIntervalSec=0\n'


class Told:
    """A machine with an agent, a user of its own, and what is on its list."""

    def __init__(self, build, rig, folder, name, apps, **kw):
        self.machine = m = rig.machine(name, **kw)
        self.authority = agentrig.Authority(folder)
        self.control = self.authority.issue(agentrig.CONTROL, 'clientAuth')
        server = self.authority.issue(agentrig.HOST_NAME, 'serverAuth')
        m.write('/usr/local/sbin/tocsin-agent', pathlib.Path(build, 'agent/tocsin-agent').read_bytes(), '755')
        m.run('useradd', '--system', '--user-group', '--home-dir', '/var/lib/tocsin-agent', 'tocsin-agent')
        for file, path, mode in (('cert.pem', server[0], '644'), ('key.pem', server[1], '600'), ('ca.pem', self.authority.cert, '644')):
            m.write(f'/var/lib/tocsin-agent/{file}', path.read_bytes(), mode, 'tocsin-agent:tocsin-agent')
        m.sh('chown tocsin-agent: /var/lib/tocsin-agent; chmod 700 /var/lib/tocsin-agent; install -d -m 755 /etc/tocsin')
        m.write('/etc/tocsin/agent.conf', f'listen = {m.address}:7443\n{apps}', '640', 'root:tocsin-agent')
        self.session = agentrig.requests.Session()
        self.session.trust_env = False
        self.session.mount('https://', agentrig.ForHost())
        self.session.verify, self.session.cert = str(self.authority.cert), tuple(map(str, self.control))

    def start(self, *groups):
        self.machine.run('systemd-run', '-q', '--unit=tocsin-agent', '-p', 'User=tocsin-agent', '-p', f'SupplementaryGroups={" ".join(groups)}',
                         '/usr/local/sbin/tocsin-agent', 'run')
        host.wait(self.tried, 15, 'the agent')

    def tried(self):
        try:
            return self.get('/v1/state').status_code == 200
        except agentrig.requests.ConnectionError:
            return False

    def get(self, path, **query):
        return self.session.get(f'https://{self.machine.address}:7443{path}', params=query, timeout=20)

    def page(self, app='talk', **query):
        answer = self.get(f'/v1/apps/{app}/logs', **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def connect(self):
        context = ssl.create_default_context(cafile=str(self.authority.cert))
        context.check_hostname = False
        context.load_cert_chain(*map(str, self.control))
        return context.wrap_socket(socket.create_connection((self.machine.address, 7443), 15))

    def say(self, *lines):
        for line in lines:
            self.machine.sh('cat >/run/talk', input=line + '\n')


@pytest.fixture(scope='module')
def talking(request, rig, tmp_path_factory):
    made = Told(agentrig.build_folder(request.config), rig, tmp_path_factory.mktemp('authority'), 'talk', '[app talk]\nunit = talk.service\n')
    made.machine.write('/usr/local/bin/talk', TALK, '755')
    made.machine.write('/etc/systemd/system/talk.service', UNIT)
    made.machine.sh('systemctl daemon-reload; systemctl start talk')
    made.start('systemd-journal')
    host.wait(lambda: made.machine.tried('test', '-p', '/run/talk')[0] == 0, 15, 'the unit')
    yield made
    made.machine.stop()


def read(stream, until):
    """Texts up to that one, and other events."""
    got, others = [], []
    while not got or got[-1] != until:
        event = stream.next()
        assert event, (got[-3:], others)
        if event.get('event'):
            others.append(event['event'])
        else:
            got += [line['m'] for line in event['data']]
    return got, others


def test_a_burst_goes_through_whole(talking):
    begin = talking.page(limit=1)['next']
    stream = Events(talking, STREAM, last=begin)
    talking.say('burst 20000')
    whole = [f'20000 line {i} of the burst' for i in range(1, 20001)]
    assert read(stream, whole[-1]) == (whole, [])
    stream.close()
    middle = talking.page(q='line 10000 of')['lines'][0]['c']
    assert read(Events(talking, STREAM, last=middle), whole[-1]) == (whole[10000:], [])
    got, cursor = [], begin
    while len(got) < 20000:
        page = talking.page(cursor=cursor, dir='fwd', limit=1000)
        got, cursor = got + [line['m'] for line in page['lines']], page['next']
    assert got == whole
    back = talking.page(cursor=cursor, limit=500)
    assert [line['m'] for line in back['lines']] == whole[-501:-1] and back['more']


def test_odd_bytes_and_levels(talking):
    talking.say('bytes', 'long', 'bad news', 'after')
    lines = host.wait(lambda: (found := talking.page(limit=6)['lines'])[-1]['m'].strip() == 'after' and found, 10, 'the lines')
    assert lines[0]['m'] == 'caf\ufffd \x01 €' and lines[1]['cut'] == 48 * 1024 - 32768  # journald's LineMax
    assert (lines[4]['m'], lines[4]['p'], lines[4]['s']) == ('news', 3, 'stderr')
    assert [line['m'] for line in talking.page(level=3, limit=1)['lines']] == ['news']
    assert [line['m'] for line in talking.page(q='^caf.', regex=1)['lines']] == ['caf\ufffd \x01 €']


def test_what_happens_to_journald_goes_unnoticed(talking):
    stream, m = Events(talking, STREAM), talking.machine
    for n, trouble in enumerate((['journalctl', '--rotate'], ['pkill', '-KILL', '-x', 'journalctl'],
                                 ['systemctl', 'restart', 'systemd-journald'])):
        talking.say(f'before {n}')
        assert read(stream, f'before {n}') == ([f'before {n}'], [])
        m.run(*trouble)
        talking.say(f'after {n}')
        assert read(stream, f'after {n}') == ([f'after {n}'], [])
    stream.close()
    host.wait(lambda: m.tried('pgrep', '-x', 'journalctl')[0], 10, 'the follower to end')


def test_what_was_vacuumed_is_a_gap(talking):
    talking.say('old')
    old = host.wait(lambda: (found := talking.page(limit=1)['lines'])[0]['m'].strip() == 'old' and found, 10, 'the line')[0]['c']
    talking.machine.sh('journalctl --rotate; journalctl --vacuum-time=1us; journalctl --sync')
    talking.say('new')
    assert read(Events(talking, STREAM, last=old), 'new') == (['new'], ['gap'])


# ---- Docker

SAY = 'i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; echo bad >&2; head -c 50000 /dev/zero | tr "\\0" x; echo; echo ready; exec sleep infinity'
WHOLE = [f'line {i}' for i in range(3000)]


def texts(page):
    return [line['m'] for line in page['lines']]


def test_a_container_is_read_both_ways_and_followed(request, rig, tmp_path):
    told = Told(agentrig.build_folder(request.config), rig, tmp_path, 'ship', '[app box]\ncontainer = box\n[app term]\ncontainer = term\n', accounts=True)
    m = told.machine
    m.docker_start()
    told.start('docker')
    assert told.get('/v1/apps/box/logs').status_code == 409
    run = ['docker', 'run', '-d', '--network', 'host', '--name']
    m.run(*run, 'box', 'busybox:1', 'busybox', 'sh', '-c', SAY.replace('head', 'busybox head').replace('tr ', 'busybox tr '))
    last = host.wait(lambda: (page := told.page('box', limit=2)) and texts(page)[-1:] == ['ready'] and page, 15, 'the container')
    assert last['lines'][0]['cut'] == 50000 - 32768
    back, page = [], last
    while page['more']:
        page = told.page('box', limit=1000, cursor=page['prev'])
        back = texts(page) + back
    assert [m for m in back if m != 'bad'] == WHOLE
    assert texts(told.page('box', stream='stderr')) == ['bad']
    page = told.page('box', limit=1000, dir='fwd')
    while page['more']:
        page = told.page('box', limit=1000, dir='fwd', cursor=page['next'])
    assert page['next'] == last['next']
    stream = Events(told, '/v1/apps/box/logs/stream', last=last['next'])
    m.run('docker', 'restart', '-t', '0', 'box')
    got, others = read(stream, 'ready')
    assert [m for m in got if m.startswith('line')] == WHOLE and not others
    m.run('docker', 'rm', '-f', 'box')
    m.run(*run, 'box', 'busybox:1', 'busybox', 'sh', '-c', 'echo another; exec sleep infinity')
    assert read(stream, 'another') == (['another'], [])
    m.run(*run, 'term', '-t', 'busybox:1', 'busybox', 'sh', '-c', 'echo of a terminal; exec sleep infinity')
    host.wait(lambda: texts(told.page('term')) == ['of a terminal'], 10, 'the terminal')
    m.crash()
