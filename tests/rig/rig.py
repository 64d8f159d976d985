"""rig: the bridge, and the machines on it. Works inside tests/rig/enter only, so no name or
address can be anybody else's."""
import concurrent.futures
import os
import pathlib
import subprocess

from stack import host

from .machine import Machine

NET = '10.99.0'
HOST = f'{NET}.1'  # the control plane, as machines see it


def why_not():
    """The reason why there can be no machines here; None when there can."""
    if os.environ.get('TOCSIN_RIG'):
        return None
    return os.environ.get('TOCSIN_RIG_WHY') or 'run it by tests/rig/enter'


class Rig:
    def __init__(self):
        assert why_not() is None, why_not()
        self.dir = pathlib.Path(os.environ['TOCSIN_RIG'])
        self.cgroup = self.dir.name
        self.root = pathlib.Path(os.environ['TOCSIN_RIG_ROOT'])
        self.machines = {}
        host.run('ip', 'link', 'add', 'rig0', 'type', 'bridge', 'stp_state', '0', 'forward_delay', '0')
        host.run('ip', 'address', 'add', f'{HOST}/24', 'dev', 'rig0')
        host.run('ip', 'link', 'set', 'rig0', 'up')

    def machine(self, name, **kw):
        """A machine that is up. See Machine."""
        made = Machine(self, name, f'{NET}.{11 + len(self.machines)}', **kw)
        self.machines[name] = made
        made.start()
        return made

    def boot(self, *names, **kw):
        """Several at once."""
        made = [Machine(self, name, f'{NET}.{11 + len(self.machines) + n}', **kw) for n, name in enumerate(names)]
        self.machines.update({m.name: m for m in made})
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(Machine.start, made))
        return made

    def stop(self):
        for machine in self.machines.values():
            machine.crash()
            machine.wire.close()
        subprocess.run(['ip', 'link', 'del', 'rig0'], check=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
