"""Enrolment: the secret stays here, and an answer is taken only when everything about it is right."""
import base64
import hashlib
import hmac
import json
import subprocess

import pytest

import agentrig

SECRET = 'S' * 43


def pin(cert):
    der = agentrig.openssl('pkey', '-pubin', '-outform', 'DER', input=agentrig.openssl('x509', '-in', cert, '-noout', '-pubkey'))
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip('=')


def proof(*parts):
    key = hashlib.sha256(SECRET.encode()).digest()
    return hmac.new(key, '\n'.join(parts).encode(), hashlib.sha256).hexdigest()


class Machine:
    """One that is not enrolled yet, and the control plane it talks to."""

    def __init__(self, agent, authority):
        self.agent, self.authority = agent('', start=False), authority
        for name in ('key.pem', 'cert.pem', 'ca.pem'):
            (self.agent.state_dir / name).unlink()
        self.token = f'tce_abc.{SECRET}.{pin(authority.cert)}'

    def word(self, *words, sent=None):
        return subprocess.run([self.agent.build / 'agent/tocsin-agent', '-c', self.agent.conf_path, '--own', *words],
                              input=sent, capture_output=True, text=True, timeout=20)

    def request(self, *more):
        said = self.word('enrol-request', '--token', self.token, '--name', 'vm-1', '--address', '10.0.0.4:7443', *more)
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout)

    def sign(self, request, host=7, use='serverAuth', name=None, **more):
        folder = self.agent.folder
        (folder / 'csr').write_text(request['csr'])
        (folder / 'rules').write_text(f'subjectAltName = DNS:{name or f"h{host}.agent.tocsin"}\nextendedKeyUsage = {use}\n')
        cert = agentrig.openssl('x509', '-req', '-in', folder / 'csr', '-CA', self.authority.cert, '-CAkey', self.authority.key,
                                '-CAcreateserial', '-days', more.pop('days', 3650), '-extfile', folder / 'rules').decode()
        return {'host': host, 'ca': self.authority.cert.read_text(), 'certificate': cert, 'control': 'control.tocsin',
                'proof': proof('accept', request['nonce'], cert), **more}

    def accept(self, answer):
        return self.word('enrol-accept', sent=json.dumps(answer) if isinstance(answer, dict) else answer)

    @property
    def files(self):
        return {p.name: p.read_text() for p in self.agent.state_dir.iterdir() if p.is_file()}


@pytest.fixture
def machine(agent, authority):
    return Machine(agent, authority)


def test_a_machine_is_enrolled_and_serves(machine, control):
    request = machine.request()
    assert request['proof'] == proof('abc', request['csr'], 'vm-1', '10.0.0.4:7443', request['nonce'])
    assert SECRET not in json.dumps(request) and len(request['nonce']) == 32
    done = machine.accept(machine.sign(request, host=1))
    assert done.returncode == 0 and 'host 1' in done.stdout, done.stderr
    assert sorted(machine.files) == ['ca.pem', 'cert.pem', 'host', 'key.pem']
    assert all(p.stat().st_mode & 0o777 == 0o600 for p in machine.agent.state_dir.iterdir())
    machine.agent.start()
    assert machine.agent.get('/v1/state').status_code == 200


def test_the_token_may_come_where_nobody_sees_it(machine):
    said = machine.word('enrol-request', '--token', '-', sent=machine.token + '\n')
    assert json.loads(said.stdout)['id'] == 'abc'


@pytest.mark.parametrize('token', ['', 'tce_', 'tce_a.b.c', f'tce_a.{SECRET}', f'tce_a.{SECRET}.{SECRET}x', f'tcx_a.{SECRET}.{SECRET}',
                                   f'tce_{"a" * 65}.{SECRET}.{SECRET}', f'tce_a.{SECRET[1:]}!.{SECRET}'])
def test_a_token_that_is_none(machine, token):
    said = machine.word('enrol-request', '--token', token)
    assert said.returncode == 2 and 'no enrolment token' in said.stderr and machine.files == {}


def test_an_identity_is_not_written_over(machine):
    assert machine.accept(machine.sign(machine.request())).returncode == 0
    before = machine.files
    said = machine.word('enrol-request', '--token', machine.token)
    assert said.returncode == 1 and '--again' in said.stderr and machine.files == before
    # the old one stays until the new one is complete
    request = machine.request('--again')
    assert machine.files == before
    assert machine.accept(machine.sign(request, host=8)).returncode == 0
    after = machine.files
    assert after['host'] == '8\n' and after['key.pem'] != before['key.pem']


def refused(machine, answer, why):
    said = machine.accept(answer)
    assert said.returncode == 1 and why in said.stderr, said.stderr
    assert machine.files == {}


def test_answers_that_are_refused(machine, tmp_path):
    request = machine.request()
    good = machine.sign(request)
    other = agentrig.Authority(tmp_path / 'other')
    refused(machine, {**good, 'proof': '0' * 64}, 'does not know the token')
    refused(machine, {**good, 'proof': 7}, 'none of a control plane')
    refused(machine, {**good, 'control': 'evil'}, 'none of a control plane')
    refused(machine, {**good, 'ca': other.cert.read_text()}, "authority is not the token's")
    refused(machine, {**good, 'certificate': 'x'}, 'no certificates')
    refused(machine, {**good, 'host': 9}, 'hostname mismatch')
    refused(machine, machine.sign(request, use='clientAuth'), 'purpose')
    refused(machine, machine.sign(request, name='h1.agent.tocsin.evil'), 'hostname mismatch')
    refused(machine, {'error': 'the token was used already'}, 'used already')
    refused(machine, '{', 'none of a control plane')
    refused(machine, '', 'none of a control plane')
    refused(machine, '[' * 60000, 'none of a control plane')
    refused(machine, ' ' * 70000, 'none of a control plane')
    # another machine's answer: proven and signed, but for another key
    cert, _ = machine.authority.issue('h7.agent.tocsin', 'serverAuth', label='elsewhere')
    text = cert.read_text()
    refused(machine, {**good, 'certificate': text, 'proof': proof('accept', request['nonce'], text)}, 'another key')
    # and after all that the right one is taken
    assert machine.accept(good).returncode == 0
    again = machine.accept(good)
    assert again.returncode == 1 and 'nothing was requested' in again.stderr


def test_a_crash_between_two_files_is_mended(machine, control):
    assert machine.accept(machine.sign(machine.request(), host=1)).returncode == 0
    ready, state = machine.agent.state_dir / 'enrol.ready', machine.agent.state_dir
    ready.mkdir(mode=0o700)
    new = machine.files
    for name in ('host', 'key.pem'):  # these two had not been moved yet
        (state / name).rename(ready / name)
    (state / 'key.pem').write_text('the key of before')
    machine.agent.start()
    assert machine.agent.get('/v1/state').status_code == 200
    assert machine.files['key.pem'] == new['key.pem'] and not ready.exists()
