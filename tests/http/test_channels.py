"""Channels: who may keep them, which settings hold, and that secrets never come out."""
import json

import pytest

EMAIL = {'type': 'email', 'name': 'Ops', 'config': {'to': ['ops@example.org']}}
SECRET = 'whsec_' + 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY='


@pytest.fixture(scope='module')
def ann(stack):
    return stack.user()


def make(who, **kw):
    answer = who.api('POST', '/channels', json={**EMAIL, **kw})
    assert answer.status_code == 201, answer.text
    return answer.json()


def webhook(who, url, **config):
    return make(who, type='webhook', name='hook', config={'url': url, **config})


# ---------------------------------------------------------------- life of a channel

def test_channel_is_made_read_changed_and_deleted(stack, ann):
    made = ann.api('POST', '/channels', json={**EMAIL, 'events': ['down', 'up'], 'is_default': True})
    assert made.status_code == 201
    c = made.json()
    assert made.headers['Location'].endswith(f"/api/v1/channels/{c['id']}")
    assert (c['version'], c['type'], c['name'], c['enabled'], c['is_default']) == (1, 'email', 'Ops', True, True)
    assert c['config'] == {'to': ['ops@example.org']}
    assert c['events'] == ['down', 'up']
    assert c['monitors'] == 0 and c['last'] is None

    read = ann.api('GET', f"/channels/{c['id']}")
    assert read.json() == {**c, 'signing_secret': None}
    changed = ann.api('PATCH', f"/channels/{c['id']}", json={'name': 'Night'},
                      headers={'If-Match': read.headers['ETag']})
    assert changed.status_code == 200, changed.text
    assert changed.json()['name'] == 'Night' and changed.json()['version'] == 2
    assert changed.json()['config'] == c['config']

    stale = ann.api('PATCH', f"/channels/{c['id']}", json={'name': 'x'}, headers={'If-Match': read.headers['ETag']})
    assert stale.status_code == 412
    assert ann.api('DELETE', f"/channels/{c['id']}", headers={'If-Match': read.headers['ETag']}).status_code == 412
    assert ann.api('DELETE', f"/channels/{c['id']}").status_code == 204
    assert ann.api('GET', f"/channels/{c['id']}").status_code == 404
    assert ann.api('DELETE', f"/channels/{c['id']}").status_code == 404


def test_each_change_is_audited_without_secrets(stack, ann):
    c = webhook(ann, 'https://hooks.example.org/a', secret=SECRET, headers={'X-Token': 'hush-hush'})
    ann.api('PATCH', f"/channels/{c['id']}", json={'config': {'headers': {'X-Token': 'other-hush'}}})
    ann.api('DELETE', f"/channels/{c['id']}")
    rows = stack.db("select action, coalesce(before::text, '') || coalesce(after::text, '') from tocsin.audit "
                    "where object_type = 'channel' and object_id = %s order by id", str(c['id']))
    assert [r[0] for r in rows] == ['channel.create', 'channel.update', 'channel.delete']
    assert all('hush' not in r[1] and SECRET not in r[1] for r in rows)


def test_list_pages_and_filters(stack):
    bob = stack.user()
    made = [make(bob, name=f'c{i}')['id'] for i in range(5)]
    webhook(bob, 'https://hooks.example.org/')
    first = bob.api('GET', '/channels?limit=4').json()
    assert [c['id'] for c in first['items']] == made[:4]
    rest = bob.api('GET', f"/channels?limit=4&after={first['next']}").json()
    assert len(rest['items']) == 2 and rest['next'] is None
    assert [c['type'] for c in bob.api('GET', '/channels?type=webhook').json()['items']] == ['webhook']


# ---------------------------------------------------------------- who may

def test_another_owners_channel_is_not_there(stack, ann):
    c = make(ann)
    bob = stack.user()
    for method, path, body in [('GET', '', None), ('PATCH', '', {'name': 'x'}), ('DELETE', '', None), ('POST', '/test', {})]:
        assert bob.api(method, f"/channels/{c['id']}{path}", json=body).status_code == 404, method
    assert bob.api('GET', '/channels?all=true').json()['items'] == []
    assert bob.api('POST', '/channels/test', json={'channel': c['id']}).status_code == 422
    assert ann.api('GET', f"/channels/{c['id']}").json()['name'] == 'Ops'


def test_operator_sees_all_but_moves_no_secrets(stack, ann):
    c = webhook(ann, 'https://hooks.example.org/a', headers={'X-Token': 'hush'})
    boss = stack.user('operator')
    assert boss.api('GET', f"/channels/{c['id']}").json()['owner_email'] == ann.email
    assert c['id'] in [x['id'] for x in boss.api('GET', '/channels?all=true&limit=200').json()['items']]
    away = boss.api('PATCH', f"/channels/{c['id']}", json={'config': {'url': 'https://elsewhere.example.org/'}})
    assert away.status_code == 422 and 'config.headers' in away.json()['errors']
    assert boss.api('PATCH', f"/channels/{c['id']}", json={'enabled': False}).json()['disabled_reason'] \
        == f'disabled by {boss.email}'


