"""fleet: a Tocsin on the bridge, and machines that its installer made into hosts."""
import json
import re
import shutil

from stack import Stack, host

from .rig import HOST, NET

LONG = 30


class Fleet(Stack):
    """A Stack that machines reach; its agents' release is what `make release` makes. `.hooked` is a
    webhook that is told all."""

    def __init__(self, build, release, **kw):
        super().__init__(build, start=False, fleet=True, **kw)
        self.hooked = self.hook()
        shutil.copytree(release.folder, self.root / 'agent')
        self.httpd.before = f'Listen {HOST}:{self.httpd.port}\nDefine TOCSIN_AGENT "{self.root}/agent"'
        self.start()
        answer = self.api('POST', '/channels', json={'type': 'webhook', 'name': 'told', 'is_default': True,
                                                     'config': {'url': self.hooked.url}})
        assert answer.status_code == 201, answer.text

    @property
    def url(self):
        return f'http://{HOST}:{self.httpd.port}'

    def fleet_make(self):
        super().fleet_make()
        self.tocsind.settings.update(fleet_allow=f'{NET}.0/24', public_url=self.url)

    @staticmethod
    def wait(fn, timeout=10, what=None):
        """As of any Stack, and seldom enough to leave the machines some of this one's time."""
        return host.wait(fn, timeout, what, every=0.1)

    # ---- hosts

    def enrolment(self, **kw):
        answer = self.api('POST', '/hosts/enrolments', json=kw)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def enrol(self, machine, *more, **kw):
        """The line that the page shows, run on the machine as it is. What it said; see host()."""
        line = self.enrolment(name=machine.name, **kw)['command']
        return machine.run('sh', '-c', ' '.join([line, *more]))

    def allow(self, machine, *apps):
        """Root of the machine writes its list."""
        conf = '/etc/tocsin/agent.conf'
        machine.sh(f'cat >>{conf}; systemctl restart tocsin-agent', input='\n'.join(apps))

    def host(self, name):
        """The host of that name, the newest one; or None."""
        return max((h for h in self.api('GET', '/hosts').json()['items'] if h['name'] == name), key=lambda h: h['id'], default=None)

    def join(self, machine, *apps, more=(), **kw):
        """From nothing to a host whose apps are known."""
        self.enrol(machine, *more, **kw)
        # machines of a rig share the load of whatever else this one does
        self.wait(lambda: self.host(machine.name), LONG)
        self.set('hosts', self.host(machine.name)['id'], thresholds={'load': 1000, 'memory': 100, 'disk': 100, 'inodes': 100})
        if apps:
            self.allow(machine, *apps)
        wanted = set(re.findall(r'^\[app (\S+)\]', '\n'.join(apps), re.M))
        return self.wait(lambda: (h := self.host(machine.name)) and h['status'] == 'up'
                         and {a['key'] for a in h['apps'] if not a['gone']} >= wanted and h, LONG, f'host {machine.name} with its apps')

    # ---- apps

    def app_id(self, machine, name):
        return next(a['id'] for a in self.host(machine.name)['apps'] if a['key'] == name)

    def set(self, kind, number, **change):
        """PATCH of hosts or apps, as they are now."""
        had = self.api('GET', f'/{kind}/{number}')
        answer = self.api('PATCH', f'/{kind}/{number}', json=change, headers={'If-Match': had.headers['ETag']})
        assert answer.ok, answer.text
        return answer.json()

    def app(self, number):
        return self.api('GET', f'/apps/{number}').json()

    def until(self, number, status, timeout=LONG):
        """The app when it has that status."""
        return self.wait(lambda: (a := self.app(number))['status'] == status and a, timeout, f'app {number} to be {status}')

    def act(self, number, verb, **kw):
        """start, stop, restart: the action when it is over."""
        answer = self.api('POST', f'/apps/{number}/{verb}', **kw)
        assert answer.status_code == 202, answer.text
        action = answer.json()['id']
        return self.wait(lambda: (a := self.api('GET', f'/apps/{number}/actions/{action}').json())['state']
                         not in ('asked', 'running') and a, LONG, f'{verb} of app {number}')

    def settled(self, number):
        """It is up, and whatever was to be said of what happened to it is said."""
        owed = "select from tocsin.outbox where monitor = %s and state = 'pending'"
        self.until(number, 'up')
        self.wait(lambda: not any(is_open for _, is_open in self.incidents(number)) and not self.db(owed, number), LONG, f'app {number} to be settled')

    def told(self, number):
        """The kinds of the messages about a host or an app, in their order; each once."""
        sent = {}
        for request in self.hooked.requests:
            body = json.loads(request['body'])
            if body['data'].get('monitor', {}).get('id') == number:
                sent.setdefault({k.lower(): v for k, v in request['headers'].items()}['webhook-id'], body['type'].split('.')[-1])
        return list(sent.values())

    def deploy(self, number, ref='main', **kw):
        """A deploy when it is over."""
        answer = self.api('POST', f'/apps/{number}/deploys', json={'ref': ref, **kw})
        assert answer.status_code == 202, answer.text
        at = f"/apps/{number}/deploys/{answer.json()['id']}"
        return self.wait(lambda: (d := self.api('GET', at).json())['state'] not in ('asked', 'running') and d, 60, f'deploy of {ref}')

    def incidents(self, number):
        """Of that host or app, the oldest first: (id, is it open)."""
        return self.db('select id, resolved_at is null from tocsin.incident where monitor = %s order by id', number)
