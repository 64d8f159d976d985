"""quickstart as somebody without rights runs it, packages being there: what it starts, what
it leaves alone, and what it says when something is in the way."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest
import requests

from stack import Site, host
from stack.agent import Unix

SRC = host.SRC
PASSWORD = 'a long enough password'


class Home:
    """A home of quickstart's under /tmp, with a port of its own."""

    def __init__(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix='tocsin.', dir='/tmp'))
        host.give(self.top)
        self.dir = self.top / 'home'
        self.port = host.free_port()

    def command(self, *words, home=None):
        return host.as_user(str(SRC / 'quickstart'), *words, '--home', str(home or self.dir), '--no-install')

    def env(self, **env):
        clean = {k: v for k, v in os.environ.items() if not k.startswith('TOCSIN_')}
        # built as quickly as can be: nobody measures these homes
        return {**clean, 'HOME': str(self.top), 'CFLAGS': '-O0', **env}

    def run(self, *words, home=None, timeout=300, **env):
        """(exit code, all that it said)"""
        done = subprocess.run(self.command(*words, home=home), env=self.env(**env), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout)
        return done.returncode, done.stdout

    def start(self, *urls, **env):
        code, said = self.run('start', '--port', str(self.port), *urls, **env)
        assert code == 0, said
        return said

    def pids(self):
        code, said = self.run('status')
        return code, dict(re.findall(r'^(\w+) runs, pid (\d+)$', said, re.M))

    def get(self, path):
        return requests.get(f'http://127.0.0.1:{self.port}{path}', timeout=5)

    def remove(self):
        if self.dir.exists():
            self.run('stop')
        shutil.rmtree(self.top, ignore_errors=True)


@pytest.fixture
def fresh():
    """A home where nothing is yet."""
    home = Home()
    yield home
    home.remove()


@pytest.fixture(scope='module')
def site():
    site = Site()
    yield site
    site.stop()


@pytest.fixture(scope='module')
def running(site):
    """A home that runs, with an administrator and a site that is watched."""
    home = Home()
    try:
        home.said = home.start(site.url, TOCSIN_ADMIN_EMAIL='ann@example.org', TOCSIN_ADMIN_PASSWORD=PASSWORD)
        yield home
    finally:
        home.remove()


def stub(fresh, name, script):
    """A program of that name ahead of the real one."""
    folder = fresh.top / 'bin'
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f'#!/bin/sh\n{script}\n')
    (folder / name).chmod(0o755)
    return {'PATH': f'{folder}:{os.environ["PATH"]}'}


def built(other, fresh):
    """A make that takes what the other home has built: for stories that are not about building."""
    return stub(fresh, 'make', f'''case "$*" in *DESTDIR=*) ;; *-j* | *release*) exit 0;; *) exec /usr/bin/make "$@";; esac
for word; do case $word in DESTDIR=*) to=${{word#DESTDIR=}}{fresh.dir};; esac; done
mkdir -p "$to/conf" && cp -R {other.dir}/opt "$to/opt"''')


def sign_in(home):
    client = requests.Session()
    answer = client.post(f'http://127.0.0.1:{home.port}/api/v1/session', timeout=10,
                         json={'email': 'ann@example.org', 'password': PASSWORD},
                         headers={'Origin': f'http://127.0.0.1:{home.port}'})
    assert answer.ok, answer.text
    return client


def test_says_where_and_how_to_stop(running):
    last = running.said.strip().splitlines()[-1]
    assert f'http://127.0.0.1:{running.port}/' in last
    for part in ('httpd', 'tocsind', 'PostgreSQL', f'stop --home {running.dir}'):
        assert part in last
    assert PASSWORD not in running.said


def test_watches_the_site_for_the_administrator(running, site):
    client = sign_in(running)

    def seen():
        items = client.get(f'http://127.0.0.1:{running.port}/api/v1/monitors', timeout=5).json()['items']
        return [m for m in items if m['url'] == site.url and m['status'] == 'up' and m['response_ms'] is not None]
    host.wait(seen, 15, 'the site to be seen up')


