"""RunState's contract, replayed: each endpoint, role, text, code and limit that its clients
know, with what it meant where its code did something else."""
import itertools
import time

import pytest

from stack import Stack
from watching import channel

BASE = '/api/runstate/v1'
ORIGIN = 'https://app.example.org'
PASSWORD = 'Secret-1'
NUMBERS = itertools.count(1)

MISSING, FORMAT, INVALID = 'missing authorization header', 'invalid authorization format', 'invalid or expired token'
FORBIDDEN, NOT_YOURS, NO_SITE = 'forbidden', 'you are not allowed to access this website', 'website not found'
BAD_BODY = 'invalid request body'


@pytest.fixture(scope='module')
def server(build):
    with Stack(build, tocsind=False, extra=f'TocsinSignup open\nTocsinRunstateOrigin {ORIGIN} http://localhost:3000\n') as s:
        yield s


class Person:
    """A client of theirs: tokens in bodies, never a cookie."""

    def __init__(self, s):
        self.s, self.http = s, s.anyone()
        self.email, self.id, self.tokens = None, None, {}

    def call(self, method, path, status=200, **kw):
        headers = {**({'Authorization': 'Bearer ' + self.tokens['access_token']} if self.tokens else {}),
                   **kw.pop('headers', {})}
        answer = self.http.request(method, BASE + path, headers=headers, **kw)
        assert answer.status_code == status, f'{method} {path}: {answer.status_code} {answer.text}'
        assert answer.headers['Content-Type'] == 'application/json'
        return answer.json()

    def data(self, method, path, status=200, message=None, **kw):
        got = self.call(method, path, status, **kw)
        assert got['success'] is True and got.get('message') == message and 'error' not in got
        return got['data']

    def error(self, method, path, status, text, **kw):
        got = self.call(method, path, status, **kw)
        assert got == {'success': False, 'error': text}, got

    def sign_up(self, email=None):
        self.email = email or f'r{next(NUMBERS)}@example.org'
        got = self.data('POST', '/signup', 201, 'User successfully created',
                        json={'email': self.email, 'password': PASSWORD})
        assert set(got) == {'id', 'email', 'role'} and got['email'] == self.email and got['role'] == 'USER'
        assert isinstance(got['id'], str)
        self.id = got['id']
        return self

    def sign_in(self):
        self.tokens = self.data('POST', '/signin', 200, 'Signin successful',
                                json={'email': self.email, 'password': PASSWORD})
        assert set(self.tokens) == {'access_token', 'refresh_token'}
        return self

    def site(self, url=None):
        return self.data('POST', '/websites/', 201, 'website successfully created',
                         json={'url': url or f'https://r{next(NUMBERS)}.example.com/'})['ID']


def user(s):
    return Person(s).sign_up().sign_in()


@pytest.fixture
def ann(server):
    return user(server)


@pytest.fixture
def admin(server):
    p = Person(server).sign_up()
    server.db("update tocsin.account set role = 'admin' where id = %s", int(p.id))
    return p.sign_in()


# ---------------------------------------------------------------- health, accounts, tokens

def test_health_is_bare(server):
    for path in ('/health', '/health/'):
        assert Person(server).call('GET', path) == {'status': 'ok'}


@pytest.mark.parametrize('body, text', [
    ({}, BAD_BODY), ({'email': 'a@example.org'}, BAD_BODY), ({'password': PASSWORD}, BAD_BODY),
    ({'email': '', 'password': PASSWORD}, BAD_BODY), ({'email': 'a@example.org', 'password': ''}, BAD_BODY),
    ({'email': 1, 'password': PASSWORD}, BAD_BODY), ({'email': 'nobody', 'password': PASSWORD}, 'invalid email'),
])
def test_a_sign_up_with_a_bad_body_is_refused(server, body, text):
    Person(server).error('POST', '/signup', 400, text, json=body)


@pytest.mark.parametrize('password', ['Sh0rt-1', 'nocapital-1', 'NOSMALL-1', 'NoDigits--', 'NoSpecial11', 'A' * 300 + 'a-1'],
                         ids=['short', 'no-capital', 'no-small', 'no-digit', 'no-other', 'long'])
