"""A tocsin-agent in a folder of its own: an authority that makes certificates, a configuration, and programs that
stand in for systemctl and journalctl. Needs neither root nor systemd.

    def test_something(agent):
        a = agent('[app web]\\nunit = web.service\\n')
        a.unit('web.service', ActiveState='failed')
        assert a.get('/v1/state').json()['apps'][0]['state'] == 'failed'
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import requests
import requests.adapters

HERE = pathlib.Path(__file__).resolve().parent
HOST_NAME = 'h1.agent.tocsin'
CONTROL = 'control.tocsin'
UNIT = {'LoadState': 'loaded', 'ActiveState': 'active', 'SubState': 'running', 'InvocationID': 'a1' * 16,
        'NRestarts': '0', 'MainPID': '0', 'ExecMainCode': '0', 'ExecMainStatus': '0', 'ControlGroup': '',
        'StateChangeTimestampMonotonic': '1000000', 'TasksCurrent': '[not set]', 'MemoryMax': 'infinity'}


def openssl(*args, **more):
    return subprocess.run(['openssl', *map(str, args)], check=True, capture_output=True, **more).stdout


class Authority:
    """A private authority in a folder; `issue` makes a key and a certificate."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.cert, self.key = self.folder / 'ca.pem', self.folder / 'ca.key'
        openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', 7300,
                '-subj', '/CN=Tocsin', '-keyout', self.key, '-out', self.cert)

    def issue(self, name, use, label=None, days=3650, more=''):
        """(certificate, key) for a DNS name; use: clientAuth, serverAuth or '' for none at all."""
        base = self.folder / (label or f'{name}-{use}')
        key, cert, request, rules = (base.with_name(base.name + end) for end in ('.key', '.pem', '.csr', '.cnf'))
        rules.write_text(f'subjectAltName = DNS:{name}\n' + (f'extendedKeyUsage = {use}\n' if use else '') + more)
        openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', f'/CN={name}',
                '-keyout', key, '-out', request)
        openssl('x509', '-req', '-in', request, '-CA', self.cert, '-CAkey', self.key, '-CAcreateserial',
                '-days', days, '-extfile', rules, '-out', cert)
        return cert, key


class ForHost(requests.adapters.HTTPAdapter):
    """Takes the certificate's name for the host's, whatever address it is reached at."""

    def init_poolmanager(self, *args, **more):
        super().init_poolmanager(*args, assert_hostname=HOST_NAME, **more)


