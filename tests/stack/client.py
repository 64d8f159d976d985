"""client: somebody at the API. A requests.Session that knows the address and the token
against forged requests, from an address of its own so that no limit is shared."""
import itertools
import json
import socket
import threading

import requests
from requests.adapters import HTTPAdapter

from . import host

ADDRESSES = (f'127.{a}.{b}.{c}' for a in range(1, 250) for b in range(0, 250) for c in range(1, 250))
NUMBERS = itertools.count(1)


class From(HTTPAdapter):
    def __init__(self, address):
        self.address = address
        super().__init__(pool_maxsize=20)

    def init_poolmanager(self, *args, **kw):
        super().init_poolmanager(*args, source_address=(self.address, 0), **kw)


class Client(requests.Session):
    """.get('/api/v1/me') and so on take a path under the server's address."""

    def __init__(self, base, address=None):
        super().__init__()
        self.base = base
        self.address = address or next(ADDRESSES)
        self.trust_env = False
        self.mount('http://', From(self.address))
        self.id = self.email = self.password = self.role = None

    def request(self, method, url, **kw):
        if url.startswith('/'):
            url = self.base + url
        kw.setdefault('timeout', 15)
        kw.setdefault('allow_redirects', False)
        return super().request(method, url, **kw)

    def api(self, method, path, **kw):
        return self.request(method, '/api/v1' + path, **kw)

    def sign_in(self, email, password):
        answer = self.api('POST', '/session', json={'email': email, 'password': password},
                          headers={'Origin': self.base.split('/', 3)[0] + '//' + self.base.split('/')[2]})
        assert answer.ok, f'sign-in of {email}: {answer.status_code} {answer.text}'
        self.email, self.password = email, password
        self.guard()
        return answer

    def guard(self):
        """Fetch the token that unsafe requests carry."""
        start = self.api('GET', '/bootstrap')
        assert start.ok, f'bootstrap: {start.status_code} {start.text}'
        start = start.json()
        token = start.get('csrf') or start.get('csrf_token')
        if token:
            self.headers['X-CSRF-Token'] = token
        return start


class Events:
    """The event stream, read in a thread: .all is a list of {id, event, data}."""

    def __init__(self, client, path='/api/v1/events', last=None):
        headers = {'Accept': 'text/event-stream'}
        if last:
            headers['Last-Event-ID'] = str(last)
        self.all, self.position, self.open = [], 0, True
        self.answer = client.get(path, stream=True, timeout=(10, 60), headers=headers)
        assert self.answer.status_code == 200, f'events: {self.answer.status_code} {self.answer.text}'
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        event = {}
        try:
            for line in self.answer.iter_lines(chunk_size=1, decode_unicode=True):
                if not line:
                    if 'data' in event or 'event' in event:
                        self.all.append(self.parsed(event))
                    event = {}
                    continue
                field, _, value = line.partition(':')
                if field:
                    event[field] = event[field] + '\n' + value[1:] if field in event else value.removeprefix(' ')
        except (requests.RequestException, ValueError, AttributeError, OSError):
            pass  # closed, by either side
        self.open = False

    @staticmethod
    def parsed(event):
        try:
            event['data'] = json.loads(event.get('data', 'null'))
        except ValueError:
            pass  # not ours to judge: the test sees the text
        return {'id': None, 'event': 'message', **event}

    def wait(self, wanted, timeout=15):
        """The next event, after the last one returned, for which wanted(event) is true."""
        if isinstance(wanted, str):
            kind = wanted

            def wanted(e):
                return e['event'] == kind

        def find():
            while self.position < len(self.all):
                self.position += 1
                if wanted(self.all[self.position - 1]):
                    return self.all[self.position - 1]
            return None
        return host.wait(find, timeout, 'an event')

    def next(self, timeout=15):
        return self.wait(lambda _: True, timeout)

    def close(self):
        """Hang up. Closing the answer alone would wait until the reader's read returns."""
        try:
            self.answer.raw._fp.fp.raw._sock.shutdown(socket.SHUT_RDWR)
        except (AttributeError, OSError):
            pass  # ended already
        self.answer.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
