"""The fleet over HTTP: who may what, what is refused, and what becomes of answers of agents that
are away, busy or lying. The gateway is a double; at the end the real one with a real agent."""
import concurrent.futures
import json
import threading
import time

import pytest
import requests

from stack.client import Client, Events
from stack.gateway import Answer, Gateway, host_and_app

pytestmark = pytest.mark.asan
ETAG = '"5-abc"'
DIFF = [{'op': 'keep', 'line': 1, 'text': 'A=1'}, {'op': 'del', 'line': 2, 'text': 'B_TOKEN=••••••••'},
        {'op': 'add', 'line': 2, 'text': 'B_TOKEN=••••••••'}, {'op': 'add', 'line': 3, 'text': 'C=3'}]
WRITTEN = {'etag': '6-def', 'backup': 'main.1', 'diff': DIFF, 'keys': {'added': ['C'], 'changed': ['B_TOKEN'], 'removed': []}}
SECRET = 'hunter2-the-value'


def answers(gateway):
    gateway.answers.clear()
    gateway.calls.clear()
    base = '/hosts/\\d+/v1/apps/web'
    gateway.on('GET', base + '/(env|refs)', {'files': []})
    gateway.on('GET', base + '/env/main/backups', [{'name': 'b.1', 'at': 'x', 'size': 1}])
    gateway.on('GET', base + '/env/main/backups/b.1', {'text': 'A=••••••••'})
    gateway.on('GET', base + '/env/main', lambda call: Answer(
        {'etag': '5-abc', 'entries': [{'key': 'B_TOKEN', 'value': SECRET if 'reveal' in call.query else None}]}, headers={'ETag': ETAG}))
    gateway.on('PUT', base + '/env/main', Answer(WRITTEN, headers={'ETag': '"6-def"'}))
    gateway.on('POST', base + '/env/main/backups/b.1/restore', WRITTEN)
    gateway.on('GET', base + '/logs', {'lines': [], 'next': None, 'prev': None, 'more': False})


@pytest.fixture(scope='module')
def people(s):
    p = {'owner': s.user(), 'viewing': s.user(), 'developing': s.user(), 'low': s.user('viewer'), 'other': s.user(),
         'operator': s.user('operator'), 'anonymous': s.anyone()}
    s.host, s.app = host_and_app(s, p['owner'].id)
    for name, role in (('viewing', 'viewer'), ('developing', 'developer'), ('low', 'developer')):
        s.db('insert into tocsin.fleet_grant (monitor, account, role) values (%s, %s, %s)', s.host, p[name].id, role)
    return p


@pytest.fixture(scope='module')
def s(quiet):
    quiet.gateway = Gateway(quiet.root / 'run/fleet.sock')
    quiet.db("insert into tocsin.setting (key, value) values ('fleet_pin', to_jsonb(repeat('p', 43))) on conflict do nothing")
    yield quiet
    quiet.gateway.stop()


@pytest.fixture(autouse=True)
def good_answers(s):
    answers(s.gateway)
    s.db('delete from tocsin.app_action')


def of(s, rest=''):
    return f'/apps/{s.app}{rest}'


def audit(s, action):
    return s.db('select before, after, actor, address from tocsin.audit where action = %s and object_id = %s order by id', action, str(s.app))


# ---------------------------------------------------------------- who may what

