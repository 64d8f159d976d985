"""The fleet when things go wrong: agents that fall silent, lie or are stolen, roles that are
killed, a database that goes away. One incident, one down, one up; each action once."""
import contextlib
import datetime
import json
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from stack import Stack, host
from stack.agent import enrolment
from stack.daemon import Tocsind


@pytest.fixture(scope='module')
def s(build):
    with Stack(build, fleet=True, durable=True) as stack:
        stack.told = stack.hook()
        made = stack.api('POST', '/channels', json={'type': 'webhook', 'name': 'told', 'is_default': True,
                                                    'config': {'url': stack.told.url}})
        assert made.status_code == 201, made.text
        # says a byte a second, from the first test to the last
        stack.slow = stack.agent('slow', apps=['web'])
        stack.slow.drip = 1
        yield stack


def status(s, monitor):
    word = s.db('select tocsin.status_word(status) from tocsin.monitor_state where monitor = %s', monitor)
    return word[0][0] if word else None


def until(s, monitor, wanted, timeout=10):
    s.wait(lambda: status(s, monitor) == wanted, timeout, f'monitor {monitor} to be {wanted}')


def incidents(s, monitor):
    return s.db('select started_at, resolved_at from tocsin.incident where monitor = %s order by id', monitor)


def messages(s, monitor):
    """The events that people were told of it, in order."""
    bodies = [json.loads(r['body']) for r in s.told.requests]
    return [b['type'].removeprefix('monitor.') for b in bodies if b['data'].get('monitor', {}).get('id') == monitor]


def error(s, agent):
    return s.db('select error from tocsin.host where monitor = %s', agent.id)[0][0]


def fleet_pid(s):
    return s.tocsind.pids.get('fleet', [None])[0]


def silent_since(s, agent, minutes=5):
    """As if the last answer had come so long ago, and somebody had asked all the time."""
    s.db("update tocsin.awake set since = since - make_interval(mins => %s) where id = 2", 2 * minutes)
    s.db("update tocsin.monitor_latest set at = at - make_interval(mins => %s) where monitor in "
         "(select %s::bigint union select monitor from tocsin.app where host = %s)", minutes, agent.id, agent.id)
    s.db('select work.fleet_silent()')  # as is done each 5 s


def action(s, app, kind, **args):
    """Asked as the API asks."""
    row = s.db("insert into tocsin.app_action (app, host, kind, args) select monitor, host, %s, %s from tocsin.app "
               "where monitor = %s returning id, uuid::text", kind, json.dumps(args), app)[0]
    s.db("select pg_notify('tocsin_work', 'fleet')")
    return row


def ended(s, ident, timeout=10):
    def state():
        row = s.db('select state, error from tocsin.app_action where id = %s', ident)[0]
        return row if row[0] not in ('asked', 'running') else None
    return s.wait(state, timeout, f'the end of action {ident}')


# ---------------------------------------------------------------- silence

def test_a_silent_agent_is_unknown_and_people_hear_it_once(s):
    agent = s.agent('vm-silent', apps=['web', 'db'])
    web, db = agent.app_id('web'), agent.app_id('db')
    until(s, agent.id, 'up')
    agent.stop()
    s.wait(lambda: 'refused' in error(s, agent), what='the refusal to be known')
    assert status(s, agent.id) == 'up'  # one poll is not yet silence
    silent_since(s, agent)
    until(s, agent.id, 'unknown')
    assert status(s, web) == status(s, db) == 'unknown'
    s.wait(lambda: messages(s, agent.id) == ['silent'], what='the message')
    agent.start()
    for monitor in (agent.id, web, db):
        until(s, monitor, 'up')
    s.wait(lambda: messages(s, agent.id) == ['silent', 'up'], what='the message of its return')
    assert messages(s, web) == messages(s, db) == [] and not incidents(s, web)


# ---------------------------------------------------------------- one outage, whatever happens to us

@contextlib.contextmanager
def another(s):
    other = Tocsind(s.root, s.build, s.pg)
    other.settings = {**s.tocsind.settings, 'lock_file': str(s.root / 'run/other.lock'),
                      'fleet_socket': str(s.root / 'run/other.sock')}
    other.conf = s.root / 'other.conf'
    other.start()
    try:
        yield other
    finally:
        other.stop()


