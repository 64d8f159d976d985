"""postgres: a private cluster. Socket only, not durable, gone with the test."""
import os
import signal
import subprocess

import psycopg

from . import host

LOGINS = ('tocsin_owner', 'tocsin_web', 'tocsin_work', 'postgres')


class Postgres:
    def __init__(self, root, build, durable=False):
        self.durable = durable
        self.data, self.sock, self.log = root / 'pg', root / 'sock', root / 'logs/postgres.log'
        self.build = build
        self.bin = host.pg_bin()
        self.conn = None

    def conninfo(self, user, extra=''):
        return f'host={self.sock} dbname=tocsin user={user} {extra}'.strip()

    def create(self):
        self.sock.mkdir()
        self.data.mkdir(mode=0o700)
        host.give(self.sock)
        host.give(self.data)
        host.run(*host.as_user(str(self.bin / 'initdb'), '-D', str(self.data), '-U', 'postgres',
                               '-A', 'peer', '-E', 'UTF8', '--locale=C.UTF-8', '-N'))
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
        users = {host.run_user(), 'root'}
        (self.data / 'pg_hba.conf').write_text('local all all peer map=t\n')
        (self.data / 'pg_ident.conf').write_text(
            ''.join(f't {user} {login}\n' for user in users for login in LOGINS))
        self.start()
        self.psql('postgres', 'postgres', '-f', host.SRC / 'sql/roles.sql')
        self.psql('postgres', 'postgres', '-c', 'create database tocsin owner tocsin_owner')

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