def test_operator_moves_no_secrets_by_a_detour(stack, ann):
    """Another header beside the kept one, or the password given back as it was shown."""
    boss = stack.user('operator')
    c = webhook(ann, 'https://hooks.example.org/a', headers={'X-Token': 'hush', 'X-Two': 'two'})
    away = {'url': 'https://elsewhere.example.org/', 'headers': {'X-Token': None, 'X-Three': 'mine'}}
    answer = boss.api('PATCH', f"/channels/{c['id']}", json={'config': away})
    assert answer.status_code == 422 and 'config.headers' in answer.json()['errors'], answer.text
    away['headers'] = {'X-Token': 'known to me'}
    assert boss.api('PATCH', f"/channels/{c['id']}", json={'config': away}).status_code == 200

    mail = make(ann, config={'to': ['a@example.org'], 'smtp_url': 'smtp://mail.example.org:587', 'smtp_user': 'u',
                             'smtp_password': 'hush-password'})
    for who in (boss, ann):
        answer = who.api('PATCH', f"/channels/{mail['id']}", json={'config': {
            'smtp_url': 'smtp://other.example.org', 'smtp_password': {'set': True}}})
        assert answer.status_code == 422 and 'config.smtp_password' in answer.json()['errors'], answer.text
    answer = boss.api('PATCH', f"/channels/{mail['id']}", json={'config': {'smtp_url': None}})
    assert answer.status_code == 422, 'the server of the instance is another one, too'


def test_viewer_reads_and_writes_nothing(stack):
    eve = stack.user('viewer')
    assert eve.api('GET', '/channels').status_code == 200
    assert eve.api('POST', '/channels', json=EMAIL).status_code == 403
    assert stack.anyone().api('GET', '/channels').status_code == 401


# ---------------------------------------------------------------- secrets

def test_signing_secret_is_shown_once(stack, ann):
    c = webhook(ann, 'https://hooks.example.org/a')
    assert c['signing_secret'].startswith('whsec_')
    assert c['config']['secret'] == {'set': True}
    stored = stack.db('select secret->>%s from tocsin.channel where id = %s', 'secret', c['id'])[0][0]
    assert stored == c['signing_secret']
    for answer in (ann.api('GET', f"/channels/{c['id']}"), ann.api('GET', '/channels'),
                   ann.api('PATCH', f"/channels/{c['id']}", json={'name': 'y'})):
        assert stored not in answer.text
    assert webhook(ann, 'https://hooks.example.org/b', secret=SECRET)['signing_secret'] is None


def test_secrets_left_out_or_given_back_as_shown_stay(stack, ann):
    def stored(c):
        return stack.db('select secret from tocsin.channel where id = %s', c['id'])[0][0]

    c = webhook(ann, 'https://hooks.example.org/a', secret=SECRET, headers={'X-Token': 'hush', 'X-Two': 'two'})
    assert c['config']['headers'] == {'X-Token': None, 'X-Two': None}
    back = ann.api('PATCH', f"/channels/{c['id']}", json={'config': c['config']})
    assert back.status_code == 200, back.text
    assert stored(c) == {'secret': SECRET, 'headers': {'X-Token': 'hush', 'X-Two': 'two'}}
    ann.api('PATCH', f"/channels/{c['id']}", json={'config': {'headers': {'X-Token': None, 'X-Three': '3'}}})
    assert stored(c)['headers'] == {'X-Token': 'hush', 'X-Three': '3'}
    ann.api('PATCH', f"/channels/{c['id']}", json={'config': {'headers': None}})
    assert 'headers' not in stored(c)

    mail = make(ann, config={'to': ['a@example.org'], 'smtp_url': 'smtp://mail.example.org:587', 'smtp_user': 'u',
                             'smtp_password': 'hush-password'})
    assert mail['config']['smtp_password'] == {'set': True}
    moved = ann.api('PATCH', f"/channels/{mail['id']}", json={'config': {'smtp_url': 'smtp://other.example.org'}})
    assert moved.status_code == 422 and 'config.smtp_password' in moved.json()['errors']
    assert 'hush' not in ann.api('GET', '/channels?limit=200').text

    slack = make(ann, type='slack', config={'url': 'https://hooks.example.org/services/T0/B0/hush'})
    assert slack['config'] == {'url': {'set': True}}


# ---------------------------------------------------------------- rules

