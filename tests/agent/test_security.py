"""What the agent may do on its machine, and what who has stolen something may: the control plane's
keys, or those of one host."""
import http.client
import json
import re
import ssl

import pytest

from rig.apps import put_plain, put_shop

AS_AGENT = ['setpriv', '--reuid=tocsin-agent', '--regid=tocsin-agent', '--init-groups', '--no-new-privs']


@pytest.fixture(scope='module')
def machine(rig, fleet, repository):
    made = rig.machine('secure')
    fleet.join(made, put_shop(made, repository), put_plain(made))
    made.sh('systemd-run -q --unit=other sleep infinity')
    yield made
    made.crash()


# ---- the unit

def test_hardening_is_scored_as_such(machine):
    said = machine.run('systemd-analyze', 'security', '--no-pager', 'tocsin-agent.service')
    score = float(re.search(r'Overall exposure level for tocsin-agent.service: ([\d.]+)', said)[1])
    assert score <= 1.5, said
    status = machine.read(f"/proc/{machine.show('tocsin-agent', 'MainPID')['MainPID']}/status")
    assert re.search(r'^CapEff:\s+0+$', status, re.M) and re.search(r'^NoNewPrivs:\s+1$', status, re.M)
    assert re.search(r'^Uid:\s+(\d+)', status, re.M)[1] != '0'


@pytest.mark.parametrize('words, may', [
    (['restart', 'plain.service'], True), (['stop', 'plain.service'], True), (['start', 'plain.service'], True),
    (['reset-failed', 'plain.service'], True), (['restart', 'shop.service'], True),
    (['restart', 'other.service'], False), (['stop', 'dbus.service'], False), (['restart', 'systemd-journald.service'], False),
    (['enable', 'plain.service'], False), (['disable', 'plain.service'], False), (['mask', 'plain.service'], False),
    (['daemon-reload'], False), (['daemon-reexec'], False), (['kill', 'plain.service'], False), (['reboot'], False), (['poweroff'], False),
    (['set-property', 'plain.service', 'MemoryMax=1M'], False), (['edit', 'plain.service'], False),
    (['start', 'tocsin-deploy@plain.service'], False), (['start', 'tocsin-deploy@other.service'], False),
    (['start', 'rescue.target'], False),
])
def test_polkit_matrix(machine, words, may):
    code, said = machine.tried(*AS_AGENT, 'env', 'SYSTEMD_EDITOR=true', 'systemctl', '--no-ask-password', *words)
    assert (code == 0) is may, said


def test_agent_starts_no_transient_unit(machine):
    """Else root's systemd would run whatever it is told."""
    assert machine.tried(*AS_AGENT, 'systemd-run', '--no-ask-password', '--wait', 'true')[0] != 0
    assert machine.tried(*AS_AGENT, 'sudo', '-n', 'true')[0] != 0


def test_agent_can_change_nothing_of_its_own(machine):
    for path in ('/etc/tocsin/agent.conf', '/etc/tocsin', '/usr/local/sbin/tocsin-agent', '/etc/polkit-1/rules.d',
                 '/etc/systemd/system/tocsin-agent.service'):
        assert machine.tried(*AS_AGENT, 'test', '-w', path)[0] != 0, path


# ---- who has the control plane's keys

class Control:
    """Speaks to the agent as the control plane does, and asks for what it likes."""

    def __init__(self, fleet, machine):
        self.at = machine.address
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.load_cert_chain(fleet.fleet_dir / 'control.pem')  # with its key
        self.context.load_verify_locations(fleet.fleet_dir / 'ca.pem')
        self.context.check_hostname = False

    def ask(self, method, path, body=None, **headers):
        link = http.client.HTTPSConnection(self.at, 7443, context=self.context, timeout=15)
        link.request(method, path, None if body is None else json.dumps(body), {'Content-Type': 'application/json', **headers})
        answer = link.getresponse()
        text = answer.read()
        link.close()
        return answer.status, text


@pytest.fixture(scope='module')
def thief(fleet, machine):
    return Control(fleet, machine)