SEE, DEVELOP, OPERATE = 'see', 'develop', 'operate'
MATRIX = [
    (SEE, 'GET', '/hosts/{host}', None), (SEE, 'GET', '/hosts/{host}/series', None), (SEE, 'GET', '/hosts/{host}/events', None),
    (SEE, 'GET', '/apps/{app}', None), (SEE, 'GET', '/apps/{app}/series?fields=cpu', None), (SEE, 'GET', '/apps/{app}/uptime', None),
    (SEE, 'GET', '/apps/{app}/events', None), (SEE, 'GET', '/apps/{app}/audit', None), (SEE, 'GET', '/apps/{app}/actions', None),
    (SEE, 'GET', '/apps/{app}/deploys', None), (SEE, 'GET', '/apps/{app}/logs', None), (SEE, 'GET', '/apps/{app}/refs', None),
    (SEE, 'GET', '/apps/{app}/logs/download', None),
    (DEVELOP, 'GET', '/apps/{app}/env', None), (DEVELOP, 'GET', '/apps/{app}/env/main', None),
    (DEVELOP, 'GET', '/apps/{app}/env/main?reveal=B_TOKEN', None), (DEVELOP, 'GET', '/apps/{app}/env/main/backups', None),
    (DEVELOP, 'GET', '/apps/{app}/env/main/backups/b.1', None), (DEVELOP, 'PUT', '/apps/{app}/env/main', {'set': {'C': '3'}}),
    (DEVELOP, 'POST', '/apps/{app}/env/main/backups/b.1/restore', {}), (DEVELOP, 'PATCH', '/apps/{app}', {'retries': 2}),
    (DEVELOP, 'POST', '/apps/{app}/start', {}), (DEVELOP, 'POST', '/apps/{app}/stop', {}), (DEVELOP, 'POST', '/apps/{app}/restart', {}),
    (DEVELOP, 'POST', '/apps/{app}/deploys', {'ref': 'main'}),
    (OPERATE, 'PATCH', '/hosts/{host}', {'labels': ['x']}), (OPERATE, 'GET', '/hosts/{host}/grants', None),
    (OPERATE, 'POST', '/hosts/{host}/grants', {'email': '{other}', 'role': 'viewer'}), (OPERATE, 'GET', '/apps/{app}/grants', None),
    (OPERATE, 'GET', '/hosts/enrolments', None), (OPERATE, 'POST', '/hosts/enrolments', {'name': 'new'}),
]


@pytest.mark.parametrize('need, method, path, body', MATRIX)
def test_each_may_what_was_granted(s, people, need, method, path, body):
    body = body and {k: v.format(other=people['other'].email) if isinstance(v, str) else v for k, v in body.items()}
    got = {}
    for name, who in people.items():
        answer = who.api(method, path.format(host=s.host, app=s.app), json=body, headers={'If-Match': ETAG} if 'env' in path else None)
        got[name] = 'yes' if answer.ok else answer.status_code
        s.db('delete from tocsin.app_action')
        s.db("delete from tocsin.fleet_grant where account = %s", people['other'].id)
    yes = {SEE: {'owner', 'viewing', 'developing', 'low', 'operator'}, DEVELOP: {'owner', 'developing', 'operator'},
           OPERATE: {'operator'}}[need]
    wanted = {name: 'yes' if name in yes else 401 if name == 'anonymous' else 404 if name == 'other' and need != OPERATE else 403
              for name in people}
    if need == DEVELOP:
        wanted['other'] = 404
    assert got == wanted


def test_lists_hold_what_one_may_see(s, people):
    for path, thing in (('/hosts', s.host), ('/apps', s.app), ('/hosts?view=list', s.host), ('/apps?view=list', s.app)):
        for name, who in people.items():
            answer = who.api('GET', path)
            if name == 'anonymous':
                assert answer.status_code == 401
                continue
            ids = answer.json().get('id') or [x['id'] for x in answer.json().get('items', [])]
            assert (thing in ids) == (name != 'other'), (path, name)


def test_nothing_of_anothers_app_reaches_its_agent(s, people):
    for method, path in (('GET', '/env'), ('GET', '/logs'), ('GET', '/refs'), ('GET', '/logs/stream'), ('PUT', '/env/main')):
        people['other'].api(method, of(s, path), json={'set': {}} if method == 'PUT' else None, headers={'If-Match': ETAG})
    people['viewing'].api('GET', of(s, '/env/main'))
    assert not s.gateway.calls


# ---------------------------------------------------------------- what is refused

