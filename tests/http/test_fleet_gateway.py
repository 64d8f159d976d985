"""The gateway: from httpd's socket to the agents and back. Real TLS, the double of an agent."""
import json
import os
import secrets
import ssl
import stat
import subprocess
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from stack import host
from stack.agent import Keys, Unix, enrol_body, enrolment


@pytest.fixture(scope='module')
def agent(fleet):
    return fleet.agent('gate-1', apps=['web'])


def ask(fleet, method, path, body=None, **headers):
    """(status, parsed answer, headers) of a request on the socket."""
    socket = Unix(fleet.fleet_socket)
    socket.request(method, path, body, {k.replace('_', '-'): v for k, v in headers.items()})
    answer = socket.getresponse()
    text = answer.read()
    socket.close()
    return answer.status, json.loads(text or b'null'), answer.headers


def of(agent, path):
    return f'/hosts/{agent.id}/v1{path}'


# ---------------------------------------------------------------- the socket

def test_only_the_group_may_ask(fleet):
    at = os.stat(fleet.fleet_socket)
    assert stat.S_IMODE(at.st_mode) == 0o660 and stat.S_ISSOCK(at.st_mode)


def test_it_says_the_pin_that_tokens_carry(fleet):
    shown = host.run(str(fleet.build / 'cli/tocsin'), 'fleet', 'show', '--dir', str(fleet.fleet_dir))
    status, said, _ = ask(fleet, 'GET', '/authority')
    assert status == 200 and said['pin'] in shown and len(said['pin']) == 43
    assert fleet.db("select value from tocsin.setting where key = 'fleet_pin'")[0][0] == said['pin']


def test_the_command_says_what_is_in_the_way(fleet):
    def run(*words):
        return subprocess.run([fleet.build / 'cli/tocsin', 'fleet', *words], capture_output=True, text=True)
    again = run('init', '--dir', str(fleet.fleet_dir))
    assert again.returncode == 1 and 'is not written over' in again.stderr
    away = run('show', '--dir', '/nonexistent')
    assert away.returncode == 1 and 'tocsin fleet init' in away.stderr
    assert run('make').returncode == run('show', '--renew').returncode == run().returncode == 2


# ---------------------------------------------------------------- passing on

def test_a_request_is_passed_on_as_it_is(fleet, agent):
    seen = []

    def answer(call):
        seen.append(call)
        return 412, {'error': 'the file is another one by now'}
    agent.on['PUT', '/v1/apps/web/env/main'] = answer
    agent.headers = {'ETag': '"abc"'}
    status, said, head = ask(fleet, 'PUT', of(agent, '/apps/web/env/main?a=b%20c'), '{"set":{}}', If_Match='"old"')
    agent.headers = {}
    assert (status, said, head['ETag']) == (412, {'error': 'the file is another one by now'}, '"abc"')
    assert seen[0].body == b'{"set":{}}' and seen[0].headers['If-Match'] == '"old"' and seen[0].query == {'a': 'b c'}
    assert seen[0].headers['Content-Type'] == 'application/json' and 'Expect' not in seen[0].headers


def test_a_file_of_a_megabyte_comes_through(fleet, agent):
    agent.on['PUT', '/v1/apps/web/env/big'] = lambda call: (200, {'n': len(call.body)})
    body = json.dumps({'text': 'x' * (1 << 20)})
    assert ask(fleet, 'PUT', of(agent, '/apps/web/env/big'), body)[1] == {'n': len(body)}
    assert ask(fleet, 'GET', of(agent, '/apps/web/logs?limit=5'))[0] == 200


@pytest.mark.parametrize('path, status', [
    ('/hosts/999999/v1/state', 404), ('/hosts/0/v1/state', 404), ('/hosts/1x/v1/state', 404), ('/', 404),
    ('/hosts/1', 404), ('/hosts/99999999999999999999/v1/state', 404), ('/hosts/-1/v1/state', 404),
    ('/hosts/{id}/v2/state', 404), ('/hosts/{id}/v1/../../etc', 400), ('/hosts/{id}/v1/a%0d%0aX:%20y', 404),
    ('/hosts/{id}/v1/' + 'a' * 5000, 400)])
def test_what_is_no_path_goes_nowhere(fleet, agent, path, status):
    assert ask(fleet, 'GET', path.format(id=agent.id))[0] == status


def test_what_is_no_answer_of_an_agent_is_not_passed_on(fleet, agent):
    agent.on['GET', '/v1/apps/web/refs'] = lambda call: (302, {})
    assert ask(fleet, 'GET', of(agent, '/apps/web/refs'))[0] == 502
    agent.on['GET', '/v1/apps/web/refs'] = lambda call: (200, b'<script>')
    agent.headers = {'Content-Type': 'text/html'}
    status, said, head = ask(fleet, 'GET', of(agent, '/apps/web/refs'))
    agent.headers = {}
    assert status == 502 and 'error' in said and head['Content-Type'] == 'application/json'
    agent.on['GET', '/v1/apps/web/refs'] = lambda call: (200, b'x' * (9 << 20))
    assert ask(fleet, 'GET', of(agent, '/apps/web/refs'))[:2] == (502, {
        'error': f'127.0.0.1:{agent.address[1]} sent a larger answer than it may be'})
    del agent.on['GET', '/v1/apps/web/refs']


