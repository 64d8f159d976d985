"""The checker against real and hostile sites: what it finds, what it calls it, how soon."""
import os
import pathlib
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import pytest

from stack import Stack, wait
from stack.host import free_port

SECRET = 'topsecret-7f3a'


class Raw:
    """A server that says exactly what it is told to: bytes, or a function of the connection."""

    def __init__(self, say, tls=None, address='127.0.0.1'):
        self.say, self.tls, self.got = say, tls, []
        self.socket = socket.create_server((address, 0))
        self.port = self.socket.getsockname()[1]
        self.url = f'{"https" if tls else "http"}://{address}:{self.port}/'
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                conn, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        conn.settimeout(10)
        try:
            if self.tls:
                conn = self.tls.wrap_socket(conn, server_side=True)
            self.got.append(conn.recv(65536))
            if callable(self.say):
                self.say(conn)
            else:
                conn.sendall(self.say)
        except OSError:
            pass  # the checker hung up, as it should
        finally:
            conn.close()

    def stop(self):
        self.socket.close()


# ---- certificates

def openssl(folder, *words, stdin=None):
    done = subprocess.run(['openssl', *map(str, words)], cwd=folder, capture_output=True, text=True, input=stdin)
    assert done.returncode == 0, done.stderr


def authority(folder, name):
    """A CA of its own, and a function that makes certificates: (name, start, end) → pem."""
    home = folder / name
    home.mkdir()
    (home / 'index.txt').touch()
    (home / 'index.txt.attr').write_text('unique_subject = no\n')
    (home / 'serial').write_text('01\n')
    (home / 'cnf').write_text("""
[ca]
default_ca = d
[d]
new_certs_dir = .
database = index.txt
serial = serial
default_md = sha256
policy = p
copy_extensions = copy
[p]
commonName = supplied
[req]
distinguished_name = n
[n]
[v3_ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
""")
    openssl(home, 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key',
            '-out', 'ca.pem', '-days', '3650', '-subj', f'/CN={name}', '-config', 'cnf', '-extensions', 'v3_ca')

    def make(names, start='20200101000000Z', end='20491231000000Z'):
        alt = ','.join(('IP:' if n[0].isdigit() else 'DNS:') + n for n in names)
        stem = names[0] + start + end
        openssl(home, 'req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', stem + '.key',
                '-out', stem + '.csr', '-subj', f'/CN={names[0]}', '-config', 'cnf', '-addext', f'subjectAltName={alt}')
        openssl(home, 'ca', '-batch', '-notext', '-config', 'cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key',
                '-in', stem + '.csr', '-out', stem + '.crt', '-startdate', start, '-enddate', end)
        pem = home / (stem + '.pem')
        pem.write_text((home / (stem + '.key')).read_text() + (home / (stem + '.crt')).read_text())
        return pem
    return home / 'ca.pem', make


def context(pem, **more):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(pem)
    for name, value in more.items():
        setattr(made, name, value)
    return made


# ---- the stack

@pytest.fixture(scope='module')
def ca():
    with tempfile.TemporaryDirectory(prefix='tocsin.', dir='/tmp') as folder:
        os.chmod(folder, 0o755)  # the daemon is another user
        yield authority(pathlib.Path(folder), 'Test CA')


@pytest.fixture(scope='module')
def s(build, ca):
    # the daemon trusts our CA, and may dial 127.0.0.1 but not the rest of the loopback net
    before = os.environ.get('SSL_CERT_FILE')
    os.environ['SSL_CERT_FILE'] = str(ca[0])
    stack = Stack(build, start=False)
    stack.tocsind.allow = ['127.0.0.1/32', '::1/128']
    try:
        stack.start()
        yield stack
    finally:
        if before is None:
            del os.environ['SSL_CERT_FILE']
        else:
            os.environ['SSL_CERT_FILE'] = before
        stack.stop()


@pytest.fixture(scope='module', autouse=True)
def early(s):
    """A monitor that has been checked for as long as these tests run."""
    return monitor(s, s.site().url, interval=5, timeout=3)