@pytest.mark.parametrize('method, path, body, status, field', [
    ('GET', '/logs?level=8', None, 422, 'level'), ('GET', '/logs?limit=1001', None, 422, 'limit'), ('GET', '/logs?since=9&until=3', None, 422, 'until'),
    ('GET', '/logs?stream=stdin', None, 422, 'stream'), ('GET', '/logs?cursor=' + 'x' * 600, None, 422, 'cursor'),
    ('GET', '/logs?deploy=1', None, 422, 'deploy'), ('GET', '/logs/stream?q=a%0ab', None, 422, 'q'), ('GET', '/logs?nothing=1', None, 422, 'nothing'),
    ('GET', '/env/..', None, 404, None), ('GET', '/env/.main', None, 404, None), ('GET', '/env/%2e%2e', None, 404, None),
    ('GET', '/env/main/backups/..b', None, 404, None), ('GET', '/env/' + 'x' * 70, None, 404, None),
    ('PUT', '/env/main', {}, 422, 'text'), ('PUT', '/env/main', {'text': 'A=1', 'set': {'A': '1'}}, 422, 'text'),
    ('PUT', '/env/main', {'set': {'A': 1}}, 422, 'set'), ('PUT', '/env/main', {'text': 7}, 422, 'text'),
    ('PUT', '/env/main', {'text': 'x' * (1 << 20) + 'x'}, 422, 'text'), ('PUT', '/env/main', {'text': 'x' * (3 << 20)}, 413, None),
    ('POST', '/deploys', {}, 422, 'ref'), ('POST', '/deploys', {'ref': '--upload-pack=x'}, 422, 'ref'), ('POST', '/deploys', {'ref': 'a..b'}, 422, 'ref'),
    ('POST', '/deploys', {'ref': 'a b;c'}, 422, 'ref'), ('POST', '/restart', {'reason': 'x' * 501}, 422, 'reason'),
    ('POST', '/restart', {'now': True}, 422, 'now'), ('POST', '/deploys/1/rollback', {}, 404, None), ('POST', '/deploys/x/cancel', {}, 404, None),
    ('GET', '/actions/999999', None, 404, None), ('PATCH', '', {'retries': 11}, 422, 'retries'),
])
def test_bad_input_goes_nowhere(s, people, method, path, body, status, field):
    answer = people['owner'].api(method, of(s, path), json=body, headers={'If-Match': ETAG} if 'env' in path else None)
    assert answer.status_code == status, answer.text
    assert answer.headers['Content-Type'] == 'application/problem+json' and (not field or field in answer.json()['errors'])
    assert not s.gateway.calls


def test_who_writes_says_what_he_has_read(s, people):
    answer = people['owner'].api('PUT', of(s, '/env/main'), json={'set': {'C': '3'}})
    assert answer.status_code == 428 and answer.json()['type'].endswith('#if-match') and not s.gateway.calls


# ---------------------------------------------------------------- env files

def test_an_env_file_is_read_and_written_with_its_etag(s, people):
    owner = people['owner']
    read = owner.api('GET', of(s, '/env/main'))
    assert read.headers['ETag'] == ETAG and read.headers['Cache-Control'] == 'no-store' and SECRET not in read.text
    written = owner.api('PUT', of(s, '/env/main'), json={'set': {'C': '3'}, 'unset': ['D']}, headers={'If-Match': read.headers['ETag']})
    assert written.json() == WRITTEN and written.headers['ETag'] == '"6-def"'
    call = s.gateway.calls[-1]
    assert (call.method, call.path) == ('PUT', f'/hosts/{s.host}/v1/apps/web/env/main')
    assert call.headers['If-Match'] == ETAG and call.json == {'set': {'C': '3'}, 'unset': ['D']}
    assert call.headers['X-Forwarded-For'] == owner.address
    before, after, actor, address = audit(s, 'app.env')[-1]
    assert before == {'file': 'main', 'lines': ['B_TOKEN=••••••••']} and actor == owner.id and str(address) == owner.address
    assert after == {'file': 'main', 'lines': ['B_TOKEN=••••••••', 'C=3'], 'keys': WRITTEN['keys'], 'backup': 'main.1'}
    shown = owner.api('GET', of(s, '/events')).json()['items'][-1]
    assert shown['kind'] == 'env' and shown['text'] == 'main; changed B_TOKEN; added C' and shown['actor'] == owner.email


def test_a_dry_run_is_not_written_down(s, people):
    n = len(audit(s, 'app.env'))
    answer = people['owner'].api('PUT', of(s, '/env/main'), json={'text': 'A=1\r\n', 'dry_run': True}, headers={'If-Match': ETAG})
    assert answer.ok and s.gateway.calls[-1].json == {'text': 'A=1\r\n', 'dry_run': True} and len(audit(s, 'app.env')) == n


