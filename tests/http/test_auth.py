"""Sign-in, sessions, tokens, sign-up: what holds and what does not."""
import base64
import hashlib
import hmac
import json
import statistics
import threading
import time

import pytest

from stack import Stack
from stack.stack import HASH, PASSWORD

KEY = base64.b64decode('dGVzdCB0ZXN0IHRlc3QgdGVzdCB0ZXN0IHRlc3QgdGVzdA==')  # what the stack's key file says


@pytest.fixture(scope='module')
def s(quiet):
    return quiet


@pytest.fixture(scope='module')
def strict(build):
    """Three failed sign-ins, then wait; sign-up is open."""
    with Stack(build, tocsind=False, extra='TocsinSigninLimit 3 30\nTocsinSignup open') as s:
        yield s


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def forge(header, claims, key=KEY, digest=hashlib.sha256):
    text = b64(json.dumps(header, separators=(',', ':')).encode()) + '.' + b64(json.dumps(claims).encode())
    return text + '.' + b64(hmac.new(key, text.encode(), digest).digest())


def claims_of(token):
    part = token.split('.')[1]
    return json.loads(base64.urlsafe_b64decode(part + '=' * (-len(part) % 4)))


def head_of(token):
    part = token.split('.')[0]
    return json.loads(base64.urlsafe_b64decode(part + '=' * (-len(part) % 4)))


# ---- passwords

def test_one_generic_answer(s):
    """Wrong password, unknown account, disabled account, account without password."""
    known, off, outside = s.user(), s.user(), s.user()
    s.db('update tocsin.account set disabled_at = now() where id = %s', off.id)
    s.db('update tocsin.account set password = null where id = %s', outside.id)
    texts = set()
    for email, password in ((known.email, 'not the password'), ('nobody@example.org', PASSWORD),
                            (off.email, PASSWORD), (outside.email, PASSWORD)):
        answer = s.anyone().api('POST', '/session', json={'email': email, 'password': password})
        assert answer.status_code == 401
        assert 'Set-Cookie' not in answer.headers
        body = answer.json()
        del body['request_id']
        texts.add(json.dumps(body))
    assert len(texts) == 1


def test_unknown_accounts_take_as_long(s):
    """Medians of a known account's wrong password (yescrypt) and of unknown accounts."""
    known = s.user()
    change = known.api('POST', '/me/password', json={'current': PASSWORD, 'new': 'something else entirely'})
    assert change.status_code == 204, change.text

    def took(email):
        client = s.anyone()  # a fresh address: no limit in between
        began = time.perf_counter()
        assert client.api('POST', '/session', json={'email': email, 'password': 'x'}).status_code == 401
        return time.perf_counter() - began

    took('warm@example.org')
    known_s, unknown_s = [], []
    for n in range(9):  # fewer than the account's limit
        known_s.append(took(known.email))
        unknown_s.append(took(f'nobody{n}@example.org'))
    ratio = statistics.median(unknown_s) / statistics.median(known_s)
    assert 0.5 < ratio < 2, (known_s, unknown_s)


def test_address_is_throttled_and_success_costs_nothing(strict):
    s = strict
    user, client = s.user(), s.anyone()
    for _ in range(5):
        assert client.api('POST', '/session', json={'email': user.email, 'password': PASSWORD}).status_code == 200
    for n in range(3):
        wrong = {'email': f'a{n}@example.org', 'password': 'wrong'}
        assert client.api('POST', '/session', json=wrong).status_code == 401
    refused = client.api('POST', '/session', json={'email': user.email, 'password': PASSWORD})
    assert refused.status_code == 429 and 0 < int(refused.headers['Retry-After']) <= 30
    assert s.anyone().api('POST', '/session', json={'email': user.email, 'password': PASSWORD}).status_code == 200