@pytest.fixture
def raw():
    made = []

    def make(say, **kw):
        made.append(Raw(say, **kw))
        return made[-1]
    yield make
    for server in made:
        server.stop()


def attempt(s, url, **settings):
    """What "test now" says of these settings."""
    started = s.api('POST', '/monitors/test', json={'url': url, **settings})
    assert started.status_code == 202, started.text
    at = f"/monitors/test/{started.json()['id']}"
    answer = wait(lambda: (a := s.api('GET', at).json())['state'] == 'done' and a, 15, 'the test to be done')
    return answer['result']


def monitor(s, url, **settings):
    answer = s.api('POST', '/monitors', json={'url': url, **settings})
    assert answer.status_code == 201, answer.text
    return answer.json()['id']


def state(s, number):
    return s.api('GET', f'/monitors/{number}').json()


def becomes(s, number, status, timeout=15):
    return wait(lambda: (m := state(s, number))['status'] == status and m, timeout, f'{number} to be {status}')


def check(s, number):
    assert s.api('POST', f'/monitors/{number}/check').status_code == 202


# ---- statuses

def test_a_site_goes_down_degraded_and_up_and_each_time_is_the_first_check_of_it(s):
    site = s.site()
    m = monitor(s, site.url, interval=5, timeout=3, recheck=1, degraded_above=300)
    first = becomes(s, m, 'up', 5)
    assert first['reason'] is None and first['code'] == 200 and first['response_ms'] < 3000
    assert set(first['phases']) >= {'dns', 'connect', 'tls', 'ttfb', 'transfer'}
    site.status = 503
    assert becomes(s, m, 'down')['message'] == 'expected 200-399, got 503'
    site.status, site.delay = 200, 0.5
    check(s, m)
    slow = becomes(s, m, 'degraded')
    assert slow['reason'] == 'slow' and re.fullmatch(r'took \d+ ms, more than 300 ms', slow['message'])
    site.delay = 0
    becomes(s, m, 'up')
    rows = s.db('select status, at, decided_at from tocsin.transition where monitor = %s order by seq', m)
    assert [r[0] for r in rows] == [1, 3, 2, 1]
    # believed one recheck after it was seen first
    assert 0.8 < (rows[1][2] - rows[1][1]).total_seconds() < 2.5
    failed = s.db('select min(at) from tocsin.checks(%s, now() - interval \'1 hour\', now()) where status = 3', m)[0][0]
    assert abs((rows[1][1] - failed).total_seconds()) < 0.05
    incident = s.db('select started_at, resolved_at from tocsin.incident where monitor = %s', m)
    assert len(incident) == 1 and abs((incident[0][0] - failed).total_seconds()) < 0.05
    assert incident[0][1] is not None


def test_an_outage_is_found_within_an_interval_and_the_rechecks(s):
    sites = [s.site() for _ in range(8)]
    ids = [monitor(s, site.url, interval=5, timeout=3, recheck=1) for site in sites]
    for m in ids:
        becomes(s, m, 'up', 10)
    for site in sites:
        site.stop()
    began = time.monotonic()
    for m in ids:
        assert becomes(s, m, 'down', 12)['reason'] == 'connect_refused'
    assert time.monotonic() - began < 5 + 1 + 2


def test_one_failure_alone_is_no_outage(s):
    site = s.site()
    m = monitor(s, site.url, interval=5, timeout=3, recheck=1, retries=2)
    becomes(s, m, 'up')
    site.status = 500
    fails = s.db
    wait(lambda: fails('select 1 from tocsin.monitor_latest where monitor = %s and status = 3', m), 10, 'a failed check')
    site.status = 200
    wait(lambda: fails('select 1 from tocsin.monitor_latest where monitor = %s and status = 1', m), 10, 'a good check')
    assert s.db('select count(*) from tocsin.transition where monitor = %s', m)[0][0] == 1


# ---- when

