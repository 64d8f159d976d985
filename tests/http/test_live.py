"""The event stream: who is told what, that nothing is missed, and how streams end."""
import re
import shutil
import socket
import time

import pytest

from stack import Client, Events, Stack, host
from stack.gateway import Answer, Gateway, host_and_app

pytestmark = pytest.mark.asan


def tell(s, owner, ref, kind='status', **body):
    s.db('select tocsin.emit(%s, %s, %s, %s)', kind, owner, ref, psycopg_json(body))


def psycopg_json(body):
    from psycopg.types.json import Jsonb
    return Jsonb(body)


def greeted(s, client, last=None):
    stream = s.events(client, last)
    stream.hello = stream.wait('hello')
    return stream


def about(ref):
    return lambda e: isinstance(e['data'], dict) and e['data'].get('id') == ref


def counters(s):
    """What /admin/health says of the streams."""
    return s.api('GET', '/admin/health').json()['events']


def test_stream_begins_with_hello_and_may_not_be_stored(stack):
    with greeted(stack, stack.user()) as stream:
        head = stream.answer.headers
        assert head['Content-Type'].split(';')[0] == 'text/event-stream'
        assert head['Cache-Control'] == 'no-store'
        assert 'Content-Encoding' not in head
        assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', stream.hello['data']['now'])
        assert stream.hello['id']


def test_a_mangled_cursor_harms_nobody(stack):
    """Bytes that are no UTF-8 must not reach the connection that all streams share."""
    ann, bob = stack.user(), stack.user()
    lost = counters(stack)['database_lost']
    with greeted(stack, ann) as stream:
        with greeted(stack, bob, last='12.\xff\xfe') as other:
            tell(stack, ann.id, 4711)
            stream.wait(about(4711))
            tell(stack, bob.id, 4712)
            other.wait(about(4712))
    assert counters(stack)['database_lost'] == lost


def test_nobody_is_refused(stack):
    answer = stack.anyone().api('GET', '/events')
    assert answer.status_code == 401
    assert answer.headers['Content-Type'] == 'application/problem+json'


def test_token_needs_the_scope_to_read(stack):
    ann = stack.user()
    tokens = {scope: ann.api('POST', '/me/tokens', json={'name': scope, 'scopes': [scope]}).json()['token']
              for scope in ('read', 'metrics')}
    bearer = stack.anyone()
    bearer.headers['Authorization'] = 'Bearer ' + tokens['metrics']
    assert bearer.api('GET', '/events').status_code == 403
    bearer.headers['Authorization'] = 'Bearer ' + tokens['read']
    with greeted(stack, bearer) as stream:
        tell(stack, ann.id, 3)
        stream.wait(about(3))


def test_head_of_a_stream_ends(stack):
    answer = stack.user().api('HEAD', '/events')
    assert answer.status_code == 200
    assert answer.headers['Content-Type'].split(';')[0] == 'text/event-stream'


def test_event_arrives_at_once(stack):
    """By NOTIFY: to look once a second would take half of one, on average."""
    ann = stack.user()
    took = []
    with greeted(stack, ann) as stream:
        for ref in range(7):
            began = time.monotonic()
            tell(stack, ann.id, ref)
            stream.wait(about(ref))
            took.append(time.monotonic() - began)
    assert sorted(took)[3] < 0.4, took


def test_event_says_what_was_told(stack):
    ann = stack.user()
    with greeted(stack, ann) as stream:
        tell(stack, ann.id, 42, status='down', message='line\nbreak "é" \\')
        event = stream.wait('status')
    assert event['data']['id'] == 42
    assert event['data']['status'] == 'down'
    assert event['data']['message'] == 'line\nbreak "é" \\'
    assert event['data']['owner'] == ann.id
    assert event['id'] != stream.hello['id']


def test_account_hears_its_own_and_operators_hear_all(stack):
    ann, bob, eve = stack.user(), stack.user(), stack.user('operator')
    told = [1001, 1002, 1003, 1004, 1005]  # an operator hears others' stories, too
    with greeted(stack, ann) as a, greeted(stack, bob) as b, greeted(stack, eve) as e:
        tell(stack, ann.id, 1001)
        tell(stack, bob.id, 1002)
        tell(stack, 0, 1003, kind='health')
        tell(stack, ann.id, 1004)
        for stream in (a, e):
            stream.wait(about(1004))
        tell(stack, bob.id, 1005)
        b.wait(about(1005))

        def heard(x):
            return [ev['data']['id'] for ev in x.all if isinstance(ev['data'], dict) and ev['data'].get('id') in told]
        assert heard(a) == [1001, 1004]
        assert heard(b) == [1002, 1005]
        assert heard(e)[:4] == [1001, 1002, 1003, 1004]