def test_a_password_has_all_four_kinds_of_character(server, password):
    got = Person(server).call('POST', '/signup', 400, json={'email': f'p{next(NUMBERS)}@example.org', 'password': password})
    assert got['error'].startswith('password must')


def test_where_sign_up_is_not_open_nobody_signs_up_here_either(quiet):
    Person(quiet).error('POST', '/signup', 403, 'signup is closed', json={'email': 'a@example.org', 'password': PASSWORD})


def test_the_same_email_twice_is_a_conflict(server):
    a = Person(server).sign_up()
    for email in (a.email, a.email.upper()):
        Person(server).error('POST', '/signup', 409, 'email already exists', json={'email': email, 'password': PASSWORD})


def test_an_address_signs_up_so_often_here_as_elsewhere(server):
    person = Person(server)
    codes = [person.http.request('POST', BASE + '/signup', json={'email': f'many{n}@example.org', 'password': PASSWORD}).status_code
             for n in range(11)]
    assert codes == [201] * 10 + [429]


@pytest.mark.parametrize('path', ['/signup', '/signin', '/auth/refresh', '/auth/logout'])
@pytest.mark.parametrize('body', [b'{', b'[]', b'\xff', b'"x"', b'', b'{"refresh_token": 7}', b'[' * 10000],
                         ids=['brace', 'list', 'bytes', 'string', 'nothing', 'number', 'deep'])
def test_a_malformed_body_is_refused(server, path, body):
    Person(server).error('POST', path, 400, BAD_BODY, data=body, headers={'Content-Type': 'application/json'})


def test_a_body_that_is_too_large_is_refused(server):
    Person(server).error('POST', '/signup', 413, 'request body too large', data=b'{"email":"' + b'x' * 70000 + b'"}',
                         headers={'Content-Type': 'application/json'})


def test_a_wrong_sign_in_has_one_answer(server):
    a = Person(server).sign_up()
    for email, password in ((a.email, 'Wrong-11'), ('nobody@example.org', PASSWORD)):
        Person(server).error('POST', '/signin', 400, 'invalid email or password', json={'email': email, 'password': password})
    server.db('update tocsin.account set disabled_at = now() where id = %s', int(a.id))
    Person(server).error('POST', '/signin', 400, 'invalid email or password', json={'email': a.email, 'password': PASSWORD})


def test_a_refresh_token_is_used_once_and_its_reuse_ends_the_session(ann):
    first = dict(ann.tokens)
    second = ann.data('POST', '/auth/refresh', json={'refresh_token': first['refresh_token']})
    assert second['refresh_token'] != first['refresh_token']
    ann.tokens = second
    assert ann.data('GET', '/me')['email'] == ann.email
    for token in (first['refresh_token'], second['refresh_token'], 'nonsense'):
        ann.error('POST', '/auth/refresh', 401, 'invalid refresh token', json={'refresh_token': token})


def test_logout_ends_the_session_and_may_be_said_twice(ann):
    for _ in range(2):
        assert ann.call('POST', '/auth/logout', json={'refresh_token': ann.tokens['refresh_token']}) == \
            {'success': True, 'message': 'Logout Successful'}
    ann.error('POST', '/auth/refresh', 401, 'invalid refresh token', json={'refresh_token': ann.tokens['refresh_token']})
    ann.error('GET', '/me', 401, INVALID)


def test_me(ann, admin):
    assert ann.data('GET', '/me') == {'id': ann.id, 'email': ann.email, 'role': 'USER'}
    assert admin.data('GET', '/me')['role'] == 'ADMIN'


PROTECTED = [('GET', '/me'), ('GET', '/admin/users'), ('GET', '/websites/'), ('POST', '/websites/'),
             ('GET', '/websites/1'), ('DELETE', '/websites/1'), ('GET', '/websites/1/checks'),
             ('GET', '/websites/1/response-times'), ('GET', '/websites/1/incidents'), ('GET', '/websites/1/notifications')]


