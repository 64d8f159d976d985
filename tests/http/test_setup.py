"""The first administrator: one-time code, once, whoever races for it."""
import hashlib
import threading

import pytest

from stack import Stack

CODE = 'k7on-etim-ecode'  # dashes, spaces and case are for people
HASHED = hashlib.sha256(b'K7ONETIMECODE').digest()
PASSWORD = 'a long enough password'


def fields(**kw):
    return {'code': CODE, 'email': 'Root@Example.org', 'password': PASSWORD, 'name': 'Root', **kw}


@pytest.fixture
def fresh(build):
    with Stack(build, tocsind=False, children=1) as s:
        s.db('select tocsin.setup_code_set(%s)', HASHED)
        yield s


def test_set_up_once_from_code_to_signed_in(fresh):
    s = fresh
    client = s.anyone()
    assert client.api('GET', '/setup').json() == {'needed': True}
    start = client.api('GET', '/bootstrap').json()
    assert start['user'] is None and start['features']['setup_needed'] is True

    wrong = client.api('POST', '/setup', json=fields(code='guess'))
    assert wrong.status_code == 403 and 'code' in wrong.json()['errors']
    for bad, field in ((fields(password='short'), 'password'), (fields(email='nobody'), 'email'),
                       (fields(extra=1), 'extra')):
        answer = client.api('POST', '/setup', json=bad)
        assert answer.status_code == 422 and field in answer.json()['errors']
    assert s.db('select count(*) from tocsin.account')[0][0] == 0

    done = client.api('POST', '/setup', json=fields(instance='Ops'))
    assert done.status_code == 201
    assert done.json()['user']['role'] == 'admin' and done.json()['user']['email'] == 'root@example.org'
    start = client.guard()
    assert start['user']['role'] == 'admin' and start['instance'] == 'Ops'
    assert start['features']['setup_needed'] is False and start['csrf']
    assert client.api('GET', '/admin/users').status_code == 200

    again = s.anyone()
    assert again.api('GET', '/setup').status_code == 410
    assert again.api('POST', '/setup', json=fields()).status_code == 410
    assert s.db("select count(*) from tocsin.setting where key = 'setup_code'")[0][0] == 0
    assert s.db('select count(*) from tocsin.account')[0][0] == 1
    password = s.db('select password from tocsin.account')[0][0]
    assert password.startswith('$y$'), 'yescrypt'


def test_who_had_the_address_before_is_out(fresh):
    """Where sign-up is open somebody may have taken the administrator's address."""
    s = fresh
    squatter = s.user(email='root@example.org')
    token = squatter.api('POST', '/me/tokens', json={'name': 't', 'scopes': ['read', 'write']}).json()['token']
    done = s.anyone().api('POST', '/setup', json=fields())
    assert done.status_code == 201 and done.json()['user']['role'] == 'admin'
    assert squatter.api('GET', '/me').status_code == 401
    assert squatter.api('POST', '/session/refresh').status_code == 401
    assert s.anyone().api('GET', '/me', headers={'Authorization': 'Bearer ' + token}).status_code == 401


def test_of_many_who_set_up_at_once_one_wins(fresh):
    s = fresh
    answers, barrier = [], threading.Barrier(6)

    def run(n):
        client = s.anyone()
        barrier.wait()
        answers.append(client.api('POST', '/setup', json=fields(email=f'root{n}@example.org')).status_code)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(answers) == [201] + [410] * 5
    assert s.db("select count(*) from tocsin.account where role = 'admin'")[0][0] == 1


def test_an_administrator_from_the_environment_comes_once(fresh):
    s = fresh
    first = s.db('select tocsin.admin_create(%s, %s)', 'Env@Example.org', '$6$x$y')[0][0]
    assert first is not None
    assert s.db('select tocsin.admin_create(%s, %s)', 'other@example.org', '$6$x$y')[0][0] is None
    assert s.db('select email, role from tocsin.account') == [('env@example.org', 'admin')]
    assert s.anyone().api('POST', '/setup', json=fields()).status_code == 410


def test_health_asks_nobody_and_ready_says_what_is_missing(fresh):
    s = fresh
    client = s.anyone()
    assert client.api('GET', '/health').json() == {'status': 'ok'}
    ready = client.api('GET', '/ready')
    assert ready.status_code == 503 and list(ready.json()['errors']) == ['daemon']
    assert ready.headers['Retry-After']

    s.db("""insert into tocsin.worker (id, host, pid, role, lease_until)
            values (gen_random_uuid(), 'h', 1, 'master', now() + interval '1 minute')""")
    ready = client.api('GET', '/ready')
    assert ready.status_code == 200 and ready.json()['ok'] is True
    s.db('delete from tocsin.migration where number = (select max(number) from tocsin.migration)')
    ready = client.api('GET', '/ready')
    assert ready.status_code == 503 and list(ready.json()['errors']) == ['migration']

    s.pg.stop()
    assert client.api('GET', '/health').status_code == 200
    ready = client.api('GET', '/ready')
    assert ready.status_code == 503 and ready.json()['type'] == 'about:blank#database'
    s.pg.start()
