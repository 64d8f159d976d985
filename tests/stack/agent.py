"""agent: a double of tocsin-agent. Real TLS 1.3 with a certificate from a real enrolment; it
speaks the agent's HTTP, and its state is what the test says.

    agent = s.agent('vm-1', apps=['web', {'id': 'db', 'type': 'docker'}])
    agent.app('web')['state'] = 'failed'
    agent.calls                      # [(method, path, body)], without polls
    agent.on['GET', '/v1/apps/web/refs'] = lambda call: (200, {'head': 'c0ffee'})
"""
import base64
import hashlib
import hmac
import http.client
import http.server
import json
import re
import secrets
import socket
import ssl
import threading
import time
import urllib.parse
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from . import host


def app_object(app):
    """What an agent says of an app, of what a test cares about."""
    app = {'id': app} if isinstance(app, str) else dict(app)
    kind = app.get('type', 'systemd')
    return {
        'id': app['id'], 'name': app['id'], 'type': kind,
        **({'unit': f"{app['id']}.service"} if kind == 'systemd' else {'container': app['id']}),
        'state': 'running', 'sub': 'running', 'since': int(time.time()) - 600, 'restarts': 0,
        'invocation': secrets.token_hex(16), 'exit': None, 'health': None, 'cpu': 0.02, 'memory': 30 << 20,
        'memory_max': None, 'fds': 12, 'tasks': 3, 'pid': 4242, 'commit': 'c0ffee', 'branch': 'main',
        'env': ['main'], 'deploy': True, 'running_deploy': None, 'last_deploy': None, 'ports': [8080], **app}


def host_object(name):
    return {
        'name': name, 'os': 'Debian GNU/Linux 12', 'arch': 'amd64', 'kernel': '6.1.0', 'cores': 2, 'uptime_s': 86400,
        'boot_at': int(time.time()) - 86400, 'reboot_needed': False,
        'cpu': {'user': 0.1, 'sys': 0.05, 'io': 0.01, 'steal': 0.0},
        'memory': {'total': 4 << 30, 'used': 1 << 30, 'cache': 1 << 29, 'swap_total': 0, 'swap_used': 0},
        'load': [0.3, 0.2, 0.1], 'pressure': {'cpu': 0.5, 'memory': None, 'io': 0.1},
        'disks': [{'mount': '/', 'total': 40 << 30, 'used': 10 << 30, 'free': 30 << 30, 'inodes_used_pct': 5,
                   'read_bps': 0, 'write_bps': 1000}],
        'nets': [{'name': 'eth0', 'rx_bps': 1000, 'tx_bps': 2000, 'rx_err': 0, 'tx_err': 0}]}


class Call:
    """A request as an agent's function in .on sees it."""

    def __init__(self, method, path, query, body, headers):
        self.method, self.path, self.query, self.body, self.headers = method, path, query, body, headers

    @property
    def json(self):
        return json.loads(self.body or b'null')


