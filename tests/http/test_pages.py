"""Status pages: their settings, what stands on them, and who may change that."""
import re

import pytest

from watching import create, refused


@pytest.fixture
def ann(quiet):
    return quiet.user()


def page(who, **settings):
    answer = who.api('POST', '/pages', json={'title': f'Status of {who.email}', **settings})
    assert answer.status_code == 201, answer.text
    assert answer.headers['Location'].endswith(f"/pages/{answer.json()['id']}")
    return answer.json()


def test_a_page_is_made_read_changed_and_deleted(quiet, ann):
    made = page(ann, title='My Shop: Status!', slug='shop-one')
    assert (made['slug'], made['title'], made['lang'], made['zone'], made['theme'], made['accent']) == \
        ('shop-one', 'My Shop: Status!', 'en', 'UTC', 'system', '#2563eb')
    assert (made['access'], made['publish'], made['publish_after'], made['robots'], made['components']) == \
        ('public', 'after', 120, True, [])
    assert made['address'] == f'{quiet.url}/status/shop-one/' and made['published_at'] is None and not made['logo']
    path = f"/pages/{made['id']}"
    got = ann.api('GET', path)
    assert got.json() == made and got.headers['ETag'].startswith('"1-')
    changed = ann.api('PATCH', path, json={'title': 'Shop', 'zone': 'Europe/Berlin', 'lang': 'de', 'url': 'https://status.shop.example'},
                      headers={'If-Match': got.headers['ETag']}).json()
    assert (changed['title'], changed['zone'], changed['lang'], changed['url'], changed['version']) == \
        ('Shop', 'Europe/Berlin', 'de', 'https://status.shop.example/', 2)
    assert changed['address'] == changed['url']
    assert ann.api('PATCH', path, json={'title': 'x'}, headers={'If-Match': got.headers['ETag']}).status_code == 412
    assert [p['id'] for p in ann.api('GET', '/pages').json()['items']] == [made['id']]
    assert ann.api('GET', '/pages?q=SHOP').json()['items'][0]['components'] == 0
    assert ann.api('DELETE', path).status_code == 204 and ann.api('GET', path).status_code == 404
    assert [r[0] for r in quiet.db("select action from tocsin.audit where object_type = 'page' and object_id = %s order by id",
                                   str(made['id']))] == ['page.create', 'page.update', 'page.delete']


@pytest.mark.parametrize('field, value', [
    ('title', ''), ('title', ' '), ('title', 'x' * 121), ('slug', 'No'), ('slug', '-a'), ('slug', 'a_b'), ('slug', 'assets'),
    ('slug', 'x' * 64), ('slug', '../etc'), ('zone', 'Mars/Olympus'), ('zone', 'EST5EDT4'), ('zone', 'posix/UTC'), ('lang', 'deutsch'),
    ('lang', 'EN'), ('theme', 'pink'), ('accent', 'red'), ('accent', '#12345g'), ('accent', '#ffe000'), ('url', 'ftp://a.example/'),
    ('url', 'https://u:p@a.example/'), ('url', 'https://a.example/?x'), ('link', 'javascript:alert(1)'), ('description', 'x' * 2001),
    ('access', 'everybody'), ('password', 'short'), ('password', 'x' * 257), ('allow', ['10.0.0.1/8']), ('allow', ['localhost']),
    ('allow', ['10.0.0.0/8'] * 101), ('publish', 'at once'), ('publish_after', -1), ('publish_after', 86401), ('day_down', 59),
    ('owner', 1), ('components', 'all')])
def test_settings_are_checked(quiet, ann, field, value):
    made = page(ann)
    for method, path in (('POST', '/pages'), ('PATCH', f"/pages/{made['id']}")):
        body = {'title': 'x', field: value} if method == 'POST' else {field: value}
        if (method, field, value) == ('POST', 'slug', 'No'):
            continue  # small letters are made of it
        if (field, value) != ('slug', 'No'):
            refused(ann.api(method, path, json=body), field)
    assert ann.api('GET', f"/pages/{made['id']}").json()['version'] == 1


def test_the_accent_is_read_on_its_background(quiet, ann):
    made = page(ann)
    path = f"/pages/{made['id']}"
    rule = refused(ann.api('PATCH', path, json={'accent': '#60A5FA'}), 'accent')
    assert '4.5:1' in rule and '#f5f6f8' in rule and 'it has 2.3' in rule
    assert ann.api('PATCH', path, json={'accent': '#60A5FA', 'theme': 'dark'}).json()['accent'] == '#60a5fa'
    assert '#f5f6f8' in refused(ann.api('PATCH', path, json={'theme': 'light'}), 'accent')
    assert page(ann, theme='dark', title='night')['accent'] == '#60a5fa'
    assert [round(r[0], 1) for r in quiet.db("select tocsin.contrast(a, b) from (values ('#000000', '#ffffff'), "
                                             "('#777777', '#ffffff'), ('#123456', '#123456')) v (a, b)")] == [21.0, 4.5, 1.0]


