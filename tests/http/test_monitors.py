"""Monitors: create, read, change, delete, restore, list; who may; what is refused."""
import threading

import pytest

from watching import address, channel, create, down, latest, refused

@pytest.fixture
def ann(quiet):
    return quiet.user()


def test_a_monitor_is_created_with_defaults_and_read_back(ann):
    url = address()
    answer = ann.api('POST', '/monitors', json={'url': url})
    assert answer.status_code == 201
    m = answer.json()
    assert answer.headers['Location'].endswith(f"/api/v1/monitors/{m['id']}")
    assert (m['version'], m['type'], m['method'], m['interval'], m['timeout'], m['retries'], m['recheck'],
            m['redirects'], m['verify_tls'], m['expect'], m['degraded_above']) == \
        (1, 'http', 'GET', 60, 10, 1, 5, 10, True, '200-399', None)
    assert m['url'] == url and m['name'] == url[7:-1] and m['owner'] == ann.id
    assert m['status'] == 'unknown' and m['checked_at'] is None and m['incident'] is None
    read = ann.api('GET', f"/monitors/{m['id']}")
    assert read.json() == m
    assert read.headers['ETag'].startswith('"1-')
    assert ann.api('GET', f"/monitors/{m['id']}", headers={'If-None-Match': read.headers['ETag']}).status_code == 304


def test_all_settings_are_kept(ann):
    settings = dict(name='API', url='https://api.example.com:8443/v1?x=1', method='POST', headers={'X-A': 'ü'},
                    body='{"a":\n1}', expect='200-299,404', keyword='ok', keyword_absent=True, interval=5,
                    timeout=4, retries=3, recheck=2, degraded_above=900, redirects=0, verify_tls=False,
                    tags=['prod', 'eu'], group='API', paused=True)
    m = create(ann, **settings)
    assert {k: m[k] for k in settings} == settings
    assert m['status'] == 'paused'


def test_a_short_interval_brings_a_short_timeout(ann):
    m = create(ann, interval=5)
    assert (m['timeout'], m['recheck']) == (5, 5)


@pytest.mark.parametrize('url, kept', [
    ('HTTP://EXAMPLE.COM/Path', 'http://example.com/Path'),
    ('https://Ex.ample.com:81?Q#frag', 'https://ex.ample.com:81?Q'),
    ('http://[2606:2800:220:1::1]/', 'http://[2606:2800:220:1::1]/'),
])
def test_an_address_is_kept_in_one_spelling(ann, url, kept):
    assert create(ann, url=url)['url'] == kept