@pytest.mark.asan
def test_a_new_an_edited_and_a_resumed_monitor_is_checked_at_once_and_a_paused_one_never(s):
    one, two = s.site(), s.site()
    m = monitor(s, one.url, interval=3600)
    wait(lambda: one.hits == 1, 3, 'the first check')
    version = s.api('GET', f'/monitors/{m}').headers['ETag']
    edited = s.api('PATCH', f'/monitors/{m}', json={'url': two.url}, headers={'If-Match': version})
    assert edited.status_code == 200, edited.text
    wait(lambda: two.hits == 1, 3, 'a check of the new address')
    for paused in (True, False):
        version = s.api('GET', f'/monitors/{m}').headers['ETag']
        assert s.api('PATCH', f'/monitors/{m}', json={'paused': paused}, headers={'If-Match': version}).ok
        if paused:
            assert becomes(s, m, 'paused', 5)
            assert s.api('POST', f'/monitors/{m}/check').status_code == 409
            assert two.hits == 1
    wait(lambda: two.hits == 2, 3, 'a check of the resumed monitor')
    assert one.hits == 1


def test_check_now_is_now(s):
    site = s.site()
    m = monitor(s, site.url, interval=86400)
    becomes(s, m, 'up', 5)
    hits, began = site.hits, time.monotonic()
    asked = s.api('POST', f'/monitors/{m}/check')
    assert asked.status_code == 202 and asked.json()['id'] == m
    wait(lambda: site.hits == hits + 1, 3, 'the check that was asked for')
    assert time.monotonic() - began < 1.5
    stranger = s.user()
    assert s.api('POST', f'/monitors/{m}/check', as_=stranger).status_code == 404
    assert s.api('POST', f'/monitors/{m}/check', as_=s.user('viewer')).status_code in (403, 404)


# ---- the request

def test_the_request_is_as_it_was_set(s):
    site = s.site()
    seen = attempt(s, site.url, method='POST', body='{"a": "ü"}', timeout=3,
               headers={'Content-Type': 'application/json', 'Authorization': f'Bearer {SECRET}', 'X-Empty': ''})
    assert seen['status'] == 'up' and seen['code'] == 200
    method, path, headers, body = site.seen[-1]
    assert (method, path, body) == ('POST', '/', '{"a": "ü"}'.encode())
    assert headers['Authorization'] == f'Bearer {SECRET}' and headers['Content-Type'] == 'application/json'
    assert headers['X-Empty'] == '' and headers['Accept-Encoding'] == 'identity'
    assert headers['User-Agent'] == f'Tocsin/1.0 (+{s.url})'
    assert SECRET not in s.tocsind.out.read_text()
    assert not s.db("select 1 from tocsin.test_run where spec::text like %s", f'%{SECRET}%')