def test_account_is_locked_from_many_addresses(strict):
    s = strict
    user = s.user()
    for email in (user.email, 'unknown-locked@example.org'):
        for _ in range(3):
            wrong = {'email': email.upper(), 'password': 'wrong'}
            assert s.anyone().api('POST', '/session', json=wrong).status_code == 401
        locked = s.anyone().api('POST', '/session', json={'email': email, 'password': PASSWORD})
        assert locked.status_code == 423, 'known or unknown alike'
        assert 0 < int(locked.headers['Retry-After']) <= 30


def test_a_stolen_session_guesses_no_password_from_many_addresses(strict):
    s = strict
    user = s.user()

    def change(current):
        thief = s.anyone()
        thief.cookies.update(user.cookies)
        thief.guard()
        return thief.api('POST', '/me/password', json={'current': current, 'new': 'quite another long one'})

    assert [change(f'wrong {n}').status_code for n in range(3)] == [422] * 3
    locked = change(PASSWORD)
    assert locked.status_code == 423 and 0 < int(locked.headers['Retry-After']) <= 30


def test_many_sign_ins_at_once_leave_threads_for_others(s):
    """Hashing is limited: some are told to come again, reads go on meanwhile."""
    reader = s.user()
    reader.close()  # a server whose threads are all at work ends idle connections
    codes = []

    def knock(n):
        answer = s.anyone().api('POST', '/session', json={'email': f'crowd{n}@example.org', 'password': 'x'})
        codes.append(answer.status_code)
        if answer.status_code == 503:
            assert answer.headers['Retry-After']

    threads = [threading.Thread(target=knock, args=(n,)) for n in range(40)]
    for t in threads:
        t.start()
    slowest = 0
    while any(t.is_alive() for t in threads):
        began = time.monotonic()
        assert reader.api('GET', '/me', headers={'Connection': 'close'}).status_code == 200
        slowest = max(slowest, time.monotonic() - began)
    assert len(codes) == 40 and set(codes) <= {401, 503}
    assert slowest < 3


@pytest.mark.parametrize('password, rule', [
    ('elevenchars', 'at least 12'), ('x' * 12, 'easy'), ('abcabcabcabc', 'easy'), ('123456789012', 'first'),
    ('PasswordPassword', 'first'), ('a' + 'é' * 128, '256 bytes'), ('y' * 300, '256 bytes')])
def test_weak_passwords_are_refused_with_the_rule(strict, password, rule):
    answer = strict.anyone().api('POST', '/signup', json={'email': 'weak@example.org', 'password': password})
    assert answer.status_code == 422
    assert rule in answer.json()['errors']['password']


def test_the_own_address_is_no_password(strict):
    mail = 'long.enough@example.org'
    answer = strict.anyone().api('POST', '/signup', json={'email': mail, 'password': mail.upper()})
    assert answer.status_code == 422 and 'e-mail' in answer.json()['errors']['password']


def test_htpasswd_hashes_sign_in(s):
    """bcrypt of 'correct horse battery' as htpasswd -B writes it."""
    crypted = '$2y$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.'
    user = s.user()
    s.db('update tocsin.account set password = %s where id = %s', crypted, user.id)
    s.anyone().sign_in(user.email, PASSWORD)


# ---- cookies and access tokens

def test_cookies_are_for_http_only_and_this_site(s):
    answer = s.user().sign_in(s.user().email, PASSWORD)
    cookies = answer.raw.headers.getlist('Set-Cookie')
    assert len(cookies) == 2
    for cookie in cookies:
        assert 'HttpOnly' in cookie and 'SameSite=Lax' in cookie and 'Path=/' in cookie
        assert 'Secure' not in cookie, 'plain http here'
    assert [c for c in cookies if c.startswith('tocsin-refresh=')][0].count('Max-Age') == 0, 'ends with the browser'
    remembered = s.anyone().api('POST', '/session', json={'email': s.admin.email, 'password': PASSWORD, 'remember': True})
    assert any(c.startswith('tocsin-refresh=') and 'Max-Age=1209600' in c
               for c in remembered.raw.headers.getlist('Set-Cookie'))


