"""What the agent makes of requests, the control plane's and others."""
import json
import threading
import uuid

import pytest

APPS = '[app web]\nunit = web.service\n'
ACTION = str(uuid.uuid4())


def request(method='GET', path='/v1/state', *headers, body=b'', length=True, version='HTTP/1.1'):
    lines = [f'{method} {path} {version}', 'Host: vm', 'Connection: close', *headers]
    if body and length:
        lines.append(f'Content-Length: {len(body)}')
    return '\r\n'.join(lines).encode('latin-1') + b'\r\n\r\n' + body


def status(answer):
    return int(answer.split(b' ', 2)[1]) if answer.startswith(b'HTTP/1.1 ') else None


def alive(one):
    assert one.get('/v1/state').status_code == 200


def test_the_state_is_served(agent):
    answer = agent().get('/v1/state')
    assert answer.status_code == 200
    assert answer.headers['Content-Type'] == 'application/json' and answer.headers['Cache-Control'] == 'no-store'


JSON = 'Content-Type: application/json'
REQUESTS = [
    # what                          bytes                                                            status
    ('unknown path', request(path='/'), 404),
    ('unknown path below', request(path='/v1/state/x'), 404),
    ('a slash too much', request(path='/v1/state/'), 404),
    ('two slashes', request(path='//v1//state'), 404),
    ('dots', request(path='/v1/apps/../state'), 404),
    ('escaped dots', request(path='/v1/apps/%2e%2e/restart'), 404),
    ('an escaped slash', request(path='/v1/apps/web%2frestart'), 404),
    ('an escaped zero', request(path='/v1/state%00'), 404),
    ('another case', request(path='/V1/STATE'), 404),
    ('a long path', request(path='/v1/apps/' + 'a' * 9000), 404),
    ('an absolute address', request(path='http://vm/v1/state'), 200),
    ('unknown app', request('POST', '/v1/apps/other/restart', JSON, body=b'{}'), 404),
    ('wrong method', request('DELETE'), 405),
    ('wrong method of a verb', request(path='/v1/apps/web/restart'), 405),
    ('HEAD', request('HEAD'), 405),
    ('OPTIONS', request('OPTIONS'), 405),
    ('a method that is none', request('BREW'), 405),
    ('no body', request('POST', '/v1/apps/web/restart', JSON), 400),
    ('no type', request('POST', '/v1/apps/web/restart', body=b'{}'), 415),
    ('another type', request('POST', '/v1/apps/web/restart', 'Content-Type: text/plain', body=b'{}'), 415),
    ('nearly the type', request('POST', '/v1/apps/web/restart', 'Content-Type: application/jsonp', body=b'{}'), 415),
    ('a type with a charset', request('POST', '/v1/apps/web/restart', JSON + '; charset=utf-8', body=b'{}'), 400),
    ('no JSON', request('POST', '/v1/apps/web/restart', JSON, body=b'{"action":}'), 400),
    ('half JSON', request('POST', '/v1/apps/web/restart', JSON, body=b'{"action":"'), 400),
    ('an array', request('POST', '/v1/apps/web/restart', JSON, body=b'[]'), 400),
    ('a number', request('POST', '/v1/apps/web/restart', JSON, body=b'7'), 400),
    ('a key twice', request('POST', '/v1/apps/web/restart', JSON, body=b'{"action":"a","action":"b"}'), 400),
    ('more behind it', request('POST', '/v1/apps/web/restart', JSON, body=b'{}{}'), 400),
    ('no UTF-8', request('POST', '/v1/apps/web/restart', JSON, body=b'{"action":"\xff\xfe"}'), 400),
    ('a zero in it', request('POST', '/v1/apps/web/restart', JSON, body=b'{"action":"a\\u0000b"}'), 400),
    ('deep arrays', request('POST', '/v1/apps/web/restart', JSON, body=b'[' * 500000), 400),
    ('deep objects', request('POST', '/v1/apps/web/restart', JSON, body=b'{"a":' * 100000), 400),
    ('a number without end', request('POST', '/v1/apps/web/restart', JSON, body=b'{"action":1' + b'0' * 500000 + b'}'), 400),
    ('just too large', request('POST', '/v1/apps/web/restart', JSON, body=b' ' * ((1 << 20) + 1)), 413),
    ('a large promise', request('POST', '/v1/apps/web/restart', JSON, 'Content-Length: 99999999999'), 413),
    ('a negative length', request('POST', '/v1/apps/web/restart', JSON, 'Content-Length: -1'), 400),
    ('a length that is none', request('POST', '/v1/apps/web/restart', JSON, 'Content-Length: x'), 400),
    ('chunks', request('POST', '/v1/apps/web/restart', JSON, 'Transfer-Encoding: chunked', length=False, body=b'2\r\n{}\r\n0\r\n\r\n'), 400),
    ('too large in chunks', request('POST', '/v1/apps/web/restart', JSON, 'Transfer-Encoding: chunked', length=False,
                                    body=b'100001\r\n' + b' ' * 0x100001 + b'\r\n0\r\n\r\n'), 413),
    ('a chunk that is none', request('POST', '/v1/apps/web/restart', JSON, 'Transfer-Encoding: chunked', length=False, body=b'zz\r\n'), 413),
    ('a large header', request('GET', '/v1/state', 'X: ' + 'x' * 20000), 400),
    ('many headers', request('GET', '/v1/state', *[f'X{n}: y' for n in range(4000)]), 400),
    ('a header without a colon', request('GET', '/v1/state', 'nonsense'), 400),
    ('a body where none belongs', request('GET', '/v1/state', body=b'x' * 1000), 200),
    ('a query that is none', request(path='/v1/state?%zz=%'), 200),
    ('a long query', request(path='/v1/state?' + 'a=b&' * 2000), 200),
]


