"""httpd: a private Apache with our modules, from conf/tocsin.conf as it is installed."""
import os
import pathlib
import signal
import socket
import subprocess

from . import host

BASE = '''authn_core authn_file authz_core authz_user authz_host auth_basic access_compat alias dir
mime env setenvif headers rewrite expires deflate filter dbd status reqtimeout'''.split()

CONF = '''ServerRoot "{root}"
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile run/httpd.pid
DefaultRuntimeDir run
Mutex file:run default
ScoreBoardFile run/scoreboard
ErrorLog logs/error.log
LogLevel {level}
TypesConfig /etc/mime.types
LogFormat "%h %u \\"%r\\" %>s %B %D" short
CustomLog logs/access.log short
{loads}
<IfModule mpm_event_module>
  StartServers {children}
  ServerLimit {limit}
  ThreadsPerChild {threads}
  ThreadLimit {threads}
  MaxRequestWorkers {workers}
  MinSpareThreads 1
  MaxSpareThreads {workers}
  AsyncRequestWorkerFactor 400
</IfModule>
Timeout 30
KeepAliveTimeout 5
<Directory />
  AllowOverride None
  Require all denied
</Directory>
# the doubles are on loopback; tests of limits set their own after this
TocsinAllowTarget 127.0.0.0/8 ::1/128
TocsinRateLimit 100000 100000
Define TOCSIN_PATH "{path}/"
Define TOCSIN_DB "{db}"
Define TOCSIN_HTDOCS "{htdocs}"
Define TOCSIN_KEYS "{root}/keys"
Define TOCSIN_STATUS "{root}/status"
{before}
Include "{conf}"
TocsinAllowTarget 127.0.0.0/8 ::1/128
<IfModule mod_tocsin_fleet.c>
  TocsinFleetSocket "{root}/run/fleet.sock"
</IfModule>
{extra}
'''


class Httpd:
    def __init__(self, root, build, pg):
        self.root, self.build, self.pg = root, build, pg
        self.vars = host.make_vars(str(build))
        self.bin = self.vars['HTTPD_BIN']
        self.port = host.free_port()
        self.path = ''
        self.before = self.extra = ''
        self.children, self.threads, self.level = 2, 25, 'warn'
        self.proc = None

    @property
    def origin(self):
        return f'http://127.0.0.1:{self.port}'

    @property
    def url(self):
        return self.origin + self.path

    @property
    def asan(self):
        return self.vars.get('LIBASAN', '')

    def modules(self):
        """LoadModule lines: what Debian has, then ours as far as they are built."""
        libexec = pathlib.Path(self.vars['HTTPD_LIBEXECDIR'])
        lines = [f'LoadModule {m}_module {libexec}/mod_{m}.so' for m in ['mpm_event', *BASE]]
        ours = sorted((self.build / 'modules/.libs').glob('mod_tocsin*.so'), key=lambda p: p.stem)
        lines += [f'LoadModule {so.stem[4:]}_module {so}' for so in ours]
        return '\n'.join(lines)

    def configure(self):
        built = self.build / 'htdocs/site'
        htdocs = built if (built / 'index.html').exists() else host.SRC / 'htdocs'
        conf = self.build / 'conf/tocsin.conf'
        keys = self.root / 'keys'
        if not keys.exists():
            keys.write_text('test dGVzdCB0ZXN0IHRlc3QgdGVzdCB0ZXN0IHRlc3QgdGVzdA==\n')
            keys.chmod(0o600)
            host.give(keys)
        text = CONF.format(
            root=self.root, port=self.port, level=self.level, loads=self.modules(),
            children=self.children, limit=self.children * 3, threads=self.threads,
            workers=self.children * self.threads, path=self.path, htdocs=htdocs, conf=conf,
            db=self.pg.conninfo('tocsin_web'), before=self.before, extra=self.extra)
        (self.root / 'httpd.conf').write_text(text)

    def env(self):
        env = dict(os.environ, LC_ALL='C.UTF-8')
        if self.asan:
            env.update(
                LD_PRELOAD=self.asan,
                ASAN_OPTIONS=f'detect_leaks=0:detect_odr_violation=0:log_path={self.root}/asan/httpd',
                UBSAN_OPTIONS=f'print_stacktrace=1:log_path={self.root}/asan/httpd')
        return env

    def test(self, text=None):
        """(exit code, what it said) of httpd -t, of this configuration or of another."""
        conf = self.root / 'httpd.conf'
        if text is not None:
            conf = self.root / 'test.conf'
            conf.write_text(text)
        done = subprocess.run(host.as_user(self.bin, '-f', str(conf), '-t'), env=self.env(),
                              capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def start(self):
        self.configure()
        with open(self.root / 'logs/httpd.out', 'a') as out:
            self.proc = subprocess.Popen(
                host.as_user(self.bin, '-f', str(self.root / 'httpd.conf'), '-DFOREGROUND'),
                env=self.env(), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True)
        host.wait(self.answers, 20, 'httpd to listen')

    def answers(self):
        if self.proc.poll() is not None:
            raise RuntimeError('httpd ended at start:\n' + host.tail(self.root / 'logs/httpd.out')
                               + host.tail(self.root / 'logs/error.log'))
        try:
            socket.create_connection(('127.0.0.1', self.port), 0.2).close()
            return True
        except OSError:
            return False

    def pid(self):
        return self.proc.pid

    def pids(self):
        return host.children(self.proc.pid)

    def graceful(self):
        """Returns when each child of before is gone."""
        before = self.pids()
        os.kill(self.proc.pid, signal.SIGUSR1)
        host.wait(lambda: not any(map(host.alive, before)), 30, 'old children to end')

    def restart(self):
        self.stop()
        self.start()

    def stop(self):
        if self.proc and self.proc.poll() is None:
            self.proc.terminate()
            try:
                self.proc.wait(20)
            except subprocess.TimeoutExpired:
                for pid in [*self.pids(), self.proc.pid]:
                    os.kill(pid, signal.SIGKILL)
                self.proc.wait()
                raise AssertionError('httpd did not end within 20 s of SIGTERM')
