"""real_agent: build/agent/tocsin-agent itself, enrolled by its own words, with programs that stand
in for systemctl and journalctl. Needs neither root nor systemd.

    agent = s.real_agent('vm-1', '[app web]\\nunit = web.service\\n')
    # '{folder}' in it is the agent's own
    agent.unit('web.service', ActiveState='failed', SubState='failed')
    agent.systemctl()                # what it was asked to do
"""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile

from . import host
from .agent import Unix, enrolment

AGENTD = host.SRC / 'tests/agentd'
UNIT = {'LoadState': 'loaded', 'ActiveState': 'active', 'SubState': 'running', 'InvocationID': 'a1' * 16, 'NRestarts': '0',
        'MainPID': '0', 'ExecMainCode': '0', 'ExecMainStatus': '0', 'ControlGroup': '',
        'StateChangeTimestampMonotonic': '1000000', 'TasksCurrent': '[not set]', 'MemoryMax': 'infinity'}


class RealAgent:
    """.id: the host's; .folder: state/, units/, agent.conf, log."""

    def __init__(self, stack, name, apps='', conf=''):
        self.stack, self.name, self.port = stack, name, host.free_port()
        self.binary = stack.build / 'agent/tocsin-agent'
        # not below the stack's, which is another user's: the agent trusts no such configuration
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='tocsin.', dir='/tmp'))
        self.proc = None
        for made in (self.folder / 'state', self.folder / 'units', self.folder / 'calls.d'):
            made.mkdir(mode=0o700)
        for program in ('systemctl', 'journalctl'):
            shutil.copy(AGENTD / f'fake_{program}', self.folder / program)
        for unit in re.findall(r'^unit = (\S+)', apps, re.M):
            self.unit(unit)
        self.conf = self.folder / 'agent.conf'
        self.conf.write_text(
            f'listen = 127.0.0.1:{self.port}\nallow_root = yes\nstate_dir = {self.folder}/state\n'
            f'systemctl = {self.folder}/systemctl\njournalctl = {self.folder}/journalctl\n'
            f'docker_socket = {self.folder}/docker.sock\n{conf}\n{apps.replace("{folder}", str(self.folder))}')
        self.conf.chmod(0o640)
        self.id = self.enrol(*enrolment(stack, name))
        self.start()

    def word(self, *words, sent=None):
        said = subprocess.run([self.binary, '-c', self.conf, '--own', *words], input=sent, capture_output=True, text=True,
                              timeout=20)
        assert said.returncode == 0, f'tocsin-agent {words[0]}: {said.stderr}'
        return said.stdout

    def ask(self, method, path, body=None):
        """(status, answer) of a request to the gateway, as httpd makes it."""
        gateway = Unix(self.stack.fleet_socket)
        gateway.request(method, path, body, {'Content-Type': 'application/json'} if body else {})
        answer = gateway.getresponse()
        text = answer.read()
        gateway.close()
        return answer.status, json.loads(text or b'null')

    def enrol(self, token, secret):
        pin = self.ask('GET', '/authority')[1]['pin']
        request = self.word('enrol-request', '--token', f'tce_{token}.{secret}.{pin}', '--name', self.name,
                            '--address', f'127.0.0.1:{self.port}')
        status, answer = self.ask('POST', '/enrol', request)
        assert status == 200, f'enrolment of {self.name}: {status} {answer}'
        self.word('enrol-accept', sent=json.dumps(answer))
        return answer['host']

    def unit(self, name, **properties):
        """What systemctl says of a unit from now on; without properties: a running one."""
        file = self.folder / 'units' / name
        kept = dict(line.split('=', 1) for line in file.read_text().splitlines()) if file.exists() else {**UNIT, 'Id': name}
        kept.update({key: str(value) for key, value in properties.items()})
        fresh = file.with_suffix('.new')
        fresh.write_text(''.join(f'{key}={value}\n' for key, value in kept.items()))
        fresh.rename(file)

    def systemctl(self):
        """What was asked of it, but for `show`."""
        said = self.folder / 'calls'
        return [line for line in said.read_text().splitlines() if ' show ' not in f' {line} '] if said.exists() else []

    def start(self):
        with open(self.folder / 'log', 'ab') as log:
            self.proc = subprocess.Popen([self.binary, '-c', self.conf, '--own', 'run'], stdin=subprocess.DEVNULL,
                                         stdout=log, stderr=log, start_new_session=True)
        host.wait(lambda: 'listening on' in (self.folder / 'log').read_text(errors='replace'), 10, 'the agent to listen')

    def kill(self):
        self.proc.kill()
        self.proc.wait()

    def stop(self):
        """What a sanitizer found fails the test."""
        if self.proc and self.proc.poll() is None:
            self.proc.terminate()
            try:
                self.proc.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        text = (self.folder / 'log').read_text(errors='replace') if (self.folder / 'log').exists() else ''
        shutil.rmtree(self.folder, ignore_errors=True)
        found = re.search(r'(?s)(AddressSanitizer|LeakSanitizer|runtime error:).*', text)
        if found:
            raise AssertionError(found[0][:4000])
