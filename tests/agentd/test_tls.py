"""Who is answered: the control plane, and nobody else."""
import socket
import ssl

import pytest
import requests

import agentrig


@pytest.fixture(scope='module')
def other(tmp_path_factory):
    return agentrig.Authority(tmp_path_factory.mktemp('other'))


def refused(one, cert=None, key=None, why=None):
    with pytest.raises((requests.exceptions.SSLError, requests.exceptions.ConnectionError)):
        one.client(cert, key).get(one.url + '/v1/state', timeout=5)
    if why:
        one.said(why)
    assert one.get('/v1/state').status_code == 200


def test_no_certificate(agent):
    refused(agent())


def test_a_certificate_of_another_authority(agent, other):
    refused(agent(), *other.issue(agentrig.CONTROL, 'clientAuth'), why='refused a client: its certificate')


def test_a_certificate_that_is_over(agent, authority):
    cert, key = authority.issue(agentrig.CONTROL, 'clientAuth', label='over', days=-1)
    refused(agent(), cert, key, why='expired')


def test_an_agents_certificate_does_not_speak_to_agents(agent, server):
    refused(agent(), *server)


@pytest.mark.parametrize('name, use', [
    ('control.tocsin', 'serverAuth'), ('control.tocsin', ''), ('control.tocsin', 'clientAuth,serverAuth'),
    ('h1.agent.tocsin', 'clientAuth'), ('x.control.tocsin', 'clientAuth'), ('*.tocsin', 'clientAuth')])
def test_another_name_or_use(agent, authority, name, use):
    refused(agent(), *authority.issue(name, use, label=f'm{abs(hash((name, use)))}'))


def test_a_certificate_below_the_control_planes(agent, authority, control, folder):
    """Who has the control plane's certificate cannot make more of it."""
    below = folder / 'below'
    below.mkdir()
    minor = agentrig.Authority.__new__(agentrig.Authority)
    minor.folder, (minor.cert, minor.key) = below, control
    cert, key = minor.issue(agentrig.CONTROL, 'clientAuth')
    cert.write_text(cert.read_text() + control[0].read_text())
    refused(agent(), cert, key)


@pytest.mark.filterwarnings('ignore::DeprecationWarning')
@pytest.mark.parametrize('version', [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_1])
def test_older_tls(agent, authority, control, version):
    one = agent()
    context = ssl.create_default_context(cafile=str(authority.cert))
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = version
    context.set_ciphers('DEFAULT@SECLEVEL=0')
    context.load_cert_chain(*map(str, control))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(socket.create_connection(('127.0.0.1', one.port), 5))
    assert one.get('/v1/state').status_code == 200


def test_no_tls_at_all(agent):
    one = agent()
    with socket.create_connection(('127.0.0.1', one.port), 5) as sock:
        sock.sendall(b'GET /v1/state HTTP/1.1\r\nHost: x\r\n\r\n')
        assert b'HTTP' not in sock.recv(4096)
    assert one.get('/v1/state').status_code == 200


def test_a_session_is_never_resumed(agent):
    one = agent()
    with one.connect() as sock:
        sock.sendall(b'GET /v1/none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        assert sock.recv(100).startswith(b'HTTP/1.1 404')
        assert sock.session is None or not sock.session.has_ticket
        assert sock.version() == 'TLSv1.3'


def test_those_who_hold_connections_keep_nobody_out(agent):
    """Forty strangers that say nothing; the control plane comes in at once."""
    one = agent()
    idle = [socket.create_connection(('127.0.0.1', one.port), 5) for _ in range(40)]
    assert one.get('/v1/state', timeout=5).status_code == 200
    # the oldest have been hung up on
    idle[0].settimeout(5)
    assert idle[0].recv(1) == b''
    for sock in idle:
        sock.close()


def test_more_connections_than_there_is_room_for_wait(agent):
    one = agent()
    known = [one.connect() for _ in range(64)]
    late = socket.create_connection(('127.0.0.1', one.port), 5)
    known[0].close()
    context = ssl.create_default_context(cafile=str(one.authority.cert))
    context.check_hostname = False
    context.load_cert_chain(*map(str, one.control))
    with context.wrap_socket(late) as sock:
        sock.sendall(b'GET /v1/none HTTP/1.1\r\nHost: x\r\n\r\n')
        assert sock.recv(100).startswith(b'HTTP/1.1 404')
    for sock in known[1:]:
        sock.close()


def test_streams_leave_room_for_polls(agent):
    one = agent('[app web]\nunit = web.service\n')
    kept = [one.connect() for _ in range(40)]
    answer = one.get('/v1/state')
    assert answer.status_code == 200 and answer.headers['Connection'] == 'close', 'nothing is kept in a crowd'
    kept += [one.connect() for _ in range(17)]
    answer = one.get('/v1/apps/web/logs/stream')
    assert answer.status_code == 503 and 'too many streams' in answer.json()['error']
    assert one.get('/v1/state').status_code == 200
    for sock in kept:
        sock.close()
    one.wait(lambda: 'Connection' not in one.get('/v1/none').headers)


def test_without_an_identity_it_says_so(agent):
    one = agent(start=False)
    (one.state_dir / 'cert.pem').unlink()
    one.start(wait=False)
    assert one.process.wait(10) == 1 and 'was this host enrolled?' in one.log