BAD = [
    ('email', {}, 'to', 'is needed'),
    ('email', {'to': []}, 'to', '1 to 10'),
    ('email', {'to': ['a@example.org'] * 11}, 'to', '1 to 10'),
    ('email', {'to': 'a@example.org'}, 'to', 'list'),
    ('email', {'to': ['a@example.org\r\nBcc: b@example.org']}, 'to', 'addresses'),
    ('email', {'to': ['a b@example.org']}, 'to', 'addresses'),
    ('email', {'to': [7]}, 'to', 'addresses'),
    ('email', {'to': ['a@example.org'], 'from': 'x\ny@example.org'}, 'from', 'control'),
    ('email', {'to': ['a@example.org'], 'from': 'nobody'}, 'from', 'e-mail'),
    ('email', {'to': ['a@example.org'], 'starttls': 'maybe'}, 'starttls', 'required'),
    ('email', {'to': ['a@example.org'], 'smtp_url': 'http://x.example.org'}, 'smtp_url', 'smtp://'),
    ('email', {'to': ['a@example.org'], 'smtp_url': 'smtp://u:p@x.example.org'}, 'smtp_url', ''),
    ('email', {'to': ['a@example.org'], 'smtp_user': 'u'}, 'smtp_user', 'belong together'),
    ('email', {'to': ['a@example.org'], 'url': 'https://x.example.org'}, 'url', 'not known'),
    ('webhook', {}, 'url', 'is needed'),
    ('webhook', {'url': 'ftp://x.example.org/'}, 'url', ''),
    ('webhook', {'url': 'https://u:p@x.example.org/'}, 'url', ''),
    ('webhook', {'url': 'https://x.example.org/\r\nX: y'}, 'url', ''),
    ('webhook', {'url': 'https://x.example.org/', 'secret': 'short'}, 'secret', 'whsec_'),
    ('webhook', {'url': 'https://x.example.org/', 'secret': 'whsec_QUJD'}, 'secret', '24 to 64'),
    ('webhook', {'url': 'https://x.example.org/', 'headers': {'Host': 'y'}}, 'headers', 'name'),
    ('webhook', {'url': 'https://x.example.org/', 'headers': {'webhook-id': 'y'}}, 'headers', 'name'),
    ('webhook', {'url': 'https://x.example.org/', 'headers': {'A B': 'y'}}, 'headers', 'name'),
    ('webhook', {'url': 'https://x.example.org/', 'headers': {'A': 'y\r\nB: z'}}, 'headers', 'value'),
    ('slack', {}, 'url', 'is needed'),
    ('slack', {'url': 'https://x.example.org/', 'to': ['a@b']}, 'to', 'not known'),
]


@pytest.mark.parametrize('kind, config, field, says', BAD, ids=[f'{b[0]}-{i}-{b[2]}' for i, b in enumerate(BAD)])
def test_wrong_setting_is_refused_by_name(ann, kind, config, field, says):
    for path in ('/channels', '/channels/test'):
        answer = ann.api('POST', path, json={'type': kind, 'name': 'x', 'config': config})
        assert answer.status_code == 422, answer.text
        assert says in answer.json()['errors']['config.' + field], answer.text


@pytest.mark.parametrize('body, field', [
    ({'name': 'x', 'config': {}}, 'type'),
    ({**EMAIL, 'type': 'pigeon'}, 'type'),
    ({**EMAIL, 'name': ''}, 'name'),
    ({**EMAIL, 'name': 'x' * 81}, 'name'),
    ({**EMAIL, 'name': 'a\nb'}, 'name'),
    ({**EMAIL, 'events': ['down', 'sideways']}, 'events'),
    ({**EMAIL, 'enabled': 'yes'}, 'enabled'),
    ({**EMAIL, 'owner': 1}, 'owner'),
    ({**EMAIL, 'config': []}, 'config'),
])
def test_wrong_field_is_refused_by_name(ann, body, field):
    answer = ann.api('POST', '/channels', json=body)
    assert answer.status_code == 422, answer.text
    assert field in answer.json()['errors']


def test_type_stays(ann):
    c = make(ann)
    assert 'type' in ann.api('PATCH', f"/channels/{c['id']}", json={'type': 'slack'}).json()['errors']


@pytest.mark.parametrize('host', ['169.254.169.254', '10.0.0.1', '[::ffff:10.0.0.1]', '0x0a000001', '167772161'])
def test_special_addresses_are_refused_at_the_field(ann, host):
    for kind, config, field in (('webhook', {'url': f'http://{host}/'}, 'config.url'),
                                ('slack', {'url': f'http://{host}/'}, 'config.url'),
                                ('email', {'to': ['a@example.org'], 'smtp_url': f'smtp://{host}:25'}, 'config.smtp_url')):
        answer = ann.api('POST', '/channels', json={'type': kind, 'name': 'x', 'config': config})
        assert answer.status_code == 422 and field in answer.json()['errors'], f'{kind} {host}: {answer.text}'


def test_an_account_has_at_most_a_hundred(stack):
    bob = stack.user()
    stack.db("insert into tocsin.channel (owner, type, name, config) "
             "select %s, 'email', 'n', %s from generate_series(1, 100)", bob.id, json.dumps({'to': ['a@example.org']}))
    assert bob.api('POST', '/channels', json=EMAIL).status_code == 409