def test_what_was_missed_comes_first_and_once(stack):
    ann, bob = stack.user(), stack.user()
    with greeted(stack, ann) as stream:
        tell(stack, ann.id, 1)
        last = stream.wait(about(1))['id']
    for ref in (2, 3, 4):
        tell(stack, ann.id, ref)
        tell(stack, bob.id, 99)
    with greeted(stack, ann, last) as stream:
        tell(stack, ann.id, 5)
        stream.wait(about(5))
        refs = [e['data']['id'] for e in stream.all if e['event'] == 'status']
    assert refs == [2, 3, 4, 5]


def test_late_commit_is_not_missed(stack):
    """A transaction that began before others and commits after them is still news."""
    import psycopg
    ann = stack.user()
    with psycopg.connect(stack.owner_sql) as slow, greeted(stack, ann) as stream:
        slow.execute('select tocsin.emit(%s, %s, %s, %s)', ('status', ann.id, 7, psycopg_json({})))
        tell(stack, ann.id, 8)
        last = stream.wait(about(8))['id']
        slow.commit()
        stream.wait(about(7))
    with greeted(stack, ann, last) as again:
        again.wait(about(7))
        assert not [e for e in again.all if about(8)(e)]


@pytest.mark.parametrize('last', ['nonsense', '1.5:5:', '9' * 30, '1763000000.9223372036854775806:9223372036854775806:',
                                  '1763000000.5:4:', "1'; drop table x; --"])
def test_strange_cursor_means_resync(stack, last):
    with greeted(stack, stack.user(), last) as stream:
        assert stream.wait('resync')['data'] == {}


def test_long_gap_means_resync(stack):
    ann = stack.user()
    with greeted(stack, ann) as stream:
        last = stream.hello['id']
    stack.db("insert into tocsin.event (kind, owner, ref) select 'status', %s, n from generate_series(1, 501) n", ann.id)
    with greeted(stack, ann, last) as stream:
        stream.wait('resync')
        assert not [e for e in stream.all if e['event'] == 'status']


def test_rev_of_a_list_is_a_cursor(stack):
    ann = stack.user()
    rev = ann.api('GET', '/monitors?view=list').json()['rev']
    tell(stack, ann.id, 77)
    with Events(ann, f'/api/v1/events?after={rev}') as stream:
        stream.wait(about(77))


def test_checks_of_the_last_second_come_together(stack):
    ann = stack.user()
    site = stack.site()
    monitor = ann.api('POST', '/monitors', json={'name': 'x', 'url': site.url, 'interval': 5, 'timeout': 2}).json()['id']
    with greeted(stack, ann) as stream:
        batch = stream.wait(lambda e: e['event'] == 'checks' and any(c[0] == monitor for c in e['data']), 20)
        status, ms, at, verdict = next(c[1:] for c in batch['data'] if c[0] == monitor)
        assert status in (0, 1) and verdict == 1
        assert 0 <= ms < 5000
        assert abs(at - time.time()) < 10
    ann.api('DELETE', f'/monitors/{monitor}')


def test_disabled_account_is_told_bye(stack):
    ann = stack.user()
    with greeted(stack, ann) as stream:
        stack.db('update tocsin.account set disabled_at = now() where id = %s', ann.id)
        assert stream.wait('bye')['data'] == {'reason': 'access'}
        stack.wait(lambda: not stream.open, 5, 'end of the stream')
        assert not [e for e in stream.all if e['event'] == 'account']


def test_ended_session_is_told_bye(stack):
    ann = stack.user()
    with greeted(stack, ann) as stream:
        stack.db('update tocsin.session set revoked_at = now() where account = %s', ann.id)
        assert stream.wait('bye')['data'] == {'reason': 'access'}


def test_sign_out_ends_the_stream(stack):
    ann = stack.user()
    with greeted(stack, ann) as stream:
        assert ann.api('DELETE', '/session').ok
        assert stream.wait('bye')['data'] == {'reason': 'access'}


def test_a_deleted_or_expired_token_hears_no_more(stack):
    ann, bearer = stack.user(), stack.anyone()
    for end in ('delete', 'expire'):
        token = ann.api('POST', '/me/tokens', json={'name': 't', 'scopes': ['read']}).json()
        bearer.headers['Authorization'] = 'Bearer ' + token['token']
        with greeted(stack, bearer) as stream, greeted(stack, ann) as other:
            if end == 'delete':
                assert ann.api('DELETE', f"/me/tokens/{token['id']}").ok
            else:
                stack.db("update tocsin.api_token set expires_at = now() where id = %s", token['id'])
            assert stream.wait('bye')['data'] == {'reason': 'access'}
            tell(stack, ann.id, 4713)
            other.wait(about(4713))