def test_a_local_prometheus_scrapes_without_a_token(running, site):
    answer = running.get('/metrics')
    assert answer.status_code == 200 and f'url="{site.url}' in answer.text


def test_pages_are_served(running):
    page = running.get('/')
    assert page.status_code == 200 and 'text/html' in page.headers['Content-Type']
    assert "default-src 'none'" in page.headers['Content-Security-Policy']


def test_nothing_listens_but_httpd(running):
    """The database has no port, and httpd is on loopback."""
    _, pids = running.pids()
    wanted = set(pids.values())
    for pid in list(wanted):
        wanted |= {str(child) for child in host.children(int(pid))}
    inodes = {os.readlink(fd) for pid in wanted for fd in pathlib.Path(f'/proc/{pid}/fd').glob('*')
              if os.access(fd, os.R_OK) and fd.is_symlink()}
    listening = [line.split() for name in ('tcp', 'tcp6') for line in
                 pathlib.Path(f'/proc/net/{name}').read_text().splitlines()[1:] if line.split()[3] == '0A']
    ours = {fields[1] for fields in listening if f'socket:[{fields[9]}]' in inodes}
    assert ours == {f'0100007F:{running.port:04X}'}


def test_agents_can_be_enrolled(running):
    """The keys of a fleet are there, for nobody else, and the gateway says their pin."""
    keys = running.dir / 'fleet'
    assert oct(keys.stat().st_mode & 0o777) == '0o700' and oct((keys / 'ca.key').stat().st_mode & 0o777) == '0o600'
    gateway = Unix(running.dir / 'run/fleet.sock')
    gateway.request('GET', '/authority')
    assert len(json.loads(gateway.getresponse().read())['pin']) == 43
    gateway.close()


def test_cluster_is_durable(running):
    conf = (running.dir / 'pg/postgresql.conf').read_text()
    assert not re.search(r'^\s*(fsync|synchronous_commit|full_page_writes)\s*=', conf, re.M)
    assert oct((running.dir / 'sock').stat().st_mode & 0o777) == '0o700'
    assert oct((running.dir / 'conf/keys').stat().st_mode & 0o777) == '0o600'


def test_password_is_in_no_environment(running):
    code, pids = running.pids()
    assert code == 0 and len(pids) == 3
    for pid in pids.values():
        assert PASSWORD.encode() not in pathlib.Path(f'/proc/{pid}/environ').read_bytes()


def test_second_start_is_quick_and_changes_nothing(running, site):
    before = running.pids()
    began = time.monotonic()
    said = running.start(site.url)
    assert time.monotonic() - began < 10
    assert running.pids() == before
    assert f'watches {site.url} already' in said