@pytest.mark.parametrize('field, value', [
    ('url', 'ftp://example.com/'), ('url', 'example.com'), ('url', ''), ('url', None), ('url', 7),
    ('url', 'http://user:pw@example.com/'), ('url', 'http://@example.com/'), ('url', 'http:///x'),
    ('url', 'http://example.com:0/'), ('url', 'http://example.com:65536/'), ('url', 'http://example.com:8o/'),
    ('url', 'http://a b/'), ('url', 'http://a/\r\nX: y'), ('url', 'http://[::1/'),
    ('url', 'http://example.com/' + 'x' * 2048), ('url', 'javascript:alert(1)'), ('url', 'file:///etc/passwd'),
    ('url', 'http://10.1.2.3/'), ('url', 'http://[fd00::1]/'), ('url', 'http://[fe80::1]/'),
    ('url', 'http://169.254.169.254/latest/'), ('url', 'http://192.168.1.1/'), ('url', 'http://0xa.1/'),
    ('url', 'http://167772161/'), ('url', 'http://[::ffff:10.0.0.1]/'), ('url', 'http://0/'),
    ('type', 'ping'), ('name', 'x' * 121), ('name', 'a\nb'), ('method', 'TRACE'), ('method', 'get'),
    ('expect', '99'), ('expect', '200-'), ('expect', '300-200'), ('expect', 'ok'), ('expect', '600'),
    ('keyword', 'x' * 257), ('interval', 4), ('interval', 86401), ('interval', '60'), ('interval', 60.5),
    ('interval', 2 ** 40), ('timeout', 0), ('timeout', 61), ('retries', -1), ('retries', 11), ('recheck', 0),
    ('recheck', 3601), ('degraded_above', 0), ('degraded_above', 60001), ('redirects', 21), ('verify_tls', 'yes'),
    ('tags', ['x' * 41]), ('tags', ['']), ('tags', ['a,b']), ('tags', ['x%d' % n for n in range(21)]), ('tags', 'prod'),
    ('group', 'x' * 321), ('paused', 1), ('body', 'x' * 16385),
    ('headers', {'A B': 'x'}), ('headers', {'': 'x'}), ('headers', {'X': 'a\r\nY: b'}),
    ('headers', {'Transfer-Encoding': 'chunked'}), ('headers', {'connection': 'close'}), ('headers', {'X': 1}),
    ('headers', {'Content-Length': '3'}), ('headers', {'X': None}), ('headers', {'x': '1', 'X': '2'}), ('headers', []),
    ('headers', {'X': 'x' * 4097}), ('channels', [987654321]), ('channels', ['1']), ('nonsense', 1), ('id', 7),
    ('owner', 1), ('status', 'up'), ('@', {}),
])
def test_a_bad_value_is_refused_by_its_name(quiet, ann, field, value):
    before = quiet.db('select count(*) from tocsin.monitor where owner = %s', ann.id)
    rule = refused(ann.api('POST', '/monitors', json={'url': address(), 'method': 'POST', field: value}), field)
    assert rule and rule[0].islower()
    assert quiet.db('select count(*) from tocsin.monitor where owner = %s', ann.id) == before


@pytest.mark.parametrize('settings, field', [
    ({'interval': 20, 'timeout': 30}, 'timeout'),
    ({'interval': 20, 'recheck': 30}, 'recheck'),
    ({'timeout': 2, 'degraded_above': 2000}, 'degraded_above'),
    ({'method': 'HEAD', 'keyword': 'x'}, 'keyword'),
    ({'keyword_absent': True}, 'keyword'),
    ({'method': 'GET', 'body': 'x'}, 'body'),
    ({'method': 'HEAD', 'body': 'x'}, 'body'),
])
def test_settings_that_do_not_fit_together_are_refused(ann, settings, field):
    refused(ann.api('POST', '/monitors', json={'url': address(), **settings}), field)
    m = create(ann)
    refused(ann.api('PATCH', f"/monitors/{m['id']}", json=settings), field)
    assert ann.api('GET', f"/monitors/{m['id']}").json() == m


def test_several_errors_are_told_at_once(ann):
    errors = ann.api('POST', '/monitors', json={'url': 'x', 'interval': 1, 'nope': 1}).json()['errors']
    assert set(errors) == {'url', 'interval', 'nope'}


@pytest.mark.parametrize('body, status', [
    (b'{', 400), (b'[]', 400), (b'"x"', 400), (b'\xff\xfe', 400), (b'{"url": "\xff"}', 400), (b'{"url": "http://a/\\u0000"}', 400),
    (b'{"url":"http://a/","url":"http://b/"}', 400), (b'[' * 10000, 400), (b'{"a":' * 10000, 400),
    (b'{"url":"' + b'x' * 70000 + b'"}', 413),
], ids=['brace', 'list', 'string', 'bytes', 'not-utf8', 'nul', 'twice', 'deep-list', 'deep-object', 'large'])
def test_a_malformed_body_is_refused(ann, body, status):
    answer = ann.api('POST', '/monitors', data=body, headers={'Content-Type': 'application/json'})
    assert answer.status_code == status, answer.text
    assert answer.headers['Content-Type'] == 'application/problem+json'