@pytest.mark.parametrize('sent, expected', [(sent, expected) for _, sent, expected in REQUESTS], ids=[what for what, _, _ in REQUESTS])
def test_hostile_requests(hostile, sent, expected):
    assert status(hostile.raw(sent)) == expected
    alive(hostile)


@pytest.mark.parametrize('sent', [b'', b'\r\n\r\n', b'\0' * 1000, b'GET\r\n\r\n', b'GET /v1/state\r\n\r\n', b'x' * 100000,
                                  b'GET /v1/state HTTP/9.9\r\n\r\n', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', b'\x16\x03\x01' * 50],
                         ids=lambda sent: repr(sent[:20]))
def test_no_requests(hostile, sent):
    with hostile.connect(5) as sock:
        sock.settimeout(0.3)
        try:
            sock.sendall(sent)  # it may hang up before the end of it
            while sock.recv(65536):
                pass
        except OSError:
            pass
    alive(hostile)


def test_errors_are_sentences(hostile):
    answer = hostile.call('DELETE', '/v1/state')
    assert answer.status_code == 405 and answer.headers['Allow'] == 'GET' and 'GET only' in answer.json()['error']
    answer = hostile.get('/v1/apps/other/env')
    assert answer.json() == {'error': "no such app on this host's list"}
    answer = hostile.call('POST', '/v1/apps/web/restart', data='{\n "action": x}', headers={'Content-Type': 'application/json'})
    assert answer.json() == {'error': 'malformed JSON at line 2, column 12', 'line': 2}


def test_a_request_in_single_bytes(hostile):
    with hostile.connect() as sock:
        for byte in request(path='/v1/none'):
            sock.sendall(bytes([byte]))
        assert sock.recv(100).startswith(b'HTTP/1.1 404')


def test_one_connection_serves_many_requests(hostile):
    with hostile.connect() as sock:
        for _ in range(20):
            sock.sendall(b'GET /v1/none HTTP/1.1\r\nHost: vm\r\n\r\n')
            answer = b''
            while b'}' not in answer:
                answer += sock.recv(4096)
            assert status(answer) == 404


def test_who_sends_the_next_request_before_the_answer_waits(agent):
    """Also a whole body more than is read ahead, while an action is under way."""
    one = agent(APPS)
    one.unit('web.service', Slow=1)
    body = json.dumps({'action': ACTION}).encode()
    with one.connect() as sock:
        sock.sendall(request('POST', '/v1/apps/web/restart', JSON, body=body).replace(b'Connection: close\r\n', b''))
        one.wait(lambda: any(' restart ' in call for call in one.calls))
        sock.sendall(request('GET', '/v1/none').replace(b'Connection: close\r\n', b''))
        sock.sendall(request('POST', '/v1/none', JSON, body=b' ' * 100000))
        (one.folder / 'go').touch()
        answer = b''
        while answer.count(b'HTTP/1.1 404') < 2:
            more = sock.recv(65536)
            assert more, answer
            answer += more
        assert answer.startswith(b'HTTP/1.1 200')
    alive(one)


def test_who_leaves_before_the_answer_leaves_nothing_behind(agent):
    one = agent(APPS)
    one.unit('web.service', Slow=1)
    with one.connect() as sock:
        sock.sendall(request('POST', '/v1/apps/web/restart', JSON, body=json.dumps({'action': ACTION}).encode()))
        one.wait(lambda: any(' restart ' in call for call in one.calls))
    alive(one)
    (one.folder / 'go').touch()
    one.said('restart of web: done')
    again = one.post('/v1/apps/web/restart', {'action': ACTION})
    assert again.status_code == 200 and sum(' restart ' in call for call in one.calls) == 1


def test_half_a_body_and_gone(hostile):
    with hostile.connect() as sock:
        sock.sendall(request('POST', '/v1/apps/web/restart', JSON, 'Content-Length: 1000')[:-2] + b'\r\n{"a":')
    alive(hostile)


def test_many_at_once_get_the_state(agent):
    one = agent(APPS)
    one.unit('web.service')
    codes = []
    threads = [threading.Thread(target=lambda: codes.append(one.client(*one.control).get(one.url + '/v1/state', timeout=20).status_code))
               for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(codes) <= {200, 503} and codes.count(200) >= 8


def test_it_ends_at_once_when_told(agent):
    one = agent(APPS)
    one.unit('web.service', Slow=1)
    threading.Thread(target=lambda: pytest.raises(Exception, one.post, '/v1/apps/web/restart', {'action': ACTION}), daemon=True).start()
    one.wait(lambda: any(' restart ' in call for call in one.calls))
    one.stop()
    assert one.process.returncode == 0
    (one.folder / 'go').touch()


def test_a_new_configuration_is_taken_by_the_same_process(agent):
    one = agent(APPS)
    pid, before = one.process.pid, one.get('/v1/state').json()['agent']
    one.conf(APPS + '[app more]\nunit = more.service\n', f'listen = 127.0.0.1:{one.port}\n')
    one.process.send_signal(1)
    one.said('starting anew')
    one.said('listening(?s:.*)listening')
    now = one.get('/v1/state').json()
    assert one.process.poll() is None and pid == one.process.pid
    assert [app['id'] for app in now['apps']] == ['web', 'more'] and now['agent']['conf_rev'] != before['conf_rev']


def test_a_bad_configuration_changes_nothing(agent):
    one = agent(APPS)
    one.conf('[app web]\nunit = web\n')
    one.process.send_signal(1)
    one.said(r'agent.conf:\d+: .*the old configuration stays')
    assert [app['unit'] for app in one.get('/v1/state').json()['apps']] == ['web.service']