@pytest.mark.parametrize('method, path', PROTECTED)
def test_only_a_bearer_token_lets_in(server, ann, method, path):
    nobody = Person(server)
    nobody.error(method, path, 401, MISSING)
    for header, text in [('Basic YTpi', FORMAT), (ann.tokens['access_token'], FORMAT), ('Bearer', FORMAT),
                         ('Bearer x', INVALID), ('Bearer a.b.c', INVALID), ('Bearer tcs_' + 'x' * 43, INVALID),
                         ('Bearer ' + ann.tokens['access_token'][:-2], INVALID),
                         ('Bearer ' + ann.tokens['refresh_token'], INVALID)]:
        nobody.error(method, path, 401, text, headers={'Authorization': header})


def test_a_cookie_of_ours_is_no_credential_here(server):
    browser = server.user()
    assert browser.api('GET', '/me').ok
    answer = browser.get(BASE + '/me')
    assert (answer.status_code, answer.json()) == (401, {'success': False, 'error': MISSING})


def test_the_list_of_users_is_for_admins(ann, admin):
    ann.error('GET', '/admin/users', 403, FORBIDDEN)
    users = admin.data('GET', '/admin/users')
    assert [u for u in users if u['id'] == ann.id] == [{'id': ann.id, 'email': ann.email, 'role': 'USER'}]
    ids = [int(u['id']) for u in users]
    assert ids == sorted(ids, reverse=True)


# ---------------------------------------------------------------- websites

def test_a_website_is_created_listed_read_and_deleted(server, ann):
    url = f'https://r{next(NUMBERS)}.example.com/x'
    made = ann.data('POST', '/websites/', 201, 'website successfully created', json={'url': f'  {url} \n', 'more': 1})
    assert set(made) == {'ID', 'UserID', 'URL', 'Slug', 'TimeAdded', 'CurrentStatus'}
    assert (made['UserID'], made['URL'], made['CurrentStatus']) == (ann.id, url, 'unknown') and isinstance(made['ID'], str)
    listed, = ann.data('GET', '/websites/')['websites']
    read = ann.data('GET', f"/websites/{made['ID']}")
    assert read == {**listed, 'active_incident': None}
    assert listed == {'id': made['ID'], 'url': url, 'slug': made['Slug'], 'current_status': 'unknown',
                      'time_added': made['TimeAdded'], 'last_checked_at': None, 'latest_response_time_ms': None}
    checked(server, made['ID'])
    assert ann.call('DELETE', f"/websites/{made['ID']}") == {'success': True, 'message': 'Website Successfully deleted'}
    assert ann.data('GET', '/websites')['websites'] == []
    ann.error('GET', f"/websites/{made['ID']}", 404, NO_SITE)
    ann.error('DELETE', f"/websites/{made['ID']}", 404, NO_SITE)
    ann.site(url)


@pytest.mark.parametrize('body, text', [
    ({}, BAD_BODY), ({'url': ''}, BAD_BODY), ({'url': '   '}, BAD_BODY), ({'url': 7}, BAD_BODY),
    ({'url': 'example.com'}, 'invalid url'), ({'url': 'ftp://example.com/'}, 'invalid url'),
    ({'url': 'http://192.168.1.1/'}, 'invalid url'), ({'url': 'http://[::ffff:10.0.0.1]/'}, 'invalid url'),
    ({'url': 'http://169.254.169.254/'}, 'invalid url'), ({'url': 'http://a b/'}, 'invalid url'),
    ({'url': 'https://example.com/' + 'x' * 2048}, 'invalid url'), ({'url': 'http://u:p@example.com/'}, 'invalid url'),
])
def test_a_bad_url_is_refused(ann, body, text):
    ann.error('POST', '/websites/', 400, text, json=body)


def test_the_same_url_twice_is_a_conflict_for_one_owner(server, ann):
    url = f'https://r{next(NUMBERS)}.example.com/'
    ann.site(url)
    ann.error('POST', '/websites/', 409, 'website already exists', json={'url': url})
    user(server).site(url)


