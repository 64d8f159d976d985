"""The event stream in trouble: clients that hang, hang up or never read, httpd and
PostgreSQL restarted under it. Nobody misses an event, nobody is kept waiting, nothing grows."""
import asyncio
import os
import random
import signal
import socket
import struct
import threading
import time

import pytest
import requests

from stack import Stack
from stack.streams import Streams

pytestmark = pytest.mark.asan


@pytest.fixture(scope='module')
def s(build):
    with Stack(build, children=2, tocsind=False, before='TocsinRateLimit 100000 100000\nTocsinLiveMax 4000') as s:
        s.ann = s.user('operator')
        yield s


def tell(s, first, n=1, size=0):
    s.db("""insert into tocsin.event (kind, owner, ref, body)
            select 'status', %s, %s + n - 1, jsonb_build_object('pad', repeat('x', %s)) from generate_series(1, %s) n""",
         s.ann.id, first, size, n)
    s.db("select pg_notify('tocsin_live', '')")


def resident(pid):
    """KB of memory of a process."""
    with open(f'/proc/{pid}/status') as f:
        return next(int(line.split()[1]) for line in f if line.startswith('VmRSS'))


def counters(s):
    return s.api('GET', '/admin/health').json()['events']


def all_heard(streams, refs):
    return all(set(refs) <= set(r.refs) for r in streams.readers)


def test_500_streams_miss_nothing_over_a_graceful_restart(s):
    with Streams(s, s.ann, 500) as streams:
        s.wait(streams.greeted, 60, '500 streams')
        tell(s, 1000, 5)
        s.wait(lambda: all_heard(streams, range(1000, 1005)), 20, 'events before')
        told, over = [], threading.Event()

        def keep_telling():
            while not over.is_set():
                told.append(2000 + len(told))
                tell(s, told[-1])
                over.wait(0.05)
        teller = threading.Thread(target=keep_telling)
        teller.start()
        try:
            s.httpd.graceful()
        finally:
            s.wait(lambda: all(r.connects >= 2 for r in streams.readers), 60, 'all to come back')
            s.wait(streams.greeted, 60, '500 streams')
            over.set()
            teller.join()
        s.wait(lambda: all_heard(streams, told), 30, 'events of the restart')
        assert all(r.byes[:1] == ['restart'] for r in streams.readers), 'each was told bye'
        assert not any(r.resyncs for r in streams.readers), 'what was missed was told, not given up'
        assert all(r.refs == [*range(1000, 1005), *told] for r in streams.readers), 'in order, each once'


def never_reading(s, n):
    cookies = '; '.join(f'{c.name}={c.value}' for c in s.ann.cookies)
    socks = []
    for _ in range(n):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.connect(('127.0.0.1', s.httpd.port))
        sock.sendall(f'GET /api/v1/events HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\n\r\n'.encode())
        socks.append(sock)
    return socks