def test_two_starts_at_once_never_double(running):
    before = running.pids()
    both = [subprocess.Popen(running.command('start'), env=running.env(), stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(2)]
    assert [p.wait(60) for p in both] == [0, 0], [p.stderr.read() for p in both]
    assert running.pids() == before


def test_moves_to_another_port(running):
    port = host.free_port()
    code, said = running.run('start', '--port', str(port))
    assert code == 0, said
    with pytest.raises(requests.ConnectionError):
        running.get('/')
    running.port = port
    assert running.get('/').status_code == 200


def test_what_was_killed_is_started_again(running):
    _, before = running.pids()
    for part in ('httpd', 'tocsind'):
        os.kill(int(before[part]), signal.SIGKILL)
    host.wait(lambda: running.pids()[0] == 3, 10, 'status to tell')
    host.wait(lambda: not host.alive(int(before['httpd'])), 10)
    running.start()
    code, after = running.pids()
    assert code == 0
    assert after['database'] == before['database']
    assert after['httpd'] != before['httpd']


def test_stale_pid_files_are_seen_through(running):
    """Numbers of processes that are somebody else's by now."""
    code, said = running.run('stop')
    assert code == 0, said
    other = subprocess.Popen(host.as_user('sleep', '600'))
    try:
        for name in ('run/httpd.pid', 'run/tocsind.pid'):
            (running.dir / name).write_text(f'{other.pid}\n')
        (running.dir / 'pg/postmaster.pid').write_text(f'{other.pid}\n{running.dir}/pg\n')
        host.give(running.dir / 'pg/postmaster.pid')
        assert running.pids() == (3, {})
        (running.dir / 'pg/postmaster.pid').write_text(f'{other.pid}\n{running.dir}/pg\n')
        host.give(running.dir / 'pg/postmaster.pid')
        running.start()
        assert running.pids()[0] == 0
        assert other.poll() is None, 'it ends only its own'
    finally:
        other.kill()
        other.wait()


def test_stop_and_restart(running):
    code, said = running.run('restart')
    assert code == 0, said
    _, before = running.pids()
    code, said = running.run('stop')
    assert code == 0 and 'the data stays' in said
    assert not [pid for pid in before.values() if host.alive(int(pid))]
    code, said = running.run('stop')
    assert code == 0 and 'nothing' in said
    code, said = running.run('status')
    assert code == 3 and 'does not run' in said
    running.start()
    assert sign_in(running), 'accounts are kept'


def test_two_homes_side_by_side(running, fresh):
    """The second has nobody yet: it gives a code, and keeps the address for who uses it."""
    said = fresh.start('http://127.0.0.1:9/', **built(running, fresh))
    code = re.search(r'set-up code: (\S+)', said)[1]
    assert f'http://127.0.0.1:{fresh.port}/setup/#{code}' in said
    first, second = running.pids(), fresh.pids()
    assert first[0] == second[0] == 0
    assert not set(first[1].values()) & set(second[1].values())
    client = requests.Session()
    base = f'http://127.0.0.1:{fresh.port}'
    made = client.post(f'{base}/api/v1/setup', timeout=10, headers={'Origin': base},
                       json={'code': code, 'email': 'bob@example.org', 'password': PASSWORD})
    assert made.status_code in (200, 201), made.text
    if not client.cookies:
        client.post(f'{base}/api/v1/session', timeout=10, headers={'Origin': base},
                    json={'email': 'bob@example.org', 'password': PASSWORD})
    urls = [m['url'] for m in client.get(f'{base}/api/v1/monitors', timeout=5).json()['items']]
    assert urls == ['http://127.0.0.1:9/']
    assert 'set-up code' not in fresh.start(), 'there is an administrator now'


# ---- what is in the way

def nothing_is_left(home):
    """No folder, and no process that names it."""
    assert not home.dir.exists()
    for cmdline in pathlib.Path('/proc').glob('[0-9]*/cmdline'):
        try:
            assert str(home.dir) not in cmdline.read_bytes().decode(errors='replace'), cmdline
        except (FileNotFoundError, ProcessLookupError):
            pass


def refused(said, code, *words):
    assert code == 1, said
    assert 'To do:' in said
    for word in words:
        assert word in said


def test_a_demonstration_is_a_home_of_its_own(running, fresh):
    code, said = running.run('start', '--demo')
    refused(said, code, 'holds data of your own', '--home')
    code, said = fresh.run('start', '--demo', 'http://127.0.0.1:9/')
    refused(said, code, 'watches nothing', 'leave out')
    code, said = fresh.run('start', '--demo', '--port', str(fresh.port), **built(running, fresh))
    assert code == 0 and 'Look around at' in said and 'set-up code' not in said, said
    assert fresh.get('/api/v1/bootstrap').json()['demo'] is True
    assert len(fresh.get('/api/v1/monitors').json()['items']) >= 20 and len(fresh.get('/api/v1/hosts').json()['items']) == 4
    host.wait(lambda: fresh.get('/status/demo/').status_code == 200, 20)
    # it stays one, whether it is said again or not
    code, said = fresh.run('start')
    assert code == 0 and 'Look around at' in said
    assert requests.post(f'http://127.0.0.1:{fresh.port}/api/v1/monitors', json={}, timeout=5).json()['type'] == 'about:blank#demo'


def test_port_taken(fresh):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        code, said = fresh.run('start', '--port', str(taken.getsockname()[1]))
    refused(said, code, 'is taken by another program', '--port')
    nothing_is_left(fresh)


def test_long_path(fresh):
    code, said = fresh.run('start', home=f'{fresh.top}/{"x" * 90}')
    refused(said, code, 'too long', '--home')


def test_folder_of_somebody_else(fresh):
    fresh.dir.mkdir()
    (fresh.dir / 'letters').write_text('dear ann')
    host.give(fresh.dir)
    code, said = fresh.run('start')
    refused(said, code, 'was not made by quickstart', '--home')
    assert [f.name for f in fresh.dir.iterdir()] == ['letters']
    shutil.rmtree(fresh.dir)


@pytest.mark.parametrize('words, about', [
    (['start', 'ftp://example.org/'], 'ftp://example.org/'),
    (['start', "http://x/'; drop table"], 'has characters'),
    (['start', '--port', '70000'], '70000'),
    (['start', '--port', 'http'], 'http'),
    (['start', '--port'], '--port wants a value'),
    (['start', '--colour'], '--colour'),
    (['stop', 'now'], 'now'),
])
def test_wrong_words(fresh, words, about):
    done = subprocess.run(host.as_user(str(SRC / 'quickstart'), '--home', str(fresh.dir), *words[1:])
                          if words[0] == 'start' else fresh.command(*words), env=fresh.env(),
                          capture_output=True, text=True)
    refused(done.stderr, done.returncode, about)
    nothing_is_left(fresh)


# configure asks make for this and that; the build is what says -j
FAIL = '''case "$*" in *-j*) echo "%s" >&2; exit 1;; esac
exec /usr/bin/make "$@"'''


def test_disk_full(fresh):
    env = stub(fresh, 'df', 'echo Filesystem; echo "/dev/x 100 90 10 90% /"')
    code, said = fresh.run('start', **env)
    refused(said, code, 'too little room', 'free some space')
    nothing_is_left(fresh)


def test_disk_full_on_the_way(fresh):
    env = stub(fresh, 'make', FAIL % 'cc: error: No space left on device')
    code, said = fresh.run('start', '--port', str(fresh.port), **env)
    refused(said, code, 'the build failed', 'the disk is full')
    nothing_is_left(fresh)


def test_no_network(fresh):
    env = stub(fresh, 'make', FAIL % 'npm ERR! code EAI_AGAIN')
    code, said = fresh.run('start', '--port', str(fresh.port), **env)
    refused(said, code, 'the build failed', 'network')
    nothing_is_left(fresh)


def test_httpd_that_will_not_start(running, fresh):
    """Late in the start: what was started is ended again."""
    env = built(running, fresh)
    stub(fresh, 'apxs', 'case "$*" in "-q PROGNAME") echo no-such-httpd;; *) exec /usr/bin/apxs "$@";; esac')
    code, said = fresh.run('start', '--port', str(fresh.port), **env)
    assert code == 1, said
    assert 'no-such-httpd' in said and 'was taken away again' in said
    nothing_is_left(fresh)


@pytest.mark.parametrize('missing', ['packages'])
def test_packages_and_no_sudo(fresh, missing):
    query = stub(fresh, 'dpkg-query', 'exit 1')
    command = [w for w in fresh.command('start') if w != '--no-install']
    done = subprocess.run(command, env=fresh.env(**query, ), capture_output=True, text=True)
    if shutil.which('sudo'):
        stub(fresh, 'sudo', 'exit 1')
        done = subprocess.run(command, env=fresh.env(**query), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    refused(done.stderr, done.returncode, 'packages are missing', 'apt-get install')
    code, said = fresh.run('start', **query)
    refused(said, code, 'these packages are missing')
    nothing_is_left(fresh)


def test_interrupted_start_leaves_nothing(fresh):
    """Ctrl-C in the middle of the build."""
    started = subprocess.Popen(fresh.command('start', '--port', str(fresh.port)), env=fresh.env(),
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True,  # what a shell starts in the background ignores Ctrl-C
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    host.wait(lambda: (fresh.dir / 'logs/build.log').exists(), 60, 'the build to begin')
    os.killpg(started.pid, signal.SIGINT)
    assert started.wait(60) != 0
    host.wait(lambda: not fresh.dir.exists(), 10, 'the home to be gone')
    nothing_is_left(fresh)
