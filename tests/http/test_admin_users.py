"""Accounts as administrators see them."""
import threading

import pytest

from stack import Stack
from stack.stack import PASSWORD


@pytest.fixture(scope='module')
def s(quiet):
    return quiet


@pytest.mark.parametrize('role', ['viewer', 'member', 'operator'])
@pytest.mark.parametrize('method, path', [('GET', '/admin/users'), ('GET', '/admin/users/1'), ('PATCH', '/admin/users/1'),
                                          ('DELETE', '/admin/users/1'), ('GET', '/admin/invites'), ('POST', '/admin/invites'),
                                          ('DELETE', '/admin/invites/1'), ('GET', '/admin/audit')])
def test_only_administrators(s, role, method, path):
    assert s.anyone().api(method, path).status_code == 401
    client = s.user(role)
    refused = client.api(method, path, json={} if method in ('POST', 'PATCH') else None)
    assert refused.status_code == 403 and 'admin' in refused.json()['detail']


def test_list_is_paged_and_filtered(s):
    mark = 'paged-list'
    made = [s.user(name=mark).id for _ in range(5)]
    seen, after = [], None
    while True:
        answer = s.admin.api('GET', '/admin/users', params={'q': mark, 'limit': 2, **({'after': after} if after else {})}).json()
        seen += [u['id'] for u in answer['items']]
        after = answer['next']
        if not after:
            break
    assert seen == made
    assert s.admin.api('GET', '/admin/users', params={'q': mark, 'role': 'viewer'}).json()['items'] == []
    assert s.admin.api('GET', '/admin/users', params={'q': '%'}).json()['items'] == []
    s.db('update tocsin.account set disabled_at = now() where id = %s', made[0])
    off = s.admin.api('GET', '/admin/users', params={'q': mark, 'disabled': 'true'}).json()['items']
    assert [u['id'] for u in off] == made[:1] and off[0]['disabled'] is True


def test_role_and_disabling(s):
    user = s.user()
    path = f'/admin/users/{user.id}'
    assert s.admin.api('PATCH', path, json={'role': 'operator', 'name': 'Op'}).json()['role'] == 'operator'
    assert s.admin.api('GET', path).json()['name'] == 'Op'
    assert user.api('GET', '/me').json()['role'] == 'operator'
    assert s.admin.api('PATCH', path, json={'disabled': True}).json()['disabled'] is True
    assert user.api('GET', '/me').status_code == 401
    assert user.api('POST', '/session/refresh').status_code == 401
    assert s.admin.api('PATCH', path, json={'disabled': False}).json()['disabled'] is False
    s.anyone().sign_in(user.email, PASSWORD)
    for bad, field in (({'role': 'root'}, 'role'), ({'disabled': 'yes'}, 'disabled'), ({'email': 'x@y.de'}, 'email'),
                       ({'role': None}, 'role')):
        answer = s.admin.api('PATCH', path, json=bad)
        assert answer.status_code == 422 and field in answer.json()['errors']
    assert s.admin.api('PATCH', '/admin/users/999999999', json={}).status_code == 404
    assert s.admin.api('DELETE', '/admin/users/999999999').status_code == 404


def test_deleting_works_whatever_hangs_on_it(s):
    user = s.user()
    s.db("""
        with m as (insert into tocsin.monitor (owner, name, url) values (%s, 'm', 'http://127.0.0.1/') returning id, owner),
             st as (insert into tocsin.monitor_state (monitor) select id from m),
             t as (insert into tocsin.transition (monitor, seq, prev, status, at) select id, 1, 0, 3, now() from m),
             d as (insert into tocsin.monitor_day select id, current_date, 1, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1 from m),
             i as (insert into tocsin.incident (owner, monitor, title, open_seq, started_at) select owner, id, 't', 1, now() from m returning id),
             e as (insert into tocsin.incident_event (incident, actor, kind) select id, %s, 'opened' from i),
             c as (insert into tocsin.channel (owner, type, name) select owner, 'webhook', 'c' from m returning id),
             mc as (insert into tocsin.monitor_channel select m.id, c.id from m, c),
             o as (insert into tocsin.outbox (key, owner, channel, monitor, incident, event, body)
                   select 'k' || m.id, m.owner, c.id, m.id, i.id, 'down', '{}' from m, c, i returning id),
             v as (insert into tocsin.delivery (outbox, attempt, ok) select id, 1, true from o),
             n as (insert into tocsin.invite (role, hash, created_by, expires_at) select 'member', sha256('x'), owner, now() from m),
             x as (insert into tocsin.external_name select 'Basic', 'hangs', owner from m),
             a as (insert into tocsin.api_token (account, name, hash, scopes) select owner, 't', sha256('y'), '{read}' from m)
        insert into tocsin.test_run (owner, spec) select owner, '{}' from m returning id""", user.id, user.id)
    assert s.admin.api('DELETE', f'/admin/users/{user.id}').status_code == 204
    assert s.db('select count(*) from tocsin.monitor where owner = %s', user.id)[0][0] == 0
    assert user.api('GET', '/me').status_code == 401
    assert s.admin.api('GET', f'/admin/users/{user.id}').status_code == 404


