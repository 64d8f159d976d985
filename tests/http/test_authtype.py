"""Tocsin as Apache's authentication, and Apache's authentication as sign-in to Tocsin."""
import pytest

from stack import Stack
from stack.stack import HASH

CONF = '''
<Location "/closed">
  AuthType Tocsin
  AuthName "The \\"closed\\" place"
  Require tocsin-role operator
  AuthzSendForbiddenOnFailure On
</Location>
<Location "/anybody">
  AuthType Tocsin
  AuthName anybody
  Require tocsin-role viewer
</Location>
<Location "/expr">
  AuthType Tocsin
  AuthName expr
  SetEnv NEED admin
  SetEnvIf Request_URI . NEED=admin
  Require tocsin-role %{{reqenv:NEED}}
</Location>
<LocationMatch "^/(basic|none)">
  AuthType Basic
  AuthName realm
  AuthUserFile "{users}"
  AuthzSendForbiddenOnFailure On
</LocationMatch>
<Location "/basic/closed">
  Require tocsin-role admin
</Location>
<Location "/api/v1">
  <If "-n req('X-Use-Basic')">
    AuthType Basic
    AuthName realm
    AuthUserFile "{users}"
    Require valid-user
  </If>
</Location>
'''


@pytest.fixture(scope='module')
def s(build):
    s = Stack(build, tocsind=False, children=1, start=False)
    users = s.root / 'users'
    users.write_text(''.join(f'{name}:{HASH}\n' for name in ('bob', 'carol', 'boss@example.org', 'admin@example.org', 'eve@example.org',
                                                             'chief@example.org', 'Chief@example.org')))
    for place in ('closed', 'anybody', 'expr', 'basic'):
        folder = s.root / 'www' / place
        folder.mkdir(parents=True)
        (folder / 'index.html').write_text(place)
    (s.root / 'www/basic/closed').mkdir()
    (s.root / 'www/basic/closed/index.html').write_text('for admins')
    s.httpd.path = '/t'
    s.httpd.extra = (f'DocumentRoot "{s.root}/www"\n<Directory "{s.root}/www">\nDirectoryIndex index.html\n</Directory>\n'
                     'LogFormat "%u %U %>s" who\n'
                     f'CustomLog logs/who.log who\nTocsinExternalRole member\n'
                     + CONF.format(users=users).replace('/api/v1', '/t/api/v1'))
    try:
        s.start()
        yield s
    finally:
        s.stop()


def fetch(s, client, path, **kw):
    return client.request('GET', s.httpd.origin + path, **kw)


def test_a_location_asks_for_a_role(s):
    stranger = fetch(s, s.anyone(), '/closed/')
    assert stranger.status_code == 401
    assert stranger.headers['WWW-Authenticate'].startswith('Bearer realm=')
    assert fetch(s, s.user('member'), '/closed/').status_code == 403
    for role in ('operator', 'admin'):
        assert fetch(s, s.user(role), '/closed/').status_code == 200, 'or more'
    assert fetch(s, s.user('viewer'), '/anybody/').status_code == 200


def test_tokens_open_it_too_and_r_user_is_set(s):
    client = s.user('operator')
    token = client.api('POST', '/me/tokens', json={'name': 't', 'scopes': ['read']}).json()['token']
    answer = fetch(s, s.anyone(), '/closed/', headers={'Authorization': f'Bearer {token}'})
    assert answer.status_code == 200
    bad = fetch(s, s.anyone(), '/closed/', headers={'Authorization': 'Bearer tcs_nope'})
    assert bad.status_code == 401 and 'invalid_token' in bad.headers['WWW-Authenticate']
    s.wait(lambda: f'{client.email} /closed/' in (s.root / 'logs/who.log').read_text(), 5, 'the user in the log')


def test_a_demotion_shuts_the_door_at_once(s):
    client = s.user('operator')
    assert fetch(s, client, '/closed/').status_code == 200
    s.db("update tocsin.account set role = 'viewer' where id = %s", client.id)
    assert fetch(s, client, '/closed/').status_code == 403
    s.db('update tocsin.account set disabled_at = now() where id = %s', client.id)
    assert fetch(s, client, '/anybody/').status_code in (401, 403)


def test_a_role_from_an_expression(s):
    assert fetch(s, s.user('operator'), '/expr/').status_code in (401, 403)
    assert fetch(s, s.user('admin'), '/expr/').status_code == 200