def test_an_agent_that_is_away_is_said_to_be(fleet):
    away = fleet.agent('gate-away', apps=['web'])
    away.stop()
    status, said, _ = ask(fleet, 'GET', of(away, '/apps/web/logs'))
    assert status == 502 and 'refuses connections' in said['error']


# ---------------------------------------------------------------- streams

class Stream:
    """Lines of an event stream, read in a thread."""

    def __init__(self, fleet, path, **headers):
        self.socket = Unix(fleet.fleet_socket, timeout=60)
        self.socket.request('GET', path, headers={k.replace('_', '-'): v for k, v in headers.items()})
        self.answer = self.socket.getresponse()
        self.lines, self.over = [], False
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            for line in self.answer:
                self.lines.append(line.decode())
        except (OSError, ValueError, AttributeError):
            pass
        self.over = True

    def texts(self):
        return [entry['m'] for line in self.lines[:] if line.startswith('data: [') for entry in json.loads(line[6:])]

    def close(self):
        self.socket.sock and self.socket.sock.shutdown(2)


def test_a_stream_comes_as_it_is_written_and_resumes(fleet, agent):
    first = Stream(fleet, of(agent, '/apps/web/logs/stream'))
    assert first.answer.status == 200 and first.answer.headers['Content-Type'] == 'text/event-stream'
    host.wait(lambda: first.lines, what='the first word of the stream')
    agent.log('one')
    host.wait(lambda: first.texts() == ['one'])
    last = [line for line in first.lines if line.startswith('id: ')][-1][4:].strip()
    first.close()
    agent.log('two')
    again = Stream(fleet, of(agent, '/apps/web/logs/stream'), Last_Event_ID=last)
    host.wait(lambda: again.texts() == ['two'])
    again.close()
    host.wait(lambda: streams(fleet) == 0, what='the streams to be let go')


def streams(fleet):
    rows = fleet.db("select (stats->>'streams')::int from tocsin.worker where role = 'gateway'")
    return sum(n or 0 for n, in rows)


def test_a_refusal_in_the_place_of_a_stream_is_passed_on(fleet, agent):
    agent.on['GET', '/v1/apps/web/logs/stream'] = lambda call: (422, {'error': 'level: 0 to 7 is wanted'})
    try:
        assert ask(fleet, 'GET', of(agent, '/apps/web/logs/stream?level=9'))[:2] == (
            422, {'error': 'level: 0 to 7 is wanted'})
    finally:
        del agent.on['GET', '/v1/apps/web/logs/stream']


def test_who_does_not_read_holds_up_nobody(fleet, agent):
    """More than the gateway holds: the agent is told to wait, nothing is lost, others go on."""
    slow = Unix(fleet.fleet_socket)
    slow.request('GET', of(agent, '/apps/web/logs/stream'))
    answer = slow.getresponse()
    assert answer.status == 200
    text, n = 'x' * 8000, 1500
    for i in range(n):
        agent.log(f'{i} {text}')
    assert ask(fleet, 'GET', of(agent, '/apps/web/logs?limit=1'))[0] == 200
    got = 0
    for line in answer:
        if line.startswith(b'data: ['):
            got += len(json.loads(line[6:]))
        if got == n:
            break
    assert got == n
    slow.close()
    agent.lines.clear()


def test_a_stream_ends_when_its_host_is_enrolled_anew(fleet):
    old = fleet.agent('gate-anew', apps=['web'])
    stream = Stream(fleet, of(old, '/apps/web/logs/stream'))
    host.wait(lambda: stream.lines, what='the first word of the stream')
    new = fleet.agent('gate-anew', apps=['web'], token=enrolment(fleet, host_id=old.id))
    assert new.id == old.id
    host.wait(lambda: stream.over, what='the stream to end')
    assert ask(fleet, 'GET', of(new, '/apps/web/logs'))[0] == 200
    old.stop()


# ---------------------------------------------------------------- enrolment

def keys_of(fleet, key):
    made = Keys(fleet.root, f'k-{secrets.token_hex(4)}')
    made.key = key
    return made


def csr(key, name, **extensions):
    made = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return made.sign(key, algorithm).public_bytes(serialization.Encoding.PEM).decode()


def enrol(fleet, body):
    return ask(fleet, 'POST', '/enrol', json.dumps(body), Content_Type='application/json')


def body_of(fleet, key, token=None, **other):
    keys = keys_of(fleet, key)
    keys.csr = lambda: csr(key, 'control.tocsin')
    return enrol_body(keys, *(token or enrolment(fleet)), 'new', '127.0.0.1:7443') | other


@pytest.mark.parametrize('key', [
    ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)],
    ids=['p256', 'ed25519', 'rsa'])
