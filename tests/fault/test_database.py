"""PostgreSQL goes away and comes back while httpd and tocsind are at work."""
import concurrent.futures
import os
import signal
import threading
import time

import pytest

from stack import Stack
from stack.host import children

pytestmark = pytest.mark.asan


@pytest.fixture(scope='module')
def s(build):
    with Stack(build, tocsind=True, durable=True, extra='TocsinRateLimit 100000 100000') as s:
        s.admin
        yield s


class Load(threading.Thread):
    """Somebody who asks again and again, and notes each answer and how long it took."""

    def __init__(self, client, method, path, body=None):
        super().__init__(daemon=True)
        self.client, self.method, self.path, self.body = client, method, path, body
        self.answers, self.over = [], threading.Event()
        self.start()

    def run(self):
        n = 0
        while not self.over.is_set():
            n += 1
            began = time.monotonic()
            kw = {'json': self.body(n)} if self.body else {}
            answer = self.client.api(self.method, self.path, **kw)
            self.answers.append((answer.status_code, began, time.monotonic(), answer.headers))

    def end(self):
        self.over.set()
        self.join(20)
        assert not self.is_alive(), 'a request is stuck'
        return self.answers


@pytest.fixture
def load():
    """Starts a Load; however the test ends, it ends."""
    started = []

    def start(*args):
        started.append(Load(*args))
        return started[-1]
    yield start
    for one in started:
        one.over.set()


def settled(s):
    """Each child of httpd has found the database again."""
    client = s.anyone()
    s.wait(lambda: all(client.api('GET', '/ready').status_code == 200 for _ in range(20)), 30, 'ready again')


def monitor(s, **kw):
    site = s.site()
    made = s.api('POST', '/monitors', json={'name': site.url, 'url': site.url, 'interval': 5, 'timeout': 2,
                                            'retries': 0, 'recheck': 1, **kw})
    assert made.status_code == 201, made.text
    return made.json()['id'], site


def status(s, id):
    return s.api('GET', f'/monitors/{id}').json()['status']


@pytest.mark.parametrize('mode', ['fast', 'immediate'])
def test_quick_restart_fails_no_read(s, load, mode):
    """While there is no database everybody is told when to come again; before and after,
    no read fails, whatever connections the restart left behind; writes are done or are 503."""
    monitor(s)
    clients = [s.user() for _ in range(4)]
    readers = [load(c, 'GET', '/monitors') for c in clients]
    writers = [load(c, 'POST', '/monitors', lambda n, c=c: {'name': f'm{n}', 'url': f'http://127.0.0.1:1/{c.id}/{n}',
                                                                  'paused': True}) for c in clients]
    s.wait(lambda: all(len(x.answers) > 20 for x in readers + writers), 20, 'load')
    left = time.monotonic()
    s.pg.stop(mode)
    s.pg.start()
    came = time.monotonic()
    back = {x: len(x.answers) for x in readers + writers}
    s.wait(lambda: all(len(x.answers) > back[x] + 40 for x in readers + writers), 20, 'answers after the restart')
    reads = [a for x in readers for a in x.end()]
    writes = [a for x in writers for a in x.end()]
    assert {code for code, *_ in reads} <= {200, 503}
    assert {code for code, *_ in writes} <= {201, 503}
    for code, began, ended, headers in reads + writes:
        assert ended - began < 3, 'nobody waits long'
        if code == 503:
            assert headers.get('Retry-After'), '503 says when to come again'
            assert ended > left, 'before it left'
    late = [a for a in reads if a[0] == 503 and a[1] > came + 1.5]
    assert not late, 'no read fails once the database is back'
    # what was answered with 201 is there
    for client, writer in zip(clients, writers):
        done = sum(1 for code, *_ in writer.answers if code == 201)
        stored = s.db('select count(*) from tocsin.monitor where owner = %s', client.id)[0][0]
        assert stored >= done
    # no connection of before lingers
    settled(s)
    for client in clients:
        for _ in range(60):
            assert client.api('GET', '/monitors').status_code == 200