def test_method_media_type_and_ids_are_minded(ann):
    assert ann.api('PUT', '/monitors').status_code == 405
    assert set(ann.api('PUT', '/monitors').headers['Allow'].split(', ')) >= {'GET', 'POST'}
    assert ann.api('POST', '/monitors', data='url=http://a/').status_code == 415
    for strange in ('0', '-1', '01', '1x', '9223372036854775808', '1e3', 'x', "1'--", '%00'):
        assert ann.api('GET', f'/monitors/{strange}').status_code == 404, strange
    assert ann.api('GET', '/monitors/9223372036854775807').status_code == 404


def test_the_same_address_twice_is_a_conflict_that_names_the_other(quiet, ann):
    m = create(ann)
    assert str(m['id']) in refused(ann.api('POST', '/monitors', json={'url': m['url']}), 'url', 409)
    assert str(m['id']) in refused(ann.api('POST', '/monitors', json={'url': m['url'].replace('http', 'HTTP')}), 'url', 409)
    other = create(ann)
    refused(ann.api('PATCH', f"/monitors/{other['id']}", json={'url': m['url']}), 'url', 409)
    create(quiet.user(), url=m['url'])
    create(ann, url=m['url'], method='HEAD')


def test_two_at_once_make_one(quiet, ann):
    url, codes = address(), []
    clients = [ann] + [type(ann)(ann.base, ann.address) for _ in range(7)]
    for c in clients[1:]:
        c.sign_in(ann.email, ann.password)
    threads = [threading.Thread(target=lambda c=c: codes.append(c.api('POST', '/monitors', json={'url': url}).status_code))
               for c in clients]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(codes) == [201] + [409] * 7
    assert quiet.db('select count(*) from tocsin.monitor where url = %s', url) == [(1,)]


def test_another_owners_monitor_is_not_there(quiet, ann):
    bob, m = quiet.user(), create(ann)
    path = f"/monitors/{m['id']}"
    for method, tail, body in [('GET', '', None), ('PATCH', '', {}), ('DELETE', '', None), ('POST', '/restore', None),
                               ('POST', '/check', None), ('GET', '/checks', None), ('GET', '/series', None),
                               ('GET', '/uptime', None), ('GET', '/daily', None), ('GET', '/incidents', None),
                               ('GET', '/notifications', None)]:
        answer = bob.api(method, path + tail, **({'json': body} if body is not None else {}))
        assert answer.status_code == 404, (method, tail, answer.text)
    assert m['id'] not in bob.api('GET', '/monitors?view=list').json()['id']
    assert ann.api('GET', path).json()['version'] == 1


def test_who_may_do_what(quiet, ann):
    m = create(ann)
    path = f"/monitors/{m['id']}"
    viewer, operator, anyone = quiet.user('viewer'), quiet.user('operator'), quiet.anyone()
    assert viewer.api('GET', '/monitors').status_code == 200
    for method, where in [('POST', '/monitors'), ('PATCH', path), ('DELETE', path), ('POST', '/monitors/bulk')]:
        assert viewer.api(method, where, json={}).status_code == 403
        assert anyone.api(method, where, json={}).status_code in (401, 403)
    assert anyone.api('GET', '/monitors').status_code == 401
    assert operator.api('GET', path).json()['owner_email'] == ann.email
    assert operator.api('PATCH', path, json={'name': 'by operator'}).status_code == 200
    assert ann.api('GET', path).json()['owner_email'] is None
    for role, code in [('viewer', 403), ('member', 403), ('operator', 403)]:
        assert quiet.user(role).api('GET', '/admin/monitors').status_code == code
    assert m['id'] in [x['id'] for x in quiet.admin.api('GET', f'/admin/monitors?owner={ann.id}').json()['items']]


def test_a_demoted_account_may_not_write_any_more(quiet):
    eve = quiet.user()
    m = create(eve)
    quiet.db("update tocsin.account set role = 'viewer' where id = %s", eve.id)
    assert eve.api('PATCH', f"/monitors/{m['id']}", json={'name': 'x'}).status_code == 403
    assert eve.api('GET', f"/monitors/{m['id']}").json()['name'] == m['name']


