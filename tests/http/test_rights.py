"""Every route against who may not: no role, no scope, another's things. The routes come from
the API's own description, so a new one is asked as well."""
import pytest

from stack.gateway import host_and_app
from stack.stack import PASSWORD

WORLD = ('/setup', '/signup', '/session', '/session/refresh', '/hosts/enrol')  # for nobody in particular
READERS = ('/public/', '/subscriptions/')                       # of status pages: their links let them in
OWN = ('/me', '/session/proof')                                 # a viewer keeps his own account
HOOK = {'type': 'webhook', 'name': 'hook', 'config': {'url': 'https://hooks.example.org/'}}
BODIES = {
    ('post', '/monitors'): {'url': 'https://new.example.org/'},
    ('post', '/monitors/bulk'): {'op': 'pause', 'ids': [1]},
    ('post', '/monitors/test'): {'url': 'https://new.example.org/'},
    ('post', '/incidents'): {'title': 'x'},
    ('post', '/incidents/{id}/comments'): {'body': 'x'},
    ('post', '/channels'): HOOK,
    ('post', '/channels/test'): {k: v for k, v in HOOK.items() if k != 'name'},
    ('post', '/pages'): {'title': 'New'},
    ('post', '/pages/{id}/subscribers/import'): {'addresses': ['x@example.org']},
    ('put', '/pages/{id}/components'): {'components': []},
    ('put', '/pages/{id}/logo'): b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    ('put', '/incidents/{id}/postmortem'): {'body': 'x'},
    ('post', '/maintenance'): {'title': 'x', 'duration': 600, 'everything': True},
    ('post', '/maintenance/{id}/extend'): {'seconds': 60},
    ('post', '/maintenance/{id}/skip'): {'starts_at': '2030-01-01T00:00:00Z'},
    ('post', '/me/tokens'): {'name': 'x', 'scopes': ['read']},
    ('post', '/session/proof'): {'password': PASSWORD},
    ('post', '/hosts/{id}/grants'): {'email': 'x@example.org', 'role': 'viewer'},
    ('post', '/apps/{id}/grants'): {'email': 'x@example.org', 'role': 'viewer'},
    ('post', '/apps/{id}/deploys'): {'ref': 'main'},
    ('put', '/apps/{id}/env/{key}'): {'set': {'A': '1'}},
    ('post', '/me/password'): {'current': PASSWORD, 'new': 'quite another long one'},
}


@pytest.fixture(scope='module')
def s(quiet):
    return quiet


@pytest.fixture(scope='module')
def routes(s):
    paths = s.anyone().api('GET', '/openapi.json').json()['paths']
    return [(method, path) for path, item in paths.items() for method in item
            if path not in WORLD and not path.startswith(READERS)]


@pytest.fixture(scope='module')
def owned(s):
    """One of each thing, and whose they are."""
    ann = s.user()
    monitor = ann.api('POST', '/monitors', json={'url': 'https://mine.example.org/'}).json()['id']
    host, app = host_and_app(s, ann.id)
    channel = ann.api('POST', '/channels', json=HOOK).json()['id']
    return ann, {
        'monitors': monitor, 'channels': channel, 'hosts': host, 'apps': app,
        'incidents': ann.api('POST', '/incidents', json={'title': 'mine', 'monitor': monitor}).json()['id'],
        'pages': ann.api('POST', '/pages', json={'title': 'Mine', 'slug': 'rights'}).json()['id'],
        'deliveries': ann.api('POST', f'/channels/{channel}/test', json={}).json()['id'],
        'tokens': ann.api('POST', '/me/tokens', json=BODIES[('post', '/me/tokens')]).json()['id'],
        'users': ann.id, 'invites': 1,
        'sessions': ann.api('GET', '/me/sessions').json()['items'][0]['id'],
        'test': ann.api('POST', '/monitors/test', json=BODIES[('post', '/monitors/test')]).json()['id'],
    }


def ask(client, things, method, path, **kw):
    kind = path.split('/{')[0].split('/')[-1]
    body = None if method == 'get' else BODIES.get((method, path), {})
    if '{id}' in path:  # a part of the thing: nobody has it
        path = path.replace('{uuid}', '123e4567-e89b-12d3-a456-426614174000')
    for hole in ('{sub}', '{name}'):
        path = path.replace(hole, '1')
    for hole in ('{id}', '{uuid}', '{key}'):
        path = path.replace(hole, str(things.get(kind, 1)))
    kw['data' if isinstance(body, bytes) else 'json'] = body
    return client.api(method.upper(), path, **kw)


