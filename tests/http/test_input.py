"""What comes in: every kind of bad input has one right answer, and none reaches SQL."""
import json
import socket

import pytest

from stack import Stack, host


@pytest.fixture(scope='module')
def s(quiet):
    return quiet


@pytest.fixture(scope='module')
def client(s):
    return s.user('admin')


def raw(s, data, timeout=10):
    """Send bytes as they are; the status and the whole answer."""
    with socket.create_connection(('127.0.0.1', s.httpd.port), timeout) as c:
        c.sendall(data)
        c.settimeout(timeout)
        answer = b''
        while True:
            try:
                part = c.recv(65536)
            except ConnectionResetError:
                break
            if not part:
                break
            answer += part
    return int(answer.split()[1]), answer


def head(client, method, path, *more):
    cookie = '; '.join(f'{k}={v}' for k, v in client.cookies.items())
    lines = [f'{method} {path} HTTP/1.1', f'Host: {client.base[7:]}', 'Connection: close', f'Cookie: {cookie}',
             f"X-CSRF-Token: {client.headers['X-CSRF-Token']}", *more]
    return ('\r\n'.join(lines) + '\r\n\r\n').encode()


def problem(answer, status, type=None):
    assert answer.status_code == status, answer.text
    assert answer.headers['Content-Type'] == 'application/problem+json'
    body = answer.json()
    assert body['status'] == status and body['title'] and body['detail']
    assert body['request_id'] == answer.headers['X-Request-Id']
    if type:
        assert body['type'] == 'about:blank#' + type
    return body


# ---- bodies

@pytest.mark.parametrize('body, place', [
    ('{', 'line 1, column 1'), ('{"name": }', 'line 1, column 10'), ('{\n "name": "x",\n}', 'line 3, column 1'),
    ('[]', 'object'), ('"x"', 'line 1'), ('null', 'line 1'), ('1', 'line 1'), ('{"name":"x"} x', 'line 1, column 14'),
    ('{"name":"x","name":"y"}', 'duplicate'), ('{"name": NaN}', 'line 1'), ('{"name": 1e999}', 'line 1'),
    ('{"name": Infinity}', 'line 1'), ('{"name": 01}', 'line 1'), ("{'name': 1}", 'line 1'),
    ('{"name": 99999999999999999999}', 'line 1'), ('{"name": "\\ud800"}', 'line 1'), ('{"name": "\\udc00x"}', 'line 1'),
    ('{"name": "\\u0000"}', 'line 1'), ('{"name": "a\tb"}', 'line 1'), ('[' * 10000, ''), ('{"a":' * 10000, ''),
    ('{"name":' + '[' * 10000 + ']' * 10000 + '}', 'depth')])
def test_malformed_json_names_the_place(client, body, place):
    answer = client.api('PATCH', '/me', data=body.encode(), headers={'Content-Type': 'application/json'})
    assert place in problem(answer, 400, 'malformed')['detail']


@pytest.mark.parametrize('body', [b'{"name":"\xff"}', b'{"name":"\xc0\xaf"}', b'{"name":"\xed\xa0\x80"}', b'{"name":"x\x00"}',
                                  b'\xff\xfe{\x00}\x00', b'\xef\xbb\xbf{}'])
def test_bytes_that_are_no_utf8_or_nul(client, body):
    problem(client.api('PATCH', '/me', data=body, headers={'Content-Type': 'application/json'}), 400, 'malformed')


def test_bodies_end_at_64_kib(client):
    def body(n):
        text = json.dumps({'name': 'x' * 100})
        return (text + ' ' * (n - len(text))).encode()

    kind = {'Content-Type': 'application/json'}
    assert client.api('PATCH', '/me', data=body(65536), headers=kind).status_code == 200
    problem(client.api('PATCH', '/me', data=body(65537), headers=kind), 413, 'too-large')
    assert client.api('PATCH', '/me', data=iter([body(40000)]), headers=kind).status_code == 200, 'chunked'
    problem(client.api('PATCH', '/me', data=iter([body(40000), b' ' * 30000]), headers=kind), 413, 'too-large')


def test_no_body_is_an_empty_object(client):
    assert client.api('PATCH', '/me').status_code == 200
    errors = problem(client.api('POST', '/me/tokens'), 422)['errors']
    assert errors == {'name': 'is required', 'scopes': 'is required'}


