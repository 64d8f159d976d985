"""stack: all parts together."""
import os
import pathlib
import shutil
import tempfile

from . import host
from .agent import Agent
from .client import NUMBERS, Client, Events
from .daemon import Tocsind
from .doubles import Hook, Site, Smtp
from .httpd import Httpd
from .postgres import Postgres
from .real_agent import RealAgent

PASSWORD = 'correct horse battery'
# sha512crypt of PASSWORD at 1000 rounds: cheap to check, for tests only
HASH = ('$6$rounds=1000$tocsintest$'
        'JtkG6CxVdEHqQoBWRQ.vGLZdLLWklGaNm9A/o1Hlu2UBiqxKuDHPd72xKbdP8SdGomTE0P5B0rVKy7IVBbjav.')


class Stack:
    """
    build: the build tree. before, extra: lines of httpd configuration ahead of and after
    ours. path: the sub-path. tocsind: start it (default: when it is built).
    settings: more lines for tocsind.conf. fleet: an authority is made and the roles of the fleet
    run, so that agent() can enrol. durable: what PostgreSQL has said is done survives
    its being killed.
    """

    wait = staticmethod(host.wait)

    def __init__(self, build=None, before='', extra='', path='', tocsind=None, settings=None,
                 start=True, children=2, durable=False, fleet=False):
        self.build = pathlib.Path(build or os.environ.get('TOCSIN_BUILD', host.SRC / 'build')).resolve()
        if not (self.build / 'Makefile').exists():
            raise RuntimeError(f'{self.build} is no build tree: configure and make there first')
        self.root = pathlib.Path(tempfile.mkdtemp(prefix='tocsin.', dir='/tmp'))
        self.root.chmod(0o755)
        host.give(self.root)
        for name in ('run', 'logs', 'asan', 'status', 'status-data'):
            (self.root / name).mkdir()
            host.give(self.root / name)
        self.doubles = []
        self.pg = Postgres(self.root, self.build, durable)
        self.httpd = Httpd(self.root, self.build, self.pg)
        self.httpd.before, self.httpd.extra, self.httpd.path = before, extra, path
        self.httpd.children = children
        self.tocsind = Tocsind(self.root, self.build, self.pg)
        self.tocsind.settings.update(settings or {})
        self.with_tocsind = self.tocsind.built if tocsind is None else tocsind
        self.with_fleet = fleet
        self.clients = {}
        self.smtp = None
        if start:
            try:
                self.start()
            except BaseException:
                print(self.logs())
                self.stop(check=False)
                raise

    # ---- starting and ending

    def start(self):
        self.smtp = Smtp()
        self.tocsind.settings['smtp_url'] = self.smtp.url
        self.tocsind.settings.setdefault('public_url', self.url)
        if self.with_fleet:
            self.fleet_make()
        self.pg.create()
        self.httpd.start()
        if self.with_tocsind:
            self.tocsind.start()

    def fleet_make(self):
        """Keys of a fleet, whose hosts are asked each second."""
        host.run(*host.as_user(str(self.build / 'cli/tocsin'), 'fleet', 'init', '--dir', str(self.fleet_dir)))
        self.tocsind.settings.update(fleet_dir=str(self.fleet_dir), fleet_poll='1s', fleet_allow='127.0.0.0/8')

    def stop(self, check=True):
        """End all that was started. Fails when a sanitizer had something to say."""
        trouble = []
        ends = [self.tocsind.stop, self.httpd.stop, self.pg.remove, *(double.stop for double in self.doubles)]
        if self.smtp:
            ends.append(self.smtp.stop)
        for end in ends:
            try:
                end()
            except Exception as e:  # the rest is to be ended all the same
                trouble.append(repr(e))
        trouble += self.reports()
        if trouble and check:
            trouble.append(self.logs())
        shutil.rmtree(self.root, ignore_errors=True)
        if trouble and check:
            raise AssertionError('\n'.join(trouble))

    def reports(self):
        """What AddressSanitizer and UBSan wrote, one text a process."""
        return [f'{f.name}:\n{f.read_text(errors="replace")[:8000]}'
                for f in sorted((self.root / 'asan').glob('*'))]

    def logs(self):
        return '\n'.join(f'---- {log.name}\n{host.tail(log)}' for log in sorted((self.root / 'logs').glob('*'))
                         if log.name != 'access.log')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # ---- what tests ask for

    @property
    def url(self):
        return self.httpd.url

    @property
    def web_sql(self):
        return self.pg.conninfo('tocsin_web')

    @property
    def work_sql(self):
        return self.pg.conninfo('tocsin_work')

    @property
    def owner_sql(self):
        return self.pg.conninfo('tocsin_owner')

    @property
    def status_dir(self):
        """Where the publisher writes, a folder a page."""
        return self.root / 'status'

    @property
    def status_data_dir(self):
        """For tests that set tocsind's status_data_dir to it."""
        return self.root / 'status-data'

    @property
    def fleet_dir(self):
        return self.root / 'fleet'

    @property
    def fleet_socket(self):
        """Where httpd reaches the gateway."""
        return self.root / 'run/fleet.sock'

    def status_url(self, slug, file=''):
        """Where the public reads a page, or a file of it."""
        return f'{self.url}/status/{slug}/{file}'

    def db(self, sql, *args):
        """Rows of a statement run as the owner of the tables."""
        return self.pg.query(sql, *args)

    def anyone(self):
        """A client that is not signed in."""
        return Client(self.url)

    def user(self, role='member', email=None, name=''):
        """A new account, signed in: .id .email .password .role"""
        email = email or f'{role}{next(NUMBERS)}@example.org'
        client = Client(self.url)
        client.id = self.db('insert into tocsin.account (email, name, password, role) '
                            'values (%s, %s, %s, %s) returning id', email, name, HASH, role)[0][0]
        client.role = role
        client.sign_in(email, PASSWORD)
        return client

    @property
    def admin(self):
        if 'admin' not in self.clients:
            self.clients['admin'] = self.user('admin', 'admin@example.org', 'Admin')
        return self.clients['admin']

    def api(self, method, path, as_=None, **kw):
        return (as_ or self.admin).api(method, path, **kw)

    def site(self, **kw):
        self.doubles.append(Site(**kw))
        return self.doubles[-1]

    def agent(self, name='vm-1', apps=(), **kw):
        """The double of an agent, enrolled: see agent.py."""
        self.doubles.append(Agent(self, name, apps, **kw))
        return self.doubles[-1]

    def real_agent(self, name='vm-1', apps='', conf=''):
        """tocsin-agent itself, enrolled, with the sections `apps`: see real_agent.py."""
        self.doubles.append(RealAgent(self, name, apps, conf))
        return self.doubles[-1]

    def hook(self, **kw):
        self.doubles.append(Hook(**kw))
        return self.doubles[-1]

    def events(self, client=None, last=None):
        return Events(client or self.admin, last=last)