def test_behind_a_tls_proxy_cookies_are_secure(build):
    with Stack(build, tocsind=False, children=1, extra='TocsinPublicURL https://status.example.org/') as s:
        s.db("insert into tocsin.account (email, password) values ('a@example.org', %s)", HASH)
        sign_in = {'email': 'a@example.org', 'password': PASSWORD}
        public = s.anyone().api('POST', '/session', json=sign_in, headers={'Host': 'status.example.org'})
        cookies = public.raw.headers.getlist('Set-Cookie')
        assert all(c.startswith('__Host-tocsin') and 'Secure' in c for c in cookies), cookies
        lan = s.anyone().api('POST', '/session', json=sign_in)
        assert all('Secure' not in c for c in lan.raw.headers.getlist('Set-Cookie'))


def test_addresses_with_a_zone_are_written_down(build):
    """A link-local address comes as fe80::1%eth0, which is no inet."""
    with Stack(build, tocsind=False, children=1,
               before='LoadModule remoteip_module /usr/lib/apache2/modules/mod_remoteip.so',
               extra='RemoteIPHeader X-From\nRemoteIPInternalProxy 127.0.0.0/8') as s:
        s.db("insert into tocsin.account (email, password) values ('a@example.org', %s)", HASH)
        client = s.anyone()
        client.headers['X-From'] = 'fe80::1%lo'
        client.sign_in('a@example.org', PASSWORD)
        assert client.api('POST', '/session/refresh').status_code == 200
        client.guard()
        assert client.api('POST', '/me/tokens', json={'name': 't', 'scopes': ['read']}).status_code == 201
        assert s.db('select distinct host(address) from tocsin.audit') == [('fe80::1',)]
        assert s.db('select distinct host(address) from tocsin.session') == [('fe80::1',)]


def access(s):
    answer = s.anyone().api('POST', '/session', json={'email': s.admin.email, 'password': PASSWORD, 'tokens': True})
    assert 'Set-Cookie' not in answer.headers
    return answer.json()


def bearer(s, token):
    return s.anyone().api('GET', '/me', headers={'Authorization': f'Bearer {token}'})


def test_bearer_tokens_hold_until_they_expire(s):
    token = access(s)['access_token']
    assert bearer(s, token).status_code == 200
    claims = claims_of(token)
    assert claims['exp'] - claims['iat'] == 900 and head_of(token)['alg'] == 'HS256'
    claims['exp'] = int(time.time()) - 1
    old = bearer(s, forge(head_of(token), claims))
    assert old.status_code == 401 and 'expired' in old.json()['detail']
    assert 'invalid_token' in old.headers['WWW-Authenticate']


def test_no_other_token_is_taken(s):
    token = access(s)['access_token']
    head, claims = head_of(token), claims_of(token)
    assert bearer(s, forge(head, claims)).status_code == 200, 'this is how ours is made'
    none = b64(json.dumps({**head, 'alg': 'none'}, separators=(',', ':')).encode()) + '.' + token.split('.')[1] + '.'
    bad = [none, none[:-1], forge({**head, 'alg': 'HS512'}, claims, digest=hashlib.sha512),
           forge({**head, 'alg': 'RS256'}, claims), forge({**head, 'kid': 'other'}, claims),
           forge({'alg': 'HS256', 'typ': 'JWT'}, claims), forge({**head, 'crit': ['x']}, claims),
           forge(head, claims, key=b'x' * 32), forge(head, {**claims, 'use': 'refresh'}),
           forge(head, {**claims, 'iss': 'other'}), forge(head, {**claims, 'sub': '0'}),
           forge(head, {**claims, 'sub': '1 or 1=1'}),
           forge(head, {**claims, 'role': 'root'}), forge(head, {k: v for k, v in claims.items() if k != 'exp'}),
           forge(head, []), token + 'A', token[:-2], token + '.x', '', '.', '..', 'a.b.c', 'x' * 5000, 'tcs_', 'tcs_' + 'A' * 43]
    for t in bad:
        assert bearer(s, t).status_code == 401, t
    for n in range(0, len(token), 7):
        other = 'A' if token[n] != 'A' else 'B'
        if token[:n] + other + token[n + 1:] != token:
            assert bearer(s, token[:n] + other + token[n + 1:]).status_code == 401, n