UUID = '0b5a1a52-54a4-4f3e-9d5c-4a4f1f6f9e01'


def test_thief_may_what_the_list_allows(thief, machine):
    assert thief.ask('GET', '/v1/state')[0] == 200
    status, text = thief.ask('POST', '/v1/apps/plain/restart', {'action': UUID})
    assert status == 200, text


@pytest.mark.parametrize('method, path, body, wanted', [
    ('POST', '/v1/apps/other/restart', {'action': UUID}, 404),
    ('POST', '/v1/apps/other.service/stop', {'action': UUID}, 404),
    ('POST', '/v1/apps/dbus.service/restart', {'action': UUID}, 404),
    ('POST', '/v1/apps/..%2fplain/restart', {'action': UUID}, 404),
    ('POST', '/v1/apps/plain/restart', {'action': UUID, 'unit': 'other.service'}, (200, 400, 422)),
    ('POST', '/v1/apps/plain/kill', {'action': UUID}, 404),
    ('POST', '/v1/apps/plain/exec', {'argv': ['id']}, 404),
    ('POST', '/v1/apps/plain/deploys', {'id': UUID, 'ref': 'main'}, (404, 409, 422)),
    ('POST', '/v1/apps/shop/deploys', {'id': UUID, 'ref': '--upload-pack=touch /tmp/x'}, 422),
    ('POST', '/v1/apps/shop/deploys', {'id': UUID, 'ref': 'main;id'}, 422),
    ('POST', '/v1/apps/shop/deploys', {'id': UUID, 'ref': '../../etc'}, 422),
    ('POST', '/v1/apps/shop/deploys', {'id': '../../etc/passwd', 'ref': 'main'}, (400, 422)),
    ('GET', '/v1/apps/shop/env/passwd', None, 404),
    ('GET', '/v1/apps/shop/env/..%2f..%2fetc%2fpasswd', None, 404),
    ('GET', '/v1/apps/shop/env/%2fetc%2fshadow', None, 404),
    ('GET', '/v1/apps/shop/env/main/backups/..%2f..%2f..%2fetc%2fshadow', None, (400, 404, 422)),
    ('POST', '/v1/apps/shop/env/main/backups/..%2f.env/restore', {}, (400, 404, 412, 422, 428)),
    ('GET', '/v1/apps/other/logs', None, 404),
    ('GET', '/v1/apps/plain/logs?unit=other.service', None, (200, 400, 422)),
    ('GET', '/etc/passwd', None, 404),
    ('GET', '/../../etc/passwd', None, (400, 404)),
    ('DELETE', '/v1/apps/plain', None, (404, 405)),
    ('PUT', '/v1/conf', {}, 404),
    ('POST', '/v1/state', {}, 405),
])
def test_thief_may_nothing_else(thief, machine, method, path, body, wanted):
    other = machine.show('other', 'InvocationID', 'MainPID')
    status, text = thief.ask(method, path, body)
    assert status in (wanted if isinstance(wanted, tuple) else (wanted,)), (status, text)
    assert b'root:x:' not in text
    assert machine.show('other', 'InvocationID', 'MainPID') == other


def test_key_of_a_host_speaks_for_no_other(rig, fleet, machine):
    """The certificate and key of one machine on another: Tocsin does not take it for that one."""
    other = rig.machine('liar')
    fleet.join(other, put_plain(other))
    number = fleet.host('liar')['id']
    for name in ('key.pem', 'cert.pem'):
        other.write(f'/var/lib/tocsin-agent/{name}', machine.read(f'/var/lib/tocsin-agent/{name}'), '600', 'tocsin-agent:tocsin-agent')
    other.run('systemctl', 'restart', 'tocsin-agent')
    said = fleet.wait(lambda: (h := fleet.api('GET', f'/hosts/{number}').json())['error'] and h, 20, 'the lie to be seen')
    assert 'tls' in said['error'].lower() or 'certificate' in said['error'].lower() or 'key' in said['error'].lower(), said['error']
    assert fleet.host('secure')['status'] == 'up'
    other.crash()