def test_a_change_made_on_an_old_version_is_refused(ann):
    m = create(ann)
    path = f"/monitors/{m['id']}"
    tag = ann.api('GET', path).headers['ETag']
    first = ann.api('PATCH', path, json={'name': 'one'}, headers={'If-Match': tag})
    assert first.status_code == 200 and first.json()['version'] == 2
    second = ann.api('PATCH', path, json={'name': 'two'}, headers={'If-Match': tag})
    assert second.status_code == 412
    assert ann.api('DELETE', path, headers={'If-Match': tag}).status_code == 412
    assert ann.api('GET', path).json()['name'] == 'one'
    assert ann.api('PATCH', path, json={'name': 'three'}, headers={'If-Match': '*'}).json()['name'] == 'three'


def test_a_patch_changes_what_it_names_and_nothing_else(ann):
    m = create(ann, tags=['a'], degraded_above=500, keyword='x')
    path = f"/monitors/{m['id']}"
    changed = ann.api('PATCH', path, json={'degraded_above': None, 'keyword': None, 'tags': ['b', 'c', 'b']}).json()
    assert (changed['degraded_above'], changed['keyword'], changed['tags']) == (None, '', ['b', 'c'])
    same = set(m) - {'version', 'degraded_above', 'keyword', 'tags'}
    assert {k: changed[k] for k in same} == {k: m[k] for k in same}


def test_secret_headers_are_never_given_back_and_null_keeps_them(quiet, ann):
    m = create(ann, headers={'Authorization': 'Bearer s3cret', 'X-My-Token': 't0ken', 'Accept': 'text/html'})
    path = f"/monitors/{m['id']}"
    assert m['headers'] == {'Authorization': None, 'X-My-Token': None, 'Accept': 'text/html'}
    ann.api('PATCH', path, json={'headers': {'authorization': None, 'Accept': 'text/css'}})
    kept = quiet.db('select headers from tocsin.monitor where id = %s', m['id'])[0][0]
    assert kept == {'authorization': 'Bearer s3cret', 'Accept': 'text/css'}
    seen = [ann.api('GET', path).text, ann.api('GET', '/monitors').text,
            str(quiet.db('select before, after from tocsin.audit where object_id = %s', str(m['id'])))]
    assert all('s3cret' not in text and 't0ken' not in text for text in seen)


def test_an_operator_cannot_send_the_owners_secrets_elsewhere(quiet, ann):
    m = create(ann, headers={'Authorization': 'x'})
    operator = quiet.user('operator')
    refused(operator.api('PATCH', f"/monitors/{m['id']}", json={'url': 'http://evil.example.net/'}), 'headers')
    assert operator.api('PATCH', f"/monitors/{m['id']}", json={'url': 'http://evil.example.net/', 'headers': {}}).ok


def test_channels_are_ones_own_or_the_default_ones(quiet, ann):
    mine, default, theirs = channel(quiet, ann), channel(quiet, ann, True), channel(quiet, quiet.user())
    assert create(ann)['channels'] == [default]
    assert create(ann, channels=[])['channels'] == []
    m = create(ann, channels=[mine, default])
    assert m['channels'] == [mine, default]
    refused(ann.api('PATCH', f"/monitors/{m['id']}", json={'channels': [theirs]}), 'channels')
    assert ann.api('PATCH', f"/monitors/{m['id']}", json={'channels': [mine]}).json()['channels'] == [mine]


def test_a_pause_closes_the_incident_and_is_a_transition(quiet, ann):
    m = create(ann)
    path = f"/monitors/{m['id']}"
    down(quiet, m)
    incident = ann.api('GET', path).json()['incident']
    assert incident
    paused = ann.api('PATCH', path, json={'paused': True}).json()
    assert (paused['status'], paused['paused'], paused['incident']) == ('paused', True, None)
    closed = ann.api('GET', f'/incidents/{incident}').json()
    assert closed['state'] == 'resolved'
    assert [e['kind'] for e in closed['events']] == ['opened', 'resolved']
    assert ann.email in closed['events'][1]['body']
    resumed = ann.api('PATCH', path, json={'paused': False}).json()
    assert (resumed['status'], resumed['paused']) == ('unknown', False)
    assert quiet.db('select prev, status from tocsin.transition where monitor = %s order by seq', m['id']) == \
        [(0, 3), (3, 5), (5, 0)]
    assert ann.api('PATCH', path, json={'paused': False}).ok
    assert quiet.db('select count(*) from tocsin.transition where monitor = %s', m['id']) == [(3,)]