def test_disabled_and_deleted_accounts_are_out_at_once(s):
    for change in ('update tocsin.account set disabled_at = now() where id = %s',
                   'delete from tocsin.account where id = %s'):
        user = s.user()
        assert user.api('GET', '/me').status_code == 200
        s.db(change, user.id)
        assert user.api('GET', '/me').status_code == 401
        assert user.api('GET', '/bootstrap').json()['user'] is None


def test_demotion_and_promotion_act_at_once(s):
    user = s.user('admin')
    assert user.api('GET', '/admin/users').status_code == 200
    s.db("update tocsin.account set role = 'member' where id = %s", user.id)
    assert user.api('GET', '/admin/users').status_code == 403
    user = s.user('member')
    assert user.api('GET', '/admin/users').status_code == 403
    s.db("update tocsin.account set role = 'admin' where id = %s", user.id)
    assert user.api('GET', '/admin/users').status_code == 200


def test_keys_change_without_signing_anybody_out(build):
    with Stack(build, tocsind=False, children=1) as s:
        client, keys = s.user(), s.root / 'keys'
        old = keys.read_text()
        keys.write_text('next ' + base64.b64encode(b'n' * 32).decode() + '\n' + old)
        s.httpd.graceful()
        assert client.api('GET', '/me').status_code == 200, 'the old key still verifies'
        assert client.api('PATCH', '/me', json={}).status_code == 200, 'its X-CSRF-Token too'
        assert client.api('POST', '/session/refresh').status_code == 200
        assert head_of(client.cookies['tocsin'])['kid'] == 'next'
        late = s.user()
        token = late.cookies['tocsin']
        del late.cookies['tocsin']
        late.cookies.set('tocsin', forge({**head_of(token), 'kid': 'test'}, claims_of(token)))
        assert late.api('GET', '/me').status_code == 200
        keys.write_text(keys.read_text().splitlines()[0] + '\n')
        s.httpd.graceful()
        assert client.api('GET', '/me').status_code == 200
        assert late.api('GET', '/me').status_code == 401, 'no key, no token'
        assert late.api('POST', '/session/refresh').status_code == 200, 'but the session lives'


# ---- refresh tokens

def test_refresh_rotates_and_reuse_ends_the_session(s):
    client = s.user()
    first = client.cookies['tocsin-refresh']
    assert client.api('POST', '/session/refresh').status_code == 200
    second = client.cookies['tocsin-refresh']
    assert second != first and client.api('GET', '/me').status_code == 200

    thief = s.anyone()
    thief.cookies.set('tocsin-refresh', first)
    assert thief.api('POST', '/session/refresh').status_code == 401
    assert client.api('GET', '/me').status_code == 401, 'its access token ends with it'
    assert client.api('POST', '/session/refresh').status_code == 401, 'the whole family is revoked'


def test_of_two_refreshes_at_once_one_wins(s):
    client = s.user()
    token, codes, barrier = client.cookies['tocsin-refresh'], [], threading.Barrier(4)

    def run():
        one = s.anyone()
        one.cookies.set('tocsin-refresh', token)
        barrier.wait()
        codes.append(one.api('POST', '/session/refresh').status_code)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(codes) == [200, 401, 401, 401]


def test_a_refresh_whose_answer_was_lost_is_asked_again(s):
    """httpd repeats a call when the connection broke: the same next token is no thief's."""
    client = s.user()
    spent = hashlib.sha256(client.cookies['tocsin-refresh'].encode()).hexdigest()
    fresh = hashlib.sha256(b'the next one').hexdigest()
    call = "select outcome, account, role from api.session_refresh(%s, %s, 14, '127.0.0.1')"
    first = s.db(call, spent, fresh)
    assert first == [('ok', client.id, 'member')]
    assert s.db(call, spent, fresh) == first
    assert client.api('GET', '/me').status_code == 200
    assert s.db(call, spent, hashlib.sha256(b'another').hexdigest())[0][0] == 'reused'
    assert s.db(call, spent, fresh)[0][0] == 'reused', 'it has ended'


