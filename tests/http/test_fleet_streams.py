"""Streams of an app's lines: handed to the thread of event streams, with the gateway's socket
as their source. The gateway here is a double that says what a test wants."""
import json
import queue
import random
import socket
import struct
import threading
import time

import pytest

from stack.gateway import Answer, Gateway, host_and_app

pytestmark = pytest.mark.asan
CHUNKED = b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n'


def event(cursor, *lines):
    return f'id: {cursor}\ndata: {json.dumps(list(lines))}\n\n'.encode()


class Source:
    """One app's stream: what is said comes out of every open one."""

    def __init__(self):
        self.queues, self.calls = [], []

    def __call__(self, call):
        q = queue.Queue()
        self.calls.append(call)
        self.queues.append(q)
        return Answer(stream=iter(q.get, None))

    def say(self, *pieces):
        for q in self.queues:
            for piece in pieces:
                q.put(piece)

    def end(self):
        for q in self.queues:
            q.put(None)
        self.queues.clear()


@pytest.fixture(scope='module')
def s(quiet):
    quiet.gateway = Gateway(quiet.root / 'run/fleet.sock')
    quiet.ann, quiet.dev = quiet.user(), quiet.user()
    quiet.host, quiet.app = host_and_app(quiet, quiet.ann.id)
    yield quiet
    quiet.gateway.stop()


@pytest.fixture
def source(s):
    source = Source()
    s.gateway.answers.clear()
    s.gateway.on('GET', '/hosts/\\d+/v1/apps/web/logs/stream', source)
    yield source
    source.end()


class Reader:
    """Reads one stream as it comes on the wire."""

    def __init__(self, s, client, path=None, last=None, buffer=None):
        self.sock = socket.socket()
        if buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.sock.settimeout(15)
        self.sock.connect(('127.0.0.1', s.httpd.port))
        cookies = '; '.join(f'{c.name}={c.value}' for c in client.cookies)
        path = path or f'/api/v1/apps/{s.app}/logs/stream'
        head = f'GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\n'
        head += f'Last-Event-ID: {last}\r\n' if last else ''
        self.sock.sendall(head.encode() + b'\r\n')
        self.file = self.sock.makefile('rb')
        self.status, self.headers = None, {}

    def head(self):
        self.status = int(self.file.readline().split()[1])
        while (line := self.file.readline().strip()):
            name, _, value = line.decode().partition(':')
            self.headers[name.lower()] = value.strip()
        return self

    def piece(self):
        """b'' at the end."""
        return self.file.read1(65536)

    def until(self, wanted):
        text = b''
        while wanted not in text:
            piece = self.piece()
            assert piece, f'ended before {wanted}: {text[-300:]}'
            text += piece
        return text

    def rest(self):
        """What comes until the stream ends."""
        text = b''
        while (piece := self.piece()):
            text += piece
        return text

    def body(self):
        return self.file.read(int(self.headers['content-length']))

    def close(self):
        self.sock.close()
        self.file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def test_lines_come_as_they_are_said(s, source):
    with Reader(s, s.ann, f'/api/v1/apps/{s.app}/logs/stream?q=a%20b&level=3&since=5&regex=1') as r:
        source_came(s, source)
        source.say(b': here\n\n')
        r.head()
        assert r.status == 200 and r.headers['content-type'].startswith('text/event-stream')
        assert r.headers['cache-control'] == 'no-store'
        source.say(event('s=1;i=2', {'c': 's=1;i=2', 'm': 'hello'}))
        text = r.until(b'hello"}]\n\n')
        assert text.startswith(b'retry: 2000\n\n: here\n\nid: s=1;i=2\ndata: [')
        call = source.calls[0]
        assert call.path == f'/hosts/{s.host}/v1/apps/web/logs/stream'
        assert call.query == 'since=5&level=3&q=a%20b&regex=1'
        source.end()
        assert b'event: bye\ndata: {"reason":"source"}' in r.rest()


def source_came(s, source, n=1):
    s.wait(lambda: len(source.queues) >= n, 10, 'the source to be asked')


def test_a_browser_that_comes_back_goes_on_where_it_was(s, source):
    with Reader(s, s.ann, f'/api/v1/apps/{s.app}/logs/stream?cursor=old', last='s=1;i=9') as r:
        source_came(s, source)
        source.say(event('s=1;i=10', {'m': 'next'}))
        r.head().until(b'next')
    call = source.calls[0]
    assert call.headers['Last-Event-ID'] == 's=1;i=9' and call.query == ''
    with Reader(s, s.ann, f'/api/v1/apps/{s.app}/logs/stream?cursor=s%3D1%3Bi%3D4'):
        source_came(s, source, 2)
    assert source.calls[1].query == 'cursor=s%3D1%3Bi%3D4'