def test_a_backup_is_put_back(s, people):
    answer = people['developing'].api('POST', of(s, '/env/main/backups/b.1/restore'), headers={'If-Match': ETAG})
    assert answer.ok and s.gateway.calls[-1].path.endswith('/env/main/backups/b.1/restore')
    assert audit(s, 'app.env.restore')[-1][1]['restored'] == 'b.1'
    n = len(audit(s, 'app.env.restore'))
    answer = people['developing'].api('POST', of(s, '/env/main/backups/b.1/restore?dry_run=true'), headers={'If-Match': ETAG})
    assert answer.ok and s.gateway.calls[-1].query == 'dry_run=1' and len(audit(s, 'app.env.restore')) == n
    assert people['owner'].api('GET', of(s, '/env/main/backups')).json()['items'][0]['name'] == 'b.1'


def test_what_changed_nothing_is_not_written_down(s, people):
    n = len(audit(s, 'app.env'))
    s.gateway.on('PUT', '.*', {'etag': '5-abc', 'backup': None, 'diff': DIFF[:1], 'keys': {'added': [], 'changed': [], 'removed': []}})
    answer = people['owner'].api('PUT', of(s, '/env/main'), json={'set': {'A': '1'}}, headers={'If-Match': ETAG})
    assert answer.ok and len(audit(s, 'app.env')) == n


def test_a_secret_is_written_down_before_it_is_given(s, people):
    answer = people['owner'].api('GET', of(s, '/env/main?reveal=B_TOKEN,C'))
    assert SECRET in answer.text and s.gateway.calls[-1].query == 'reveal=B_TOKEN%2CC'
    assert audit(s, 'app.env.reveal')[-1][1] == {'file': 'main', 'keys': ['B_TOKEN', 'C']}
    assert SECRET not in json.dumps(s.db('select before, after from tocsin.audit'))
    s.db('alter function api.app_did(bigint, bigint, jsonb) rename to app_did_not')
    try:
        answer = people['owner'].api('GET', of(s, '/env/main?reveal=B_TOKEN'))
        assert answer.status_code == 500 and SECRET not in answer.text
    finally:
        s.db('alter function api.app_did_not(bigint, bigint, jsonb) rename to app_did')


@pytest.mark.parametrize('said, status, errors', [
    ({'error': 'the file has changed'}, 412, None),
    ({'error': 'a key is letters, digits and _', 'field': 'set', 'line': 7}, 422, {'set': 'a key is letters, digits and _', 'line': '7'}),
    ({'error': 'line 3 has no =', 'line': 3}, 422, {'text': 'line 3 has no =', 'line': '3'}),
    ({'error': 'no such file'}, 404, None), ({'error': 'a deploy runs'}, 409, None), ({'error': 'too large'}, 413, None),
])
def test_what_an_agent_refuses_is_said_in_its_words(s, people, said, status, errors):
    s.gateway.on('PUT', '.*', Answer(said, status))
    n = len(audit(s, 'app.env'))
    answer = people['owner'].api('PUT', of(s, '/env/main'), json={'set': {'a-b': '1'}}, headers={'If-Match': ETAG})
    problem = answer.json()
    assert answer.status_code == status and problem['detail'] == said['error'] and problem.get('errors') == errors
    assert problem['request_id'] and len(audit(s, 'app.env')) == n


# ---------------------------------------------------------------- agents that are away, or lie