def test_a_url_of_2048_bytes_is_taken(ann):
    base = f'https://r{next(NUMBERS)}.example.com/'
    ann.site(base + 'x' * (2048 - len(base)))


TAILS = [('GET', ''), ('GET', '/checks'), ('GET', '/response-times'), ('GET', '/incidents'), ('GET', '/notifications')]


@pytest.mark.parametrize('method, tail', TAILS + [('DELETE', '')])
def test_whose_website_it_is_decides(server, ann, admin, method, tail):
    site = ann.site()
    user(server).error(method, f'/websites/{site}{tail}', 403, NOT_YOURS)
    if tail == '/notifications':
        admin.error(method, f'/websites/{site}{tail}', 403, NOT_YOURS)
    else:
        admin.call(method, f'/websites/{site}{tail}')
    for strange in ('999999999', '0', '-1', 'x', '1e3', '99999999999999999999', "1'", '%ff'):
        ann.error(method, f'/websites/{strange}{tail}', 404, NO_SITE)


def test_an_operator_is_a_user_here_and_a_viewer_cannot_write(server, ann):
    for role in ('operator', 'viewer'):
        p = Person(server).sign_up()
        server.db('update tocsin.account set role = %s where id = %s', role, int(p.id))
        p.sign_in()
        assert p.data('GET', '/me')['role'] == 'USER' and p.data('GET', '/websites')['websites'] == []
        p.error('GET', f'/websites/{ann.site()}', 403, NOT_YOURS)
    p.error('POST', '/websites', 403, FORBIDDEN, json={'url': 'https://example.com/'})


def test_an_admin_sees_all_websites(ann, admin):
    site = ann.site()
    assert site in [w['id'] for w in admin.data('GET', '/websites')['websites']]


# ---------------------------------------------------------------- history

def checked(s, site, n=3, status=1):
    """n checks of the last minutes, as checkers leave them; the newest is `status`."""
    s.db('select work.place()')
    s.db("insert into tocsin.segment (bucket, region, epoch, batch, at, slot, age_ms, status, reason, code, total_us, "
         "phase_us) select m.bucket, 0, 1, m.id * 10000 + i, clock_timestamp() - make_interval(secs => i), array[m.slot], "
         "array[0], array[case when i = 0 then %s else 1 end]::smallint[], array[0]::smallint[], array[200]::smallint[], "
         "array[12001 + i], array[1, 2, 3, 4] from tocsin.monitor m, generate_series(0, %s - 1) i where m.id = %s returning 1",
         status, n, int(site))
    s.db("insert into tocsin.monitor_latest (monitor, region, at, status, reason, code, total_us, phase_us) "
         "values (%s, 0, clock_timestamp(), %s, 0, 200, 12001, '{1,2,3,4}') on conflict do nothing returning 1", int(site), status)
    s.db('select tocsin.transit(%s, %s)', int(site), status)


def old(s, site):
    s.db("update tocsin.monitor set created_at = now() - interval '1 day' where id = %s returning 1", int(site))


def test_checks_and_response_times_are_newest_first(server, ann):
    site = ann.site()
    old(server, site)
    checked(server, site, 3, status=3)
    checks = ann.data('GET', f'/websites/{site}/checks')['checks']
    assert [c['status'] for c in checks] == ['down', 'up', 'up']
    assert [c['response_time_ms'] for c in checks] == [13, 13, 13]
    assert [c['created_at'] for c in checks] == sorted((c['created_at'] for c in checks), reverse=True)
    assert set(checks[0]) == {'id', 'website_id', 'region_id', 'region_name', 'status', 'response_time_ms', 'created_at'}
    assert checks[0]['website_id'] == site and checks[0]['region_name'] == 'local' and len({c['id'] for c in checks}) == 3
    points = ann.data('GET', f'/websites/{site}/response-times')['points']
    assert set(points[0]) == {'timestamp', 'response_time_ms', 'status', 'region_id', 'region_name'}
    assert [p['timestamp'] for p in points] == [c['created_at'] for c in checks]
    read = ann.data('GET', f'/websites/{site}')
    assert (read['current_status'], read['latest_response_time_ms']) == ('down', 13) and read['last_checked_at']
    assert read['active_incident']['is_active'] is True