def test_refresh_tokens_that_do_not_hold(s):
    client = s.user()
    assert s.anyone().api('POST', '/session/refresh').status_code == 401
    s.db("""update tocsin.refresh_token set expires_at = now() - interval '1 second' where session in
            (select id from tocsin.session where account = %s)""", client.id)
    assert client.api('POST', '/session/refresh').status_code == 401
    client = s.user()
    s.db('update tocsin.account set disabled_at = now() where id = %s', client.id)
    assert client.api('POST', '/session/refresh').status_code == 401


def test_tokens_are_stored_hashed(s):
    client = s.user()
    refresh = client.cookies['tocsin-refresh']
    stored = s.db('select hash from tocsin.refresh_token where session in '
                  '(select id from tocsin.session where account = %s)', client.id)
    assert [bytes(h[0]) for h in stored] == [hashlib.sha256(refresh.encode()).digest()]


def test_a_page_is_told_that_refreshing_is_worth_it(s):
    client = s.user()
    assert client.api('GET', '/bootstrap').json()['refresh'] is False
    del client.cookies['tocsin']
    start = client.api('GET', '/bootstrap').json()
    assert start['user'] is None and start['refresh'] is True and start['csrf'] is None


def test_sign_out_ends_it_everywhere(s):
    client = s.user()
    copy = s.anyone()
    copy.cookies.update(client.cookies)
    assert client.api('DELETE', '/session').status_code == 204
    assert 'tocsin' not in client.cookies
    assert copy.api('GET', '/me').status_code == 401
    assert copy.api('POST', '/session/refresh').status_code == 401
    assert s.anyone().api('DELETE', '/session').status_code == 204, 'also when there is none'


# ---- forged requests

def test_cookies_need_the_token_and_the_same_site(s):
    client = s.user()
    csrf = client.headers.pop('X-CSRF-Token')
    assert client.api('PATCH', '/me', json={'name': 'x'}).status_code == 403
    other = s.user().headers['X-CSRF-Token']
    cases = [({}, 403), ({'X-CSRF-Token': other}, 403), ({'X-CSRF-Token': csrf[:-1] + 'x'}, 403),
             ({'X-CSRF-Token': csrf}, 200),
             ({'X-CSRF-Token': csrf, 'Sec-Fetch-Site': 'cross-site'}, 403),
             ({'X-CSRF-Token': csrf, 'Sec-Fetch-Site': 'same-site'}, 403),
             ({'X-CSRF-Token': csrf, 'Sec-Fetch-Site': 'same-origin'}, 200),
             ({'X-CSRF-Token': csrf, 'Origin': 'https://evil.example'}, 403),
             ({'X-CSRF-Token': csrf, 'Origin': 'null'}, 403),
             ({'X-CSRF-Token': csrf, 'Origin': s.httpd.origin}, 200),
             ({'X-CSRF-Token': csrf, 'Origin': s.httpd.origin + '.evil.example'}, 403)]
    for headers, code in cases:
        answer = client.api('PATCH', '/me', json={'name': 'x'}, headers=headers)
        assert answer.status_code == code, (headers, answer.text)
    assert client.api('GET', '/me', headers={'Sec-Fetch-Site': 'cross-site'}).status_code == 200


def test_signing_in_for_somebody_from_another_site_is_refused(s):
    sign_in = {'email': s.admin.email, 'password': PASSWORD}
    for headers in ({'Sec-Fetch-Site': 'cross-site'}, {'Origin': 'https://evil.example'}):
        assert s.anyone().api('POST', '/session', json=sign_in, headers=headers).status_code == 403