class Agent:
    """A running agent, and a client that is the control plane: get, post, put, and lines() of a stream."""

    def __init__(self, build, folder, authority, control, server, apps='', conf='', start=True):
        self.build, self.folder, self.authority, self.control = build, pathlib.Path(folder), authority, control
        self.state_dir, self.units = self.folder / 'state', self.folder / 'units'
        self.conf_path, self.log_path = self.folder / 'agent.conf', self.folder / 'log'
        for made in (self.state_dir, self.units, self.folder / 'calls.d'):
            made.mkdir(mode=0o700, exist_ok=True)
        for name, source in (('cert.pem', server[0]), ('key.pem', server[1]), ('ca.pem', authority.cert)):
            shutil.copyfile(source, self.state_dir / name)
        (self.state_dir / 'key.pem').chmod(0o600)
        for program in ('systemctl', 'journalctl'):
            shutil.copy(HERE / f'fake_{program}', self.folder / program)
        self.conf(apps, conf)
        self.process = self.session = None
        if start:
            self.start()

    def conf(self, apps='', conf=''):
        """Write the configuration; `conf` are lines before the sections and win over ours."""
        lines = {'listen': '127.0.0.1:0', 'allow_root': 'yes', 'state_dir': self.state_dir,
                 'systemctl': self.folder / 'systemctl', 'journalctl': self.folder / 'journalctl',
                 'docker_socket': self.folder / 'docker.sock'}
        said = re.findall(r'^(\w+)\s*=', conf, re.M)
        ours = ''.join(f'{key} = {value}\n' for key, value in lines.items() if key not in said)
        self.conf_path.write_text(ours + conf + '\n' + apps)
        self.conf_path.chmod(0o640)

    def unit(self, name, **properties):
        """What the fake systemctl says of a unit from now on; without properties: a running one."""
        file = self.units / name
        kept = dict(line.split('=', 1) for line in file.read_text().splitlines()) if file.exists() else {**UNIT, 'Id': name}
        kept.update({key: str(value) for key, value in properties.items()})
        fresh = file.with_suffix('.new')
        fresh.write_text(''.join(f'{key}={value}\n' for key, value in kept.items()))
        fresh.rename(file)

    @property
    def calls(self):
        """What the fake systemctl was asked to do, but for `show`."""
        said = self.folder / 'calls'
        return [line for line in said.read_text().splitlines() if ' show ' not in f' {line} '] if said.exists() else []

    def start(self, wait=True):
        binary = self.build / 'agent/tocsin-agent'
        with open(self.log_path, 'ab') as log:
            begin = log.tell()
            self.process = subprocess.Popen([binary, '-c', self.conf_path, '--own', 'run'], stderr=log, stdout=log,
                                            stdin=subprocess.DEVNULL)
        if not wait:
            return None
        self.port = int(self.said(r'listening on \S+:(\d+)', begin).group(1))
        self.url = f'https://127.0.0.1:{self.port}'
        self.session = self.client(*self.control)
        return self

    def said(self, pattern, begin=0, timeout=10):
        """Wait for a line of the agent's log."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            found = re.search(pattern, self.log_path.read_bytes()[begin:].decode(errors='replace'))
            if found:
                return found
            if self.process.poll() is not None and not re.search(pattern, self.log):
                raise AssertionError(f'the agent ended with {self.process.returncode}: {self.log}')
            time.sleep(0.005)
        raise AssertionError(f'never said {pattern!r}: {self.log}')

    def wait(self, fn, timeout=10):
        """Until fn says so."""
        end = time.monotonic() + timeout
        while not fn():
            assert time.monotonic() < end, f'never came: {self.log}'
            time.sleep(0.005)

    @property
    def log(self):
        return self.log_path.read_text(errors='replace')

    def client(self, cert=None, key=None, ca=None):
        session = requests.Session()
        session.trust_env = False
        session.mount('https://', ForHost())
        session.verify = str(ca or self.authority.cert)
        session.cert = (str(cert), str(key)) if cert else None
        return session

    def call(self, method, path, **more):
        more.setdefault('timeout', 30)
        return self.session.request(method, self.url + path, **more)

    def get(self, path, **more):
        return self.call('GET', path, **more)

    def post(self, path, body=None, **more):
        return self.call('POST', path, json=body, **more) if body is not None else self.call('POST', path, **more)

    def put(self, path, body, etag=None, **more):
        headers = {**more.pop('headers', {}), **({'If-Match': f'"{etag}"'} if etag else {})}
        return self.call('PUT', path, json=body, headers=headers, **more)

    def stream(self, path, last=None, **more):
        """A Stream of the events at path."""
        headers = {'Last-Event-ID': last} if last else {}
        return Stream(self.call('GET', path, stream=True, headers=headers, **more))

    def raw(self, sent, timeout=10):
        """Send bytes as the control plane would, and return all that comes back until the end."""
        with self.connect(timeout) as sock:
            try:
                sock.sendall(sent)
            except OSError:
                pass  # refused before it was all sent; what was said stays to be read
            got = b''
            while True:
                try:
                    more = sock.recv(65536)
                except OSError:
                    break
                if not more:
                    break
                got += more
        return got

    def connect(self, timeout=10):
        context = ssl.create_default_context(cafile=str(self.authority.cert))
        context.check_hostname = False
        context.load_cert_chain(*map(str, self.control))
        return context.wrap_socket(socket.create_connection(('127.0.0.1', self.port), timeout))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """End it as systemd does; what a sanitizer found fails the test."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f'does not end: {self.log}') from None
        if self.session:
            self.session.close()
        found = re.search(r'(?s)(AddressSanitizer|LeakSanitizer|runtime error:).*', self.log) if self.log_path.exists() else None
        assert not found, found.group(0)[:4000]