def test_an_outage_is_one_whatever_dies_in_it(s):
    agent = s.agent('vm-outage', apps=['web'])
    web = agent.app_id('web')
    until(s, web, 'up')
    agent.app('web').update(state='failed', sub='failed', exit={'code': 1, 'signal': None})
    until(s, web, 'down')
    s.wait(lambda: messages(s, web) == ['down'], what='the message')

    was = fleet_pid(s)
    s.tocsind.kill('fleet')
    s.wait(lambda: fleet_pid(s) not in (None, was), what='another fleet process')
    agent.polled(1)
    s.pg.restart('immediate')
    agent.polled(1)

    with another(s):  # another host of tocsind takes over from this one
        s.tocsind.stop()
        agent.polled(1, 15)
        assert status(s, web) == 'down' and len(incidents(s, web)) == 1
        agent.app('web').update(state='running', sub='running', invocation='f' * 32)
        until(s, web, 'up')
        s.wait(lambda: messages(s, web) == ['down', 'up'], what='the message of its return')
        s.tocsind.start()
    agent.polled(1)
    assert len(incidents(s, web)) == 1 and messages(s, web) == ['down', 'up'] and not incidents(s, agent.id)


def test_what_happens_while_the_database_is_away_is_known_afterwards(s):
    agent = s.agent('vm-away', apps=['web'])
    web = agent.app_id('web')
    until(s, web, 'up')
    s.pg.stop('immediate')
    try:
        agent.app('web')['state'] = 'failed'
        agent.polled(2)
        began = datetime.datetime.now(datetime.timezone.utc)
        agent.app('web').update(state='running', invocation='e' * 32)
        agent.polled(2)
    finally:
        s.pg.start()
    found = s.wait(lambda: [row for row in incidents(s, web) if row[1]], 15, 'the incident to be opened and closed')
    assert len(found) == 1 and found[0][0] < began < found[0][1] + datetime.timedelta(seconds=3)


# ---------------------------------------------------------------- actions

def test_an_action_is_done_once_though_its_sender_dies(s):
    agent = s.agent('vm-action', apps=['web'])
    web = agent.app_id('web')
    first, go, asked = threading.Event(), threading.Event(), []

    def slow(call):
        asked.append(call.json['action'])
        if not first.is_set():
            first.set()
            agent.verb(agent.app('web'), call, 'restart')  # it is done, and the answer gets lost
            go.wait(10)
        return agent.verb(agent.app('web'), call, 'restart')
    agent.on['POST', '/v1/apps/web/restart'] = slow
    ident, uuid = action(s, web, 'restart')
    assert first.wait(10)
    s.tocsind.kill('fleet')
    assert ended(s, ident, 15) == ('done', '')
    go.set()
    assert asked == [uuid, uuid] and len(agent.done) == 1
    assert s.db('select attempts from tocsin.app_action where id = %s', ident)[0][0] == 2


def test_an_agents_no_is_the_end_of_an_action(s):
    agent = s.agent('vm-no', apps=['web'])
    agent.on['POST', '/v1/apps/web/stop'] = lambda call: (500, {'error': 'unit web.service\nis masked'})
    agent.on['POST', '/v1/apps/web/start'] = lambda call: (409, {'error': 'unknown action outcome'})
    ident, _ = action(s, agent.app_id('web'), 'stop')
    assert ended(s, ident) == ('failed', 'unit web.service is masked')
    ident, _ = action(s, agent.app_id('web'), 'start')
    assert ended(s, ident)[0] == 'lost'


def test_a_deploy_is_followed_to_its_end_over_a_death(s):
    agent = s.agent('vm-deploy', apps=['web'])
    web = agent.app_id('web')
    ident, uuid = action(s, web, 'deploy', ref='main')
    s.wait(lambda: uuid in agent.deploys, what='the deploy to be asked for')

    def step():
        return s.db("select report->>'step' from tocsin.app_action where id = %s", ident)[0][0]
    s.wait(lambda: step() == 'fetch', what='the first report')
    s.tocsind.kill('fleet')
    agent.deploys[uuid].update(step='build', to='beef')
    s.wait(lambda: step() == 'build', 15, 'reports to go on')
    agent.log('built in 3 s')
    agent.deploy_end(uuid, 'succeeded', to='beef')
    assert ended(s, ident)[0] == 'done'
    assert s.db('select output from tocsin.app_action where id = %s', ident)[0][0] == 'built in 3 s\n'
    assert [c for c in agent.calls if c[0] == 'POST'] == [c for c in agent.calls if c[0] == 'POST'][:1]

    ident, uuid = action(s, web, 'deploy', ref='main')
    s.wait(lambda: uuid in agent.deploys, what='the deploy to be asked for')
    cancel, _ = action(s, web, 'cancel', deploy=uuid)
    assert ended(s, cancel)[0] == 'done' and ended(s, ident)[0] == 'cancelled'


