"""apps: what runs on a machine. A web application out of a real git repository, an application
that only runs, and a container; and what the agent's list says of each."""
import os
import socket
import subprocess

from stack import host

from .rig import HOST

GIT = {'GIT_AUTHOR_NAME': 'Ann', 'GIT_AUTHOR_EMAIL': 'ann@example.org', 'GIT_COMMITTER_NAME': 'Ann',
       'GIT_COMMITTER_EMAIL': 'ann@example.org', 'GIT_CONFIG_GLOBAL': '/dev/null', 'GIT_CONFIG_SYSTEM': '/dev/null'}

# VERSION says which commit this is; one of them cannot be built, another cannot start
BUILD = '''#!/bin/sh
echo "building $(cat VERSION)"
[ "$(cat VERSION)" != unbuildable ] || { echo 'shop.c:1: it is not C' >&2; exit 3; }
cp VERSION built
'''
RUN = '''#!/bin/sh
echo "shop $(cat built) says $GREETING"
[ "$(cat built)" != broken ] || { echo 'shop: no such shop' >&2; exit 1; }
cat built >/run/shop/version
printf '%s\\n' "$GREETING" >/run/shop/index.html
exec busybox httpd -f -vv -p 127.0.0.1:8080 -h /run/shop
'''
ENV = '''# what the shop says
GREETING="good morning"
export SHOP_SECRET=hunter2   # never shown

LIMIT=10
'''
SHOP_UNIT = '''[Unit]
Description=A shop
[Service]
User=shop
WorkingDirectory=/srv/shop
EnvironmentFile=/srv/shop/.env
RuntimeDirectory=shop
ExecStart=/srv/shop/run
'''
SHOP = '''
[app shop]
{runs}
name = Shop
dir = /srv/shop
env main = /srv/shop/.env
health = http://127.0.0.1:8080/version
ports = 8080
deploy = yes
deploy_user = shop
deploy_repo = {repository}
deploy_refs = main v*
deploy_step = build: /srv/shop/build
deploy_health = 5s
'''
PLAIN_UNIT = '''[Unit]
Description=It runs
[Service]
ExecStart=/bin/sh -c 'echo it runs; exec sleep infinity'
'''
PLAIN = '''
[app {name}]
unit = {name}.service
'''


class Repository:
    """A bare git repository that machines reach over the bridge, and a place to commit in."""

    def __init__(self, folder):
        self.bare, self.work = folder / 'git/shop.git', folder / 'work'
        self.bare.parent.mkdir(parents=True)
        self.git('init', '-q', '--bare', '-b', 'main', self.bare, cwd='/')
        self.git('clone', '-q', self.bare, self.work, cwd='/')
        self.git('checkout', '-q', '-b', 'main')
        for name, text in (('build', BUILD), ('run', RUN), ('.gitignore', 'built\n.env\n')):
            (self.work / name).write_text(text)
            (self.work / name).chmod(0o755)
        with socket.create_server((HOST, 0)) as taken:
            self.port = taken.getsockname()[1]
        self.daemon = subprocess.Popen(
            ['git', 'daemon', '--reuseaddr', f'--listen={HOST}', f'--port={self.port}', '--export-all', f'--base-path={self.bare.parent}',
             '--log-destination=none'], env={**os.environ, **GIT}, stdin=subprocess.DEVNULL)
        self.url = f'git://{HOST}:{self.port}/shop.git'
        self.first = self.commit('1.0', 'The shop opens')
        host.wait(lambda: subprocess.run(['git', 'ls-remote', self.url], capture_output=True).returncode == 0, 10, 'git daemon')

    def git(self, *words, cwd=None):
        return host.run('git', *map(str, words), cwd=cwd or self.work, env={**os.environ, **GIT}).strip()

    def commit(self, version, subject, branch='main'):
        """A commit that is pushed; its hash."""
        (self.work / 'VERSION').write_text(f'{version}\n')
        self.git('add', '-A')
        self.git('commit', '-q', '-m', subject)
        self.git('push', '-q', 'origin', f'HEAD:{branch}')
        return self.git('rev-parse', 'HEAD')

    def stop(self):
        self.daemon.terminate()
        self.daemon.wait()


def put_shop(machine, repository, container=False):
    """What the agent's list says of it. As a container it has no image of its own: it runs what is checked out."""
    machine.sh(f'''useradd --system --user-group --home-dir /srv/shop --shell /usr/sbin/nologin shop
        install -d -o shop -g shop /srv/shop
        runuser -u shop -- git clone -q {repository.url} /srv/shop
        cd /srv/shop && runuser -u shop -- ./build''')
    machine.write('/srv/shop/.env', ENV, '600', 'shop:shop')
    if container:
        put_container(machine, 'shop', 'set -a; . ./.env; set +a; exec ./run', '-v', '/srv/shop:/srv/shop', '-w', '/srv/shop', '--tmpfs', '/run/shop')
    else:
        put_unit(machine, 'shop', SHOP_UNIT)
    return SHOP.format(repository=repository.url, runs='container = shop' if container else 'unit = shop.service')


def said_by_shop(machine, path='index.html'):
    return machine.run('curl', '-fsS', '--retry', '5', '--retry-connrefused', '--retry-delay', '1', f'http://127.0.0.1:8080/{path}').strip()


def put_plain(machine, name='plain', unit=PLAIN_UNIT):
    put_unit(machine, name, unit)
    return PLAIN.format(name=name)


def put_unit(machine, name, text):
    machine.write(f'/etc/systemd/system/{name}.service', text)
    machine.sh(f'systemctl daemon-reload; systemctl start {name}.service')


def put_container(machine, name='box', command='echo the box is open; exec sleep infinity', *more):
    """A container that Docker runs; it must be there already."""
    machine.run('docker', 'run', '-d', '--name', name, '--network', 'host', '--stop-signal', 'KILL', *more, 'busybox:1', 'sh', '-c', command)
    return f'\n[app {name}]\ncontainer = {name}\n'