@pytest.mark.parametrize('answer, status, kind', [
    (Answer({'error': 'the host does not answer'}, 502), 502, 'agent'), (Answer({'error': 'late'}, 504), 504, 'agent-timeout'),
    (Answer({'error': 'too many'}, 503), 503, 'agent-busy'), (Answer({'error': 'no'}, 500), 502, 'agent'),
    (Answer({'error': 'who are you'}, 401), 502, 'agent'), (Answer({}, 302, {'Location': 'http://x'}), 502, 'agent'),
    (Answer([1, 2]), 502, 'agent'), (Answer('text'), 502, 'agent'), (Answer(raw=b''), 502, 'agent'), (Answer(raw=b'220 smtp\r\n'), 502, 'agent'),
    (Answer(raw=b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"cut":'), 502, 'agent'),
    (Answer(raw=b'HTTP/1.1 200 OK\r\n\r\n{"a":"\xff\xfe"}'), 502, 'agent'),
    (Answer(raw=b'HTTP/1.1 200 OK\r\n\r\n<script>alert(1)</script>'), 502, 'agent'),
    (Answer(raw=b'HTTP/1.1 200 OK\r\nX: ' + b'x' * 40000), 502, 'agent'),
    (Answer(raw=b'HTTP/1.1 200 OK\r\n\r\n' + b' ' * (9 << 20)), 502, 'agent'),
    (Answer(raw=b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n'), 502, 'agent'),
    (Answer(raw=b'HTTP/1.1 200 OK\r\n\r\n' + b'[' * 100000), 502, 'agent'),
    (Answer(raw=b'HTTP/1.1 200 OK\r\n\r\n{"a":[' + b'1,' * 1000000 + b'1]}'), 502, 'agent'),
    (Answer({'error': 'a\nb\x1b[31m' + 'ü' * 4000, 'field': 7, 'line': 'x'}, 422), 422, 'invalid'),
])
def test_answers_that_make_no_sense_are_problems(s, people, answer, status, kind):
    s.gateway.on('GET', '.*/refs', answer)
    got = people['owner'].api('GET', of(s, '/refs'))
    problem = got.json()
    assert (got.status_code, problem['type']) == (status, f'about:blank#{kind}'), got.text
    assert len(problem['detail']) <= 500 and problem['detail'].isprintable()
    assert got.headers['Content-Type'] == 'application/problem+json' and ('Retry-After' in got.headers) == (status == 503)


def test_without_a_gateway_the_rest_goes_on(s, people):
    s.gateway.stop()
    try:
        start = time.monotonic()
        for path in ('/env', '/logs', '/refs', '/logs/download', '/logs/stream'):
            answer = people['owner'].api('GET', of(s, path))
            assert answer.status_code == 503 and answer.json()['type'] == 'about:blank#gateway' and answer.headers['Retry-After']
        assert people['owner'].api('GET', of(s)).ok and people['owner'].api('POST', of(s, '/restart'), json={}).status_code == 202
        assert time.monotonic() - start < 2
    finally:
        s.gateway.start()


def test_a_host_that_hangs_holds_only_a_few(s, people):
    """Many ask a host that never answers: five wait, the others are told to come again, and
    the site goes on."""
    go, operator = threading.Event(), people['operator']
    s.gateway.on('GET', '.*/refs', lambda call: go.wait(20) and {'refs': []})
    try:
        with concurrent.futures.ThreadPoolExecutor(30) as pool:
            asked = [pool.submit(Client.api, operator, 'GET', of(s, '/refs')) for _ in range(30)]
            s.wait(lambda: sum(f.done() for f in asked) >= 20, 15, 'most to be refused')
            start = time.monotonic()
            assert all(people['owner'].api('GET', '/me').ok for _ in range(20)) and time.monotonic() - start < 2
            go.set()
            got = sorted(f.result().status_code for f in asked)
        assert got.count(200) >= 5 and got.count(503) >= 20 and got.count(200) + got.count(503) == 30
    finally:
        go.set()


# ---------------------------------------------------------------- actions

def test_actions_are_owed_and_can_be_followed(s, people):
    owner = people['owner']
    with Events(owner) as own, Events(people['developing']) as granted, Events(people['operator']) as everything:
        for events in (own, granted, everything):
            events.wait('hello')
        answer = owner.api('POST', of(s, '/restart'), json={'reason': 'stuck'})
        action = answer.json()
        assert answer.status_code == 202 and answer.headers['Location'] == f"/api/v1/apps/{s.app}/actions/{action['id']}"
        s.db("select tocsin.emit('monitor', %s, 1, '{}')", owner.id)
        s.db("select tocsin.emit('monitor', %s, 1, '{}')", people['developing'].id)
        for events in (own, granted, everything):
            assert events.wait('action')['data']['state'] == 'asked'
            assert events.wait('monitor') and [e['event'] for e in events.all].count('action') == 1, 'each hears of it once'
    shown = owner.get(answer.headers['Location']).json()
    assert shown['kind'] == 'restart' and shown['by'] == owner.email and shown['reason'] == 'stuck'
    again = owner.api('POST', of(s, '/stop'), json={})
    assert again.status_code == 409 and 'restart' in again.json()['errors']['action']
    s.db('delete from tocsin.app_action')
    deploy = owner.api('POST', of(s, '/deploys'), json={'ref': 'main'})
    assert deploy.status_code == 202 and deploy.headers['Location'] == f"/api/v1/apps/{s.app}/deploys/{deploy.json()['id']}"
    cancel = owner.post(deploy.headers['Location'] + '/cancel')
    assert cancel.status_code == 202 and cancel.headers['Location'] == deploy.headers['Location']
    s.db("update tocsin.app_action set report = '{\"from\": \"c0ffee\"}' where id = %s", deploy.json()['id'])
    back = owner.post(deploy.headers['Location'] + '/rollback', json={})
    assert back.status_code == 202 and back.json()['ref'] == 'c0ffee'
    assert back.headers['Location'] == f"/api/v1/apps/{s.app}/deploys/{back.json()['id']}"


def test_thirty_actions_a_minute_are_enough(s, people):
    busy = s.user('operator')
    got = [busy.api('PUT', of(s, '/env/main'), json={'set': {'A': '1'}, 'dry_run': True}, headers={'If-Match': ETAG}) for _ in range(31)]
    assert [a.status_code for a in got] == [200] * 30 + [429] and int(got[-1].headers['Retry-After']) <= 2
    assert people['owner'].api('POST', of(s, '/restart'), json={}).status_code == 202


# ---------------------------------------------------------------- a proof of who one is

def stale(s, who):
    s.db("update tocsin.session set proved_at = now() - interval '16 minutes' where account = %s", who.id)


def dangerous(s):
    paths = s.anyone().api('GET', '/openapi.json').json()['paths']
    return [(m.upper(), p.replace('{id}', str(s.host if p.startswith('/hosts/{id}') else s.app)).replace('{sub}', '1')
             .replace('{key}', 'main').replace('{name}', 'b.1')) for p, item in paths.items() for m, op in item.items() if op.get('x-proof')]


def test_what_is_dangerous_asks_for_the_password_again(s, people):
    who = s.user('operator')
    stale(s, who)
    asked = dangerous(s) + [('GET', of(s, '/env/main?reveal=*'))]
    assert len(asked) >= 15
    for method, path in asked:
        answer = who.api(method, path, json=None if method == 'GET' else {})
        assert answer.status_code == 403 and answer.json()['type'] == 'about:blank#reauth', (method, path, answer.text)
    assert not s.gateway.calls or [c.method for c in s.gateway.calls] == ['GET'] * len(s.gateway.calls)
    assert who.api('GET', of(s, '/env/main')).ok and who.api('PATCH', of(s), json={'retries': 1}).ok
    wrong = who.api('POST', '/session/proof', json={'password': 'not it'})
    assert wrong.status_code == 422 and wrong.json()['errors'] == {'password': 'is wrong'}
    assert who.api('POST', of(s, '/restart'), json={}).status_code == 403
    assert who.api('POST', '/session/proof', json={'password': who.password}).status_code == 204
    assert who.api('POST', of(s, '/restart'), json={}).status_code == 202


def test_a_refreshed_session_has_proved_nothing(s):
    who = s.user('operator')
    stale(s, who)
    assert who.api('POST', '/session/refresh', headers={'Origin': s.httpd.origin}).ok
    who.guard()
    assert who.api('POST', of(s, '/restart'), json={}).json()['type'] == 'about:blank#reauth'


def test_tokens_prove_themselves(s):
    who = s.user('operator')
    token = who.api('POST', '/me/tokens', json={'name': 't', 'scopes': ['read', 'write']}).json()['token']
    stale(s, who)
    bearer = {'Authorization': f'Bearer {token}'}
    assert s.anyone().api('POST', of(s, '/restart'), json={}, headers=bearer).status_code == 202
    assert s.anyone().api('POST', '/session/proof', json={'password': 'x'}, headers=bearer).status_code == 204
    tokens = s.anyone().api('POST', '/session', json={'email': who.email, 'password': who.password, 'tokens': True},
                            headers={'Origin': s.httpd.origin}).json()
    bearer = {'Authorization': f"Bearer {tokens['access_token']}"}
    s.db('delete from tocsin.app_action')
    assert s.anyone().api('POST', of(s, '/restart'), json={}, headers=bearer).status_code == 202
    stale(s, who)
    assert s.anyone().api('POST', of(s, '/restart'), json={}, headers=bearer).status_code == 403


def test_guessing_at_a_proof_is_guessing_at_the_password(s):
    who = s.user()
    got = [who.api('POST', '/session/proof', json={'password': 'guess'}).status_code for _ in range(12)]
    assert got[0] == 422 and got[-1] in (423, 429)
    assert who.api('POST', '/session/proof', json={'password': who.password}).status_code in (423, 429)


# ---------------------------------------------------------------- enrolment

REQUEST = {'id': 'a' * 12, 'csr': '-----BEGIN CERTIFICATE REQUEST-----\n' + 'x' * 64 + '\n', 'name': 'vm-9', 'address': '10.0.0.9:7443',
           'nonce': 'ab' * 16, 'arch': 'arm64', 'os': 'Debian 12', 'version': '1.0.0', 'proof': 'c' * 64}


def test_a_token_is_shown_once_with_the_line_to_run(s, people):
    made = people['operator'].api('POST', '/hosts/enrolments', json={'name': 'vm-9', 'labels': ['a'], 'ttl_s': 60})
    assert made.status_code == 201, made.text
    token, number = made.json()['token'], made.json()['id']
    assert made.headers['Location'] == f'/api/v1/hosts/enrolments/{number}'
    assert f'{s.url}/agent/install.sh' in made.json()['command'] and token in made.json()['command']
    shown = people['operator'].get(made.headers['Location'])
    assert shown.json()['used'] is False and token.split('.')[1] not in shown.text
    assert people['operator'].delete(made.headers['Location']).status_code == 204


def test_what_an_agent_sends_reaches_the_gateway_as_it_is(s):
    s.gateway.on('POST', '/enrol', {'host': 7, 'ca': 'x', 'certificate': 'y', 'control': 'control.tocsin', 'proof': 'z'})
    anyone = s.anyone()
    answer = anyone.api('POST', '/hosts/enrol', json=REQUEST)
    assert answer.status_code == 200 and answer.json()['host'] == 7
    assert s.gateway.calls[-1].json == REQUEST and s.gateway.calls[-1].headers['X-Forwarded-For'] == anyone.address


@pytest.mark.parametrize('why, status', [('there is no such token', 404), ('the token is used', 409), ('it has expired', 410), ('no proof', 403)])
def test_tokens_that_are_wrong_have_one_answer(s, why, status):
    s.gateway.on('POST', '/enrol', Answer({'error': why}, status))
    answer = s.anyone().api('POST', '/hosts/enrol', json=REQUEST)
    problem = answer.json()
    assert (answer.status_code, problem['type'], problem['detail']) == (
        403, 'about:blank#token', 'the token is unknown, used, expired or not proved')
    assert f'enrolment refused: {why}' in (s.root / 'logs/error.log').read_text()


def test_a_socket_has_a_short_path(s):
    code, said = s.httpd.test((s.root / 'httpd.conf').read_text() + f'\nTocsinFleetSocket /{"x" * 120}\n')
    assert code and 'may have 107 bytes' in said


@pytest.mark.parametrize('change, status', [({'id': ''}, 422), ({'proof': 'short'}, 422), ({'csr': 'x' * 9000}, 422), ({'nonce': None}, 422),
                                            ({'extra': 1}, 422), ({'os': 'x' * 20000}, 413)])
def test_what_is_no_enrolment_goes_nowhere(s, change, status):
    assert s.anyone().api('POST', '/hosts/enrol', json=REQUEST | change).status_code == status and not s.gateway.calls


def test_an_address_tries_ten_tokens_a_minute(s):
    s.gateway.on('POST', '/enrol', Answer({'error': 'there is no such token'}, 404))
    anyone = s.anyone()
    got = [anyone.api('POST', '/hosts/enrol', json=REQUEST) for _ in range(11)]
    assert [a.status_code for a in got] == [403] * 10 + [429] and got[-1].headers['Retry-After']


# ---------------------------------------------------------------- logs as a file

def pages(n, per=3):
    """The agent's pages: n of them, `per` lines each, linked by cursors."""
    def page(call):
        at = int(call.query.split('cursor=c')[1]) if 'cursor=c' in call.query else 0
        lines = [{'c': f'c{at}', 't': 1763717000000 + at, 'p': 6, 's': 'stdout', 'm': f'line {at}.{i}\n\x1b[31mmore'} for i in range(per)]
        return {'lines': lines, 'next': f'c{at + 1}', 'prev': None, 'more': at + 1 < n}
    return page


def test_logs_come_as_a_file(s, people):
    s.gateway.on('GET', '.*/logs', pages(4))
    answer = people['viewing'].api('GET', of(s, '/logs/download?since=1763717000&q=line'))
    assert answer.headers['Content-Type'] == 'text/plain; charset=utf-8' and 'attachment; filename="web-' in answer.headers['Content-Disposition']
    lines = answer.text.splitlines()
    assert len(lines) == 4 * 3 * 2 and lines[0] == '2025-11-21T09:23:20.000Z info line 0.0' and lines[1] == '  ^[[31mmore'
    assert lines[-2].endswith('line 3.2') and len(audit(s, 'app.logs.download'))
    assert s.gateway.calls[0].query == 'since=1763717000&q=line&dir=fwd&limit=1000' and s.gateway.calls[-1].query.endswith('&cursor=c3')


def test_a_file_that_breaks_off_does_not_look_whole(s, people):
    whole = pages(9)
    s.gateway.on('GET', '.*/logs', lambda call: whole(call) if 'cursor=c3' not in call.query else Answer(raw=b''))
    with pytest.raises(requests.exceptions.RequestException):
        assert 'not complete' in people['owner'].api('GET', of(s, '/logs/download')).text
    s.gateway.on('GET', '.*/logs', {'lines': [], 'next': 'same', 'more': True})  # a liar without end
    assert 'there is more' in people['owner'].api('GET', of(s, '/logs/download')).text


def test_few_files_at_once(s, people):
    go = threading.Event()
    s.gateway.on('GET', '.*/logs', lambda call: go.wait(20) and {'lines': [], 'more': False})
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(Client.api, people['owner'], 'GET', of(s, '/logs/download')) for _ in range(8)]
        s.wait(lambda: sum(f.done() for f in asked) >= 4, 10, 'half to be refused')  # two a child, two children
        go.set()
        got = sorted(f.result().status_code for f in asked)
    assert 200 in got and got.count(503) >= 4


# ---------------------------------------------------------------- with a real agent

def test_from_a_page_to_an_agent_and_back(fleet):
    agent = fleet.agent('api-1', apps=['web'])
    app = agent.app_id('web')
    agent.env['main'] = 'A=1\n'
    assert [f['key'] for f in fleet.api('GET', f'/apps/{app}/env').json()['files']] == ['main']
    agent.log('from the journal')
    assert fleet.api('GET', f'/apps/{app}/logs').json()['lines'][-1]['m'] == 'from the journal'
    with Events(fleet.admin, f'/api/v1/apps/{app}/logs/stream') as stream:
        fleet.wait(lambda: [c for c in agent.calls if c[1].endswith('/logs/stream')], 10, 'the stream to reach the agent')
        agent.log('live')
        last = stream.wait(lambda e: e['event'] == 'message' and e['data'][-1]['m'] == 'live')
        fleet.tocsind.kill('gateway')
        assert stream.wait('bye')['data'] == {'reason': 'source'}
    agent.log('meanwhile')
    fleet.wait(lambda: fleet.api('GET', f'/apps/{app}/logs').ok, 15, 'the gateway to be back')
    with Events(fleet.admin, f'/api/v1/apps/{app}/logs/stream', last=last['id']) as stream:
        assert [e['m'] for e in stream.wait(lambda e: e['event'] == 'message')['data']] == ['meanwhile']
    assert fleet.api('POST', f'/apps/{app}/restart', json={}).status_code == 202
    agent.asked('/v1/apps/web/restart')
    agent.stop()
    assert fleet.api('GET', f'/apps/{app}/refs').status_code == 502
