"""postgres: a private cluster. Socket only, not durable, gone with the test.

Each is a copy of one that a run makes once, for initdb and the SQL take two seconds of a processor. A
cluster is a thousand files, and ext4 looks long for the inodes of new ones beside many just deleted:
where there is room, those that need not last are kept in memory.
"""
import atexit
import functools
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import psycopg

from . import host

LOGINS = ('tocsin_owner', 'tocsin_web', 'tocsin_work', 'postgres')


ROOM = 2 << 30


@functools.cache
def memory():
    """The folder of this run's clusters in memory; None without the room for it."""
    top = pathlib.Path('/dev/shm')
    if not os.access(top, os.W_OK) or shutil.disk_usage(top).free < ROOM:
        return None
    for left in top.glob('tocsin-pg.*'):  # of a run that was killed
        if not host.alive(left.name.split('.')[1]):
            shutil.rmtree(left, ignore_errors=True)
    home = pathlib.Path(tempfile.mkdtemp(prefix=f'tocsin-pg.{os.getpid()}.', dir=top))
    home.chmod(0o755)
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return home


@functools.cache
def pattern(build):
    """A cluster that is migrated and at rest."""
    root = pathlib.Path(tempfile.mkdtemp(prefix='pattern.', dir=memory() or '/tmp'))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    root.chmod(0o755)
    (root / 'logs').mkdir()
    host.give(root / 'logs')
    pg = Postgres(root, build)
    pg.data.mkdir(mode=0o700)
    host.give(pg.data)
    host.run(*host.as_user(str(pg.bin / 'initdb'), '-D', str(pg.data), '-U', 'postgres',
                           '-A', 'peer', '-E', 'UTF8', '--locale=C.UTF-8', '-N'))
    users = {host.run_user(), 'root'}
    (pg.data / 'pg_hba.conf').write_text('local all all peer map=t\n')
    (pg.data / 'pg_ident.conf').write_text(
        ''.join(f't {user} {login}\n' for user in users for login in LOGINS))
    pg.settle()
    pg.start()
    pg.psql('postgres', 'postgres', '-f', host.SRC / 'sql/roles.sql')
    pg.psql('postgres', 'postgres', '-c', 'create database tocsin owner tocsin_owner')
    pg.migrate()
    pg.stop()
    return pg.data


class Postgres:
    """durable: what it has said is done survives its being killed."""

    def __init__(self, root, build, durable=False):
        self.durable = durable
        self.data, self.sock, self.log = root / 'pg', root / 'sock', root / 'logs/postgres.log'
        self.build = build
        self.bin = host.pg_bin()
        self.conn = None

    def conninfo(self, user, extra=''):
        return f'host={self.sock} dbname=tocsin user={user} {extra}'.strip()

    def create(self):
        """A cluster that is migrated, and runs."""
        made = pattern(self.build)
        if memory() and not self.durable:
            to = pathlib.Path(tempfile.mkdtemp(dir=memory()))
            to.chmod(0o755)
            self.data.symlink_to(to / 'pg')
        host.run('cp', '-a', str(made), str(self.data.resolve()))
        self.settle()
        self.start()

    def settle(self):
        self.sock.mkdir()
        host.give(self.sock)
        with open(self.data / 'postgresql.conf', 'a') as conf:
            conf.write(f"""
listen_addresses = ''
unix_socket_directories = '{self.sock}'
max_connections = 200
shared_buffers = 64MB
fsync = {'on' if self.durable else 'off'}
synchronous_commit = {'on' if self.durable else 'off'}
full_page_writes = {'on' if self.durable else 'off'}
timezone = 'Europe/Lisbon'        # not UTC: a query that leans on the setting shows
log_line_prefix = '%m [%p] %u '
log_checkpoints = off
""")

    def remove(self):
        """It is stopped, and its files go."""
        if self.conn:
            self.conn.close()
        if (self.data / 'postmaster.pid').exists():
            self.stop('immediate')
        if self.data.is_symlink():
            shutil.rmtree(self.data.resolve().parent, ignore_errors=True)

    def start(self):
        self.ctl('start')

    def ctl(self, *words):
        # its output goes to a file: the server keeps it open
        with open(os.devnull) as null:
            subprocess.run(host.as_user(str(self.bin / 'pg_ctl'), '-D', str(self.data), '-w', '-s',
                                        '-l', str(self.log), *words), check=True, stdin=null)

    def stop(self, mode='fast'):
        self.ctl('-m', mode, 'stop')

    def restart(self, mode='fast'):
        self.stop(mode)
        self.start()

    def pid(self):
        return int((self.data / 'postmaster.pid').read_text().split()[0])

    def kill(self):
        """As if the machine had lost it: the server process and all its children."""
        host.end(self.pid(), signal.SIGQUIT)

    def psql(self, user, database, *args):
        return host.run('psql', '-X', '-q', '-At', '-v', 'ON_ERROR_STOP=1', '-h', self.sock, '-U', user,
                        '-d', database, *args)

    def migrate(self):
        tool = self.build / 'cli/tocsin'
        if tool.exists():
            host.run(*host.as_user(str(tool), 'migrate', '--database', self.conninfo('tocsin_owner'),
                                   '--sql', str(host.SRC / 'sql')))
            return
        sql = host.SRC / 'sql'
        files = [f for part in ('schema', 'shared', 'api', 'work')
                 for f in sorted((sql / part).glob('*.sql'))]
        if (sql / 'grants.sql').exists():
            files.append(sql / 'grants.sql')
        # functions may name others that come later
        args = ['-c', 'set check_function_bodies = off']
        for f in files:
            args += ['-f', f]
        self.psql('tocsin_owner', 'tocsin', '-1', *args)

    def query(self, sql, *args):
        """Rows of a statement, run as the owner; the connection is made anew when it was lost."""
        for again in (True, False):
            if not self.conn or self.conn.closed:
                self.conn = psycopg.connect(self.conninfo('tocsin_owner'), autocommit=True)
            try:
                done = self.conn.execute(sql, args or None)
                return done.fetchall() if done.description else []
            except psycopg.OperationalError:
                self.conn.close()
                if not again:
                    raise