def test_a_deploy_is_asked_for_again_where_none_is_in_its_way(s):
    agent = s.agent('vm-look', apps=['web'])
    path = '/v1/apps/web/deploys'
    running = [None, None]

    def refuse(call):
        said = 409, {'error': 'a deploy of this app is running', 'running': running.pop()}
        if not running:
            del agent.on['POST', path]
        return said
    agent.on['POST', path] = refuse
    ident, uuid = action(s, agent.app_id('web'), 'deploy', ref='main')
    s.wait(lambda: uuid in agent.deploys, 15, 'the deploy to be asked for again')
    assert len([c for c in agent.calls if c[0] == 'POST']) == 3
    agent.deploy_end(uuid)
    assert ended(s, ident)[0] == 'done'
    running.append('c0ffee00-0000-4000-8000-000000000000')  # another one runs: that is an answer
    agent.on['POST', path] = refuse
    ident, uuid = action(s, agent.app_id('web'), 'deploy', ref='main')
    assert ended(s, ident) == ('failed', 'a deploy of this app is running')


# ---------------------------------------------------------------- agents that lie

def state(**more):
    return json.dumps({'agent': {}, 'host': {'name': 'x'}, 'apps': []} | more).encode()


LIES = {  # what an agent says → what is said of it; '': it is taken, as far as it makes sense
    'empty': (b'', 'JSON'), 'text': (b'hello', 'JSON'), 'list': (b'[]', 'no host'),
    'no apps': (b'{"host":{}}', 'no host or no apps'), 'zero byte': (state(host={'name': 'a\0b'}), 'JSON'),
    'bad letters': (b'{"host":{"name":"\xff"},"apps":[]}', 'JSON'), 'NaN': (b'{"host":{"load":[NaN]},"apps":[]}', 'JSON'),
    'infinite': (b'{"host":{"cores":1e999},"apps":[]}', 'JSON'),
    'great number': (b'{"host":{"cores":99999999999999999999},"apps":[]}', 'JSON'),
    'deep': (b'{"host":' + b'[' * 100000 + b']' * 100000 + b',"apps":[]}', 'JSON'),
    'hundred megabytes': (b' ' * (100 << 20), 'larger answer'),
    'two megabytes': (b'[' + b'0,' * (1 << 20) + b'0]', 'larger answer'),
    'wrong types': (state(host={'name': 7, 'cores': 'x', 'cpu': [], 'memory': 'all', 'load': {}, 'disks': {'a': 1},
                                'nets': [None, 7, {'name': {}}]}, agent=[], apps=[None, 7, [], {'id': 8}, {'id': '../x'}]), ''),
    'strange numbers': (state(host={'cores': -1, 'uptime_s': 1e300, 'boot_at': -5, 'load': [-1, 1e308, 0.5]}), ''),
    'thousands of apps': (state(apps=[{'id': f'a{i}', 'type': 'systemd', 'state': 'running'} for i in range(9000)]), ''),
    'twins': (state(apps=[{'id': 'a', 'type': 'systemd', 'state': 'running'}] * 50), ''),
    'long texts': (state(host={'name': 'é' * 100000, 'disks': [{'mount': '/' * 90000, 'total': 1}]}), ''),
}