def test_a_deleted_monitor_is_kept_and_comes_back(quiet, ann):
    m = create(ann, tags=['keep'])
    path = f"/monitors/{m['id']}"
    down(quiet, m)
    assert ann.api('POST', path + '/restore').status_code == 409
    assert ann.api('DELETE', path).status_code == 204
    assert ann.api('DELETE', path).status_code == 404
    gone = ann.api('GET', path).json()
    assert gone['deleted_by'] == ann.email and gone['deleted_at'] and gone['incident'] is None
    assert ann.api('PATCH', path, json={'name': 'x'}).status_code == 404
    assert m['id'] not in ann.api('GET', '/monitors?view=list').json()['id']
    assert [x['id'] for x in ann.api('GET', '/monitors?deleted=true').json()['items']] == [m['id']]
    back = ann.api('POST', path + '/restore')
    assert back.status_code == 200 and back.json()['status'] == 'unknown' and back.json()['tags'] == ['keep']
    assert back.json()['deleted_at'] is None


def test_a_restore_does_not_make_a_double(ann):
    m = create(ann)
    ann.api('DELETE', f"/monitors/{m['id']}")
    twin = create(ann, url=m['url'])
    assert str(twin['id']) in refused(ann.api('POST', f"/monitors/{m['id']}/restore"), 'url', 409)


def test_every_write_is_audited_and_told(quiet, ann):
    with quiet.events(ann) as events:
        m = create(ann)
        path = f"/monitors/{m['id']}"
        ann.api('PATCH', path, json={'name': 'other'})
        ann.api('DELETE', path)
        ann.api('POST', path + '/restore')
        for change in ('created', 'updated', 'deleted', 'restored'):
            e = events.wait('monitor')
            assert (e['data']['id'], e['data']['change']) == (m['id'], change)
    rows = quiet.db('select action, actor, host(address), request from tocsin.audit '
                    "where object_type = 'monitor' and object_id = %s order by id", str(m['id']))
    assert [r[0] for r in rows] == ['monitor.create', 'monitor.update', 'monitor.delete', 'monitor.restore']
    assert all(r[1] == ann.id and r[2] == ann.address and r[3] for r in rows)


# ---------------------------------------------------------------- lists

def test_the_plain_list_pages_by_a_cursor(ann):
    ids = [create(ann)['id'] for _ in range(5)]
    seen, after = [], ''
    while True:
        page = ann.api('GET', f'/monitors?limit=2{after}').json()
        seen += [m['id'] for m in page['items']]
        if page['next'] is None:
            break
        after = f"&after={page['next']}"
    assert seen == ids


COLUMNS = '''id name url type group tags status since checked_at interval ms up24 up30 bars24 enabled owner
reason'''.split()


def test_the_list_in_columns_has_one_entry_a_monitor(quiet, ann):
    a, b = create(ann, name='a', tags=['x', 'y'], group='g'), create(ann, name='b', paused=True)
    down(quiet, a)
    got = ann.api('GET', '/monitors?view=list').json()
    assert {len(got[c]) for c in COLUMNS} == {2}
    assert got['id'] == [a['id'], b['id']] and got['status'] == [3, 5] and got['enabled'] == [True, False]
    assert got['tags'] == [['x', 'y'], []] and got['group'] == ['g', ''] and got['reason'] == ['connect_refused', None]
    assert got['checked_at'] == [None, None] and got['gone'] == []
    empty = quiet.user().api('GET', '/monitors?view=list').json()
    assert all(empty[c] == [] for c in COLUMNS)