def test_a_huge_announcement_is_refused_unread(s, client):
    status, answer = raw(s, head(client, 'PATCH', '/api/v1/me', 'Content-Type: application/json',
                                 'Content-Length: 9000000000') + b'{')
    assert status == 413 and b'problem+json' in answer


def test_a_body_that_lies(s, client):
    kind = 'Content-Type: application/json'
    status, _ = raw(s, head(client, 'PATCH', '/api/v1/me', kind, 'Transfer-Encoding: chunked') + b'zz\r\n{}\r\n0\r\n\r\n')
    assert status == 400
    status, _ = raw(s, head(client, 'PATCH', '/api/v1/me', kind, 'Content-Length: -1') + b'{}')
    assert status == 400
    status, _ = raw(s, head(client, 'PATCH', '/api/v1/me', kind, 'Content-Length: 2', 'Content-Length: 3') + b'{} ')
    assert status == 400


@pytest.mark.parametrize('kind', ['text/plain', 'application/xml', 'application/jsonx', 'multipart/form-data', '',
                                  'application/x-www-form-urlencoded'])
def test_other_media_types(client, kind):
    problem(client.api('PATCH', '/me', data=b'{}', headers={'Content-Type': kind}), 415, 'media-type')


@pytest.mark.parametrize('kind', ['application/json', 'application/json; charset=utf-8', 'Application/JSON'])
def test_json_by_its_names(client, kind):
    assert client.api('PATCH', '/me', data=b'{}', headers={'Content-Type': kind}).status_code == 200


# ---- fields

@pytest.mark.parametrize('body, field, rule', [
    ({'name': 1}, 'name', 'must be a string'), ({'name': None}, 'name', 'must not be null'),
    ({'name': ['x']}, 'name', 'must be a string'), ({'name': 'x' * 121}, 'name', 'must have at most 120 bytes'),
    ({'name': 'a\nb'}, 'name', 'control characters'), ({'name': 'a\x1bb'}, 'name', 'control characters'),
    ({'name': 'a\x7fb'}, 'name', 'control characters'), ({'name': 'a\x85b'}, 'name', 'control characters'),
    ({'prefs': []}, 'prefs', 'must be an object'), ({'prefs': 'x'}, 'prefs', 'must be an object'),
    ({'role': 'admin'}, 'role', 'is not known'), ({'id': 5}, 'id', 'is not known'), ({'@': {}}, '@', 'is not known'),
    ({'if_match': '1'}, 'if_match', 'is not known'), ({'key': 'x'}, 'key', 'is not known'), ({'': 1}, '', 'is not known'),
    ({'__proto__': {}}, '__proto__', 'is not known')])
def test_fields_have_rules(client, body, field, rule):
    errors = problem(client.api('PATCH', '/me', json=body), 422, 'invalid')['errors']
    assert list(errors) == [field] and rule in errors[field]


def test_all_wrong_fields_are_named_at_once(client):
    errors = problem(client.api('POST', '/me/tokens', json={'scopes': 'x', 'more': 1}), 422)['errors']
    assert set(errors) == {'name', 'scopes', 'more'} and errors['name'] == 'is required'


@pytest.mark.parametrize('mail', ['', 'x', '@', 'a@', '@b', 'a@b@c.de', 'a b@c.de', 'a@b..de', '.a@b.de', 'a.@b.de', 'a..b@c.de',
                                  'a@-b.de', 'a@b-.de', 'a@b.de\r\nBcc: x@y.de', 'a,b@c.de', '<a@b.de>', 'a' * 65 + '@b.de',
                                  'a@' + 'b' * 64 + '.de', 'a@' + 'b.' * 130 + 'de', 'a@b.de\x00', 'a@b_c.de'])
def test_addresses_that_are_none(s, mail):
    answer = s.anyone().api('POST', '/session', json={'email': mail, 'password': 'x'})
    assert answer.status_code == 400 if '\x00' in mail else answer.status_code == 422 and 'email' in answer.json()['errors']