def test_agents_that_lie_hurt_nobody(s):
    honest = s.agent('vm-honest', apps=['web'])
    until(s, honest.id, 'up')
    pids = s.tocsind.pids
    liars = {name: s.agent(f'vm-liar-{i}') for i, name in enumerate(LIES)}
    upto = {}
    for name, liar in liars.items():
        liar.raw = LIES[name][0]
        upto[name] = liar.polls + 2
    for name, liar in liars.items():
        s.wait(lambda: liar.polls >= upto[name], 20, f'polls of {name}')
        says = LIES[name][1]
        if says:
            s.wait(lambda: says in error(s, liar), 20, f'{name}: {says}')
        else:
            until(s, liar.id, 'up')
            assert 'protocol' not in error(s, liar) and 'could not be taken' not in error(s, liar), name
    assert s.db('select count(*) from tocsin.app where host = %s', liars['thousands of apps'].id)[0][0] == 200
    assert s.db('select count(*) from tocsin.app where host = %s', liars['twins'].id)[0][0] == 1
    honest.polled(2)
    assert status(s, honest.id) == 'up' and error(s, honest) == ''
    assert s.tocsind.pids['fleet'] == pids['fleet'] and s.tocsind.pids['gateway'] == pids['gateway']
    if not s.tocsind.vars.get('LIBASAN'):
        assert s.db("select max((stats->>'rss_kb')::int) from tocsin.worker where role = 'fleet'")[0][0] < 150_000
    for liar in liars.values():
        liar.stop()
    s.db('update tocsin.monitor set deleted_at = now() where id = any(%s)', [liar.id for liar in liars.values()])


# ---------------------------------------------------------------- keys

def certificate(s, name, key, days=(-1, 10), ca=None):
    """One that the authority (or another) might have signed."""
    ca_key = ca or serialization.load_pem_private_key((s.fleet_dir / 'ca.key').read_bytes(), None)
    ca_cert = x509.load_pem_x509_certificate((s.fleet_dir / 'ca.pem').read_bytes())
    now = datetime.datetime.utcnow()
    made = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(ca_cert.subject).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now + datetime.timedelta(days=days[0] - 30))
    made = made.not_valid_after(now + datetime.timedelta(days=days[1]))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), True)
    made = made.add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), False)
    return made.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_no_key_speaks_for_another_host(s):
    """Each time something else answers at the host's address, on the right port."""
    agent, thief = s.agent('vm-robbed', apps=['web']), s.agent('vm-thief', apps=['web'])
    web = agent.app_id('web')
    until(s, web, 'up')
    own = agent.keys
    name = f'h{agent.id}.agent.tocsin'

    def answers_with(pem=None, key=None, context=None):
        agent.stop()
        s.db("update tocsin.host set error = 'before' where monitor = %s", agent.id)
        if pem:
            own.key, kept = key, own.key
            own.keep(pem, (s.fleet_dir / 'ca.pem').read_text())
            own.key = kept
        agent.start(context)
        agent.poll_now()
        return s.wait(lambda: (e := error(s, agent)) not in ('before', '') and 'refused' not in e and e, 10, 'what is said of it')

    other, mine = ec.generate_private_key(ec.SECP256R1()), own.key
    assert 'no certificate of this fleet' in answers_with(context=thief.keys.context())
    assert 'another key' in answers_with(certificate(s, name, other), other)
    assert answers_with(certificate(s, name, mine, ca=other), mine).startswith('tls: ')
    assert 'no certificate of this fleet' in answers_with(certificate(s, name, mine, days=(-20, -10)), mine)
    assert 'no certificate of this fleet' in answers_with(certificate(s, 'control.tocsin', mine), mine)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.keep(certificate(s, name, mine), (s.fleet_dir / 'ca.pem').read_text())
    old.load_cert_chain(own.file)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert 'TLS 1.3' in answers_with(context=old)
    assert not [c for c in agent.calls if c[1] != '/v1/state'] and status(s, web) == 'up'
    s.db("update tocsin.host set error = 'before' where monitor = %s", agent.id)
    agent.stop()
    agent.start()
    agent.poll_now()
    s.wait(lambda: error(s, agent) == '', what='the right key to be taken again')


def test_a_host_that_is_enrolled_anew_has_another_key(s):
    agent = s.agent('vm-anew', apps=['web'])
    until(s, agent.id, 'up')
    new = s.agent('vm-anew', apps=['web'], token=enrolment(s, host_id=agent.id))
    assert new.id == agent.id
    new.polled(1)
    before = agent.polls
    new.polled(2)
    assert agent.polls <= before + 1
    agent.stop()


# ---------------------------------------------------------------- the slow one, at last

def test_an_agent_that_drips_is_not_waited_for(s):
    s.wait(lambda: 'slowly' in error(s, s.slow) or 'no answer' in error(s, s.slow), 15, 'the drip to be cut')
    assert status(s, s.slow.id) != 'up'
    s.slow.drip = 0
    until(s, s.slow.id, 'up', 15)