def test_the_full_list_is_kept_for_a_second_but_not_over_a_write(quiet, ann):
    a, b = create(ann), create(ann)
    bob = quiet.user()

    def ids(who):
        return who.api('GET', '/monitors?view=list').json()['id']
    for _ in range(20):  # each child has its own
        assert ids(ann) == [a['id'], b['id']] and ids(bob) == []
    for n in range(10):
        c = create(ann)
        assert ids(ann) == [a['id'], b['id'], c['id']]
        ann.api('DELETE', f"/monitors/{c['id']}")
        assert ids(ann) == [a['id'], b['id']]
    quiet.db('delete from tocsin.monitor where id = %s returning 1', b['id'])
    quiet.wait(lambda: ids(ann) == [a['id']], 3)


def test_since_gives_what_changed_and_what_is_gone(quiet, ann):
    a, b, c = create(ann), create(ann), create(ann)
    rev = ann.api('GET', '/monitors?view=list').json()['rev']
    assert ann.api('GET', f'/monitors?view=list&since={rev}').json()['id'] == []
    ann.api('PATCH', f"/monitors/{b['id']}", json={'name': 'new'})
    down(quiet, c)
    ann.api('DELETE', f"/monitors/{a['id']}")
    delta = ann.api('GET', f'/monitors?view=list&since={rev}').json()
    assert delta['id'] == [b['id'], c['id']] and delta['name'][0] == 'new' and delta['gone'] == [a['id']]
    assert int(delta['rev']) >= int(rev)
    assert ann.api('GET', '/monitors?view=list&since=x').status_code == 422


def test_filters(quiet, ann):
    a = create(ann, name='Alpha', tags=['prod', 'eu'], group='one')
    b = create(ann, name='beta 100%', tags=['prod'], group='two')
    c = create(ann, name='gamma', paused=True)
    down(quiet, a)

    def ids(query):
        plain = [m['id'] for m in ann.api('GET', f'/monitors?{query}').json()['items']]
        assert ann.api('GET', f'/monitors?view=list&{query}').json()['id'] == plain
        return plain
    assert ids('q=alPHA') == [a['id']]
    assert ids('q=%25') == [b['id']]
    assert ids('q=_') == []
    assert ids('status=down') == [a['id']]
    assert ids('status=down,paused') == [a['id'], c['id']]
    assert ids('tag=prod') == [a['id'], b['id']]
    assert ids('tag=prod,eu') == [a['id']]
    assert ids('group=two') == [b['id']]
    assert ids('type=http') == [a['id'], b['id'], c['id']]
    assert ids(f'owner={ann.id + 1}') == []
    assert ann.api('GET', '/monitors?nope=1').status_code == 422
    assert ann.api('GET', '/monitors?limit=0').status_code == 422
    assert ann.api('GET', '/monitors?limit=501').status_code == 422
    assert ann.api('GET', '/monitors?type=ping').status_code == 422


def test_a_status_that_is_no_longer_measured_is_not_shown_as_healthy(quiet, ann):
    m = create(ann, interval=10)
    quiet.db('select tocsin.transit(%s, 1)', m['id'])
    latest(quiet, m, 5)
    fresh = ann.api('GET', f"/monitors/{m['id']}").json()
    assert fresh['status'] == 'up' and fresh['response_ms'] == 12.3
    assert fresh['phases'] == {'dns': 1, 'connect': 2, 'tls': 3, 'ttfb': 4, 'transfer': 2.3}
    assert ann.api('GET', '/monitors?view=list').json()['ms'] == [13]
    latest(quiet, m, 51)
    assert ann.api('GET', f"/monitors/{m['id']}").json()['status'] == 'unknown'
    quiet.wait(lambda: ann.api('GET', '/monitors?view=list').json()['status'] == [0], 2)
    assert ann.api('GET', '/overview').json()['counts']['unknown'] == 1


