"""machine: a Debian with systemd, journald, D-Bus and polkit under systemd-nspawn. Its root is
an overlay in memory over the kept one: what happens in it is gone with it."""
import os
import pathlib
import shlex
import signal
import subprocess

from stack import host

from .wire import Wire

# A cgroup2 view of its own, and the machine in a group of it; or, where there is a v1
# controller of memory (then cgroup2 has none), the v1 controllers: accounts are real there.
V2 = '''umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/$CGROUP/$NAME; echo $$ >/sys/fs/cgroup/$CGROUP/$NAME/cgroup.procs'''
V1 = '''export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=0
for h in /sys/fs/cgroup/*/; do
    mkdir -p $h$CGROUP/$NAME
    for d in $h$CGROUP $h$CGROUP/$NAME; do
        [ ! -e $d/cpuset.cpus ] || { cat $h/cpuset.cpus >$d/cpuset.cpus; cat $h/cpuset.mems >$d/cpuset.mems; }
    done
    echo $$ >$h$CGROUP/$NAME/cgroup.procs
done'''
NSPAWN = '''exec systemd-nspawn --quiet --boot --directory="$ROOT" --volatile=overlay --machine=$NAME --hostname=$NAME \\
    --register=no --keep-unit --link-journal=no --resolv-conf=off --timezone=off --console=pipe \\
    --capability=CAP_NET_ADMIN,CAP_BPF --system-call-filter="@keyring bpf openat2" \\
    --network-namespace-path=/run/netns/$NAME "$@"'''
PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


def has_v1():
    return pathlib.Path('/sys/fs/cgroup/memory').is_dir()


def counts_memory():
    """Whether some cgroup tree of this host does, so that containers' figures are real."""
    lists = [p for p in map(pathlib.Path, ('/sys/fs/cgroup/cgroup.controllers', '/sys/fs/cgroup/unified/cgroup.controllers')) if p.exists()]
    return has_v1() or any('memory' in p.read_text().split() for p in lists)


class Machine:
    """
    .name .address .wire (its cable); run, sh, read, write act inside. accounts: memory is
    counted, as containers need it (see V1).
    """

    def __init__(self, rig, name, address, accounts=False):
        self.rig, self.name, self.address = rig, name, address
        self.view = V1 if accounts and has_v1() else V2
        self.proc = self.leader = None
        self.log = rig.dir / f'{name}.log'
        self.wire = Wire(name, address)

    def start(self):
        """Returns when its systemd says that it is up."""
        if not self.wire.there:
            self.wire.plug()
        env = dict(os.environ, ROOT=str(self.rig.root), NAME=self.name, CGROUP=self.rig.cgroup, LC_ALL='C.UTF-8',
                   TMPDIR=str(self.rig.dir))
        with open(self.log, 'w') as out:
            self.proc = subprocess.Popen(
                ['unshare', '--mount', '--propagation', 'private', 'bash', '-c', f'{self.view}\n{NSPAWN}', 'machine',
                 '--tmpfs=/var/lib/docker'], env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            host.wait(self.up, 60, f'machine {self.name} to be up', every=0.1)
        except AssertionError as e:
            raise AssertionError(f'{e}\n{host.tail(self.log)}') from None
        # nspawn lays a number of a boot of its own over the kernel's, units with ProtectKernelTunables=
        # see the kernel's, and journalctl -f in them would wait for lines of another boot
        self.sh('umount /proc/sys/kernel/random/boot_id; systemctl restart systemd-journald')

    def up(self):
        if self.proc.poll() is not None:
            raise RuntimeError(f'machine {self.name} ended at start:\n{host.tail(self.log)}')
        kids = host.children(self.proc.pid)
        if not kids:
            return False
        self.leader = kids[0]
        said = subprocess.run(self.command('systemctl', 'is-system-running'), capture_output=True, text=True)
        return said.stdout.strip() in ('running', 'degraded')

    def stop(self):
        """A clean power-off."""
        if self.proc and self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
            try:
                self.proc.wait(15)
            except subprocess.TimeoutExpired:
                self.crash()
        self.wire.close()

    def crash(self):
        """The power fails. All that it had was in memory."""
        if self.proc and self.proc.poll() is None:
            os.kill(self.leader or self.proc.pid, signal.SIGKILL)
            self.proc.wait(15)

    # ---- inside

    def command(self, *words):
        """The command line that runs words in the machine as its root."""
        return ['nsenter', '-t', str(self.leader), '-a', '-r', '-w', '--', 'env', '-i', f'PATH={PATH}', 'HOME=/root', 'LC_ALL=C.UTF-8', *map(str, words)]

    def run(self, *words, **kw):
        """What a program says; RuntimeError when it fails."""
        return host.run(*self.command(*words), **kw)

    def sh(self, script, **kw):
        return self.run('sh', '-euc', script, **kw)

    def tried(self, *words, **kw):
        """(exit code, all it said)"""
        done = subprocess.run(self.command(*words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)
        return done.returncode, done.stdout

    def popen(self, *words, **kw):
        return subprocess.Popen(self.command(*words), text=True, **kw)

    def read(self, path):
        return self.run('cat', path)

    def write(self, path, text, mode='644', owner='root:root'):
        """A file with its folders; text or bytes."""
        where, said = shlex.quote(str(path)), text.encode() if isinstance(text, str) else text
        subprocess.run(self.command('sh', '-euc', f'mkdir -p "$(dirname {where})"; cat >{where}; chown {owner} {where}; chmod {mode} {where}'),
                       input=said, check=True)

    def show(self, unit, *names):
        """Properties of a unit."""
        said = self.run('systemctl', 'show', unit, '-p', ','.join(names))
        return dict(line.split('=', 1) for line in said.splitlines())

    def is_active(self, unit):
        return self.tried('systemctl', 'is-active', unit)[1].strip() == 'active'

    def journal(self, unit=None, *more):
        return self.run('journalctl', '-o', 'cat', '--no-pager', *(['-u', unit] if unit else []), *more)

    # ---- Docker

    def docker_start(self):
        """dockerd with containers on the machine's own network; an image busybox:1 in it."""
        self.write('/etc/docker/daemon.json', '{"storage-driver": "overlay2", "exec-opts": ["native.cgroupdriver=cgroupfs"], "bridge": "none",'
                   '"iptables": false, "ip6tables": false, "ip-forward": false, "userland-proxy": false,'
                   '"default-ulimits": {"nofile": {"Name": "nofile", "Hard": 20000, "Soft": 20000}}}')
        if self.view is V1:
            self.sh('for d in /sys/fs/cgroup/*/; do mount -o remount,bind,rw "$d"; done')
        self.run('systemctl', 'start', 'docker')
        self.sh('''mkdir -p /tmp/image/bin /tmp/image/tmp; cp /bin/busybox /tmp/image/bin
            for name in sh sleep httpd echo cat kill date; do ln -sf busybox /tmp/image/bin/$name; done
            tar -C /tmp/image -cf - . | docker import - busybox:1''')
