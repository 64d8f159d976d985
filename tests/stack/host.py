"""host: where the programs are, who runs them, free ports, waiting, ending."""
import functools
import os
import pathlib
import pwd
import re
import signal
import socket
import subprocess
import time

SRC = pathlib.Path(__file__).resolve().parents[2]


def run_user():
    """PostgreSQL and httpd refuse root, or should: then somebody else runs them."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name
    return os.environ.get('TOCSIN_TEST_USER', 'www-data')


def as_user(*command):
    """The command line that runs `command` as the run user, with the same pid."""
    if os.getuid() != 0:
        return list(command)
    who = pwd.getpwnam(run_user())
    return ['setpriv', f'--reuid={who.pw_uid}', f'--regid={who.pw_gid}', '--init-groups',
            '--inh-caps=-all', *command]


def give(path):
    """Hand a file or folder to the run user."""
    if os.getuid() == 0:
        who = pwd.getpwnam(run_user())
        os.chown(path, who.pw_uid, who.pw_gid)


@functools.lru_cache(maxsize=None)
def make_vars(build):
    """What configure found out, from the Makefile it wrote."""
    text = (pathlib.Path(build) / 'Makefile').read_text()
    return dict(re.findall(r'^(\w+) = (.*)$', text, re.M))


def pg_bin():
    found = sorted(pathlib.Path('/usr/lib/postgresql').glob('*/bin/initdb'),
                   key=lambda p: int(p.parts[-3]))
    if not found:
        raise RuntimeError('no PostgreSQL server under /usr/lib/postgresql: install postgresql')
    return found[-1].parent


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def wait(fn, timeout=10, what=None, every=0.02):
    """Ask fn until its answer is true, and return the answer."""
    end = time.monotonic() + timeout
    while True:
        answer = fn()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f'not within {timeout} s: {what or fn} (last answer: {answer!r})')
        time.sleep(every)


def alive(pid):
    """True while the process runs; a zombie does not."""
    try:
        return pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(pid):
    """The pids whose parent is pid."""
    found = []
    for stat in pathlib.Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = stat.read_text().rpartition(')')[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid and fields[0] != 'Z':
            found.append(int(stat.parent.name))
    return found


def end(pid, how=signal.SIGTERM, timeout=15):
    """Signal a process and see it gone; one that stays is killed, and that is an error."""
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return
    try:
        wait(lambda: not alive(pid), timeout, f'end of process {pid}')
    except AssertionError:
        os.kill(pid, signal.SIGKILL)
        raise


def run(*command, **kw):
    """Run to the end; what it said is in the error when it failed."""
    done = subprocess.run(command, capture_output=True, text=True, **kw)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {done.returncode}\n"
                           f'{done.stdout}{done.stderr}')
    return done.stdout


def tail(path, lines=60):
    try:
        return '\n'.join(path.read_text(errors='replace').splitlines()[-lines:])
    except FileNotFoundError:
        return ''