def test_a_slug_is_made_of_the_title_and_is_there_once(quiet, ann):
    assert page(ann, title='  Caf\u00e9 & Bar \u2014 Live!  ')['slug'] == 'caf-bar-live'
    taken = quiet.user().api('POST', '/pages', json={'title': 'x', 'slug': 'caf-bar-live'})
    assert taken.status_code == 409 and taken.json()['errors'] == {'slug': 'is taken'}
    other = page(ann, title='other')
    assert ann.api('PATCH', f"/pages/{other['id']}", json={'slug': 'caf-bar-live'}).json()['errors'] == {'slug': 'is taken'}
    refused(ann.api('POST', '/pages', json={'title': '\u4e16\u754c'}), 'slug')
    assert page(ann, title='\u4e16\u754c', slug='world')['title'] == '\u4e16\u754c'


def test_a_password_goes_in_and_never_comes_out(quiet, ann):
    refused(ann.api('POST', '/pages', json={'title': 'x', 'access': 'password'}), 'password')
    made = page(ann, title='locked page', access='password', password='open sesame')
    stored = quiet.db('select password from tocsin.page where id = %s', made['id'])[0][0]
    assert stored.startswith('$y$') and 'sesame' not in stored
    assert made['password_set'] and 'password' not in made
    changed = ann.api('PATCH', f"/pages/{made['id']}", json={'title': 'y'}).json()
    assert changed['password_set'] and quiet.db('select password from tocsin.page where id = %s', made['id'])[0][0] == stored
    said = str(quiet.db("select before, after from tocsin.audit where object_type = 'page' and object_id = %s", str(made['id'])))
    assert stored not in said and 'sesame' not in said and stored not in ann.api('GET', '/pages').text
    refused(ann.api('PATCH', f"/pages/{made['id']}", json={'access': 'address'}), 'allow')
    near = ann.api('PATCH', f"/pages/{made['id']}", json={'access': 'address', 'allow': ['192.0.2.0/24', '2001:db8::1']}).json()
    assert near['allow'] == ['192.0.2.0/24', '2001:db8::1']


def test_components_are_set_as_one_ordered_list(quiet, ann):
    a, b = create(ann, name='alpha', group='web'), create(ann, name='beta')
    made = page(ann, title='parts')
    path = f"/pages/{made['id']}"
    tag = ann.api('GET', path).headers['ETag']
    got = ann.api('PUT', path + '/components', headers={'If-Match': tag}, json={'components': [
        {'monitor': b['id'], 'section': 'Core', 'name': 'The API', 'description': 'what apps use', 'show_ms': False},
        {'kind': 'group', 'group': 'web'},
        {'monitor': a['id'], 'show_uptime': False}]}).json()
    rows = [(c['kind'], c['monitor'], c['group'], c['name'], c['section'], c['show_ms'], c['show_uptime']) for c in got['components']]
    assert rows == [('monitor', b['id'], None, 'The API', 'Core', False, True), ('group', None, 'web', 'web', '', True, True),
                    ('monitor', a['id'], None, 'alpha', '', True, False)]
    assert got['version'] == 2 and got['components'][2]['monitor_name'] == 'alpha'
    assert ann.api('PUT', path + '/components', headers={'If-Match': tag}, json={'components': []}).status_code == 412
    # what was read can be sent again, turned round: each stays what it is
    again = ann.api('PUT', path + '/components', json={'components': got['components'][::-1]}).json()
    assert again['components'] == got['components'][::-1]
    less = ann.api('PUT', path + '/components', json={'components': again['components'][:1]}).json()
    assert [c['id'] for c in less['components']] == [got['components'][2]['id']]
    assert ann.api('PATCH', path, json={'components': []}).json()['components'] == []


