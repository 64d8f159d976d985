"""The installer on a machine: it leaves an agent that runs, or nothing at all."""
import hashlib
import os
import re
import shutil
import tarfile

import pytest

from rig.apps import put_plain
from stack import host

FILES = ['/usr/local/sbin/tocsin-agent', '/etc/systemd/system/tocsin-agent.service', '/etc/systemd/system/tocsin-deploy@.service']


@pytest.fixture(scope='module')
def machine(rig):
    made = rig.machine('fresh')
    yield made
    made.crash()


@pytest.fixture(scope='module')
def untouched(machine):
    """What is on the machine before anything was installed."""
    return left_on(machine)


def left_on(machine):
    return machine.sh('''getent passwd tocsin-agent || echo no user
        ls -d /etc/tocsin /var/lib/tocsin-agent /etc/polkit-1/rules.d/* /etc/systemd/system/tocsin* /etc/systemd/system/*.wants/tocsin* \\
            /usr/local/sbin/* /tmp/tocsin* 2>/dev/null || :
        id -nG tocsin-agent 2>/dev/null || :''')


def put_release(machine, folder, to):
    for file in folder.iterdir():
        machine.write(f'{to}/{file.name}', file.read_bytes())


def changed(release, to, change):
    """Another release: its agent's archive is unpacked, changed, packed, summed and signed."""
    shutil.copytree(release.folder, to)
    archive = to / f"tocsin-agent-linux-{ {'x86_64': 'amd64', 'aarch64': 'arm64'}[os.uname().machine]}.tar.gz"
    with tarfile.open(archive) as tar:
        tar.extractall(to / 'x')
    change(to / 'x')
    with tarfile.open(archive, 'w:gz') as tar:
        tar.add(to / 'x', '.')
    shutil.rmtree(to / 'x')
    sums = (to / 'SHA256SUMS').read_text()
    (to / 'SHA256SUMS').write_text(re.sub(rf'^[0-9a-f]{{64}}(?=  {re.escape(archive.name)}$)',
                                          hashlib.sha256(archive.read_bytes()).hexdigest(), sums, flags=re.M))
    release.sign(to)
    return to


def install(machine, *words):
    return machine.tried('sh', '/root/release/install.sh', *words)


@pytest.fixture(scope='module')
def by_hand(machine, release, untouched):
    put_release(machine, release.folder, '/root/release')


# ---- what cannot be leaves nothing

@pytest.mark.parametrize('words, said', [
    (['--token'], 'needs a value'),
    (['--what', 'x'], "there is no '--what'"),
    (['--url', 'ftp://x', '--token', 't'], 'is no http:// or https:// address'),
    ([], 'needs a token'),
    (['--token', 't'], 'where is Tocsin'),
    (['--from', '/root/nothing', '--url', 'http://10.99.0.1:9', '--token', 't'], 'no SHA256SUMS at /root/nothing'),
    (['--url', 'http://10.99.0.1:9/', '--token', 't'], 'no SHA256SUMS at http://10.99.0.1:9/agent'),
    (['--from', '/root/release', '--url', 'http://10.99.0.1:9/', '--token', 't'], 'cannot be reached at http://10.99.0.1:9'),
    (['--from', '/root/release', '--url', 'http://10.99.0.1:9/', '--address', '10.99.0.99', '--token', 'tce_x'], 'cannot be made'),
    (['--from', '/root/release', '--url', 'http://10.99.0.1:9/', '--address', '8.8.8.8', '--token', 't'], 'private'),
    (['--from', '/root/release', '--key', '/etc/none', '--url', 'http://10.99.0.1:9/', '--token', 't'], 'cannot be read'),
    (['upgrade', '--from', '/root/release'], 'there is no agent here'),
])
def test_failure_says_what_to_do_and_leaves_nothing(machine, by_hand, untouched, words, said):
    code, out = install(machine, *words)
    assert code == 1 and said in out and 'To do: ' in out, out
    assert left_on(machine) == untouched


def test_only_root_and_known_machines(machine, by_hand, untouched):
    machine.sh('chmod 755 /root /root/release; chmod 644 /root/release/*')
    code, out = machine.tried('runuser', '-u', 'nobody', '--', 'sh', '/root/release/install.sh', '--url', 'http://x', '--token', 't')
    assert code == 1 and 'only root' in out
    machine.write('/root/shim/uname', '#!/bin/sh\necho mips64\n', '755')
    code, out = machine.tried('sh', '-c', 'PATH=/root/shim:$PATH exec sh /root/release/install.sh --url http://x --token t')
    assert code == 1 and 'no agent for mips64' in out
    assert left_on(machine) == untouched


def test_release_that_was_changed_is_refused(machine, by_hand, untouched, release, tmp_path):
    put_release(machine, release.folder, '/root/bad')
    machine.sh('for file in /root/bad/*.tar.gz; do echo >>$file; done')
    code, out = machine.tried('sh', '/root/bad/install.sh', '--from', '/root/bad', '--url', 'http://10.99.0.1:9', '--token', 't')
    assert code == 1 and 'its checksum differs' in out
    assert left_on(machine) == untouched