@pytest.mark.parametrize('method', ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
def test_each_method_is_sent(s, method):
    site = s.site()
    assert attempt(s, site.url, method=method)['status'] == 'up'
    assert site.seen[-1][0] == method


@pytest.mark.asan
def test_a_secret_header_stays_with_its_origin(s):
    other, site = s.site(), s.site(status=302)
    site.headers = {'Location': other.url}
    told = {'Authorization': f'Bearer {SECRET}', 'X-Api-Key': SECRET, 'X-Session-Token': SECRET, 'Cookie': SECRET,
            'Host': 'a.example', 'X-Plain': 'yes'}
    assert attempt(s, site.url, headers=told)['redirects'] == 1
    got = other.seen[-1][2]
    assert got['X-Plain'] == 'yes' and SECRET not in str(got) and 'a.example' not in str(got)
    own = s.site(status=302)
    own.headers = {'Location': '/next'}
    attempt(s, own.url, headers=told)
    assert own.seen[-1][1] == '/next' and own.seen[-1][2]['X-Api-Key'] == SECRET


# ---- "test now" tells all

@pytest.mark.asan
def test_test_now_tells_phases_headers_and_the_failing_assertion(s):
    site = s.site(body='é' * 5000)
    site.headers = {'Set-Cookie': f'session={SECRET}', 'X-One': '1'}
    good = attempt(s, site.url)
    assert (good['status'], good['reason'], good['code'], good['message']) == ('up', 'ok', 200, '')
    assert good['ms'] >= sum(good['phases'].values()) - 0.2 and good['failed'] is None and good['tls'] is None
    assert good['address'] == f'127.0.0.1:{site.port}'
    assert ['X-One', '1'] in good['headers'] and ['Set-Cookie', '(hidden)'] in good['headers']
    assert good['excerpt'] and set(good['excerpt']) == {'é'} and len(good['excerpt'].encode()) <= 4096
    assert SECRET not in str(good)
    assert attempt(s, site.url, expect='204')['failed'] == {'assertion': 'code', 'expected': '204', 'actual': '200'}
    assert attempt(s, site.url, keyword='nope')['failed'] == \
        {'assertion': 'keyword', 'expected': '"nope"', 'actual': 'not found'}
    site.delay = 0.3
    slow = attempt(s, site.url, degraded_above=100)
    assert (slow['status'], slow['failed']['assertion'], slow['failed']['expected']) == ('degraded', 'time', 'at most 100 ms')


def test_a_test_belongs_to_who_asked(s):
    started = s.api('POST', '/monitors/test', json={'url': s.site().url}).json()
    assert s.api('GET', f"/monitors/test/{started['id']}", as_=s.user()).status_code == 404
    assert s.api('POST', '/monitors/test', json={'url': s.site().url}, as_=s.user('viewer')).status_code == 403


def test_a_test_takes_the_hidden_headers_of_its_monitor(s):
    site = s.site()
    m = monitor(s, site.url, headers={'Authorization': f'Bearer {SECRET}', 'X-A': 'old'}, interval=3600)
    attempt(s, site.url + 'x', monitor=m, headers={'Authorization': None, 'X-A': 'new'})
    seen = next(headers for _, path, headers, _ in reversed(site.seen) if path == '/x')
    assert seen['Authorization'] == f'Bearer {SECRET}' and seen['X-A'] == 'new'
    stranger = s.user()
    refused = s.api('POST', '/monitors/test', json={'url': site.url, 'monitor': m, 'headers': {'Authorization': None}},
                    as_=stranger)
    assert refused.status_code == 404


# ---- keywords

@pytest.mark.asan
@pytest.mark.parametrize('body, settings, reason', [
    ('it works', {'keyword': 'works'}, 'ok'),
    ('it works', {'keyword': 'Works'}, 'keyword_missing'),
    ('it works', {'keyword': 'error', 'keyword_absent': True}, 'ok'),
    ('an error', {'keyword': 'error', 'keyword_absent': True}, 'keyword_present'),
    ('x' * 1048570 + 'works', {'keyword': 'works'}, 'ok'),
    ('x' * 1048576 + 'works', {'keyword': 'works'}, 'body_too_large'),
    ('x' * 2000000, {'keyword': 'error', 'keyword_absent': True}, 'body_too_large'),
    ('x' * 2000000, {}, 'ok'),
    ('aaaaaaaaaab', {'keyword': 'aaab'}, 'ok'),
], ids=lambda x: str(x)[:24])
def test_keywords(s, body, settings, reason):
    assert attempt(s, s.site(body=body).url, **settings)['reason'] == reason


# ---- redirects

def test_redirects_are_followed_as_far_as_allowed(s):
    def say(conn):
        path = raw_one.got[-1].split()[1].decode()
        n = int(path.strip('/') or 0)
        conn.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' if n == 4 else
                     b'HTTP/1.1 302 Found\r\nLocation: /%d\r\nContent-Length: 0\r\n\r\n' % (n + 1))
    raw_one = Raw(say)
    good = attempt(s, raw_one.url, redirects=4, keyword='ok')
    assert (good['status'], good['code'], good['redirects'], good['url']) == ('up', 200, 4, raw_one.url + '4')
    few = attempt(s, raw_one.url, redirects=3)
    assert few['reason'] == 'redirect_limit' and few['message'].startswith('more than 3 redirects')
    none = attempt(s, raw_one.url, redirects=0, expect='302')
    assert (none['status'], none['code'], none['redirects']) == ('up', 302, 0)
    raw_one.stop()