def test_components_are_checked_and_named_by_their_place(quiet, ann):
    m, other = create(ann), create(quiet.user())
    made, second = page(ann, title='checked parts'), page(ann, title='another page')
    foreign = ann.api('PUT', f"/pages/{second['id']}/components", json={'components': [{'monitor': m['id']}]}).json()['components'][0]['id']
    path = f"/pages/{made['id']}/components"
    gone = create(ann)
    ann.api('DELETE', f"/monitors/{gone['id']}")
    good = {'monitor': m['id']}
    for bad, field in (({'monitor': other['id']}, 'monitor'), ({'monitor': gone['id']}, 'monitor'), ({}, 'monitor'),
                       ({'kind': 'group'}, 'group'), ({'kind': 'group', 'group': ' '}, 'group'), ({**good, 'id': foreign}, 'id'),
                       ({**good, 'name': 'x' * 121}, 'name'), ({**good, 'section': 'x' * 81}, 'section'),
                       ({**good, 'description': 'x' * 501}, 'description'), ({**good, 'show_ms': 'no'}, 'show_ms'),
                       ({**good, 'colour': 'red'}, 'colour'), ({**good, 'monitor': 'one'}, 'monitor'), ({**good, 'kind': 'site'}, 'kind'),
                       ({**good, 'kind': 'host'}, 'monitor')):
        refused(ann.api('PUT', path, json={'components': [good, bad]}), f'components[1].{field}')
    refused(ann.api('PUT', path, json={'components': [good] * 501}), 'components')
    refused(ann.api('PUT', path, json={}), 'components')
    full = ann.api('PUT', path, json={'components': [{**good, 'name': '\u00e4' * 100, 'description': 'd' * 200}] * 500})
    assert full.status_code == 200 and len(full.json()['components']) == 500
    twice = full.json()['components'][:1] * 2
    refused(ann.api('PUT', path, json={'components': twice}), 'components[1].id')
    # an operator puts on his own page what he sees
    op = quiet.user('operator')
    assert page(op, title='all', components=[{'monitor': other['id']}, {'monitor': m['id']}])['components'][1]['monitor'] == m['id']


PNG = (b'\x89PNG\r\n\x1a\n' + b'\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89'
       + b'\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4' + b'\x00\x00\x00\x00IEND\xaeB`\x82')
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle r="4" cx="4" cy="4" fill="#c00"/></svg>'


def test_a_logo_is_a_picture_and_nothing_else(quiet, ann):
    made = page(ann, title='logo')
    path = f"/pages/{made['id']}/logo"
    assert ann.api('GET', path).status_code == 404
    for picture, kind in ((PNG, 'image/png'), (SVG, 'image/svg+xml')):
        got = ann.api('PUT', path, data=picture, headers={'Content-Type': 'text/plain'})  # the bytes decide
        assert got.status_code == 200 and (got.json()['logo'], got.json()['logo_type']) == (True, kind)
        shown = ann.api('GET', path)
        assert (shown.content, shown.headers['Content-Type']) == (picture, kind) and 'sandbox' in shown.headers['Content-Security-Policy']
    for bad in (b'', b'GIF89a', PNG[:-5], PNG + b'x', b'<html></html>', SVG.replace(b'<circle', b'<script/><circle'),
                SVG.replace(b'r="4"', b'onload="x()"'), SVG.replace(b'#c00', b'url(http://e.example/)')):
        refused(ann.api('PUT', path, data=bad), 'logo')
    assert ann.api('PUT', path, data=SVG + b' ' * 65536).status_code == 413
    assert ann.api('PUT', path, json={}).status_code == 415
    assert ann.api('PUT', path, data=PNG, headers={'If-Match': '"1-0"'}).status_code == 412
    assert ann.api('GET', path).content == SVG
    assert ann.api('DELETE', path).status_code == 204 and ann.api('GET', path).status_code == 404
    assert quiet.user().api('PUT', path, data=PNG).status_code == 404


def test_another_owners_page_is_not_there(quiet, ann):
    made, bob, viewer = page(ann, title='mine'), quiet.user(), quiet.user('viewer')
    path = f"/pages/{made['id']}"
    asked = [('GET', '', None), ('PATCH', '', {'title': 'x'}), ('PUT', '/components', {'components': []}), ('POST', '/publish', None),
             ('POST', '/preview', {}), ('DELETE', '/logo', None), ('DELETE', '', None)]
    for method, tail, body in asked:
        assert bob.api(method, path + tail, json=body).status_code == 404, tail
        if method != 'GET':
            assert viewer.api(method, path + tail, json=body).status_code == 403, tail
    assert bob.api('GET', '/pages').json()['items'] == []
    op = quiet.user('operator')
    assert op.api('PATCH', path, json={'title': 'by operator'}).json()['owner'] == ann.id
    assert made['id'] in [p['id'] for p in op.api('GET', f'/pages?owner={ann.id}').json()['items']]


def test_pages_are_listed_in_pages_up_to_their_limit(quiet, ann):
    quiet.db("insert into tocsin.page (owner, slug, title) select %s, 'many-' || n, 'Many ' || n from generate_series(1, 99) n returning 1", ann.id)
    last = page(ann, title='the hundredth')
    assert ann.api('POST', '/pages', json={'title': 'one more'}).status_code == 409
    seen, after = [], ''
    while after is not None:
        got = ann.api('GET', f'/pages?limit=40{after and "&after=" + after}').json()
        seen, after = seen + [p['id'] for p in got['items']], got['next']
    assert len(seen) == len(set(seen)) == 100 and seen[-1] == last['id']