def test_tokens_need_no_csrf(s):
    token = s.admin.api('POST', '/me/tokens', json={'name': 'w', 'scopes': ['read', 'write']}).json()['token']
    answer = s.anyone().api('PATCH', '/me', json={}, headers={'Authorization': f'Bearer {token}'})
    assert answer.status_code == 200


# ---- API tokens

def test_api_tokens_from_first_to_last(s):
    client = s.user()
    made = client.api('POST', '/me/tokens', json={'name': 'ci', 'scopes': ['write', 'read']})
    assert made.status_code == 201
    secret, id = made.json()['token'], made.json()['id']
    assert secret.startswith('tcs_') and len(secret) > 40 and made.headers['Cache-Control'] == 'no-store'
    listed = client.api('GET', '/me/tokens').json()['items']
    assert [t['name'] for t in listed] == ['ci'] and listed[0]['scopes'] == ['read', 'write']
    assert secret not in client.api('GET', '/me/tokens').text
    stored = s.db('select hash from tocsin.api_token where id = %s', id)[0][0]
    assert bytes(stored) == hashlib.sha256(secret.encode()).digest()
    assert bearer(s, secret).json()['id'] == client.id
    assert client.api('GET', '/me/tokens').json()['items'][0]['used_at'] is not None
    assert s.user().api('DELETE', f'/me/tokens/{id}').status_code == 404, 'not somebody else\'s'
    assert client.api('DELETE', f'/me/tokens/{id}').status_code == 204
    assert bearer(s, secret).status_code == 401


def test_scopes_limit_a_token(s):
    def token(*scopes):
        return s.admin.api('POST', '/me/tokens', json={'name': 't', 'scopes': scopes}).json()['token']

    def code(t, method, path, **kw):
        return s.anyone().api(method, path, headers={'Authorization': f'Bearer {t}'}, **kw).status_code

    read, write, admin = token('read'), token('write'), token('read', 'admin')
    assert code(read, 'GET', '/me') == 200 and code(read, 'PATCH', '/me', json={}) == 403
    assert code(write, 'GET', '/me') == 403 and code(write, 'PATCH', '/me', json={}) == 200
    assert code(read, 'GET', '/admin/users') == 403 and code(admin, 'GET', '/admin/users') == 200
    assert code(admin, 'PATCH', f'/admin/users/{s.admin.id}', json={}) == 403


def test_a_token_makes_no_other(s):
    token = s.admin.api('POST', '/me/tokens', json={'name': 't', 'scopes': ['read', 'write']}).json()['token']
    answer = s.anyone().api('POST', '/me/tokens', json={'name': 'more', 'scopes': ['admin']},
                            headers={'Authorization': f'Bearer {token}'})
    assert answer.status_code == 403 and 'cannot make another' in answer.json()['detail']


def test_tokens_expire_and_end_with_their_account(s):
    client = s.user()
    made = client.api('POST', '/me/tokens', json={'name': 'x', 'scopes': ['read'], 'expires_at': '2099-01-01T00:00:00Z'}).json()
    assert bearer(s, made['token']).status_code == 200
    s.db("update tocsin.api_token set expires_at = now() - interval '1 second' where id = %s", made['id'])
    assert bearer(s, made['token']).status_code == 401
    made = client.api('POST', '/me/tokens', json={'name': 'y', 'scopes': ['read']}).json()
    s.db('update tocsin.account set disabled_at = now() where id = %s', client.id)
    assert bearer(s, made['token']).status_code == 401


@pytest.mark.parametrize('body, field', [
    ({'name': '', 'scopes': ['read']}, 'name'), ({'name': 'x', 'scopes': []}, 'scopes'),
    ({'name': 'x', 'scopes': ['root']}, 'scopes'), ({'name': 'x', 'scopes': ['admin']}, 'scopes'),
    ({'name': 'x' * 81, 'scopes': ['read']}, 'name'), ({'scopes': ['read']}, 'name'),
    ({'name': 'x', 'scopes': ['read'], 'expires_at': '2001-01-01T00:00:00Z'}, 'expires_at'),
    ({'name': 'x', 'scopes': ['read'], 'expires_at': 'tomorrow'}, 'expires_at')])