def test_signature_is_asked_for_with_a_key(machine, by_hand, untouched):
    machine.sh('''rm -rf /root/signed; cp -r /root/release /root/signed; cd /root/signed
        for name in right wrong; do openssl genpkey -algorithm ed25519 -out $name.pem; openssl pkey -in $name.pem -pubout -out $name.pub; done
        openssl pkeyutl -sign -inkey right.pem -rawin -in SHA256SUMS -out SHA256SUMS.sig''')
    # a key that is named goes before the one that the script holds
    words = ['--from', '/root/signed', '--url', 'http://10.99.0.1:9', '--token', 't', '--key']
    code, out = install(machine, *words, '/root/signed/wrong.pub')
    assert code == 1 and 'not signed by the key' in out
    code, out = install(machine, *words, '/root/signed/right.pub')
    assert code == 1 and 'cannot be reached' in out, 'the signature is right, the address is not'
    machine.run('rm', '/root/signed/SHA256SUMS.sig')
    code, out = install(machine, *words, '/root/signed/right.pub')
    assert code == 1 and 'is not signed' in out
    assert left_on(machine) == untouched


def test_script_that_came_by_half_does_nothing(machine, release, by_hand, untouched):
    text = (release.folder / 'install.sh').read_text()
    for share in (0.3, 0.7, 0.99):
        machine.write('/root/half.sh', text[:int(len(text) * share)])
        machine.tried('sh', '/root/half.sh', '--from', '/root/release', '--url', 'http://x', '--token', 't')
    machine.write('/root/half.sh', text.rstrip().removesuffix('main "$@"'))
    assert machine.tried('sh', '/root/half.sh', '--url', 'http://x')[0] == 0
    assert left_on(machine) == untouched


def test_token_that_is_refused_leaves_nothing(machine, fleet, by_hand, untouched):
    made = fleet.enrolment()
    answer = fleet.api('DELETE', f"/hosts/enrolments/{made['id']}")
    assert answer.ok
    code, out = machine.tried('sh', '-c', made['command'])
    assert code == 1 and 'does not take this host' in out and 'undoing' in out, out
    assert left_on(machine) == untouched


# ---- install, upgrade, uninstall

def test_install_by_the_line(machine, fleet, by_hand):
    said = fleet.enrol(machine)
    assert 'it runs' in said
    fleet.wait(lambda: (h := fleet.host('fresh')) and h['status'] == 'up', 20, 'the host')
    assert machine.run('stat', '-c', '%U:%G %a', '/etc/tocsin/agent.conf').strip() == 'root:tocsin-agent 640'
    assert machine.run('stat', '-c', '%U %a', '/var/lib/tocsin-agent/key.pem').strip() == 'tocsin-agent 600'
    assert set(machine.run('id', '-nG', 'tocsin-agent').split()) == {'tocsin-agent', 'systemd-journal'}
    assert machine.run('systemctl', 'is-enabled', 'tocsin-agent').strip() == 'enabled'


def test_again_keeps_the_list(machine, fleet):
    fleet.allow(machine, put_plain(machine))
    before = machine.read('/etc/tocsin/agent.conf')
    fleet.enrol(machine)
    assert machine.read('/etc/tocsin/agent.conf') == before


def test_upgrade_keeps_the_old_program(machine):
    code, out = install(machine, 'upgrade', '--from', '/root/release')
    assert code == 0 and 'the old one is' in out, out
    assert machine.is_active('tocsin-agent')
    assert machine.run('/usr/local/sbin/tocsin-agent.old', 'version') == machine.run('/usr/local/sbin/tocsin-agent', 'version')


def test_upgrade_to_what_does_not_come_up_is_undone(machine, release, tmp_path):
    def spoil(folder):
        (folder / 'tocsin-agent').write_text('#!/bin/sh\ncase ${1:-run} in version) echo tocsin-agent 9.9.9 ;; check) ;; *) exit 1 ;; esac\n')
    put_release(machine, changed(release, tmp_path / 'bad', spoil), '/root/next')
    before = machine.run('sha256sum', *FILES)
    code, out = machine.tried('sh', '/root/next/install.sh', 'upgrade', '--from', '/root/next')
    assert code == 1 and 'the old one is put back' in out, out
    assert machine.run('sha256sum', *FILES) == before
    host.wait(lambda: machine.is_active('tocsin-agent'), 10, 'the old agent')


def test_list_that_is_not_understood_stops_an_upgrade(machine):
    machine.sh('cp -p /etc/tocsin/agent.conf /root/kept; echo "nonsense = 1" >>/etc/tocsin/agent.conf')
    code, out = install(machine, 'upgrade', '--from', '/root/release')
    assert code == 1 and 'does not understand' in out and 'nonsense' in out
    machine.sh('cp -p /root/kept /etc/tocsin/agent.conf')
    host.wait(lambda: machine.is_active('tocsin-agent'), 10, 'the agent of before')


def test_uninstall_leaves_the_key_and_purge_leaves_nothing(machine, untouched):
    code, out = install(machine, 'uninstall')
    assert code == 0, out
    assert not machine.is_active('tocsin-agent')
    assert '/etc/tocsin' in left_on(machine) and '/usr/local/sbin/tocsin-agent' not in left_on(machine)
    code, out = install(machine, 'uninstall', '--purge')
    assert code == 0, out
    machine.sh('rm -f /tmp/tocsin*')
    assert left_on(machine) == untouched