def test_deleted_account_is_told_bye(stack):
    ann = stack.user()
    with greeted(stack, ann) as stream:
        assert stack.api('DELETE', f'/admin/users/{ann.id}').ok
        assert stream.wait('bye')['data'] == {'reason': 'access'}


def test_demoted_operator_comes_again_and_hears_his_own(stack):
    eve, bob = stack.user('operator'), stack.user()
    with greeted(stack, eve) as stream:
        stack.db("update tocsin.account set role = 'member' where id = %s", eve.id)
        stream.wait('bye')
    with greeted(stack, eve) as stream:
        tell(stack, bob.id, 1)
        tell(stack, eve.id, 2)
        stream.wait(about(2))
        assert not [e for e in stream.all if about(1)(e)]


def test_streams_are_counted_while_they_are_open(stack):
    ann = stack.user()
    before = counters(stack)
    streams = [greeted(stack, ann) for _ in range(5)]
    during = counters(stack)
    assert during['clients'] == before['clients'] + 5
    assert during['opened'] == before['opened'] + 5
    for stream in streams:
        stream.close()
    stack.wait(lambda: counters(stack)['clients'] <= before['clients'], 10, 'closed streams to be noticed')


def test_stream_says_how_it_ends_at_a_graceful_restart(stack):
    ann = stack.user()
    with greeted(stack, ann) as stream:
        stack.httpd.graceful()
        assert stream.wait('bye')['data'] == {'reason': 'restart'}
        stack.wait(lambda: not stream.open, 5, 'end of the stream')


def raw(stack, client, more=b'', path='/api/v1/events'):
    """A socket that has asked for a stream."""
    sock = socket.create_connection(('127.0.0.1', stack.httpd.port), 5)
    cookies = '; '.join(f'{c.name}={c.value}' for c in client.cookies)
    sock.sendall(f'GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\n\r\n'.encode() + more)
    return sock


def test_who_sends_more_is_hung_up_on(stack):
    ann = stack.user()
    with raw(stack, ann) as sock:
        got = sock.recv(1 << 16)
        assert b'200' in got.split(b'\r\n')[0]
        assert b'Connection: close' in got
        sock.sendall(b'GET /api/v1/me HTTP/1.1\r\nHost: x\r\n\r\n')
        while True:
            try:
                more = sock.recv(1 << 16)
            except ConnectionResetError:
                break
            if not more:
                break
            got += more
    assert got.count(b'HTTP/1.1') == 1, 'nothing but the stream is answered'


def test_more_streams_than_may_be_are_refused(build):
    with Stack(build, before='TocsinLiveMax 3', children=1, tocsind=False) as s:
        ann = s.user()
        streams = [greeted(s, ann) for _ in range(3)]
        answer = ann.api('GET', '/events')
        assert answer.status_code == 503
        assert int(answer.headers['Retry-After']) > 0
        assert answer.headers['Content-Type'] == 'application/problem+json'
        streams[0].close()

        def again():
            answer = ann.api('GET', '/events', stream=True)
            answer.close()
            return answer.status_code == 200
        s.wait(again, 10, 'a place that became free')


@pytest.mark.parametrize('line,words', [
    ('TocsinLiveMax none', 'TocsinLiveMax must be a number from 1 to 100000'),
    ('TocsinLiveMax 0', 'TocsinLiveMax must be a number'),
    ('TocsinLiveDatabase "nonsense=1"', 'TocsinLiveDatabase: invalid connection option "nonsense"'),
])
def test_wrong_directive_stops_the_start_with_a_sentence(stack, line, words):
    conf = (stack.root / 'httpd.conf').read_text()
    code, said = stack.httpd.test(conf + '\n' + line + '\n')
    assert code != 0
    assert words in said


def test_small_async_factor_is_warned_of(build):
    with Stack(build, before='AsyncRequestWorkerFactor 2', children=1, tocsind=False) as s:
        log = s.root / 'logs/error.log'  # the port is open before the configuration is looked through
        s.wait(lambda: log.exists() and 'AsyncRequestWorkerFactor 2 leaves room for only' in log.read_text(), 10, 'the warning')