class Stream:
    """Events as they come: next() waits for one and gives {'event', 'id', 'data'}; data is what the JSON says."""

    def __init__(self, answer):
        self.answer, self.status = answer, answer.status_code
        self.lines = answer.iter_lines(chunk_size=1)

    def next(self):
        event = {}
        for line in self.lines:
            line = line.decode()
            if not line and 'data' in event:
                return event
            if line and not line.startswith(':'):
                key, value = line.split(': ', 1)
                event[key] = json.loads(value) if key == 'data' else value
        return None

    def close(self):
        self.answer.close()


class Site:
    """A local HTTP server for health checks: answers with `status` and `body`, after `delay` has been set free."""

    def __init__(self):
        self.status, self.body, self.hits, self.silent = 200, b'ok', 0, threading.Event()
        self.silent.set()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.url = f'http://127.0.0.1:{self.port}'
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(sock,), daemon=True).start()

    def answer(self, sock):
        with sock:
            sock.recv(65536)
            self.hits += 1
            self.silent.wait(30)
            try:
                sock.sendall(b'HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n' % (self.status, len(self.body)) + self.body)
            except OSError:
                pass

    def close(self):
        self.silent.set()
        self.listener.close()


def build_folder(config):
    return pathlib.Path(config.getoption('--build', None) or os.environ.get('TOCSIN_BUILD') or HERE.parents[1] / 'build').resolve()


class Docker:
    """Docker's API on a unix socket, as much of it as the agent may call. `containers` are the answers to inspect,
    by name; `calls` are the request lines; `stats` the answer to stats; `fail` a status for what changes something."""

    def __init__(self, path):
        self.containers, self.calls, self.stats, self.fail, self.raw, self.held = {}, [], {}, None, None, None
        self.logs = {}  # name → bytes
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(64)
        threading.Thread(target=self.serve, daemon=True).start()

    def container(self, name, status='running', **more):
        state = {'Status': status, 'Running': status == 'running', 'Pid': 0, 'ExitCode': 0, 'StartedAt': '2026-11-21T09:00:00.123456789Z',
                 'FinishedAt': '0001-01-01T00:00:00Z', **more.pop('State', {})}
        self.containers[name] = {'Id': 'c0ffee' * 10 + 'abcd', 'RestartCount': 0, 'HostConfig': {'Memory': 0}, 'State': state, **more}

    def serve(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(sock,), daemon=True).start()

    def answer(self, sock):
        with sock:
            line = sock.recv(65536).split(b'\r\n')[0].decode()
            self.calls.append(line.rsplit(' ', 1)[0])
            if self.held:
                self.held.wait(30)
            method, path = line.split(' ')[:2]
            name, call = path.split('?')[0].split('/')[2:4]
            try:
                sock.sendall(self.raw if self.raw is not None else self.reply(method, name, call))
            except OSError:
                pass

    def reply(self, method, name, call):
        if name not in self.containers:
            return self.http(404, {'message': f'No such container: {name}'})
        if method == 'GET' and call == 'logs':
            return b'HTTP/1.1 200 OK\r\n\r\n' + self.logs.get(name, b'')
        if method == 'GET':
            return self.http(200, self.containers[name] if call == 'json' else self.stats, chunked=True)
        if self.fail:
            return self.http(self.fail, {'message': 'driver failed'})
        self.containers[name]['State']['Status'] = 'exited' if call == 'stop' else 'running'
        return b'HTTP/1.1 204 No Content\r\n\r\n'

    def http(self, status, body, chunked=False):
        text = json.dumps(body).encode()
        if not chunked:
            return b'HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n' % (status, len(text)) + text
        half = len(text) // 2
        return b'HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\n\r\n' % status + b''.join(
            b'%x\r\n%s\r\n' % (len(part), part) for part in (text[:half], text[half:], b''))

    def close(self):
        self.listener.close()