def test_a_cookie_does_not_open_what_asks_for_basic(s):
    admin = s.user('admin')
    answer = fetch(s, admin, '/basic/closed/')
    assert answer.status_code == 401 and answer.headers['WWW-Authenticate'].startswith('Basic')
    refused = fetch(s, admin, '/basic/closed/', auth=('bob', 'correct horse battery'))
    assert refused.status_code == 403, 'bob is a member, whatever cookie comes with him'
    s.db("""update tocsin.account set role = 'admin' where id =
            (select account from tocsin.external_name where auth_type = 'Basic' and name = 'bob')""")
    assert fetch(s, s.anyone(), '/basic/closed/', auth=('bob', 'correct horse battery')).status_code == 200


def basic(name):
    return {'auth': (name, 'correct horse battery'), 'headers': {'X-Use-Basic': '1'}}


def test_another_authentication_signs_in(s):
    me = s.anyone().api('GET', '/me', **basic('carol'))
    assert me.status_code == 200 and me.json()['role'] == 'member' and me.json()['name'] == 'carol'
    again = s.anyone().api('GET', '/me', **basic('carol')).json()
    assert again['id'] == me.json()['id'], 'the same account'
    assert s.anyone().api('GET', '/me', headers={'X-Use-Basic': '1'}).status_code == 401
    s.db('update tocsin.account set disabled_at = now() where id = %s', again['id'])
    assert s.anyone().api('GET', '/me', **basic('carol')).status_code == 401


def test_accounts_made_for_others_are_taken_by_address_but_never_ones_with_a_password(s):
    boss = s.db("insert into tocsin.account (email, role) values ('boss@example.org', 'admin') returning id")[0][0]
    assert s.anyone().api('GET', '/me', **basic('boss@example.org')).json()['id'] == boss
    admin = s.admin  # admin@example.org has a password
    me = s.anyone().api('GET', '/me', **basic('admin@example.org')).json()
    assert me['id'] != admin.id and me['role'] == 'member'


def test_the_same_name_in_other_letters_is_somebody_else(s):
    """htpasswd tells "boss" from "BOSS": an account that one of them has is not the other's."""
    boss = s.db("insert into tocsin.account (email, role) values ('chief@example.org', 'admin') returning id")[0][0]
    assert s.anyone().api('GET', '/me', **basic('chief@example.org')).json()['id'] == boss
    other = s.anyone().api('GET', '/me', **basic('Chief@example.org')).json()
    assert other['id'] != boss and other['role'] == 'member'


def test_no_header_of_a_client_is_believed(s):
    for name in ('X-Remote-User', 'REMOTE_USER', 'Remote-User', 'X-Forwarded-User', 'X-Tocsin-User'):
        assert s.anyone().api('GET', '/me', headers={name: 'admin@example.org'}).status_code == 401


def test_a_browser_with_basic_needs_the_token_too(s):
    client = s.anyone()
    page = {'Sec-Fetch-Site': 'same-origin', 'X-Use-Basic': '1'}
    auth = ('eve@example.org', 'correct horse battery')
    assert client.api('PATCH', '/me', json={'name': 'x'}, auth=auth, headers={'X-Use-Basic': '1'}).status_code == 200, 'a script'
    assert client.api('PATCH', '/me', json={'name': 'x'}, auth=auth, headers=page).status_code == 403
    assert client.api('PATCH', '/me', json={'name': 'x'}, auth=auth,
                      headers={'X-Use-Basic': '1', 'Sec-Fetch-Site': 'cross-site'}).status_code == 403
    csrf = client.api('GET', '/bootstrap', auth=auth, headers=page).json()['csrf']
    assert client.api('PATCH', '/me', json={'name': 'x'}, auth=auth, headers={**page, 'X-CSRF-Token': csrf}).status_code == 200


def test_nobody_new_unless_a_role_is_named(s):
    conf = (s.root / 'httpd.conf').read_text()
    assert 'TocsinExternalRole member' in conf
    s.httpd.extra += 'TocsinExternalRole none\n'
    s.httpd.restart()
    known = s.anyone().api('GET', '/me', **basic('eve@example.org'))
    assert known.status_code == 200, 'who has an account keeps it'
    users = s.root / 'users'
    users.write_text(users.read_text() + f'fresh:{HASH}\n')
    assert s.anyone().api('GET', '/me', **basic('fresh')).status_code == 401
    assert s.db("select count(*) from tocsin.account where name = 'fresh'")[0][0] == 0