def test_the_overview_counts_and_shows_the_worst_first(quiet, ann):
    a, b, c = create(ann, name='a', group='g'), create(ann, name='b', group='g'), create(ann, name='c')
    for m, status in ((a, 2), (b, 3), (c, 1)):
        quiet.db('select tocsin.transit(%s, %s)', m['id'], status)
        latest(quiet, m, 1, status)
    quiet.db("update tocsin.monitor_latest set tls_not_after = now() + interval '9 days 1 hour' where monitor = %s", c['id'])
    got = ann.api('GET', '/overview').json()
    assert got['counts'] == {'total': 3, 'up': 1, 'degraded': 1, 'down': 1, 'maintenance': 0, 'unknown': 0, 'paused': 0}
    assert [x['id'] for x in got['attention']] == [b['id'], a['id']]
    assert [x['monitor'] for x in got['incidents']] == [b['id']]
    assert {x['monitor'] for x in got['changes']} == {a['id'], b['id'], c['id']}
    assert [(x['id'], x['days']) for x in got['expiring']] == [(c['id'], 9)]
    assert got['groups'] == [{'name': 'g', 'status': 'down', 'monitors': 2, 'down': 1}]
    assert quiet.user().api('GET', '/overview').json()['counts']['total'] == 0


# ---------------------------------------------------------------- now

def test_settings_are_tried_without_being_kept(quiet, ann):
    answer = ann.api('POST', '/monitors/test', json={'url': address(), 'timeout': 3})
    assert answer.status_code == 202 and answer.json()['state'] == 'pending'
    run = answer.json()['id']
    assert answer.headers['Location'].endswith(f'/api/v1/monitors/test/{run}')
    assert ann.api('GET', f'/monitors/test/{run}').json()['state'] == 'pending'
    assert quiet.user().api('GET', f'/monitors/test/{run}').status_code == 404
    assert ann.api('GET', '/monitors/test/00000000-0000-0000-0000-000000000000').status_code == 404
    assert ann.api('GET', '/monitors/test/x').status_code == 404
    assert ann.api('GET', '/monitors').json()['items'] == []
    refused(ann.api('POST', '/monitors/test', json={'url': 'http://10.0.0.1/'}), 'url')
    refused(ann.api('POST', '/monitors/test', json={'url': address(), 'method': 'HEAD', 'keyword': 'x'}), 'keyword')
    refused(ann.api('POST', '/monitors/test', json={}), 'url')
    for _ in range(4):
        assert ann.api('POST', '/monitors/test', json={'url': address()}).status_code == 202
    busy = ann.api('POST', '/monitors/test', json={'url': address()})
    assert busy.status_code == 429 and busy.headers['Retry-After']


def test_a_try_uses_stored_secrets_but_an_operator_cannot_send_them_elsewhere(quiet, ann):
    m = create(ann, headers={'Authorization': 's3cret'})
    operator, bob = quiet.user('operator'), quiet.user()

    def sent(who, url):
        answer = who.api('POST', '/monitors/test', json={'url': url, 'monitor': m['id'], 'headers': {'Authorization': None}})
        if answer.status_code != 202:
            return answer.status_code
        return quiet.db('select spec->\'headers\' from tocsin.test_run where id = %s', answer.json()['id'])[0][0]
    assert sent(ann, address()) == {'Authorization': 's3cret'}
    assert sent(operator, m['url'] + 'path') == {'Authorization': 's3cret'}
    assert sent(operator, 'http://evil.example.net/') == {}
    assert sent(bob, m['url']) == 404


def test_check_now_is_asked_once_in_two_seconds_and_not_of_a_paused_monitor(quiet, ann):
    m = create(ann)
    first = ann.api('POST', f"/monitors/{m['id']}/check")
    assert first.status_code == 202
    assert ann.api('POST', f"/monitors/{m['id']}/check").json()['asked_at'] == first.json()['asked_at']
    ann.api('PATCH', f"/monitors/{m['id']}", json={'paused': True})
    assert ann.api('POST', f"/monitors/{m['id']}/check").status_code == 409
