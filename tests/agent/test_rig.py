"""The rig itself: what stories on machines lean on."""
import glob
import os
import pathlib
import socket
import subprocess
import threading
import time

import pytest

from rig import HOST
from rig.machine import counts_memory
from stack import host

# files of the roots of cgroup trees, v2's first
GROUPS = sorted(glob.glob('/sys/fs/cgroup/cgroup.procs') + glob.glob('/sys/fs/cgroup/unified/cgroup.procs'))


@pytest.fixture(scope='module')
def machine(rig):
    return rig.machine('plain')


class Echo:
    """Answers each connection at once, on the bridge."""

    def __init__(self):
        self.socket = socket.create_server((HOST, 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                taken, _ = self.socket.accept()
                taken.sendall(b'here\n')
                taken.close()
            except OSError:
                return


@pytest.fixture(scope='module')
def echo():
    made = Echo()
    yield made
    made.socket.close()


def ask(machine, echo, seconds=1):
    """(exit code, seconds) of a machine that speaks to the control plane's address."""
    began = time.monotonic()
    code = machine.tried('timeout', seconds, 'bash', '-c', f'cat </dev/tcp/{HOST}/{echo.port}')[0]
    return code, time.monotonic() - began


def test_machine_has_a_real_systemd(machine):
    assert machine.run('ps', '-p', '1', '-o', 'comm=').strip() == 'systemd'
    assert machine.run('systemctl', 'is-system-running').strip() == 'running'
    machine.run('systemd-run', '--wait', '-q', '--unit=one', 'echo', 'said in the machine')
    assert 'said in the machine' in machine.journal('one')


def test_what_a_machine_does_to_its_files_is_its_own(rig, machine):
    machine.write('/etc/only-here', 'x')
    assert machine.read('/etc/only-here') == 'x'
    assert not (rig.root / 'etc/only-here').exists()


def test_wire(machine, echo):
    assert ask(machine, echo)[0] == 0
    wire = machine.wire
    for fault, undo in ((wire.cut, wire.mend), (lambda: wire.drop(come=True), wire.heal), (lambda: wire.drop(go=True), wire.heal),
                        (wire.reset, wire.heal)):
        fault()
        assert ask(machine, echo, 0.3)[0] != 0
        undo()
        host.wait(lambda: ask(machine, echo)[0] == 0, 5, 'the wire to be whole')


def test_wire_that_is_late(machine, echo):
    machine.wire.delay(200, 20)
    code, seconds = ask(machine, echo, 5)
    machine.wire.heal()
    assert code == 0 and seconds > 0.36, 'two answers were waited for'
    assert ask(machine, echo)[1] < 0.3


def test_wire_that_loses(machine):
    """Nearly a third of it: never all of it, and never nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind((HOST, 0))
        ear.settimeout(0.3)
        machine.wire.lose(30)
        machine.run('bash', '-c', f'exec 3>/dev/udp/{HOST}/{ear.getsockname()[1]}; for i in {{1..300}}; do echo $i >&3; done')
        machine.wire.heal()
        heard = 0
        try:
            while ear.recv(10):
                heard += 1
        except TimeoutError:
            pass
    assert 150 < heard < 260


def test_docker_counts_what_containers_use(rig):
    machine = rig.machine('docked', accounts=True)
    machine.docker_start()
    machine.run('docker', 'run', '-d', '--name', 'busy', '--network', 'host', 'busybox:1', 'sh', '-c', 'while :; do :; done')
    inside = machine.run('docker', 'stats', '--no-stream', '--format', '{{.CPUPerc}} {{.MemUsage}}', 'busy')
    assert float(inside.split('%')[0]) > 10
    assert not counts_memory() or ' 0B /' not in inside
    machine.crash()


def test_nothing_stays_behind(tmp_path):
    """Of a run that is killed: no process; and the next one takes away the cgroups it had."""
    enter, said = host.SRC / 'tests/rig/enter', tmp_path / 'said'
    env = {k: v for k, v in os.environ.items() if k != 'TOCSIN_RIG'}
    killed = subprocess.Popen([enter, 'sh', '-c', f"""mkdir -p $(dirname {GROUPS[0]})/$(basename $TOCSIN_RIG)
        sleep 1000 & echo $TOCSIN_RIG >{said}; wait"""], env=env, stdin=subprocess.DEVNULL, start_new_session=True)
    host.wait(lambda: said.exists() and said.read_text().strip(), 20)
    group = pathlib.Path(GROUPS[0]).parent / pathlib.Path(said.read_text().strip()).name
    inside = descendants(killed.pid)
    assert len(inside) >= 3 and group.is_dir()
    killed.kill()
    killed.wait()
    host.wait(lambda: not any(map(host.alive, inside)), 10, 'all that was in it to be gone')
    assert group.is_dir()
    host.run(enter, 'true', env=env)
    assert not group.exists() and not pathlib.Path(said.read_text().strip()).exists()


def descendants(pid):
    found, todo = set(), [pid]
    while todo:
        kids = host.children(todo.pop())
        found.update(kids)
        todo += kids
    return found