def refused(client, things, routes, wanted=403, **kw):
    """Those that were answered in another way."""
    answers = {(m, p): ask(client, things, m, p, **kw) for m, p in routes}
    return {f'{m} {p}': f'{a.status_code} {a.text[:200]}' for (m, p), a in answers.items() if a.status_code != wanted}


def unsafe(routes):
    return [(m, p) for m, p in routes if m != 'get']


@pytest.mark.parametrize('was', ['viewer', 'member', 'operator', 'admin'])
def test_a_viewer_changes_nothing_whatever_his_token_says(s, owned, routes, was):
    """The token of one who was more still says so; the row does not."""
    who = s.user(was)
    s.db("update tocsin.account set role = 'viewer' where id = %s", who.id)
    mine = [owned[1][kind] for kind in ('monitors', 'hosts', 'apps')]
    s.db('update tocsin.monitor set owner = %s where id = any (%s)', who.id, mine)
    s.db('update tocsin.channel set owner = %s where id = %s', who.id, owned[1]['channels'])
    try:
        asked = [(m, p) for m, p in unsafe(routes) if not p.startswith(OWN)]
        assert len(asked) > 20 and refused(who, owned[1], asked) == {}
        admins = [(m, p) for m, p in routes if p.startswith('/admin/')]
        assert len(admins) > 8 and refused(who, owned[1], admins) == {}
    finally:
        s.db('update tocsin.monitor set owner = %s where id = any (%s)', owned[0].id, mine)
        s.db('update tocsin.channel set owner = %s where id = %s', owned[0].id, owned[1]['channels'])


@pytest.mark.parametrize('scope, role', [('read', 'admin'), ('metrics', 'admin'), ('write', 'member')])
def test_a_token_does_what_its_scope_says(s, owned, routes, scope, role):
    made = s.user(role).api('POST', '/me/tokens', json={'name': 't', 'scopes': [scope]}).json()
    bearer = {'Authorization': 'Bearer ' + made['token']}
    asked = {'read': unsafe(routes),
             'metrics': [(m, p) for m, p in routes if p not in ('/health', '/ready', '/openapi.json', '/bootstrap')],
             'write': [(m, p) for m, p in routes if p.startswith('/admin/')]}[scope]
    assert len(asked) > 8 and refused(s.anyone(), owned[1], asked, headers=bearer) == {}


def test_anothers_things_are_not_there(s, owned, routes):
    ann, things = owned
    bob = s.user()
    said = s.anyone().api('GET', '/openapi.json').json()['paths']  # operators see everybody's: 403 by role alone
    asked = [(m, p) for m, p in routes if '{' in p and said[p][m]['x-role'] not in ('operator', 'admin')]
    assert len(asked) > 20 and refused(bob, things, asked, wanted=404) == {}
    for path in ('/monitors', '/monitors?view=list', '/incidents', '/channels?all=true', '/deliveries?all=true',
                 f"/deliveries?channel={things['channels']}", f"/incidents?monitor={things['monitors']}",
                 f'/monitors?owner={ann.id}', f'/incidents?owner={ann.id}', '/monitors?deleted=true', '/me/tokens'):
        answer = bob.api('GET', path).json()
        assert not answer.get('items') and not answer.get('id'), path
    for op in ('pause', 'delete', 'restore', 'set'):
        for which in ({'ids': [things['monitors']]}, {'filter': {}}, {'filter': {'owner': ann.id}}):
            done = bob.api('POST', '/monitors/bulk', json={
                'op': op, **which, **({'args': {'interval': 77}} if op == 'set' else {})}).json()
            assert done['done'] == 0, (op, which, done)
    for path, body in (('/monitors', {'url': 'https://b.example.org/', 'channels': [things['channels']]}),
                       ('/incidents', {'title': 'x', 'monitor': things['monitors']}),
                       ('/channels/test', {'channel': things['channels']})):
        assert bob.api('POST', path, json=body).status_code == 422, path
    test = {**BODIES[('post', '/monitors/test')], 'monitor': things['monitors']}
    assert bob.api('POST', '/monitors/test', json=test).status_code == 404
    assert ann.api('GET', f"/monitors/{things['monitors']}").json()['interval'] == 60


def test_nobody_is_asked_to_sign_in(s, owned, routes):
    asked = [(m, p) for m, p in routes if p not in ('/health', '/ready', '/openapi.json', '/bootstrap')]
    assert refused(s.anyone(), owned[1], asked, wanted=401) == {}
