"""A day in the browser: day.test.mjs has the story, here are the machines that it happens on. The
browser's side runs as the run user; what it wants done on a machine it asks for here."""
import http.server
import json
import os
import subprocess
import threading

import pytest

from rig.apps import put_container, put_plain, put_shop
from stack import host
from stack.stack import PASSWORD


class Door(http.server.ThreadingHTTPServer):
    """POST /sh/MACHINE: a script, run there as root. POST /allow/MACHINE: its list of apps. POST /commit:
    {version, subject}, pushed to the shop's repository. GET /told: what the webhook had."""
    daemon_threads = True

    def __init__(self, machines, lists, repository, fleet):
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                _, verb, *where = self.path.split('/')
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0)).decode()
                if verb == 'commit':
                    said = repository.commit(**json.loads(body))
                elif verb == 'allow':
                    said = fleet.allow(machines[where[0]], lists[where[0]])
                else:
                    code, said = machines[where[0]].tried('sh', '-euc', body)
                    self.send_response(200 if code == 0 else 500)
                    self.end_headers()
                    self.wfile.write(said.encode())
                    return
                self.send_response(200)
                self.end_headers()
                self.wfile.write(str(said).encode())

            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps([json.loads(r['body']) for r in fleet.hooked.requests]).encode())

            def log_message(self, *_):
                pass
        super().__init__(('127.0.0.1', 0), Answer)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def door(rig, fleet, repository):
    names = ('web-1', 'web-2', 'web-3')
    machines = dict(zip(names, rig.boot(*names)))
    machines['box-1'] = rig.machine('box-1', accounts=True)
    machines['box-1'].docker_start()
    lists = {name: put_plain(machines[name]) for name in names}
    lists['web-1'] += put_shop(machines['web-1'], repository)
    lists['box-1'] = put_container(machines['box-1'], 'box', 'echo the box is open; exec sleep infinity')
    made = Door(machines, lists, repository, fleet)
    yield made
    made.shutdown()
    made.server_close()
    for machine in machines.values():
        machine.crash()


def test_a_day_in_the_browser(fleet, door, tmp_path):
    who = fleet.user('admin', 'ann@example.org', 'Ann')
    hook = fleet.hooked.url
    assert who.api('POST', '/channels', json={'type': 'webhook', 'name': 'told', 'is_default': True, 'config': {'url': hook}}).status_code == 201
    chromium = os.environ.get('CHROMIUM') or host.run(str(host.SRC / 'tests/browser/find')).strip()
    env = {**os.environ, 'CHROMIUM': chromium, 'HOME': str(fleet.root / 'run'), 'TMPDIR': '/tmp',
           'DAY': json.dumps({'url': fleet.url, 'email': who.email, 'password': PASSWORD, 'door': f'http://127.0.0.1:{door.server_port}'})}
    done = subprocess.run(host.as_user('node', '--test', '--test-reporter=spec', 'tests/agent/day.test.mjs'), cwd=host.SRC, env=env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    assert done.returncode == 0, done.stdout
