"""Logs of containers: Docker's frames, its times as cursors, and containers that end and come back."""
import calendar
import json
import re
import struct
import threading
import time
import urllib.parse

import pytest

from stack import host

import agentrig
from journal import Events

BOX = '[app box]\ncontainer = box\n'
PAGE, STREAM = '/v1/apps/box/logs', '/v1/apps/box/logs/stream'
ID = 'c0ffee' * 10 + 'abcd'
BASE = calendar.timegm((2026, 11, 21, 10, 0, 0)) * 10**9


class Docker(agentrig.Docker):
    """With logs as Docker keeps them: lines of (ns, stream, text), which end in \\n unless a part follows."""

    def __init__(self, path):
        self.lines, self.tty, self.running, self.followers = [], False, True, 0
        self.changed = threading.Condition()
        super().__init__(path)
        self.box()

    def box(self, container=ID):
        self.container('box')
        self.containers['box'].update(Id=container, Config={'Tty': self.tty})

    def say(self, *texts, ns=None, stream=1, end='\n'):
        with self.changed:
            for text in texts:
                at = ns if ns is not None else BASE + len(self.lines) * 10**6
                self.lines.append((at, stream, text + end))
            self.changed.notify_all()

    def stop(self):
        with self.changed:
            self.running = False
            self.changed.notify_all()

    def start(self, container=ID, fresh=False):
        with self.changed:
            self.running = True
            if fresh:
                self.lines = []
            self.box(container)
            self.changed.notify_all()

    def frame(self, line):
        ns, stream, text = line
        stamp = time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(ns // 10**9)) + f'.{ns % 10**9:09d}Z '
        data = stamp.encode() + (text if isinstance(text, bytes) else text.encode('utf-8', 'surrogateescape'))
        return data if self.tty else bytes([stream, 0, 0, 0]) + struct.pack('>I', len(data)) + data

    def answer(self, sock):
        with sock:
            asked = sock.recv(65536).split(b'\r\n')[0].decode().split(' ')
            path, _, query = asked[1].partition('?')
            self.calls.append(f'{asked[0]} {asked[1]}')
            name, call = path.split('/')[2:4]
            try:
                if call == 'logs' and name in self.containers and self.raw is None:
                    self.logs_to(sock, {k: v[0] for k, v in urllib.parse.parse_qs(query).items()})
                else:
                    sock.sendall(self.raw or self.reply(asked[0], name, call))
            except OSError:
                pass

    def logs_to(self, sock, q):
        def ns(key, normal):
            whole, _, part = q.get(key, '').partition('.')
            return int(whole) * 10**9 + int(part.ljust(9, '0')) if whole else normal
        since, until = ns('since', 0), ns('until', 1 << 63)
        sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
        with self.changed:
            at = max(0, len(self.lines) - int(q['tail'])) if 'tail' in q else 0
            lines = self.lines
            while True:
                frames = [self.frame(line) for line in lines[at:] if since <= line[0] <= until]
                sock.sendall(b''.join(b'%x\r\n%s\r\n' % (len(frame), frame) for frame in frames))
                at = len(lines)
                if 'follow' not in q or not self.running or self.lines is not lines:
                    sock.sendall(b'0\r\n\r\n')
                    return
                self.followers += 1
                self.changed.wait_for(lambda: len(lines) > at or not self.running or self.lines is not lines, 30)
                self.followers -= 1


@pytest.fixture
def box(agent, folder):
    docker = Docker(folder / 'docker.sock')
    one = agent(BOX, f'docker_socket = {folder}/docker.sock\n')
    one.docker = docker
    yield one
    docker.stop()
    docker.close()


def page(one, status=200, **query):
    answer = one.get(PAGE, params=query)
    assert answer.status_code == status, answer.text
    return answer.json()


def texts(said):
    return [line['m'] for line in (said['lines'] if isinstance(said, dict) else said)]


def read(stream, until):
    lines, others = [], []
    while not lines or lines[-1]['m'] != until:
        event = stream.next()
        if event.get('event'):
            others.append(event['event'])
        else:
            lines += event['data']
    return texts(lines), others


def test_pages_of_a_container_go_back_and_forth(box):
    box.docker.say(*[f'line {i}' for i in range(30)])
    newest = page(box, limit=10)
    assert texts(newest) == [f'line {i}' for i in range(20, 30)] and newest['more']
    line = newest['lines'][0]
    assert line == {'c': f'd.c0ffeec0ffee.{BASE + 20 * 10**6}.1', 't': BASE // 10**6 + 20, 'p': 6, 's': 'stdout',
                    'm': 'line 20', 'n': None, 'cut': 0}
    before = page(box, limit=15, cursor=newest['prev'])
    assert texts(before) == [f'line {i}' for i in range(5, 20)] and before['more']
    first = page(box, limit=15, cursor=before['prev'])
    assert texts(first) == [f'line {i}' for i in range(5)] and not first['more']
    assert texts(page(box, cursor=before['next'], dir='fwd')) == [f'line {i}' for i in range(20, 30)]
    assert texts(page(box, dir='fwd', limit=2)) == ['line 0', 'line 1']


def test_filters_and_searches_of_a_container(box):
    box.docker.say('out')
    box.docker.say('Err', stream=2)
    box.docker.say('out again')
    assert [(line['s'], line['p']) for line in page(box)['lines']] == [('stdout', 6), ('stderr', 3), ('stdout', 6)]
    assert texts(page(box, stream='stderr')) == ['Err'] and texts(page(box, level=3)) == ['Err']
    assert texts(page(box, q='OUT')) == ['out', 'out again']
    assert texts(page(box, q='^out$', regex=1)) == ['out']
    assert page(box, until=BASE // 10**9 - 1)['lines'] == []
    assert len(page(box, since=BASE // 10**9, until=BASE // 10**9 + 1)['lines']) == 3


def test_lines_of_one_moment_are_told_apart(box):
    box.docker.say(*[f'same {i}' for i in range(50)], ns=BASE)
    box.docker.say('later', ns=BASE + 1)
    got, cursor = [], None
    for _ in range(6):
        said = page(box, limit=10, dir='fwd', **({'cursor': cursor} if cursor else {}))
        got, cursor = got + texts(said), said['next']
    assert got == [f'same {i}' for i in range(50)] + ['later']
    back, cursor = [], None
    for _ in range(6):
        said = page(box, limit=10, **({'cursor': cursor} if cursor else {}))
        back, cursor = texts(said) + back, said['prev']
    assert back == got


def test_years_of_lines_are_gone_through_in_spans(box):
    box.docker.say('long ago', ns=BASE - 900 * 86400 * 10**9)
    box.docker.say('last year', ns=BASE - 300 * 86400 * 10**9)
    box.docker.say(*[f'burst {i}' for i in range(6000)])
    for hour in range(300):
        box.docker.say(f'hour {hour}', ns=BASE + (hour + 1) * 3600 * 10**9)
    cursor, got = page(box, limit=1)['prev'], []
    assert cursor.split('.')[2] == str(BASE + 300 * 3600 * 10**9)
    while cursor:
        said = page(box, limit=1000, cursor=cursor)
        got, cursor = texts(said) + got, said['prev'] if said['more'] else None
    assert got == [m.strip() for _, _, m in box.docker.lines[:-1]]
    assert len(box.docker.calls) < 150


def test_a_long_line_in_parts_is_one_of_the_last_lines(box):
    box.docker.say(*[f'before {i}' for i in range(5)])
    for part in range(9):
        box.docker.say(f'part {part} ', ns=BASE + 10**9, end='')
    box.docker.say('end', ns=BASE + 10**9)
    newest = page(box, limit=3)
    assert texts(newest) == ['before 3', 'before 4', ''.join(f'part {i} ' for i in range(9)) + 'end'] and newest['more']
    assert texts(page(box, cursor=newest['prev'])) == ['before 0', 'before 1', 'before 2']


def test_odd_containers(box):
    box.docker.say('half a ', end='')
    box.docker.say('line')
    box.docker.say('caf\udce9 \x00 \x1b[1m')
    box.docker.say('x' * 100000)
    lines = page(box)['lines']
    assert texts(lines[:2]) == ['half a line', 'caf\ufffd \u2400 \x1b[1m']
    assert (len(lines[2]['m']), lines[2]['cut']) == (32768, 100000 - 32768)
    box.docker.tty = True
    box.docker.box()
    box.docker.lines = []
    box.docker.say('of a terminal\r')
    assert texts(page(box)) == ['of a terminal']
    box.docker.tty = False
    box.docker.box()
    box.docker.tty = True  # and Docker does not keep to what it said
    assert box.get(PAGE).status_code == 503
    box.docker.raw = b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{"}'
    assert box.get(PAGE).status_code == 503
    box.docker.raw = None
    del box.docker.containers['box']
    answer = box.get(PAGE)
    assert answer.status_code == 409 and answer.json() == {'error': 'Docker has no container box'}
    box.docker.raw = b'HTTP/1.1 501 X\r\n\r\n' + json.dumps({'message': 'driver does not support reading'}).encode()
    assert 'does not support reading' in box.get(PAGE).json()['error']
    for wrong in ('s=1;i=2', 'd.x.1.1', 'd.c0ffeec0ffee.1', 'd.c0ffeec0ffee.1.0', 'd.c0ffeec0ffee.1.1.1'):
        assert page(box, 422, cursor=wrong)['field'] == 'cursor'
        assert box.get(STREAM, params={'cursor': wrong}).status_code == 422


def test_a_stream_of_a_container_goes_on_through_its_lives(box):
    box.docker.say('before')
    stream = Events(box, STREAM, last=page(box)['next'])
    box.docker.say(*[f'{i}' for i in range(5000)])
    assert read(stream, '4999') == ([f'{i}' for i in range(5000)], [])
    box.docker.say('last words')
    box.docker.stop()
    assert read(stream, 'last words') == (['last words'], [])
    box.docker.start()
    box.docker.say('again')
    assert read(stream, 'again') == (['again'], [])
    del box.docker.containers['box']
    asked = len(box.docker.calls)
    box.docker.stop()
    host.wait(lambda: len(box.docker.calls) > asked, 10, 'the container to be missed')
    box.docker.start('beef' * 16, fresh=True)
    box.docker.say('another one', ns=BASE + 9000 * 10**9)
    assert read(stream, 'another one') == (['another one'], [])
    two = Events(box, STREAM, last=f'd.{ID[:12]}.{BASE}.1')  # of the old one: what was behind it is gone
    assert read(two, 'another one') == (['another one'], ['gap'])
    box.docker.say('both', ns=BASE + 9001 * 10**9)
    assert read(stream, 'both') == read(two, 'both') == (['both'], [])
    stream.close()
    two.close()


def test_streams_of_a_container_share_one_request(box):
    box.docker.say('a', 'b', 'c')
    streams = [Events(box, STREAM) for _ in range(4)] + [Events(box, STREAM, last=page(box, limit=1)['next'])]
    box.docker.say('to all', ns=time.time_ns() + 10**9)
    assert all(read(s, 'to all') == (['to all'], []) for s in streams)
    end = time.monotonic() + 10
    while box.docker.followers != 1:
        assert time.monotonic() < end, box.docker.followers
        box.docker.say('more', ns=time.time_ns() + 2 * 10**9)
        time.sleep(0.01)
    assert not [c for c in box.docker.calls if not re.match(r'GET /containers/box/(json|logs\?)', c)]