def test_restart_between_requests_costs_nothing(s):
    """A restart that nobody sees: the next read on each stale connection is done again."""
    settled(s)
    client = s.user()
    threads = 8
    for _ in range(threads):
        assert client.api('GET', '/monitors').status_code == 200
    s.pg.restart()
    failed = [r.status_code for r in (client.api('GET', '/monitors') for _ in range(200)) if r.status_code != 200]
    assert failed == []


def test_no_statement_is_stuck(s):
    rows = s.db("""select state, query, now() - xact_start from pg_stat_activity
                   where usename in ('tocsin_web', 'tocsin_work') and state <> 'idle'
                     and now() - state_change > interval '2 seconds'""")
    assert rows == []


def test_away_answers_at_once_and_nothing_restarts_by_hand(s):
    """While it is away everybody is told so in under 100 ms, and the probes go on."""
    settled(s)
    id, site = monitor(s)
    s.wait(lambda: status(s, id) == 'up', 20, 'up')
    master, httpd = s.tocsind.proc.pid, s.httpd.pid()
    client = s.user()
    s.pg.stop()
    try:
        s.wait(lambda: client.api('GET', '/monitors').status_code == 503, 5, '503')
        for method, path, kw in (('GET', '/monitors', {}), ('POST', '/monitors', {'json': {'name': 'x', 'url': 'http://127.0.0.1:1/'}}),
                                 ('GET', '/ready', {})):
            took = []
            for _ in range(20):
                began = time.monotonic()
                answer = client.api(method, path, **kw)
                took.append(time.monotonic() - began)
                assert answer.status_code == 503, answer.text
                assert answer.headers['Retry-After']
            assert sorted(took)[len(took) // 2] < 0.1, f'{method} {path}: {took}'
        assert client.api('GET', '/health').status_code == 200, 'alive, if not ready'
        hits = site.hits
        s.wait(lambda: site.hits > hits + 1, 30, 'probes without a database')
    finally:
        s.pg.start()
    s.wait(lambda: client.api('GET', '/monitors').status_code == 200, 5, 'reads again')
    settled(s)
    assert (s.tocsind.proc.pid, s.httpd.pid()) == (master, httpd)
    assert s.tocsind.proc.poll() is None


def test_transition_while_away_is_not_lost(s):
    """A site goes down while nobody can be told: the incident starts when it did."""
    settled(s)
    id, site = monitor(s)
    s.wait(lambda: status(s, id) == 'up', 20, 'up')
    s.pg.stop()
    try:
        hits = site.hits
        site.status = 500
        down = time.time()
        s.wait(lambda: site.hits > hits, 20, 'a failing probe')
        failed = time.time()
    finally:
        s.pg.start()
    settled(s)
    s.wait(lambda: status(s, id) == 'down', 30, 'down')
    rows = s.db('select extract(epoch from started_at)::float8 from tocsin.incident where monitor = %s', id)
    assert len(rows) == 1
    assert down - 0.5 <= rows[0][0] <= failed + 0.5
    site.status = 200
    s.wait(lambda: status(s, id) == 'up', 30, 'up again')
    assert s.db('select count(*) from tocsin.incident where monitor = %s and resolved_at is null', id)[0][0] == 0


def test_a_database_that_hangs_takes_no_thread_with_it(build):
    """Stopped in the middle: after a deadline all is as if it were away, and by itself well again."""
    with Stack(build, tocsind=False, children=1, before='') as s:
        client = s.user()
        pids = [s.pg.pid(), *children(s.pg.pid())]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            first = client.api('GET', '/me', timeout=25)
            assert first.status_code == 503 and first.headers['Retry-After']
            took, end = [], time.monotonic() + 5

            def knock():
                while time.monotonic() < end:
                    began = time.monotonic()
                    assert client.api('GET', '/me', timeout=25).status_code == 503
                    took.append(time.monotonic() - began)
            with concurrent.futures.ThreadPoolExecutor() as pool:
                for done in [pool.submit(knock) for _ in range(4)]:
                    done.result()
            slow = [t for t in took if t > 0.5]
            assert len(slow) <= 3 and len(took) > 100, f'{len(slow)} of {len(took)} waited: one at a time looks, for 2 s at most'
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        s.wait(lambda: client.api('GET', '/me').status_code == 200, 10, 'the database')