@pytest.mark.parametrize('path, key, limits', [
    ('checks', 'checks', {'': 20, '?limit=1': 1, '?limit=100': 100, '?limit=101': 100, '?limit=0': 20, '?limit=x': 20,
                          '?limit=-5': 20, '?limit=99999999999999999999': 20, '?a=b&limit=7': 7}),
    ('response-times', 'points', {'': 50, '?limit=1': 1, '?limit=500': 500, '?limit=501': 500, '?limit=0': 50}),
])
def test_limits_of_history(server, ann, path, key, limits):
    site = ann.site()
    old(server, site)
    checked(server, site, 600)
    for query, n in limits.items():
        assert len(ann.data('GET', f'/websites/{site}/{path}{query}')[key]) == n, query
        time.sleep(0.05)  # the rate limit is another test's


def test_incidents_come_without_the_envelope(server, ann):
    site = ann.site()
    assert ann.call('GET', f'/websites/{site}/incidents') == {'incidents': []}
    for n in range(25):
        server.db('select tocsin.transit(%s, 3)', int(site))
        if n < 24:
            server.db('select tocsin.transit(%s, 1)', int(site))
    got = ann.call('GET', f'/websites/{site}/incidents')['incidents']
    assert len(got) == 20 and got[0]['is_active'] and 'resolved_at' not in got[0] and got[0]['current_status'] == 'down'
    assert not got[1]['is_active'] and got[1]['resolved_at'] >= got[1]['started_at'] and got[1]['duration_seconds'] >= 0
    assert set(got[1]) == {'id', 'website_id', 'region_name', 'started_at', 'resolved_at', 'is_active', 'current_status',
                           'duration_seconds'}
    for query, n in {'1': 1, '25': 25, '100': 25, '101': 20, '0': 20, '-1': 20, 'x': 20}.items():
        assert len(ann.call('GET', f'/websites/{site}/incidents?limit={query}')['incidents']) == n, query


def test_notifications(server, ann):
    site = ann.site()
    assert ann.data('GET', f'/websites/{site}/notifications') == {'items': []}
    owner = type('Owner', (), {'id': int(ann.id)})
    mail = channel(server, owner)
    server.db('insert into tocsin.monitor_channel values (%s, %s) returning 1', int(site), mail)
    server.db('select tocsin.transit(%s, 1)', int(site))
    server.db('select tocsin.transit(%s, 3)', int(site))
    server.db('select tocsin.transit(%s, 1)', int(site))
    server.db("with d as (insert into tocsin.delivery (outbox, attempt, ok, recipient, code) select id, 1, true, 'a@example.org', "
              "250 from tocsin.outbox where monitor = %s and event = 'down') update tocsin.outbox set state = 'sent' "
              "where monitor = %s and event = 'down' returning 1", int(site), int(site))
    up, down = ann.data('GET', f'/websites/{site}/notifications')['items']
    assert set(down) == {'id', 'channel', 'recipient', 'prev_status', 'current_status', 'delivery_status', 'sent_at', 'region_id'}
    assert (down['channel'], down['recipient'], down['prev_status'], down['current_status'], down['delivery_status']) == \
        ('EMAIL', 'a@example.org', 'up', 'down', 'sent')
    assert (up['prev_status'], up['current_status'], up['delivery_status']) == ('down', 'up', 'pending')
    assert len(ann.data('GET', f'/websites/{site}/notifications?limit=1')['items']) == 1


def test_a_status_page_is_for_everybody_who_has_the_slug(server, ann):
    site = ann.data('GET', f'/websites/{ann.site()}')
    got = Person(server).data('GET', f"/public/status-pages/{site['slug']}")
    assert got == {'website': {k: site[k] for k in ('id', 'url', 'slug', 'current_status', 'time_added')}}
    for slug in ('x', '00000000-0000-0000-0000-000000000000', '%ff', "'"):
        Person(server).error('GET', f'/public/status-pages/{slug}', 404, NO_SITE)
    ann.call('DELETE', f"/websites/{site['id']}")
    Person(server).error('GET', f"/public/status-pages/{site['slug']}", 404, NO_SITE)


