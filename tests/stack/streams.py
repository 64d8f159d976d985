"""streams: many readers of the event stream in one thread. Each comes back by itself with
the id of its last event, as a browser does."""
import asyncio
import json
import random
import threading


class Reader:
    """One of them: .refs are the ids of the events it was told, in order."""

    def __init__(self):
        self.refs, self.byes, self.resyncs, self.health = [], [], 0, []
        self.last = None
        self.connects = self.refused = 0
        self.greeted = False
        self.retry = 1.0

    def take(self, fields):
        kind, data = fields.get('event'), fields.get('data')
        if 'retry' in fields:
            self.retry = int(fields['retry']) / 1000
        if 'id' in fields:
            self.last = fields['id']
        if data is None:
            return
        data = json.loads(data)
        if kind == 'hello':
            self.greeted = True
        elif kind == 'bye':
            self.byes.append(data['reason'])
        elif kind == 'resync':
            self.resyncs += 1
        elif kind == 'health':
            self.health.append(data)
        elif kind not in ('ping', 'checks'):
            self.refs.append(data['id'])


class Streams:
    """
    n readers with the cookies of client. .readers says what each was told.
    """

    def __init__(self, stack, client, n):
        self.port = stack.httpd.port
        cookies = '; '.join(f'{c.name}={c.value}' for c in client.cookies)
        self.head = f'GET {stack.httpd.path}/api/v1/events HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\n'
        self.readers = [Reader() for _ in range(n)]
        self.over = False
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()), daemon=True)
        self.thread.start()

    async def run(self):
        await asyncio.gather(*(self.read(r) for r in self.readers))

    async def read(self, reader):
        while not self.over:
            try:
                await self.once(reader)
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
                pass
            reader.greeted = False
            await asyncio.sleep(0 if self.over else reader.retry * random.uniform(0.5, 1))

    async def once(self, reader):
        source, sink = await asyncio.open_connection('127.0.0.1', self.port)
        try:
            last = f'Last-Event-ID: {reader.last}\r\n' if reader.last else ''
            sink.write((self.head + last + '\r\n').encode())
            head = await asyncio.wait_for(source.readuntil(b'\r\n\r\n'), 20)
            if b' 200 ' not in head.split(b'\r\n')[0]:
                reader.refused += 1
                return
            reader.connects += 1
            await self.events(reader, source)
        finally:
            sink.close()

    async def events(self, reader, source):
        fields = {}
        while not self.over:
            try:
                line = await asyncio.wait_for(source.readline(), 1)
            except asyncio.TimeoutError:
                continue
            if not line:
                return
            line = line.decode().rstrip('\r\n')
            if not line:
                reader.take(fields)
                fields = {}
                continue
            name, _, value = line.partition(': ')
            # lengths of chunks have no colon
            if name in ('event', 'data', 'id', 'retry') and value:
                fields[name] = value

    def greeted(self):
        return all(r.greeted for r in self.readers)

    def close(self):
        self.over = True
        self.thread.join(20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