def test_polled_stream_where_none_can_be_held(build):
    """mpm_worker cannot suspend: the answer ends, and the cursor goes on."""
    with Stack(build, children=1, tocsind=False, start=False) as s:
        modules = s.httpd.modules
        s.httpd.modules = lambda: modules().replace('mpm_event', 'mpm_worker')
        s.start()
        ann = s.user()
        first = ann.api('GET', '/events')
        assert first.status_code == 200
        assert 'event: hello' in first.text and 'retry: 2000' in first.text
        cursor = re.search(r'^id: (.+)$', first.text, re.M).group(1)
        tell(s, ann.id, 5, status='down')
        tell(s, ann.id + 1000, 6, status='down')
        second = ann.api('GET', '/events', headers={'Last-Event-ID': cursor})
        assert re.findall(r'"id": (\d+)', second.text) == ['5']
        third = ann.api('GET', '/events', headers={'Last-Event-ID': re.search(r'^id: (.+)$', second.text, re.M).group(1)})
        assert 'event: status' not in third.text
        assert ann.api('GET', '/events', headers={'Last-Event-ID': 'junk'}).text.count('event: resync') == 1
        app = host_and_app(s, ann.id)[1]
        assert ann.api('GET', f'/apps/{app}/logs/stream').status_code == 204, 'a page asks for lines itself then'


def test_streams_go_over_tls(build, tmp_path):
    """The same thread writes through mod_ssl."""
    cert, key = tmp_path / 'cert', tmp_path / 'key'
    host.run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-days', '2',
             '-addext', 'subjectAltName=IP:127.0.0.1',
             '-keyout', str(key), '-out', str(cert))
    port = host.free_port()
    with Stack(build, children=1, tocsind=False, start=False) as s:
        s.httpd.extra = f'''LoadModule socache_shmcb_module {s.httpd.vars["HTTPD_LIBEXECDIR"]}/mod_socache_shmcb.so
LoadModule ssl_module {s.httpd.vars["HTTPD_LIBEXECDIR"]}/mod_ssl.so
Listen 127.0.0.1:{port} https
<VirtualHost 127.0.0.1:{port}>
  SSLEngine on
  SSLCertificateFile {s.root}/cert
  SSLCertificateKeyFile {s.root}/key
</VirtualHost>
'''
        for f in (cert, key):
            shutil.copy(f, s.root / f.name)
            host.give(s.root / f.name)
        s.start()
        ann = s.user('operator')
        token = ann.api('POST', '/me/tokens', json={'name': 'tls', 'scopes': ['read']}).json()['token']
        tls = Client(f'https://127.0.0.1:{port}')
        tls.verify = str(cert)
        tls.headers['Authorization'] = f'Bearer {token}'
        streams = [Events(tls) for _ in range(5)]
        for stream in streams:
            stream.wait('hello')
        for ref in range(20):
            tell(s, ann.id, ref, pad='x' * 5000)
        for stream in streams:
            stream.wait(about(19))
            assert [e['data']['id'] for e in stream.all if e['event'] == 'status'] == list(range(20))
        log_stream_over_tls(s, ann, tls)
        s.httpd.graceful()
        for stream in streams:
            assert stream.wait('bye')['data'] == {'reason': 'restart'}


def log_stream_over_tls(s, ann, tls):
    """One with a source of its own, in pieces of all sizes."""
    app = host_and_app(s, ann.id)[1]
    gateway = Gateway(s.root / 'run/fleet.sock')
    pieces = [b'data: ' + b'%d' % n * (n * 400) + b'\n\n' for n in range(1, 120)]
    gateway.on('GET', '.*/logs/stream', lambda call: Answer(stream=iter(pieces)))
    text = tls.api('GET', f'/apps/{app}/logs/stream').content
    assert text.startswith(b'retry: 2000\n\n' + b''.join(pieces)) and b'"reason":"source"' in text[-100:]
    gateway.stop()


def test_polled_stream_over_http2(build):
    """A stream of HTTP/2 would hold a thread: it is answered at once."""
    with Stack(build, children=1, tocsind=False, start=False) as s:
        s.httpd.before = f'LoadModule http2_module {s.httpd.vars["HTTPD_LIBEXECDIR"]}/mod_http2.so\nProtocols h2c http/1.1'
        s.start()
        ann = s.user()
        cookies = '; '.join(f'{c.name}={c.value}' for c in ann.cookies)

        def poll(*more):
            return host.run('curl', '-sS', '--http2-prior-knowledge', '-m', '5', '-w', '\n%{http_version} %{http_code}',
                            '-b', cookies, *more, s.url + '/api/v1/events')
        first = poll()
        assert first.endswith('\n2 200')
        tell(s, ann.id, 5)
        second = poll('-H', 'Last-Event-ID: ' + re.search(r'^id: (.+)$', first, re.M).group(1))
        assert re.findall(r'"id": (\d+)', second) == ['5']
        app = host_and_app(s, ann.id)[1]
        assert host.run('curl', '-sS', '--http2-prior-knowledge', '-m', '5', '-w', '%{http_code}', '-b', cookies,
                        f'{s.url}/api/v1/apps/{app}/logs/stream') == '204'