def test_bad_tokens_are_refused(s, body, field):
    answer = s.user().api('POST', '/me/tokens', json=body)
    assert answer.status_code == 422 and list(answer.json()['errors']) == [field]


# ---- one's own account

def test_sessions_are_listed_and_ended_one_by_one(s):
    client = s.user()
    other, third = s.anyone(), s.anyone()
    other.sign_in(client.email, PASSWORD)
    third.sign_in(client.email, PASSWORD)
    items = client.api('GET', '/me/sessions').json()['items']
    assert len(items) == 3 and sum(i['current'] for i in items) == 1
    assert {i['address'] for i in items} == {client.address, other.address, third.address}
    theirs = [i['id'] for i in items if i['address'] == other.address][0]
    assert s.user().api('DELETE', f'/me/sessions/{theirs}').status_code == 404
    assert client.api('DELETE', f'/me/sessions/{theirs}').status_code == 204
    assert other.api('GET', '/me').status_code == 401
    assert client.api('DELETE', f'/me/sessions/{theirs}').status_code == 404
    assert third.api('GET', '/me').status_code == 200
    assert client.api('DELETE', '/me/sessions').status_code == 204
    assert third.api('GET', '/me').status_code == 401 and client.api('GET', '/me').status_code == 200


def test_a_new_password_ends_the_other_sessions(s):
    client, other = s.user(), s.anyone()
    other.sign_in(client.email, PASSWORD)
    new = 'quite another password'
    wrong = client.api('POST', '/me/password', json={'current': 'no', 'new': new})
    assert wrong.status_code == 422 and 'current' in wrong.json()['errors']
    for bad in ('short', client.email, PASSWORD):
        answer = client.api('POST', '/me/password', json={'current': PASSWORD, 'new': bad})
        assert answer.status_code == 422 and 'new' in answer.json()['errors'], bad
    assert client.api('POST', '/me/password', json={'current': PASSWORD, 'new': new}).status_code == 204
    assert other.api('GET', '/me').status_code == 401
    assert other.api('POST', '/session/refresh').status_code == 401
    assert client.api('GET', '/me').status_code == 200
    assert s.anyone().api('POST', '/session', json={'email': client.email, 'password': PASSWORD}).status_code == 401
    s.anyone().sign_in(client.email, new)


def test_preferences_are_merged(s):
    client = s.user()
    assert client.api('PATCH', '/me', json={'prefs': {'theme': 'dark', 'tz': 'UTC'}}).status_code == 200
    answer = client.api('PATCH', '/me', json={'name': 'Änne', 'prefs': {'tz': None, 'density': 'high'}}).json()
    assert answer['prefs'] == {'theme': 'dark', 'density': 'high'} and answer['name'] == 'Änne'
    assert client.api('GET', '/bootstrap').json()['prefs'] == answer['prefs']
    big = client.api('PATCH', '/me', json={'prefs': {'x': 'y' * 9000}})
    assert big.status_code == 422 and 'prefs' in big.json()['errors']


# ---- sign-up

def test_sign_up_open(strict):
    s = strict
    client = s.anyone()
    assert client.api('GET', '/bootstrap').json()['features']['signup'] == 'open'
    made = client.api('POST', '/signup', json={'email': 'New@Example.org', 'name': 'New', 'password': PASSWORD})
    assert made.status_code == 201 and made.json()['user']['role'] == 'member'
    assert client.guard()['user']['email'] == 'new@example.org'
    again = s.anyone().api('POST', '/signup', json={'email': 'new@example.org', 'password': PASSWORD})
    assert again.status_code == 409 and 'email' in again.json()['errors']
    assert s.anyone().api('POST', '/signup', json={'email': 'r@example.org', 'password': PASSWORD, 'role': 'admin'}).status_code == 422