def test_the_last_administrator_stays(build):
    with Stack(build, tocsind=False) as s:
        one = f'/admin/users/{s.admin.id}'
        for method, body in (('PATCH', {'role': 'member'}), ('PATCH', {'disabled': True}), ('DELETE', None)):
            refused = s.admin.api(method, one, json=body)
            assert refused.status_code == 409 and 'last administrator' in refused.json()['detail']
        assert s.admin.api('PATCH', one, json={'name': 'still here'}).status_code == 200
        # however many leave at once, one stays
        others = [s.user('admin') for _ in range(3)]
        everybody = [s.admin, *others]
        barrier, codes = threading.Barrier(len(everybody)), []

        def leave(client, id):
            barrier.wait()
            codes.append(client.api('PATCH', f'/admin/users/{id}', json={'role': 'viewer'}).status_code)

        threads = [threading.Thread(target=leave, args=(c, c.id)) for c in everybody]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert s.db("select count(*) from tocsin.account where role = 'admin' and disabled_at is null")[0][0] >= 1
        assert 409 in codes


def test_invitations_are_listed_without_tokens_and_taken_back(s):
    made = s.admin.api('POST', '/admin/invites', json={'role': 'viewer', 'days': 1}).json()
    listed = s.admin.api('GET', '/admin/invites')
    assert made['id'] in [i['id'] for i in listed.json()['items']] and made['token'] not in listed.text
    assert s.admin.api('DELETE', f"/admin/invites/{made['id']}").status_code == 204
    assert s.admin.api('DELETE', f"/admin/invites/{made['id']}").status_code == 404
    taken = s.anyone().api('POST', '/signup', json={'email': 'taken@example.org', 'password': PASSWORD, 'invite': made['token']})
    assert taken.status_code == 403
    for bad, field in (({'role': 'root'}, 'role'), ({'days': 0}, 'days'), ({'days': 91}, 'days'), ({'email': 'x'}, 'email')):
        answer = s.admin.api('POST', '/admin/invites', json=bad)
        assert answer.status_code == 422 and field in answer.json()['errors']


def test_the_invited_gets_a_message_that_is_forgotten(stack):
    mail = 'invited@example.org'
    made = stack.admin.api('POST', '/admin/invites', json={'email': mail, 'role': 'operator'}).json()
    message = stack.smtp.wait(1, to=mail)[0]
    text = message.get_content()
    assert made['link'] in text and 'operator' in text and 'invite' in message['Subject'].lower()
    stack.wait(lambda: stack.db("select state from tocsin.outbox where event = 'invite'") == [('sent',)], 10, 'it to be sent')
    assert made['token'] not in str(stack.db("select * from tocsin.outbox where event = 'invite'"))
    assert made['token'] not in str(stack.db('select * from tocsin.audit'))


def test_audit_is_filtered_and_paged(s):
    user = s.user()
    for name in ('a', 'b', 'c'):
        s.admin.api('PATCH', f'/admin/users/{user.id}', json={'name': name})
    mine = {'type': 'account', 'object': str(user.id), 'action': 'account.update'}
    page = s.admin.api('GET', '/admin/audit', params={**mine, 'limit': 2}).json()
    assert [i['after']['name'] for i in page['items']] == ['c', 'b'] and page['next']
    rest = s.admin.api('GET', '/admin/audit', params={**mine, 'limit': 2, 'after': page['next']}).json()
    assert [i['after']['name'] for i in rest['items']] == ['a'] and rest['next'] is None
    assert s.admin.api('GET', '/admin/audit', params={**mine, 'actor': user.id}).json()['items'] == []
    assert s.admin.api('GET', '/admin/audit', params={**mine, 'to': '2001-01-01T00:00:00Z'}).json()['items'] == []
    assert len(s.admin.api('GET', '/admin/audit', params={**mine, 'from': '978307200'}).json()['items']) == 3