@pytest.mark.asan
@pytest.mark.parametrize('location, reason', [
    ('/', 'redirect_loop'),
    ('ftp://example.com/', 'redirect_scheme'),
    ('file:///etc/passwd', 'redirect_scheme'),
    ('gopher://127.0.0.1:70/_x', 'redirect_scheme'),
    ('javascript:alert(1)', 'redirect_scheme'),
    ('http://10.0.0.1/', 'target_refused'),
    ('http://169.254.169.254/latest/meta-data/', 'target_refused'),
    ('http://127.0.0.2/', 'target_refused'),
    ('http://[::ffff:127.0.0.2]/', 'target_refused'),
    ('http://2130706434/', 'target_refused'),
    ('/' + 'x' * 9000, 'bad_response'),
    ('http://user:pw@10.0.0.1/', 'target_refused'),
], ids=lambda x: x[:30])
def test_redirects_that_are_not_followed(s, location, reason):
    site = s.site(status=301)
    site.headers = {'Location': location}
    assert attempt(s, site.url)['reason'] == reason


# ---- hostile answers

def trickle(conn):
    conn.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n')
    while True:
        conn.sendall(b'x')
        time.sleep(0.05)


def endless(head, piece):
    def say(conn):
        conn.sendall(head)
        while True:
            conn.sendall(piece)
    return say


def silent(conn):
    conn.recv(1)


