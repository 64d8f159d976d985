"""agent: a stack with a fleet and the double of an agent, for browser stories.

    python3 -B agent.py --build DIR [--path /ops/tocsin]

Prints one line of JSON when all is up. Each line of standard input is a command, answered with
a line: {"log": "text", "level": 3}, {"app": "web", "set": {…}}, {"silent": true},
{"deploy": "succeeded"}, {"env": true}, {"enrol": "tce_…"}. It ends with standard input.
"""
import argparse
import hashlib
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from stack import Stack  # noqa: E402
from stack.stack import PASSWORD  # noqa: E402

MASK = '••••••••'


class Env:
    """An env file as an agent answers for it, with one secret."""

    def __init__(self, agent, app):
        self.text, self.secret = f'# settings\nPORT=8080\nAPI_KEY={MASK}\n', 'k-1'
        at = f'/v1/apps/{app}/env'
        agent.env['main'] = self.text
        agent.on.update({('GET', f'{at}/main'): self.read, ('PUT', f'{at}/main'): self.write,
                         ('GET', f'{at}/main/backups'): lambda call: (200, [])})

    @property
    def etag(self):
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def read(self, call):
        shown = 'API_KEY' in call.query.get('reveal', '')
        entries = [{'key': key, 'value': self.secret if value == MASK and shown else None if value == MASK else value,
                    'masked': value == MASK, 'line': n, 'export': False, 'quote': ''}
                   for n, line in enumerate(self.text.splitlines(), 1) if '=' in line for key, value in [line.split('=', 1)]]
        return 200, {'etag': self.etag, 'lines': 3, 'text': self.text, 'entries': entries, 'problems': []}

    def write(self, call):
        if call.headers.get('If-Match', '').strip('"') != self.etag:
            return 412, {'error': 'the file was changed meanwhile'}
        body, had = call.json, self.text.splitlines()
        has = body['text'].splitlines()
        wrong = next((n for n, line in enumerate(has, 1) if line and not line.startswith('#') and '=' not in line), None)
        if wrong:
            return 422, {'error': 'there is no =', 'line': wrong}
        names = {line.split('=')[0]: line for line in has if '=' in line}
        old = {line.split('=')[0]: line for line in had if '=' in line}
        keys = {'added': [k for k in names if k not in old], 'removed': [k for k in old if k not in names],
                'changed': [k for k in names if k in old and old[k] != names[k]]}
        diff = [{'op': 'del', 'line': n, 'text': line} for n, line in enumerate(had, 1) if line not in has] + \
               [{'op': 'add', 'line': n, 'text': line} for n, line in enumerate(has, 1) if line not in had]
        if not body.get('dry_run'):
            self.text = body['text']
        return 200, {'etag': self.etag, 'backup': 'main.1', 'diff': diff, 'keys': keys}


def obey(stack, agent, asked):
    if 'log' in asked:
        for i in range(asked.get('times', 1)):
            agent.log(asked['log'].replace('%d', str(i)), level=asked.get('level', 6))
    if 'app' in asked:
        agent.app(asked['app']).update(asked['set'])
    if 'silent' in asked:
        agent.stop() if asked['silent'] else agent.start()
    if 'deploy' in asked:
        agent.deploy_end(None, asked['deploy'], to='bb77aa66', subjects=['Faster search'])
    if 'enrol' in asked:
        token, secret = asked['enrol'].removeprefix('tce_').split('.')[:2]
        return {'host': stack.agent(asked.get('name', 'vm-2'), apps=[], token=(token, secret)).id}
    return {'calls': [[method, path] for method, path, _ in agent.calls]}


def main():
    words = argparse.ArgumentParser(prog='agent')
    words.add_argument('--build')
    words.add_argument('--path', default='')
    asked = words.parse_args()
    stack = Stack(asked.build, path=asked.path, fleet=True)
    try:
        agent = stack.agent('vm-1', apps=['web', {'id': 'worker', 'type': 'docker', 'deploy': False, 'env': []}])
        Env(agent, 'web')
        refs = [{'name': 'main', 'sha': 'bb77aa66', 'at': 1763712000, 'subject': 'Faster search'}]
        agent.on['GET', '/v1/apps/web/refs'] = lambda call: (200, {'head': 'c0ffee', 'branch': 'main', 'ahead': 1, 'allowed': 'main', 'refs': refs})
        print(json.dumps({'url': stack.url, 'email': stack.admin.email, 'password': PASSWORD, 'host': agent.id,
                          'web': agent.app_id('web'), 'worker': agent.app_id('worker')}), flush=True)
        for line in sys.stdin:
            print(json.dumps(obey(stack, agent, json.loads(line))), flush=True)
    finally:
        stack.stop()


main()