@pytest.mark.parametrize('mail', ['a@b', 'first.last+tag@sub.example.org', "o'brien@example.org", 'ünal@exämple.org', 'A@B.DE'])
def test_addresses_that_are_some(s, mail):
    assert s.anyone().api('POST', '/session', json={'email': mail, 'password': 'x'}).status_code == 401


# ---- addresses

BAD_IDS = ['0', '-1', '01', '+1', '1.0', '1e3', 'abc', '9223372036854775808', '99999999999999999999999', '0x10', "1'", '1;drop',
           '%00', '１', '1%20', '{id}', 'null', '1,2', '%2d1', '%0a1', '1%0a']


def test_bad_ids_never_reach_sql(s, client):
    """Proved with the database away: whatever would reach it is answered with 503."""
    assert client.api('GET', f'/admin/users/{client.id}').status_code == 200
    s.pg.stop()
    try:
        s.wait(lambda: client.api('GET', '/admin/users/9223372036854775807').status_code == 503, 5, '503')
        for id in BAD_IDS:
            assert client.api('GET', f'/admin/users/{id}').status_code == 404, id
    finally:
        s.pg.start()
    s.wait(lambda: client.api('GET', '/me').status_code == 200, 5, 'the database')


@pytest.mark.parametrize('uuid', ['1', 'x' * 36, '123e4567-e89b-12d3-a456-42661417400', '123e4567e89b12d3a456426614174000',
                                  '123e4567-e89b-12d3-a456-42661417400g', "123e4567-e89b-12d3-a456-426614174000'"])
def test_bad_uuids_are_not_found(client, uuid):
    problem(client.api('DELETE', f'/me/sessions/{uuid}'), 404, 'not-found')


@pytest.mark.parametrize('path', ['', '/', '/nope', '/me/', '/me/x', '/monitors/1/2/3/4/5/6/7', '/' + 'x' * 3000])
def test_no_such_path(client, path):
    problem(client.api('GET', path), 404, 'not-found')


def test_other_methods_are_told_which(client):
    for method in ('PUT', 'POST', 'DELETE', 'BREW', 'PROPFIND'):
        answer = client.api(method, '/me')
        problem(answer, 405, 'method')
        assert answer.headers['Allow'] == 'GET, HEAD, PATCH, OPTIONS'
    options = client.api('OPTIONS', '/me')
    assert options.status_code == 204 and options.headers['Allow'] == 'GET, HEAD, PATCH, OPTIONS'
    assert client.api('PUT', '/nope').status_code == 404


@pytest.mark.parametrize('query, field, rule', [
    ('limit=0', 'limit', 'between 1 and 200'), ('limit=201', 'limit', 'between'), ('limit=x', 'limit', 'whole number'),
    ('limit=1e2', 'limit', 'whole number'), ('limit=99999999999999999999', 'limit', 'whole number'), ('limit=', 'limit', 'whole number'),
    ('limit=1&limit=2', 'limit', 'once'), ('nope=1', 'nope', 'is not known'), ('role=root', 'role', 'one of: viewer member'),
    ('disabled=maybe', 'disabled', 'true or false'), ('after=0', 'after', 'positive'), ('after=-5', 'after', 'positive'),
    ('q=%00', 'q', 'NUL'), ('q=%ff', 'q', 'UTF-8'), ('q=%0d%0aSet-Cookie:x', 'q', 'control'),
    ('q=' + 'x' * 201, 'q', 'at most 200'), ('%6eope=1', 'nope', 'is not known'), ('@=1', '@', 'is not known'), ('key=1', 'key', 'is not known')])
def test_parameters_have_rules(client, query, field, rule):
    errors = problem(client.api('GET', '/admin/users?' + query), 422, 'invalid')['errors']
    assert list(errors) == [field] and rule in errors[field]


def test_parameters_that_are_not_percent_encoded(s, client):
    for query in ('q=%zz', 'q=%', 'q=%4', '%zz=1'):
        status, answer = raw(s, head(client, 'GET', '/api/v1/admin/users?' + query))
        assert status == 422 and b'"errors":{' in answer, query


def test_too_many_parameters(client):
    answer = client.api('GET', '/admin/users?' + '&'.join(f'x{n}=1' for n in range(70)))
    problem(answer, 422, 'invalid')


# ---- headers