# ---------------------------------------------------------------- all of it

def test_unknown_paths_and_methods(ann):
    for path in ('', '/', '/nope', '/websites/1/nope', '/websites/1/checks/2', '/public/status-pages/', '/admin'):
        ann.error('GET', path, 404, 'not found')
    ann.error('PUT', '/websites', 405, 'method not allowed')
    assert ann.http.request('PUT', BASE + '/websites/1').headers['Allow'] == 'GET, DELETE'


def test_pages_of_configured_origins_may_call(ann):
    def ask(method, origin, **headers):
        return ann.http.request(method, BASE + '/websites/', headers={'Origin': origin, **headers})
    preflight = ask('OPTIONS', ORIGIN, **{'Access-Control-Request-Method': 'POST'})
    assert preflight.status_code == 204
    assert preflight.headers['Access-Control-Allow-Origin'] == ORIGIN
    assert preflight.headers['Access-Control-Allow-Credentials'] == 'true'
    assert preflight.headers['Access-Control-Allow-Methods'] == 'GET, POST, PUT, PATCH, DELETE, OPTIONS'
    assert preflight.headers['Access-Control-Allow-Headers'] == 'Origin, Content-Type, Accept, Authorization'
    assert preflight.headers['Access-Control-Max-Age'] == '43200'
    refused = ask('GET', 'http://localhost:3000')
    assert refused.status_code == 401 and refused.headers['Access-Control-Allow-Origin'] == 'http://localhost:3000'
    for origin in ('https://evil.example.org', 'null', ORIGIN + '.evil.org', ORIGIN.upper()):
        assert 'Access-Control-Allow-Origin' not in ask('GET', origin).headers
        stranger = ask('OPTIONS', origin, **{'Access-Control-Request-Method': 'POST'})
        assert stranger.status_code == 403 and 'Access-Control-Allow-Origin' not in stranger.headers
    assert 'Origin' in refused.headers['Vary']


def test_more_than_a_burst_of_40_is_refused_for_a_moment(server):
    p = Person(server)
    answers = [p.http.get(BASE + '/health') for _ in range(80)]
    refused = [a for a in answers if a.status_code == 429]
    assert all(a.status_code == 200 for a in answers[:40]) and refused
    assert refused[0].json() == {'success': False, 'error': 'rate limit exceeded'}
    assert int(refused[0].headers['Retry-After']) >= 1
    assert Person(server).call('GET', '/health') == {'status': 'ok'}


def test_metrics_are_not_for_everybody(server):
    """Theirs are open to all; ours only where httpd.conf lets in."""
    text = (server.httpd.build / 'conf/tocsin.conf').read_text()
    block = text[text.index('metrics">'):]
    assert 'Require local' in block[:block.index('</Location>')]


def test_without_the_database_the_envelope_stays(server, ann):
    server.pg.stop('fast')
    try:
        got = ann.call('GET', '/websites', 503)
        assert got == {'success': False, 'error': 'service unavailable'}
        assert ann.http.get(BASE + '/me', headers={'Authorization': 'Bearer ' + ann.tokens['access_token']}).headers['Retry-After']
        assert Person(server).call('GET', '/health') == {'status': 'ok'}
    finally:
        server.pg.start()
    server.wait(lambda: ann.http.get(BASE + '/me', headers={
        'Authorization': 'Bearer ' + ann.tokens['access_token']}).status_code == 200)


@pytest.mark.parametrize('line', ['TocsinRunstateOrigin example.org', 'TocsinRunstateOrigin https://', 'TocsinRunstateRate -1 40',
                                  'TocsinRunstateOrigin https://a.org/path', 'TocsinRunstateRate x 40', 'TocsinRunstateRate 20 0'])
def test_a_wrong_directive_stops_the_configuration_test(server, line):
    text = (server.root / 'httpd.conf').read_text()
    code, said = server.httpd.test(text + '\n' + line + '\n')
    assert code != 0 and line.split()[0] in said