def reset(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')


OK = b'HTTP/1.1 200 OK\r\n'
HOSTILE = {
    'closed at once': (b'', 'connection_lost'),
    'reset': (reset, 'connection_lost'),
    'no status line': (b'hello\r\n\r\n', 'bad_response'),
    'http 0.9': (b'<html>hello</html>', 'bad_response'),
    'garbage': (bytes(range(256)) * 4, 'bad_response'),
    'another protocol': (b'SSH-2.0-OpenSSH_9.2\r\n', 'bad_response'),
    'status that is no number': (b'HTTP/1.1 abc OK\r\n\r\n', 'bad_response'),
    'status 999': (b'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n', 'http_code'),
    'a flood of 100 continue': (endless(b'', b'HTTP/1.1 100 Continue\r\nX: y\r\n\r\n' * 100), 'bad_response'),
    'one header of a megabyte': (OK + b'X: ' + b'x' * 1000000 + b'\r\n\r\n', 'bad_response'),
    'a hundred thousand headers': (OK + b'X: y\r\n' * 100000 + b'\r\n', 'bad_response'),
    'headers without end': (endless(OK, b'X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n' * 50), 'bad_response'),
    'NUL in a header': (OK + b'X: a\0b\r\nContent-Length: 0\r\n\r\n', 'bad_response'),
    'two lengths': (OK + b'Content-Length: 2\r\nContent-Length: 5\r\n\r\nok', None),
    'negative length': (OK + b'Content-Length: -5\r\n\r\nok', None),
    'length and chunks': (OK + b'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', None),
    'chunk size no number': (OK + b'Transfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n', 'bad_response'),
    'chunk size too big': (OK + b'Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nok\r\n', 'bad_response'),
    'chunk size negative': (OK + b'Transfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n', 'bad_response'),
    'chunk extension of a megabyte': (OK + b'Transfer-Encoding: chunked\r\n\r\n2;' + b'x' * 1000000 + b'\r\nok\r\n0\r\n\r\n',
                                      None),
    'chunks cut off': (OK + b'Transfer-Encoding: chunked\r\n\r\n5\r\nab', 'connection_lost'),
    'body cut off': (OK + b'Content-Length: 100\r\n\r\nab', 'connection_lost'),
    'body by drops': (trickle, 'timeout'),
    'body without end': (endless(OK + b'\r\n', b'x' * 65536), 'ok'),
    'silence': (silent, 'timeout'),
    'gzip that is none': (OK + b'Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok', 'bad_response'),
    'bad UTF-8 all over': (b'HTTP/1.1 200 \xff\xfe\r\nX-\xff: \xc3\x28\r\nContent-Length: 3\r\n\r\n\xff\0\xfe', 'ok'),
    'folded header': (OK + b'X: a\r\n b\r\n\tc\r\nContent-Length: 0\r\n\r\n', None),
    'a cookie of 200 KB': (OK + b'Set-Cookie: a=' + b'x' * 60000 + b'\r\nSet-Cookie: b=' + b'x' * 60000 +
                           b'\r\nContent-Length: 0\r\n\r\n', 'ok'),
}


@pytest.mark.asan
@pytest.mark.parametrize('name', HOSTILE)
def test_a_hostile_answer_has_a_name_and_harms_nobody(s, raw, name):
    say, reason = HOSTILE[name]
    pids = s.tocsind.pids['checker']
    result = attempt(s, raw(say).url, timeout=1)
    if reason:
        assert result['reason'] == reason, result
    assert result['reason'] not in ('internal', 'dns_failed', 'target_refused'), result
    assert (result['status'] == 'up') == (result['reason'] == 'ok')
    assert bool(result['message']) == (result['status'] != 'up')
    assert 'curl' not in result['message'].lower()
    assert s.tocsind.pids['checker'] == pids


@pytest.mark.asan
def test_a_gzip_bomb_is_read_to_the_limit_only(s, raw):
    import gzip
    bomb = gzip.compress(b'\0' * 50_000_000, 6)
    result = attempt(s, raw(OK + b'Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n' % len(bomb) + bomb).url,
                 keyword='x', timeout=5)
    assert result['reason'] == 'body_too_large' and result['size'] <= 1048576


def test_nobody_there(s):
    refused = attempt(s, f'http://127.0.0.1:{free_port()}/')
    assert refused['reason'] == 'connect_refused' and refused['message'].startswith('connection refused by 127.0.0.1:')
    nowhere = attempt(s, 'http://does-not-exist.invalid/')
    assert nowhere['reason'] == 'dns_failed' and 'does-not-exist.invalid' in nowhere['message']
    assert nowhere['phases']['dns'] == pytest.approx(nowhere['ms'], abs=0.1)


# ---- TLS

def serve_ok(conn):
    conn.sendall(OK + b'Content-Length: 2\r\n\r\nok')


def test_a_good_certificate_is_told(s, raw, ca):
    good = attempt(s, raw(serve_ok, tls=context(ca[1](['127.0.0.1'], end='20450607080910Z'))).url)
    assert good['status'] == 'up' and good['phases']['tls'] > 0
    assert good['tls'] == {'subject': 'CN=127.0.0.1', 'issuer': 'CN=Test CA', 'not_after': '2045-06-07T08:09:10Z'}


def bad_certificates(folder, make):
    other_ca, other = authority(folder, 'Other CA')
    openssl(folder, 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'self.key', '-out', 'self.crt',
            '-subj', '/CN=127.0.0.1', '-days', '30', '-addext', 'subjectAltName=IP:127.0.0.1')
    own = folder / 'self.pem'
    own.write_text((folder / 'self.key').read_text() + (folder / 'self.crt').read_text())
    return {
        'tls_expired': context(make(['127.0.0.1'], end='20210101000000Z')),
        'tls_not_yet_valid': context(make(['127.0.0.1'], start='20480101000000Z')),
        'tls_wrong_host': context(make(['example.org'])),
        'tls_self_signed': context(own),
        'tls_unknown_issuer': context(other(['127.0.0.1'])),
    }


@pytest.fixture(scope='module')
def bad(tmp_path_factory, ca):
    return bad_certificates(tmp_path_factory.mktemp('bad'), ca[1])


@pytest.mark.asan
@pytest.mark.parametrize('reason', ['tls_expired', 'tls_not_yet_valid', 'tls_wrong_host', 'tls_self_signed',
                                    'tls_unknown_issuer'])
def test_a_bad_certificate_has_a_name_and_is_taken_when_asked_to(s, raw, bad, reason):
    server = raw(serve_ok, tls=bad[reason])
    result = attempt(s, server.url)
    assert (result['status'], result['reason']) == ('down', reason)
    assert '127.0.0.1' in result['message']
    if reason == 'tls_expired':
        assert result['tls']['not_after'] == '2021-01-01T00:00:00Z'
    taken = attempt(s, server.url, verify_tls=False)
    assert taken['status'] == 'up' and taken['tls']['not_after']


@pytest.mark.asan
def test_handshakes_that_fail(s, raw, ca):
    plain = raw(OK + b'Content-Length: 0\r\n\r\n')
    assert attempt(s, plain.url.replace('http:', 'https:'))['reason'] == 'tls_failed'
    old = context(ca[1](['127.0.0.1']))
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1
    assert attempt(s, raw(serve_ok, tls=old).url)['reason'] == 'tls_failed'
    quiet = raw(silent)
    slow = attempt(s, quiet.url.replace('http:', 'https:'), timeout=1)
    assert slow['reason'] == 'timeout' and 'TLS' in slow['message']
    closed = raw(b'')
    assert attempt(s, closed.url.replace('http:', 'https:'))['reason'] in ('tls_failed', 'connection_lost')


# ---- addresses

SPELLINGS = [
    '127.0.0.2', '127.2', '127.0.2', '2130706434', '0x7f000002', '0x7f.2', '0177.0.0.2', '017700000002',
    '0x7f.0x0.0x0.0x2', '[::ffff:127.0.0.2]', '[::ffff:7f00:2]', '[0:0:0:0:0:ffff:7f00:2]', '[64:ff9b::7f00:2]',
    '[2002:7f00:2::]', '0', '0.0.0.0', '[::]', '169.254.169.254', '0xa9fea9fe', '10.0.0.1', '192.168.1.1',
    '172.16.0.1', '100.64.0.1', '224.0.0.1', '255.255.255.255', '[fe80::1]', '[fc00::1]', '[ff02::1]', '[2001:db8::1]',
    'a@127.0.0.2', '127.0.0.2.', '１２７.０.０.２', '127。0。0。2',
]


@pytest.mark.asan
def test_no_spelling_gets_past_the_guard(s, raw):
    """Put in behind the API's back: the guard at the dial has to catch them all."""
    trap = raw(serve_ok, address='127.0.0.2')
    owner = s.admin.id
    ids = {s.db("insert into tocsin.monitor (owner, name, url, interval_s, timeout_s, retries) "
                "values (%s, %s, %s, 3600, 3, 0) returning id", owner, f'spelling {n}', f'http://{host}:{trap.port}/')[0][0]:
           host for n, host in enumerate(SPELLINGS)}
    s.db("select pg_notify('tocsin_work', 'place')")
    rows = wait(lambda: len(r := s.db('select monitor, reason from tocsin.monitor_latest where monitor = any(%s)',
                                      list(ids))) == len(ids) and r, 20, 'a check of each')
    for m, reason in rows:
        assert reason in (22, 23, 1), (ids[m], reason)  # target_refused, bad_url, dns_failed
    assert sum(reason == 22 for _, reason in rows) >= 29
    assert trap.got == []
    s.db('delete from tocsin.monitor where id = any(%s)', list(ids))


def test_checks_keep_their_phase(s, early):
    def checks():
        rows = s.db("select at from tocsin.checks(%s, now() - interval '1 hour', now()) order by at", early)
        return len(rows) >= 5 and rows
    at = [row[0].timestamp() for row in wait(checks, 30, 'five checks')]
    for earlier, later in zip(at[1:], at[2:]):  # the first one is at once
        assert 4.7 < later - earlier < 5.3
