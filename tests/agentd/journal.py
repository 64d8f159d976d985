"""The journal that fake_journalctl reads: say() adds a line, vacuum() forgets the oldest."""
import collections
import json
import os
import pathlib
import struct
import time

HEAD = struct.Struct('>QQBI')
Line = collections.namedtuple('Line', 'cursor us')


def field(name, value):
    """As export has it: text with printable characters in a line, anything else behind its length."""
    value = value.encode() if isinstance(value, str) else value
    if all(c == 9 or 32 <= c < 127 or c > 127 for c in value) and is_text(value):
        return name.encode() + b'=' + value + b'\n'
    return name.encode() + b'\n' + struct.pack('<Q', len(value)) + value + b'\n'


def is_text(value):
    try:
        value.decode()
        return True
    except UnicodeDecodeError:
        return False


class Journal:
    def __init__(self, agent, unit='web.service'):
        self.folder = pathlib.Path(agent.folder)
        self.path = self.folder / 'journal' / unit
        self.path.parent.mkdir(exist_ok=True)
        self.number, self.all = 0, []

    def entry(self, text, level=6, pid=42, us=None):
        self.number += 1
        us = us or int(time.time() * 1e6)
        line = Line(f's={"0123456789abcdef" * 2};i={self.number:x};b={"b" * 32};m={us:x};t={us:x};x={us * 31 & (1 << 64) - 1:x}', us)
        made = (field('__CURSOR', line.cursor) + field('__REALTIME_TIMESTAMP', str(us)) + field('_BOOT_ID', 'b' * 32)
                + (field('PRIORITY', str(level)) if level is not None else b'') + (field('_PID', str(pid)) if pid else b'')
                + (field('MESSAGE', text) if text is not None else b'') + b'\n')
        self.all.append(line)
        return HEAD.pack(self.number, us, 6 if level is None else level, len(made)) + made

    def say(self, *texts, **more):
        """Lines, and the cursor of the last."""
        with open(self.path, 'ab') as f:
            f.write(b''.join([self.entry(text, **more) for text in texts]))
        return self.all[-1].cursor

    def burst(self, n, text='%d'):
        """So many lines at once, each with its place in text."""
        us = int(time.time() * 1e6)
        made, head, rest = [], HEAD.pack(0, us, 6, 0)[8:17], f's={"0123456789abcdef" * 2};i=%x;b={"b" * 32};m={us:x};t={us:x};x=0'
        body = ('__CURSOR=' + rest + f'\n__REALTIME_TIMESTAMP={us}\n_PID=42\nPRIORITY=6\nMESSAGE={text}\n\n')
        for i in range(n):
            self.number += 1
            entry = (body % (self.number, i)).encode()
            made.append(struct.pack('>Q', self.number) + head + struct.pack('>I', len(entry)) + entry)
        self.all += [Line(rest % (self.number - n + 1 + i), us) for i in range(n)]
        with open(self.path, 'ab') as f:
            f.write(b''.join(made))

    def vacuum(self, n):
        """The first n entries are gone, and the file is another one."""
        data, at = self.path.read_bytes(), 0
        for _ in range(n):
            at += HEAD.size + HEAD.unpack_from(data, at)[3]
        fresh = self.folder / 'journal.new'
        fresh.write_bytes(data[at:])
        fresh.rename(self.path)

    @property
    def calls(self):
        said = self.folder / 'journal_calls'
        return said.read_text().splitlines() if said.exists() else []


class Events:
    """Events of a stream, read as fast as they come: next() gives {'event', 'id', 'data'}, None at the end."""

    def __init__(self, agent, path, last=None, clamp=None):
        self.sock = agent.connect()
        if clamp:
            self.sock.setsockopt(6, 10, clamp)  # TCP_WINDOW_CLAMP
        more = f'Last-Event-ID: {last}\r\n' if last else ''
        self.sock.sendall(f'GET {path} HTTP/1.1\r\nHost: a\r\n{more}\r\n'.encode())
        self.raw, self.text, self.ended = b'', b'', False
        while b'\r\n\r\n' not in self.raw:
            self.raw += self.sock.recv(4096) or pytest_fail('no answer')
        head, _, self.raw = self.raw.partition(b'\r\n\r\n')
        self.status = int(head.split()[1])
        self.headers = dict(line.split(': ', 1) for line in head.decode().split('\r\n')[1:])

    def fill(self):
        """More of the text; False at the end."""
        more = b'' if self.ended else self.sock.recv(1 << 18)
        self.ended |= not more
        self.raw += more
        at, parts = 0, []
        while (end := self.raw.find(b'\r\n', at)) >= 0:
            size = int(self.raw[at:end], 16)
            if size == 0:
                self.ended = True
                break
            if len(self.raw) < end + 4 + size:
                break
            parts.append(self.raw[end + 2:end + 2 + size])
            at = end + 4 + size
        self.raw = self.raw[at:]
        self.text += b''.join(parts)
        return bool(more)

    def next(self):
        while True:
            block, found, rest = self.text.partition(b'\n\n')
            if found:
                self.text = rest
                event = dict(line.split(': ', 1) for line in block.decode().split('\n') if not line.startswith(':'))
                if 'data' in event:
                    return {**event, 'data': json.loads(event['data'])}
                continue
            if not self.fill():
                return None

    def close(self):
        self.sock.close()


def pytest_fail(words):
    raise AssertionError(words)


def children(agent):
    """Process numbers of the journalctls that the agent has."""
    found = []
    for entry in os.listdir('/proc'):
        if entry.isdigit():
            try:
                stat = pathlib.Path('/proc', entry, 'stat').read_text().rpartition(')')[2].split()
                if int(stat[1]) == agent.process.pid and stat[0] != 'Z':
                    found.append(int(entry))
            except OSError:
                pass
    return found
