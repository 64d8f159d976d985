"""daemon: tocsind beside the private httpd."""
import os
import signal
import subprocess

from . import host


class Tocsind:
    def __init__(self, root, build, pg):
        self.root, self.build, self.pg = root, build, pg
        self.bin = build / 'workers/tocsind'
        self.vars = host.make_vars(str(build))
        self.proc = None
        self.extra = {}  # more of its environment
        self.out = root / 'logs/tocsind.log'
        self.settings = {
            'database': pg.conninfo('tocsin_work'),
            'checkers': '2',
            'smtp_from': 'tocsin@example.org',
            'lock_file': str(root / 'run/tocsind.lock'),
            'run_dir': str(root / 'run'),
            'log_level': 'info',
            'smtp_starttls': 'opportunistic',
            'status_dir': str(root / 'status'),
        }
        self.allow = ['127.0.0.0/8', '::1/128']

    @property
    def built(self):
        return self.bin.exists()

    def configure(self):
        lines = [f'{key} = {value}\n' for key, value in self.settings.items()]
        lines += [f'allow_target = {cidr}\n' for cidr in self.allow]
        (self.root / 'tocsind.conf').write_text(''.join(lines))

    def env(self):
        env = dict(os.environ, LC_ALL='C.UTF-8', **self.extra)
        if self.vars.get('LIBASAN'):
            env.update(ASAN_OPTIONS=f'detect_leaks=0:log_path={self.root}/asan/tocsind',
                       UBSAN_OPTIONS=f'print_stacktrace=1:log_path={self.root}/asan/tocsind')
        return env

    def command(self, *words):
        return host.as_user(str(self.bin), '-c', str(self.root / 'tocsind.conf'), *words)

    def start(self):
        """Returns when each role has said hello to the database."""
        self.configure()
        with open(self.out, 'a') as out:
            self.proc = subprocess.Popen(self.command('-f'), env=self.env(), stdin=subprocess.DEVNULL,
                                         stdout=out, stderr=out, start_new_session=True)
        host.wait(self.ready, 20, 'tocsind to be ready')

    def ready(self):
        if self.proc.poll() is not None:
            raise RuntimeError('tocsind ended at start:\n' + host.tail(self.out))
        kids = set(host.children(self.proc.pid))
        said = {row[0] for row in self.pg.query('select pid from tocsin.worker')}
        return kids and kids <= said

    @property
    def pids(self):
        """Role → pids of its processes; 'master' too."""
        found = {'master': [self.proc.pid]}
        kids = set(host.children(self.proc.pid))
        for pid, role in self.pg.query('select pid, role from tocsin.worker'):
            if pid in kids:
                found.setdefault(role, []).append(pid)
        return {role: sorted(pids) for role, pids in found.items()}

    def kill(self, role='master', how=signal.SIGKILL):
        """Kill all processes of a role; returns their pids."""
        pids = self.pids.get(role, [])
        for pid in pids:
            os.kill(pid, how)
        if role == 'master' and how == signal.SIGKILL:
            self.proc.wait()
        return pids

    def reload(self):
        self.configure()
        os.kill(self.proc.pid, signal.SIGHUP)

    def stop(self, timeout=15):
        if self.proc and self.proc.poll() is None:
            kids = host.children(self.proc.pid)
            self.proc.terminate()
            try:
                self.proc.wait(timeout)
            except subprocess.TimeoutExpired:
                for pid in [*kids, self.proc.pid]:
                    os.kill(pid, signal.SIGKILL)
                self.proc.wait()
                raise AssertionError(f'tocsind did not end within {timeout} s of SIGTERM')
            return self.proc.returncode