def test_nothing_of_a_request_gets_into_the_headers(s, client):
    for path in ('/api/v1/me%0d%0aX-Evil:%201', '/api/v1/admin/users?q=%0d%0aX-Evil:%201'):
        _, answer = raw(s, head(client, 'GET', path))
        assert b'\r\nX-Evil' not in answer
    _, answer = raw(s, head(client, 'GET', '/api/v1/me', 'X-Request-Id: abcdefgh\tX-Evil: 1'))
    assert b'X-Evil' not in answer
    status, _ = raw(s, head(client, 'GET', '/api/v1/me', 'X-Request-Id: abc\nX-Evil: 1'.replace('\n', '\r')))
    assert status == 400


def test_request_ids(client):
    given = client.api('GET', '/me', headers={'X-Request-Id': 'trace-1234.abc_DEF'})
    assert given.headers['X-Request-Id'] == 'trace-1234.abc_DEF'
    for bad in ('short', 'x' * 65, 'has space in', 'semi;colon;here', '"quoted-id"', 'ümlaut-ümlaut'.encode()):
        made = client.api('GET', '/me', headers={'X-Request-Id': bad}).headers['X-Request-Id']
        assert made != bad and len(made) == 16
    ids = {client.api('GET', '/health').headers['X-Request-Id'] for _ in range(50)}
    assert len(ids) == 50


def test_etags_spare_what_is_there_already(client):
    first = client.api('GET', '/me')
    etag = first.headers['ETag']
    assert first.headers['Cache-Control'] == 'private, no-cache'
    again = client.api('GET', '/me', headers={'If-None-Match': etag})
    assert again.status_code == 304 and again.text == '' and again.headers['ETag'] == etag
    assert client.api('GET', '/me', headers={'If-None-Match': '"0-0"'}).status_code == 200
    client.api('PATCH', '/me', json={'name': 'changed for the etag'})
    assert client.api('GET', '/me', headers={'If-None-Match': etag}).status_code == 200


def test_head_is_get_without_the_body(client):
    get, head_ = client.api('GET', '/me'), client.api('HEAD', '/me')
    assert head_.status_code == 200 and head_.text == ''
    assert head_.headers['ETag'] == get.headers['ETag'] and head_.headers['Content-Length'] == get.headers['Content-Length']


# ---- limits

@pytest.fixture(scope='module')
def slow(build):
    with Stack(build, tocsind=False, children=2, extra='TocsinRateLimit 2 10') as s:
        yield s


def test_limit_per_address(slow):
    client = slow.anyone()
    codes = [client.api('GET', '/setup').status_code for _ in range(15)]
    assert codes[:10] == [200] * 10 and 429 in codes[10:]
    refused = client.api('GET', '/bootstrap')
    problem(refused, 429, 'limit')
    assert 1 <= int(refused.headers['Retry-After']) <= 5
    assert slow.anyone().api('GET', '/setup').status_code == 200, 'another address'
    assert client.api('GET', '/health').status_code == 200, 'health checks are not counted'
    slow.wait(lambda: client.api('GET', '/setup').status_code == 200, 5, 'the bucket to fill')


def test_limit_per_token_from_many_addresses(slow):
    owner = slow.db("insert into tocsin.account (email, role) values ('limit@example.org', 'member') returning id")[0][0]
    slow.db("""insert into tocsin.api_token (account, name, hash, scopes)
               values (%s, 't', sha256('tcs_limited-token'), '{read}')""", owner)
    bearer = {'Authorization': 'Bearer tcs_limited-token'}
    codes = [slow.anyone().api('GET', '/me', headers=bearer).status_code for _ in range(16)]
    assert codes[:10] == [200] * 10 and 429 in codes[10:]


# ---- other places

def test_under_a_sub_path(build):
    with Stack(build, tocsind=False, children=1, path='/ops/tocsin') as s:
        assert s.admin.api('GET', '/me').status_code == 200
        made = s.admin.api('POST', '/admin/invites', json={}).json()
        assert made['link'].startswith(s.url + '/signup/#')
        assert s.anyone().api('GET', '/openapi.json').status_code == 200
        assert s.anyone().request('GET', s.httpd.origin + '/api/v1/health').status_code in (403, 404)
        form = s.anyone().api('POST', '/session', data={'email': s.admin.email, 'password': s.admin.password})
        assert form.headers['Location'] == '/ops/tocsin/dash/' or form.headers['Location'].endswith('/ops/tocsin/dash/')