def test_client_that_never_reads_is_dropped_and_others_are_served(s):
    with Streams(s, s.ann, 20) as streams:
        s.wait(streams.greeted, 20, 'good clients')
        before = counters(s)
        bad = never_reading(s, 10)
        s.wait(lambda: counters(s)['clients'] == before['clients'] + 10, 20, 'bad clients')
        sizes, ref = [], 10000

        def push():
            nonlocal ref
            tell(s, ref, 10, size=2000)
            ref += 10
            s.wait(lambda: all_heard(streams, [ref - 1]), 10, 'good clients to hear')
            sizes.append(sum(map(resident, s.httpd.pids())))
            return counters(s)['dropped'] >= before['dropped'] + 10
        s.wait(push, 60, 'bad clients to be dropped')
        for _ in range(10):
            push()
        assert sizes[-1] < sizes[len(sizes) // 2] + 4096, f'memory grows: {sizes}'
        assert counters(s)['clients'] == before['clients']
        assert all(r.refs == list(range(10000, ref)) for r in streams.readers)
        for sock in bad:
            sock.close()


class Load(threading.Thread):
    """Somebody who reads the API again and again. With a connection that is kept, a request
    may meet the end of that connection; as a browser does, it is then sent on a new one."""

    def __init__(self, s, keep):
        super().__init__(daemon=True)
        self.client, self.over = s.user(), False
        self.headers = {} if keep else {'Connection': 'close'}
        self.tries = 2 if keep else 1
        self.n, self.failures = 0, []

    def ask(self):
        for left in reversed(range(self.tries)):
            try:
                answer = self.client.api('GET', '/monitors?limit=5', headers=self.headers)
                return None if answer.status_code == 200 else (answer.status_code, answer.text[:200])
            except requests.ConnectionError as e:
                if not left or 'Connection aborted' not in str(e):
                    return repr(e)[:200]

    def run(self):
        while not self.over:
            failure = self.ask()
            if failure:
                self.failures.append(failure)
            self.n += 1


def test_20_graceful_restarts_under_load_fail_no_request(s):
    loads = [Load(s, keep) for keep in (True, True, False, False)]
    parent = s.httpd.pid()
    sizes = []
    with Streams(s, s.ann, 50) as streams:
        s.wait(streams.greeted, 20, 'streams')
        for load in loads:
            load.start()
        try:
            for round in range(20):
                seen = [load.n for load in loads]
                s.httpd.graceful()
                sizes.append(resident(parent))
                tell(s, 50000 + round)
                s.wait(lambda: all(load.n > n for load, n in zip(loads, seen)), 20, 'load to go on')
        finally:
            for load in loads:
                load.over = True
            for load in loads:
                load.join(20)
        s.wait(lambda: all_heard(streams, range(50000, 50020)), 30, 'all events')
        assert not any(r.resyncs for r in streams.readers)
    assert [f for load in loads for f in load.failures] == []
    assert sum(load.n for load in loads) > 200
    # what the sanitizer keeps of freed memory is no leak
    assert sizes[-1] - sizes[5] < (1024 if not s.httpd.asan else 4096), f'the parent grows: {sizes}'
    assert len(s.httpd.pids()) == 2


@pytest.mark.parametrize('mode', ['fast', 'immediate'])
def test_restarted_postgresql_is_told_and_costs_no_stream(s, mode):
    with Streams(s, s.ann, 30) as streams:
        s.wait(streams.greeted, 20, 'streams')
        first = {'fast': 60000, 'immediate': 70000}[mode]
        tell(s, first)
        s.wait(lambda: all_heard(streams, [first]), 10, 'the event before')
        s.pg.stop(mode)
        s.wait(lambda: all(r.health == [{'database': False}] for r in streams.readers), 10, 'clients to be told')
        answer = s.ann.api('GET', '/events')
        assert answer.status_code == 503 and answer.headers['Retry-After']
        s.pg.start()
        s.wait(lambda: all(r.resyncs for r in streams.readers), 20, 'resync')
        tell(s, first + 1)
        s.wait(lambda: all_heard(streams, [first + 1]), 20, 'the event after')
        assert all(r.resyncs == 1 for r in streams.readers)
        assert all(r.connects == 1 for r in streams.readers), 'nobody had to come back'


def test_lost_listener_comes_back(s):
    """Only the streams' own connections are ended, as by an administrator or a proxy."""
    with Streams(s, s.ann, 10) as streams:
        s.wait(streams.greeted, 20, 'streams')
        for n in range(5):
            s.db("""select pg_terminate_backend(pid) from pg_stat_activity
                     where (query like '%api.live%' or query like 'listen%') and pid <> pg_backend_pid()""")
            tell(s, 80000 + n)
            s.wait(lambda: all_heard(streams, [80000 + n]), 10, 'the event')
        assert all(r.refs == list(range(80000, 80005)) for r in streams.readers)


async def churn_once(port, head, stats):
    """A client of bad manners: hangs up at any time, by FIN or RST, with more requests around."""
    how = random.random()
    before = b'GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n' if how < .1 else b''
    after = before if how < .05 else b'GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n' if how < .2 else b''
    try:
        source, sink = await asyncio.open_connection('127.0.0.1', port)
        sink.write(before + head + after)
        end = random.random()
        if .2 <= end < .5:
            await asyncio.sleep(random.random() * .003)
        elif end >= .5:
            try:
                await asyncio.wait_for(source.read(300), random.random() * .5)
            except asyncio.TimeoutError:
                pass
        if random.random() < .5:
            sink.get_extra_info('socket').setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        sink.close()
        stats['n'] += 1
    except OSError:
        stats['errors'] += 1


def test_churn_leaves_nothing_behind(s):
    """Some thousand clients that hang up at random times, with graceful restarts meanwhile."""
    cookies = '; '.join(f'{c.name}={c.value}' for c in s.ann.cookies)
    head = f'GET /api/v1/events HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\n\r\n'.encode()
    stats = {'n': 0, 'errors': 0}
    over = threading.Event()

    async def run():
        async def one():
            while not over.is_set():
                await churn_once(s.httpd.port, head, stats)
        await asyncio.gather(*(one() for _ in range(40)))
    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        for round in range(3):
            goal = stats['n'] + 700
            ref = 90000

            def go_on():
                nonlocal ref
                tell(s, ref)
                ref += 1
                return stats['n'] >= goal
            s.wait(go_on, 60, 'churn')
            s.httpd.graceful()
    finally:
        over.set()
        thread.join(30)
    s.wait(lambda: counters(s)['clients'] == 0, 20, 'all to be closed')
    assert stats['n'] > 2000 and stats['errors'] < stats['n'] / 100, stats
    with Streams(s, s.ann, 5) as streams:
        s.wait(streams.greeted, 20, 'streams after')
        tell(s, 99999)
        s.wait(lambda: all_heard(streams, [99999]), 10, 'the event after')


def test_stop_with_open_streams_is_quick(build):
    with Stack(build, children=1, tocsind=False) as s:
        ann = s.user()
        with Streams(s, ann, 50) as streams:
            s.wait(streams.greeted, 20, 'streams')
            began = time.monotonic()
            s.httpd.stop()
            took = time.monotonic() - began
            assert took < 10, took
            s.wait(lambda: all(r.byes == ['stop'] or r.byes == ['restart'] for r in streams.readers), 5, 'bye')
            s.httpd.start()


def test_killed_child_leaves_no_stream_in_the_count(build):
    with Stack(build, children=1, tocsind=False) as s:
        ann, admin = s.user(), s.admin
        child, = s.httpd.pids()
        with Streams(s, ann, 20) as streams:
            s.wait(streams.greeted, 20, 'streams')
            assert counters(s)['clients'] == 20
            os.kill(child, signal.SIGKILL)
            s.wait(lambda: all(r.connects >= 2 for r in streams.readers) and streams.greeted(), 30, 'all to come back')
            assert admin.api('GET', '/admin/health').json()['events']['clients'] == 20