@pytest.mark.parametrize('answer, status, kind', [
    (Answer({'error': 'no such app'}, 404), 404, 'not-found'),
    (Answer({'error': 'the pattern is wrong', 'field': 'q'}, 422), 422, 'invalid'),
    (Answer({'error': 'too many streams'}, 503), 503, 'agent-busy'),
    (Answer({'error': 'the agent is away'}, 502), 502, 'agent'),
    (Answer({'lines': []}), 502, 'agent'),
    (Answer(raw=b'hello?\n'), 502, 'agent'),
    (Answer(raw=b''), 502, 'agent'),
    (Answer(raw=b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n'), 502, 'agent'),
    (Answer(raw=b'HTTP/1.1 403 No\r\n\r\n' + b'<script>' * 4000), 502, 'agent'),
])
def test_what_is_no_stream_is_a_problem(s, source, answer, status, kind):
    s.gateway.on('GET', '.*/logs/stream', answer)
    with Reader(s, s.ann) as r:
        r.head()
        problem = json.loads(r.body())
    assert (r.status, problem['type']) == (status, f'about:blank#{kind}')
    assert r.headers['content-type'] == 'application/problem+json'
    assert ('retry-after' in r.headers) == (status == 503)


def test_without_a_gateway_it_is_said_at_once(s, source):
    s.gateway.stop()
    try:
        start = time.monotonic()
        with Reader(s, s.ann) as r:
            r.head()
            assert r.status == 503 and json.loads(r.body())['type'] == 'about:blank#gateway'
        assert time.monotonic() - start < 1 and s.ann.api('GET', '/me').ok
    finally:
        s.gateway.start()


def test_half_an_event_is_never_told_as_a_whole_one(s, source):
    """The source breaks off inside an event: the client gets no end of it."""
    s.gateway.on('GET', '.*/logs/stream', Answer(raw=CHUNKED + b'20\r\nid: 1\ndata: ["whole"]\n\nid: 2\ndat\r\n'))
    with Reader(s, s.ann) as r:
        text = r.head().rest()
    assert text.endswith(b'id: 1\ndata: ["whole"]\n\nid: 2\ndat')


def resident(pid):
    """KB of memory of a process."""
    with open(f'/proc/{pid}/status') as f:
        return next(int(line.split()[1]) for line in f if line.startswith('VmRSS'))


def test_a_client_that_reads_slowly_slows_its_source(s, source):
    """40 MB for a client that takes nothing: the source waits, the child does not grow, and
    then every byte comes."""
    block = event('c', {'m': 'x' * 60000})
    total, sent = 600, []

    def flood(call):
        def pieces():
            for _ in range(total):
                sent.append(1)
                yield block
        return Answer(stream=pieces())
    s.gateway.on('GET', '.*/logs/stream', flood)
    with Reader(s, s.ann, buffer=4096) as r:
        s.wait(lambda: len(sent) > 1, 10, 'the flood')
        was = -1
        while was != len(sent):  # until the source stands still
            was = len(sent)
            s.ann.api('GET', '/me')
            time.sleep(0.05)  # a pace, not a wait
        assert was < 100
        assert s.httpd.asan or max(map(resident, s.httpd.pids())) < 60000
        r.head()
        r.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        got, tail = 0, b''
        while (piece := r.piece()):
            got, tail = got + len(piece), (tail + piece)[-200:]
    assert got > total * len(block) and b'event: bye' in tail


def test_a_client_that_hangs_up_frees_its_source(s, source):
    r = Reader(s, s.ann)
    source_came(s, source)
    s.wait(lambda: counters(s)['clients'] == 1, 10, 'the stream')
    r.close()
    s.wait(lambda: counters(s)['clients'] == 0, 10, 'the stream to be gone')


def counters(s):
    return s.api('GET', '/admin/health').json()['events']


def test_who_may_no_longer_see_it_is_sent_away(s, source):
    s.db("insert into tocsin.fleet_grant (monitor, account, role) values (%s, %s, 'viewer')", s.app, s.dev.id)
    with Reader(s, s.dev) as r, Reader(s, s.ann) as own:
        source_came(s, source, 2)
        source.say(b': x\n\n')
        r.head().until(b': x')
        own.head().until(b': x')
        s.db('delete from tocsin.fleet_grant where account = %s', s.dev.id)
        assert b'event: bye\ndata: {"reason":"access"}' in r.rest()
        source.say(event('1', {'m': 'still'}))
        own.until(b'still')
    with Reader(s, s.dev) as r:
        assert r.head().status == 404


def test_lines_go_on_while_the_database_is_away(s, source):
    """And when it is back, who may listen is looked at again."""
    s.db("insert into tocsin.fleet_grant (monitor, account, role) values (%s, %s, 'viewer')", s.app, s.dev.id)
    with Reader(s, s.dev) as r:
        source_came(s, source)
        s.pg.stop('fast')
        try:
            source.say(event('1', {'m': 'without a database'}))
            r.head().until(b'without a database')
            with Reader(s, s.dev) as other:
                assert other.head().status == 503
        finally:
            s.pg.start()
        s.wait(lambda: s.dev.api('GET', '/me').ok, 10, 'the database')
        s.db('delete from tocsin.fleet_grant where account = %s', s.dev.id)
        assert b'"reason":"access"' in r.rest()


def test_a_session_that_ends_ends_its_stream(s, source):
    eve = s.user('operator')
    with Reader(s, eve) as r:
        source_came(s, source)
        source.say(b': x\n\n')
        r.head().until(b': x')
        assert eve.api('DELETE', '/session').status_code == 204
        assert b'"reason":"access"' in r.rest()


def test_an_account_has_twenty(s, source):
    readers = [Reader(s, s.ann) for _ in range(20)]
    try:
        source_came(s, source, 20)
        with Reader(s, s.ann) as r:
            r.head()
            assert r.status == 503 and '20 log streams' in json.loads(r.body())['detail']
            assert r.headers['retry-after']
        with Reader(s, s.user('operator')) as other:
            source_came(s, source, 21)
            source.say(b': x\n\n')
            assert other.head().status == 200
    finally:
        for r in readers:
            r.close()
    s.wait(lambda: counters(s)['clients'] == 0, 10, 'streams to end')
    with Reader(s, s.ann) as r:
        source_came(s, source, 22)
        source.say(b': x\n\n')
        assert r.head().status == 200


def test_a_deploys_output_is_that_of_its_uuid(s, source):
    uuid, number = s.db("insert into tocsin.app_action (app, host, kind, args) values (%s, %s, 'deploy', '{}') returning uuid::text, id",
                        s.app, s.host)[0]
    with Reader(s, s.ann, f'/api/v1/apps/{s.app}/deploys/{number}/stream'):
        source_came(s, source)
    assert source.calls[0].query == f'deploy={uuid}'
    assert s.ann.api('GET', f'/apps/{s.app}/deploys/{number + 1000}/stream').status_code == 404
    s.db('delete from tocsin.app_action where app = %s', s.app)


def test_heads_are_not_streams(s, source):
    answer = s.ann.request('HEAD', f'/api/v1/apps/{s.app}/logs/stream')
    assert answer.status_code == 204 and not source.calls


def test_clients_and_sources_come_and_go_as_they_like(s, source):
    """Readers that reset, hang up or stay, of sources that flood, break off or fall silent; then
    httpd is restarted over all of it. Nothing is left over."""
    rng, block = random.Random(4), event('c', {'m': 'x' * 3000})

    def any_source(call):
        kind = rng.randrange(4)
        if kind == 0:
            return Answer(raw=CHUNKED + b'%x\r\n%s\r\n' % (len(block), block) * rng.randrange(3) + b'5\r\nhal')
        if kind == 1:
            return Answer(stream=iter([block] * rng.randrange(2000)))
        return source(call) if kind == 2 else Answer({'error': 'no'}, 500)
    s.gateway.on('GET', '.*/logs/stream', any_source)
    people = [s.user('operator') for _ in range(8)]
    kept = []
    for n in range(200):
        r = Reader(s, people[n % 8])
        kept.append(r)
        if rng.random() < 0.3:
            r.sock.recv(rng.randrange(1, 5000))
        if len(kept) > 60:
            old = kept.pop(rng.randrange(len(kept)))
            if rng.random() < 0.5:
                old.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            old.close()
        if n == 150:
            source.say(block)
            s.httpd.graceful()
    for r in kept:
        r.close()
    source.end()
    s.wait(lambda: counters(s)['clients'] == 0, 20, 'all to be gone')
    assert s.ann.api('GET', '/me').ok and not s.reports()


def test_a_graceful_restart_says_goodbye_at_the_end_of_an_event(s, source):
    with Reader(s, s.ann) as idle:
        source_came(s, source)
        source.say(b': x\n\n')
        idle.head().until(b': x')
        busy = Reader(s, s.ann)
        source_came(s, source, 2)
        source.queues[1].put(b': y\n\n')
        busy.head().until(b': y')
        source.queues[1].put(b'id: 7\ndata: ["half')
        s.wait(lambda: source.queues[1].empty(), 10, 'half an event')
        restart = threading.Thread(target=s.httpd.graceful)
        restart.start()
        text = idle.rest()
        assert b'event: bye\ndata: {"reason":"restart"}' in text and text.startswith(b'retry: ')
        source.queues[1].put(b'"]\n\nid: 8\ndata: ["after"]\n\n')
        text = busy.rest()
        busy.close()
        restart.join()
    assert text.startswith(b'id: 7\ndata: ["half') and b'"]\n\nretry: ' in text and b'"reason":"restart"' in text
    assert b'after' not in text
    with Reader(s, s.ann, last='7') as r:
        source_came(s, source, 3)
        source.say(event('8', {'m': 'after'}))
        r.head().until(b'after')
    assert source.calls[-1].headers['Last-Event-ID'] == '7'