def test_a_certificate_is_for_its_host_whatever_was_asked_for(fleet, key):
    status, said, _ = enrol(fleet, body_of(fleet, key))
    assert status == 200 and said['control'] == 'control.tocsin'
    made = x509.load_pem_x509_certificate(said['certificate'].encode())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert names == [f"h{said['host']}.agent.tocsin"]
    assert [u.dotted_string for u in usage] == ['1.3.6.1.5.5.7.3.1']
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert 'control' not in made.subject.rfc4514_string()


@pytest.mark.parametrize('key', [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 1024)],
                         ids=['p384', 'rsa1024'])
def test_a_weak_or_strange_key_gets_none(fleet, key):
    status, said, _ = enrol(fleet, body_of(fleet, key))
    assert status == 422 and 'key' in said['error']


def test_a_token_is_good_once_and_again_only_for_the_same_key(fleet):
    key, token = ec.generate_private_key(ec.SECP256R1()), enrolment(fleet)
    first = enrol(fleet, body_of(fleet, key, token))
    again = enrol(fleet, body_of(fleet, key, token))
    other = enrol(fleet, body_of(fleet, ec.generate_private_key(ec.SECP256R1()), token))
    assert (first[0], again[0], other[0]) == (200, 200, 403)
    assert first[1]['host'] == again[1]['host']


@pytest.mark.parametrize('wrong, status', [
    ({'proof': '0' * 64}, 403), ({'name': 'another'}, 403), ({'address': '127.0.0.1:7444'}, 403),
    ({'id': 'abcdefabcdef'}, 403), ({'nonce': '1' * 32}, 403), ({'proof': 'x' * 64}, 422), ({'proof': 7}, 422),
    ({'address': '8.8.8.8:7443'}, 422), ({'address': 'example.org:7443'}, 422), ({'address': '127.0.0.1'}, 422),
    ({'address': '127.0.0.1:0'}, 422), ({'csr': 'no request'}, 422), ({'csr': 'x' * 20000}, 422), ({'name': ''}, 422),
    ({'name': 'a\nb'}, 422), ({'name': 'x' * 200}, 422), ({'nonce': ''}, 422)])
def test_an_enrolment_without_proof_gets_nothing(fleet, wrong, status):
    answer = enrol(fleet, body_of(fleet, ec.generate_private_key(ec.SECP256R1())) | wrong)
    assert answer[0] == status and 'certificate' not in answer[1], answer


@pytest.mark.parametrize('body', [b'', b'[]', b'{', b'null', b'"x"', b'{"id":' * 5000, b'\xff\xfe', b'{"id":"\\u0000"}'])
def test_what_is_no_enrolment_is_refused(fleet, body):
    status, said, _ = ask(fleet, 'POST', '/enrol', body)
    assert status in (400, 422) and said['error']


def test_a_csr_signed_by_another_key_is_refused(fleet):
    mine, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    real, forged = csr(mine, 'x'), csr(other, 'x')
    one, two = (x509.load_pem_x509_csr(t.encode()).public_bytes(serialization.Encoding.DER) for t in (real, forged))
    split = x509.load_pem_x509_csr(real.encode()).tbs_certrequest_bytes
    der = bytearray(one)
    at = bytes(der).index(split) + len(split)
    tail = two[two.index(x509.load_pem_x509_csr(forged.encode()).tbs_certrequest_bytes)
               + len(x509.load_pem_x509_csr(forged.encode()).tbs_certrequest_bytes):]
    if len(tail) != len(der) - at:  # signatures differ in length by a byte at times: any other will do
        tail = bytes(der[at:-1]) + bytes([der[-1] ^ 1])
    pem = ssl.DER_cert_to_PEM_cert(bytes(der[:at]) + tail).replace('CERTIFICATE', 'CERTIFICATE REQUEST')
    status, said, _ = enrol(fleet, body_of(fleet, mine) | {'csr': pem})
    assert status == 422 and 'signature' in said['error'], said


# ---------------------------------------------------------------- what administrators see

def test_health_and_metrics_know_the_fleet(fleet, agent):
    agent.polled(1)

    def roles():
        workers = fleet.api('GET', '/admin/health').json()['workers']
        found = {w['role']: w['stats'] for w in workers if w['role'] in ('fleet', 'gateway')}
        return len(found) == 2 and found['fleet'].get('hosts') and found['gateway'].get('authority_days') and found
    said = host.wait(roles, 10, 'both roles to say how they are')
    assert said['fleet']['poll_seconds_count'] > 0 and said['gateway']['control_days'] > 7000
    assert not [a for a in fleet.api('GET', '/admin/health').json()['advice'] if a['about'] == 'fleet']
    text = fleet.admin.get('/metrics').text
    for family in ('tocsin_fleet_poll_seconds_count{', 'tocsin_fleet_streams{', 'tocsin_hosts{status="up"}',
                   'tocsin_fleet_answers_waiting{'):
        assert family in text, family