class Unix(http.client.HTTPConnection):
    """An HTTP client on a unix socket."""

    def __init__(self, path, timeout=20):
        super().__init__('gateway', timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024
    allow_reuse_address = True

    def handle_error(self, request, address):
        pass  # a control plane that hangs up, or is refused, is no failure of ours


class Keys:
    """What an enrolled agent keeps: its key, its certificate, the authority."""

    def __init__(self, root, name):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.folder = root / 'agents'
        self.folder.mkdir(exist_ok=True)
        self.file, self.ca = self.folder / f'{name}.pem', self.folder / f'{name}-ca.pem'

    def csr(self):
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'h1.agent.tocsin')])
        made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(self.key, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.PEM).decode()

    def keep(self, certificate, ca):
        self.file.write_bytes(certificate.encode() + self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        self.ca.write_text(ca)

    def context(self):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_3
        made.load_cert_chain(self.file)
        made.load_verify_locations(self.ca)
        made.verify_mode = ssl.CERT_REQUIRED
        return made


def proof(key, *parts):
    return hmac.new(key, '\n'.join(parts).encode(), 'sha256').hexdigest()


def enrolment(stack, name='', host_id=None):
    """A token as the API hands it out, made in the database: (id, secret)."""
    token, secret = secrets.token_hex(6), base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip('=')
    stack.db("insert into tocsin.enrolment (token, key, owner, name, host, expires_at) "
             "values (%s, %s, %s, %s, %s, now() + interval '1 hour')", token,
             hashlib.sha256(secret.encode()).digest(), stack.admin.id, name, host_id)
    return token, secret


def enrol_body(keys, token, secret, name, address):
    key, nonce, csr = hashlib.sha256(secret.encode()).digest(), secrets.token_hex(16), keys.csr()
    return {'id': token, 'csr': csr, 'name': name, 'address': address, 'nonce': nonce, 'arch': 'amd64',
            'os': 'Debian GNU/Linux 12', 'version': '1.0.0', 'proof': proof(key, token, csr, name, address, nonce)}


class Agent:
    """.id: the host's. .state: the answer of GET /v1/state. .calls: what else was asked. Knobs:
    .silent (accepts and never answers), .raw (bytes in the place of the state's JSON), .drip
    (seconds between the bytes of an answer), .headers (more of each answer)."""

    def __init__(self, stack, name='vm-1', apps=(), address='127.0.0.1', token=None):
        self.stack, self.name = stack, name
        self.state = {'agent': {'version': '1.0.0', 'started_at': int(time.time()), 'boot_id': str(uuid.uuid4()),
                                'conf_rev': '1', 'cert_not_after': int(time.time()) + 10 * 365 * 86400},
                      'host': host_object(name), 'apps': [app_object(a) for a in apps]}
        self.calls, self.polls, self.connects, self.done, self.deploys = [], 0, 0, {}, {}
        self.on, self.headers = {}, {}
        self.silent, self.raw, self.drip = False, None, 0
        self.lines, self.changed = [], threading.Condition()
        self.env = {}
        self.server = None
        with socket.socket() as s:
            s.bind((address, 0))
            self.address = s.getsockname()
        self.keys = Keys(stack.root, f'{name}-{secrets.token_hex(4)}')
        self.id = self.enrol(*(token or enrolment(stack, name)))
        self.start()

    # ---- what tests do

    def app(self, name):
        return next(a for a in self.state['apps'] if a['id'] == name)

    def app_id(self, name):
        """The number of an app, as soon as a poll has brought it."""
        def find():
            return self.stack.db('select monitor from tocsin.app where host = %s and key = %s', self.id, name)
        return host.wait(find, 10, f'the app {name} to be known')[0][0]

    def log(self, text, app=None, level=6):
        """A line in the journal of an app (the first one), which streams get."""
        with self.changed:
            self.lines.append({'app': app or self.state['apps'][0]['id'], 'c': f'c{len(self.lines)}',
                               't': int(time.time() * 1000), 'p': level, 's': 'stdout', 'm': text, 'n': 1, 'cut': 0})
            self.changed.notify_all()

    def polled(self, n=1, timeout=10):
        """Returns after n more polls."""
        upto = self.polls + n
        host.wait(lambda: self.polls >= upto, timeout, f'{n} polls of {self.name}')

    def poll_now(self):
        """An interval that changes is begun at once."""
        self.stack.db('update tocsin.monitor set interval_s = case interval_s when 5 then 6 else 5 end where id = %s', self.id)
        self.stack.db("select pg_notify('tocsin_work', 'fleet')")

    def asked(self, path, timeout=10):
        """The calls of a path, as soon as there is one."""
        return host.wait(lambda: [c for c in self.calls if c[1] == path], timeout, f'a call of {path}')

    # ---- enrolment

    def enrol(self, token, secret):
        body = enrol_body(self.keys, token, secret, self.name, '%s:%d' % self.address)
        gateway = Unix(self.stack.root / 'run/fleet.sock')
        gateway.request('POST', '/enrol', json.dumps(body), {'Content-Type': 'application/json'})
        answer = gateway.getresponse()
        text = answer.read()
        gateway.close()
        assert answer.status == 200, f'enrolment of {self.name}: {answer.status} {text!r}'
        said, key = json.loads(text), hashlib.sha256(secret.encode()).digest()
        assert hmac.compare_digest(said['proof'], proof(key, 'accept', body['nonce'], said['certificate']))
        self.keys.keep(said['certificate'], said['ca'])
        return said['host']

    # ---- the server

    def start(self, context=None):
        agent, context = self, context or self.keys.context()

        class Answer(Handler):
            pass
        Answer.agent, Answer.context = agent, context
        self.server = Server(self.address, Answer)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        """Connections are refused from here on, and those that are open end."""
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            for s in list(OPEN.get(self, ())):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.server = None

    # ---- what it answers

    def answer(self, call):
        """(status, object) of a request."""
        fn = self.on.get((call.method, call.path))
        if fn:
            return fn(call)
        if call.path == '/v1/state':
            self.state['agent']['now'] = int(time.time())
            return 200, self.state
        found = re.fullmatch(r'/v1/apps/([a-z0-9._-]+)/(.+)', call.path)
        if not found or found[1] not in [a['id'] for a in self.state['apps']]:
            return 404, {'error': "no such app on this host's list"}
        app, rest = self.app(found[1]), found[2]
        for pattern, method in self.routes.items():
            part = re.fullmatch(pattern, f'{call.method} {rest}')
            if part:
                return method(self, app, call, *part.groups())
        return 404, {'error': 'no such path'}

    def verb(self, app, call, verb):
        key = call.json['action']
        if key not in self.done:
            app['state'] = 'stopped' if verb == 'stop' else 'running'
            app['since'] = int(time.time())
            if verb != 'stop':
                app['invocation'] = secrets.token_hex(16)
            self.done[key] = {'state': dict(app), 'ms': 12, 'verb': verb}
        return 200, {k: v for k, v in self.done[key].items() if k != 'verb'}

    def deploy(self, app, call):
        asked = call.json
        if asked['id'] not in self.deploys:
            self.deploys[asked['id']] = {
                'id': asked['id'], 'state': 'running', 'ref': asked['ref'], 'from': 'c0ffee', 'to': None, 'subjects': [],
                'steps': [{'name': 'fetch', 'state': 'running', 'at': int(time.time()), 'ms': 0}], 'step': 'fetch',
                'error': None, 'started_at': int(time.time()), 'ended_at': None}
            app['running_deploy'] = asked['id']
        return 202, {'id': asked['id'], 'state': self.deploys[asked['id']]['state']}

    def deploy_end(self, key, state='succeeded', **more):
        """The deploy is over; key may be None: the only one that runs."""
        key = key or next(k for k, d in self.deploys.items() if d['state'] == 'running')
        self.deploys[key].update(state=state, ended_at=int(time.time()), **more)
        for app in self.state['apps']:
            if app['running_deploy'] == key:
                app.update(running_deploy=None, last_deploy=key)

    def deploy_read(self, app, call, key):
        return (200, self.deploys[key]) if key in self.deploys else (404, {'error': 'no such deploy'})

    def deploy_cancel(self, app, call, key):
        if key not in self.deploys:
            return 404, {'error': 'no such deploy'}
        self.deploy_end(key, 'cancelled')
        return 202, {'id': key, 'state': 'cancelled'}

    def logs(self, app, call):
        lines = [line for line in self.lines if line['app'] == app['id']]
        n = int(call.query.get('limit', 200))
        at = next((i + 1 for i, line in enumerate(lines) if line['c'] == call.query.get('cursor')), None)
        shown = lines[-n:] if at is None else lines[at:at + n]
        return 200, {'lines': shown, 'next': shown[-1]['c'] if shown else call.query.get('cursor', ''),
                     'prev': shown[0]['c'] if shown else '', 'more': len(shown) < len(lines), 'scanned': len(lines)}

    def env_list(self, app, call):
        return 200, {'files': [{'key': key, 'path': f'/srv/{key}.env', 'size': len(text), 'mtime': int(time.time()),
                                'etag': hashlib.sha256(text.encode()).hexdigest()[:16], 'exists': True,
                                'writable': True} for key, text in self.env.items()]}

    routes = {
        'POST (start|stop|restart)': verb,
        'POST deploys': deploy,
        'GET deploys/([0-9a-f-]{36})': deploy_read,
        'POST deploys/([0-9a-f-]{36})/cancel': deploy_cancel,
        'GET logs': logs,
        'GET env': env_list,
    }


OPEN = {}  # agent → its open connections


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    agent = context = None

    def setup(self):
        self.request = self.context.wrap_socket(self.request, server_side=True)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        OPEN.setdefault(self.agent, set()).add(self.request)
        self.agent.connects += 1
        super().setup()

    def finish(self):
        OPEN.get(self.agent, set()).discard(self.request)
        super().finish()

    def handle_any(self):
        agent = self.agent
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        url = urllib.parse.urlsplit(self.path)
        call = Call(self.command, url.path, dict(urllib.parse.parse_qsl(url.query)), body, self.headers)
        if url.path == '/v1/state':
            agent.polls += 1
        else:
            agent.calls.append((self.command, self.path, body))
        if agent.silent:
            host.wait(lambda: not agent.silent or not agent.server, 120, 'the silence to end')
            self.close_connection = True
            return
        if url.path.endswith('/stream') and ('GET', url.path) not in agent.on:
            self.stream(url.path.split('/')[3], call)
            return
        status, said = agent.answer(call)
        out = agent.raw if agent.raw is not None and url.path == '/v1/state' else \
            said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        for name, value in {'Content-Type': 'application/json', 'Content-Length': str(len(out)),
                            **agent.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if agent.drip:
            for i in range(len(out)):
                self.wfile.write(out[i:i + 1])
                self.wfile.flush()
                threading.Event().wait(agent.drip)
        else:
            self.wfile.write(out)

    def stream(self, app, call):
        """Lines as they come, in events of up to 256, from after the cursor."""
        agent = self.agent
        last = call.headers.get('Last-Event-ID') or call.query.get('cursor')
        self.send_response(200)
        self.send_header('Content-Type', 'text/event-stream')
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        self.chunk(b'retry: 2000\n\n')
        at = next((i + 1 for i, line in enumerate(agent.lines) if line['c'] == last), len(agent.lines))
        self.close_connection = True
        while agent.server:
            with agent.changed:
                agent.changed.wait_for(lambda: len(agent.lines) > at or not agent.server, 15)
                new = [line for line in agent.lines[at:at + 256] if line['app'] == app]
                at = min(len(agent.lines), at + 256)
            if not new:
                self.chunk(b':\n\n')
                continue
            said = json.dumps([{k: v for k, v in line.items() if k != 'app'} for line in new], separators=(',', ':'))
            self.chunk(f"id: {new[-1]['c']}\ndata: {said}\n\n".encode())

    def chunk(self, data):
        self.wfile.write(b'%x\r\n%s\r\n' % (len(data), data))

    do_GET = do_POST = do_PUT = handle_any

    def log_message(self, *_):
        pass