def test_changes_are_told(quiet, ann):
    with quiet.events(ann) as events:
        made = page(ann, title='told')
        ann.api('PATCH', f"/pages/{made['id']}", json={'title': 'x'})
        ann.api('DELETE', f"/pages/{made['id']}")
        for change in ('created', 'updated', 'deleted'):
            e = events.wait(lambda e: e['event'] == 'page')
            assert (e['data']['id'], e['data']['change']) == (made['id'], change)


def test_publish_asks_for_the_files(quiet, ann):
    made = page(ann, title='files')
    before = quiet.db('select changed::text::bigint from tocsin.page where id = %s', made['id'])[0][0]
    assert ann.api('POST', f"/pages/{made['id']}/publish").json()['version'] == made['version']
    assert quiet.db('select changed::text::bigint from tocsin.page where id = %s', made['id'])[0][0] > before
    ann.api('PATCH', f"/pages/{made['id']}", json={'enabled': False})
    assert ann.api('POST', f"/pages/{made['id']}/publish").status_code == 409


def test_a_preview_shows_what_is_about_to_change_to_its_writer_alone(quiet, ann):
    m = create(ann, name='internal')
    made = page(ann, title='As it is', components=[{'monitor': m['id'], 'name': 'Shop'}])
    path = f"/pages/{made['id']}/preview"
    i = ann.api('POST', '/incidents', json={'title': 'Slow <b>', 'monitors': [m['id']]}).json()
    started = ann.api('POST', path, json={
        'title': 'As it <i>will</i> be', 'password': 'not kept at all', 'components': [{'monitor': m['id'], 'name': 'New <name>'}, {'group': 'web'}],
        'incident': {'id': i['id'], 'phase': 'identified', 'body': 'We **look** <script>x</script>'}})
    assert started.status_code == 201 and started.headers['Location'] == started.json()['url']
    shown = ann.get(started.json()['url'])
    assert shown.status_code == 200 and shown.headers['Content-Type'] == 'text/html; charset=utf-8'
    policy = shown.headers['Content-Security-Policy']
    assert "frame-ancestors 'self'" in policy and 'script-src' not in policy and shown.headers['Cache-Control'] == 'no-store'
    assert 'As it &lt;i&gt;will&lt;/i&gt; be' in shown.text and 'New &lt;name&gt;' in shown.text and 'web' in shown.text
    assert '<strong>look</strong>' in shown.text and '<script>x' not in shown.text and 'internal' not in shown.text
    style = re.search(r'<link rel="stylesheet" href="([^"]+)"', shown.text)[1]
    got = ann.get(style)
    assert got.status_code == 200 and got.headers['Content-Type'].startswith('text/css') and '--text' in got.text
    own = ann.get(started.json()['url'] + f"?incident={i['id']}")
    assert own.status_code == 200 and 'Slow &lt;b&gt;' in own.text and own.text != shown.text
    assert ann.api('GET', f"/pages/{made['id']}").json()['title'] == 'As it is'
    assert ann.api('GET', f"/incidents/{i['id']}").json()['published_at'] is None
    assert 'kept' not in str(quiet.db('select draft from tocsin.page_draft'))
    for who in (quiet.user(), quiet.user('operator')):
        assert who.get(started.json()['url']).status_code == 404
    quiet.db("update tocsin.page_draft set created_at = now() - interval '601 s' returning 1")
    assert ann.get(started.json()['url']).status_code == 404


def test_a_draft_is_checked_as_the_page_is(quiet, ann):
    made, other = page(ann, title='draft'), create(quiet.user())
    path = f"/pages/{made['id']}/preview"
    for body, field in (({'accent': '#ffffff'}, 'accent'), ({'components': [{'monitor': other['id']}]}, 'components[0].monitor'),
                        ({'incident': {'id': 1 << 40}}, 'incident.id'), ({'incident': {'phase': 'x'}}, 'incident.phase'),
                        ({'incident': {'monitors': [other['id']]}}, 'monitors'), ({'zone': 'x'}, 'zone'), ({'title': ''}, 'title')):
        refused(ann.api('POST', path, json=body), field)
    ids = [ann.api('POST', path, json={'title': f'draft {n}'}).json()['id'] for n in range(22)]
    kept = [ann.api('GET', f'{path}/{i}').status_code for i in ids]
    assert kept == [404] * 2 + [200] * 20
    assert ann.api('GET', f"/pages/{made['id']}/assets/page.css").status_code == 404