class Machine:
    """A tree of a machine's files below `root`: write(path, text). view is 'v2', 'v1' or 'none': where its cgroups are."""

    def __init__(self, root, view='v2'):
        self.root, self.view = pathlib.Path(root), view
        self.write('/proc/stat', 'cpu  1000 0 500 8000 400 0 50 50 0 0\ncpu0 1 0 0 0 0 0 0 0 0 0\ncpu1 1 0 0 0 0 0 0 0 0 0\nbtime 1700000000\n')
        self.write('/proc/meminfo', 'MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable: 400 kB\nBuffers: 10 kB\nCached: 200 kB\n'
                   'SwapTotal: 500 kB\nSwapFree: 300 kB\nSReclaimable: 20 kB\n')
        self.write('/proc/loadavg', '0.25 1.50 2.75 1/2 3\n')
        self.write('/proc/uptime', '4711.12 1.0\n')
        self.write('/proc/net/dev', 'Inter-|   Receive |  Transmit\n face |bytes packets\n    lo: 9 0 0 0 0 0 0 0 9 0 0 0 0 0 0 0\n'
                   '  eth0: 1000 1 2 0 0 0 0 0 5000 1 3 0 0 0 0 0\nveth12@if3: 5 0 0 0 0 0 0 0 5 0 0 0 0 0 0 0\n')
        self.write('/proc/sys/kernel/random/boot_id', 'b0071d00-0000-4000-8000-000000000000\n')
        self.write('/etc/os-release', 'NAME="X"\nPRETTY_NAME="Made OS 1 (up)"\n')
        if view == 'v2':
            self.write('/sys/fs/cgroup/cgroup.controllers', 'cpu memory pids\n')

    def write(self, path, text):
        file = self.root / path.lstrip('/')
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def process(self, pid, cpu_ticks=0, pages=0, fds=0, cgroup=None):
        self.write(f'/proc/{pid}/stat', f'{pid} (a ) b) S 1 1 1 0 -1 0 0 0 0 0 {cpu_ticks} 0 0 0 20 0 1 0 5 0 0\n')
        self.write(f'/proc/{pid}/statm', f'999 {pages} 0 0 0 0 0\n')
        (self.root / f'proc/{pid}/fd').mkdir(exist_ok=True)
        for n in range(fds):
            self.write(f'/proc/{pid}/fd/{n}', '')
        if cgroup:
            self.write(f'/proc/{pid}/cgroup', cgroup)

    def group(self, path, cpu_us=None, memory=None, cache=0, most=None, tasks=None, pids=()):
        """A cgroup's figures, in the files of this machine's view; None: that file is not there."""
        procs = ''.join(f'{pid}\n' for pid in pids)
        if self.view == 'v2':
            base = f'/sys/fs/cgroup{path}'
            files = {'cpu.stat': cpu_us is not None and f'usage_usec {cpu_us}\nuser_usec 1\n', 'memory.current': memory,
                     'memory.stat': f'anon 5\ninactive_file {cache}\n', 'memory.max': most or 'max', 'pids.current': tasks}
            for name, value in files.items():
                if value is not None and value is not False:
                    self.write(f'{base}/{name}', f'{value}\n')
            self.write(f'{base}/cgroup.procs', procs)
        elif self.view == 'v1':
            self.write(f'/sys/fs/cgroup/systemd{path}/cgroup.procs', procs)
            if cpu_us is not None:
                self.write(f'/sys/fs/cgroup/cpu,cpuacct{path}/cpuacct.usage', f'{cpu_us * 1000}\n')
            if memory is not None:
                self.write(f'/sys/fs/cgroup/memory{path}/memory.usage_in_bytes', f'{memory}\n')
                self.write(f'/sys/fs/cgroup/memory{path}/memory.stat', f'cache 1\ntotal_inactive_file {cache}\n')
                self.write(f'/sys/fs/cgroup/memory{path}/memory.limit_in_bytes', f'{most or 9223372036854771712}\n')
            if tasks is not None:
                self.write(f'/sys/fs/cgroup/pids{path}/pids.current', f'{tasks}\n')
        else:
            self.write(f'/sys/fs/cgroup/systemd{path}/cgroup.procs', procs)