def test_security_headers_are_on_every_answer(s, client):
    for path in ('/me', '/nope'):
        answer = client.api('GET', path)
        assert "default-src 'none'" in answer.headers['Content-Security-Policy']
        assert answer.headers['X-Content-Type-Options'] == 'nosniff'


@pytest.mark.parametrize('method, path, body, field', [
    ('POST', '/monitors', {'url': 'https://g.example.org/', 'group': 'é' * 81}, 'group'),
    ('POST', '/incidents', {'title': 'x', 'started_at': '2026-02-30T00:00:00Z'}, 'started_at'),
    ('GET', '/incidents?from=0000-01-01T00:00:00Z', None, 'from')])
def test_a_refusal_names_the_field(s, method, path, body, field):
    answer = s.admin.api(method, path, json=body)
    assert answer.status_code == 422 and list(answer.json()['errors']) == [field], answer.text


@pytest.mark.parametrize('line, said', [
    ('TocsinPublicURL ftp://x', 'TocsinPublicURL must start with http'), ('TocsinPublicURL https://u:p@x/', 'user or a password'),
    ('TocsinRateLimit 0 5', 'TocsinRateLimit takes'), ('TocsinRateLimit 5', 'TocsinRateLimit takes'),
    ('TocsinRateLimit 5 0', 'the burst must be'), ('TocsinRateLimit 5 4294967297', 'the burst must be'), ('TocsinRateLimit x 5', 'TocsinRateLimit takes'),
    ('TocsinAllowTarget 10.0.0.1/8', "'10.0.0.1/8' is no network"), ('TocsinAllowTarget here', "'here' is no network"),
    ('TocsinSignup maybe', 'open, invite, closed'), ('TocsinExternalRole root', 'none, viewer'),
    ('TocsinSigninLimit 0 5', 'attempts must be'), ('TocsinSigninLimit 4294967297 5', 'attempts must be'), ('TocsinSigninLimit 5 x', 'seconds must be'),
    ('TocsinKeyFile /nonexistent', 'cannot be opened'), ('TocsinKeyFile {short}', 'less than 32 bytes'),
    ('TocsinKeyFile {empty}', 'has no key'), ('TocsinKeyFile {twice}', 'same name twice'), ('TocsinKeyFile {odd}', 'not base64'),
    ('<Location />\nAuthType Tocsin\nAuthName x\nRequire tocsin-role root\n</Location>', "'root' is none of the roles"),
    ('<Location />\nAuthType Tocsin\nAuthName x\nRequire tocsin-role\n</Location>', 'takes a role')])
def test_wrong_directives_stop_configtest_with_a_sentence(s, line, said):
    files = {'short': 'a c2hvcnQ=\n', 'empty': '# nothing\n\n', 'odd': 'a ***\n',
             'twice': 'a dGVzdCB0ZXN0IHRlc3QgdGVzdCB0ZXN0IHRlc3QgdGVzdA==\n' * 2}
    for name, text in files.items():
        (s.root / name).write_text(text)
        line = line.replace('{' + name + '}', str(s.root / name))
    conf = (s.root / 'httpd.conf').read_text()
    code, answer = s.httpd.test(conf)
    assert code == 0, answer
    code, answer = s.httpd.test(conf + '\n' + line + '\n')
    assert code != 0 and said in answer


def test_every_directive_has_a_sentence_of_help(s):
    conf = s.root / 'httpd.conf'
    text = host.run(*host.as_user(s.httpd.bin, '-f', str(conf), '-L'), env=s.httpd.env())
    helps, doc = {}, (host.SRC / 'docs/directives.md').read_text()
    lines = text.split('\n')
    for n, line in enumerate(lines):
        if line.startswith('Tocsin'):
            helps[line.split()[0]] = lines[n + 1].strip()
    assert len(helps) >= 7
    for name, help in helps.items():
        name = name.split(' ')[0]
        assert f'`{name} ' in doc, f'{name} is not in docs/directives.md'
        assert help.endswith('.') and len(help.split()) > 5, f'{name}: {help}'