def test_sign_up_by_invitation(s):
    assert s.anyone().api('POST', '/signup', json={'email': 'x1@example.org', 'password': PASSWORD}).status_code == 403
    made = s.admin.api('POST', '/admin/invites', json={'email': 'Guest@Example.org', 'role': 'operator'})
    assert made.status_code == 201 and made.json()['token'] in made.json()['link']
    token = made.json()['token']
    other = {'email': 'x2@example.org', 'password': PASSWORD, 'invite': token}
    assert s.anyone().api('POST', '/signup', json=other).status_code == 403, 'it is for somebody else'
    guest = s.anyone()
    took = guest.api('POST', '/signup', json={'email': 'guest@example.org', 'password': PASSWORD, 'invite': token})
    assert took.status_code == 201 and took.json()['user']['role'] == 'operator'
    assert s.anyone().api('POST', '/signup', json={**other, 'email': 'guest2@example.org'}).status_code == 403, 'used up'

    late = s.admin.api('POST', '/admin/invites', json={}).json()
    s.db("update tocsin.invite set expires_at = now() - interval '1 second' where id = %s", late['id'])
    assert s.anyone().api('POST', '/signup', json={**other, 'invite': late['token']}).status_code == 403
    assert s.admin.api('POST', '/admin/invites', json={'email': 'guest@example.org'}).status_code == 409


def test_sign_up_closed(build):
    with Stack(build, tocsind=False, children=1, extra='TocsinSignup closed') as s:
        invite = s.admin.api('POST', '/admin/invites', json={}).json()['token']
        for more in ({}, {'invite': invite}):
            answer = s.anyone().api('POST', '/signup', json={'email': 'x@example.org', 'password': PASSWORD, **more})
            assert answer.status_code == 403


def test_a_form_without_scripts_signs_in(s):
    user, client = s.user(), s.anyone()
    answer = client.api('POST', '/session', data={'email': user.email, 'password': PASSWORD})
    assert answer.status_code == 303 and answer.headers['Location'].endswith('/dash/')
    assert client.api('GET', '/me').status_code == 200


# ---- what is kept and what is not

def test_a_form_is_answered_by_an_empty_redirect(s):
    u = s.user()
    answer = s.anyone().request('POST', '/api/v1/session', data={'email': u.email, 'password': u.password})
    assert answer.status_code == 303 and 'error' not in answer.text and 'wrong' not in answer.text, answer.text


def test_any_name_of_a_browser_signs_in(s):
    """Kept for the list of sessions; it may be cut, but not in the middle of a letter."""
    u = s.user()
    for agent in ('x' * 399 + 'é', 'é' * 300, 'x' * 199 + '€' * 100, b'\xff\xfe'):
        agent = agent.encode() if isinstance(agent, str) else agent
        answer = s.anyone().api('POST', '/session', json={'email': u.email, 'password': u.password},
                                headers={'User-Agent': agent})
        assert answer.status_code == 200, f'{agent[:10]} {len(agent)}: {answer.text}'


def test_secrets_are_in_no_log(s):
    client = s.user()
    token = client.api('POST', '/me/tokens', json={'name': 'x', 'scopes': ['read']}).json()['token']
    bearer(s, token)
    bearer(s, token + 'x')
    text = '\n'.join(f.read_text(errors='replace') for f in (s.root / 'logs').glob('*'))
    for secret in (PASSWORD, token, client.cookies['tocsin'], client.cookies['tocsin-refresh'], client.headers['X-CSRF-Token']):
        assert secret not in text


def test_what_is_done_is_written_down(s):
    client = s.user()
    client.api('POST', '/me/tokens', json={'name': 'audit me', 'scopes': ['read']}, headers={'X-Request-Id': 'audit-request-1'})
    rows = s.db("select actor_name, host(address), request, action, after from tocsin.audit where request = 'audit-request-1'")
    assert rows == [(client.email, client.address, 'audit-request-1', 'token.create', {'name': 'audit me', 'scopes': ['read']})]
