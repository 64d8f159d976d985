"""The journal that fake_journalctl reads: say() adds a line, vacuum() forgets the oldest."""
import collections
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
