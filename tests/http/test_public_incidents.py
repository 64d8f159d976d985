"""Incidents that the public reads of: published by people and by rules, updated, taken back, learnt from."""
import pytest

from watching import create, down, refused


@pytest.fixture
def ann(quiet):
    return quiet.user()


def page(who, slug, *components, **settings):
    answer = who.api('POST', '/pages', json={'title': slug, 'slug': slug, 'components': list(components), **settings})
    assert answer.status_code == 201, answer.text
    return answer.json()


def incident(who, **settings):
    answer = who.api('POST', '/incidents', json={'title': 'API latency', **settings})
    assert answer.status_code == 201, answer.text
    return answer.json()


def update(who, i, **said):
    return who.api('POST', f"/incidents/{i['id']}/updates", json=said)


def publish_rule(s, seconds_ago=0):
    """What the status role asks every five seconds."""
    return s.db('select work.publish_incidents()')[0][0]


def public(got):
    return [(e['phase'], e['body']) for e in got['events'] if e['public']]


def test_an_incident_is_opened_updated_published_and_resolved(quiet, ann):
    a, b = create(ann, name='api-1'), create(ann, name='api-2')
    p = page(ann, 'life', {'monitor': a['id'], 'name': 'API'})
    i = incident(ann, severity='critical', monitors=[b['id'], a['id']], public_title='Slow API')
    assert (i['severity'], i['phase'], i['public_title'], i['published_at'], i['monitor']) == \
        ('critical', 'investigating', 'Slow API', None, None)
    assert [m['id'] for m in i['monitors']] == [a['id'], b['id']]
    assert [(x['slug'], x['subscribers']) for x in i['pages']] == [('life', 0)]
    inside = update(ann, i, phase='identified', body='it is the disk').json()
    assert inside['phase'] == 'identified' and public(inside) == [] and inside['published_at'] is None
    with quiet.events(ann) as events:
        out = update(ann, i, body='We **know** it.', public=True).json()
        assert out['published_at'] and public(out) == [('identified', 'We **know** it.')]
        events.wait(lambda e: e['event'] == 'incident' and e['data']['change'] == 'published')
    assert update(ann, i, body='only us', public=False).json()['events'][-1]['public'] is False
    watched = update(ann, i, phase='monitoring').json()
    assert public(watched)[-1] == ('monitoring', '') and watched['state'] == 'open'
    over = update(ann, i, phase='resolved', body='All is well.').json()
    assert (over['state'], over['phase'], over['resolved_by']) == ('resolved', 'resolved', ann.email)
    assert public(over)[1:] == [('monitoring', ''), ('resolved', 'All is well.')]
    assert update(ann, i, phase='identified', body='again').status_code == 409
    assert public(update(ann, i, body='One word more.').json())[-1] == ('resolved', 'One word more.')
    assert p['id'] in [x['id'] for x in over['pages']]


def test_updates_are_checked(quiet, ann):
    i = incident(ann)
    refused(update(ann, i), 'body')
    refused(update(ann, i, phase='investigating', body=' \n'), 'body')
    refused(update(ann, i, phase='happy', body='x'), 'phase')
    refused(update(ann, i, body='x' * 10001), 'body')
    refused(update(ann, i, body='x' * 40001), 'body')
    assert update(ann, i, body='\u00e4' * 10000).ok
    refused(update(ann, i, body='x', public='yes'), 'public')
    quiet.db("insert into tocsin.incident_event (incident, kind, phase, body) select %s, 'update', 'monitoring', 'x' "
             'from generate_series(1, 199) returning 1', i['id'])
    assert update(ann, i, body='one too many').status_code == 409
    tag = ann.api('GET', f"/incidents/{i['id']}").headers['ETag']
    path = f"/incidents/{i['id']}/publish"
    assert ann.api('POST', path, headers={'If-Match': '"1-0"'}).status_code == 412
    assert ann.api('POST', path, headers={'If-Match': tag}).ok


def test_publish_and_withdraw(quiet, ann):
    i = incident(ann)
    path = f"/incidents/{i['id']}"
    assert ann.api('POST', path + '/withdraw').status_code == 409
    got = ann.api('POST', path + '/publish', json={'public_title': 'For all', 'body': 'We look at it.'}).json()
    assert (got['public_title'], public(got)) == ('For all', [('investigating', 'We look at it.')]) and got['published_at']
    assert ann.api('POST', path + '/publish').status_code == 409
    assert ann.api('POST', path + '/withdraw').json()['published_at'] is None
    again = ann.api('POST', path + '/publish').json()
    assert public(again) == public(got)
    assert [e['kind'] for e in again['events']] == ['opened', 'published', 'update', 'withdrawn', 'published']
    assert [r[0] for r in quiet.db("select action from tocsin.audit where object_type = 'incident' and object_id = %s order by id",
                                   str(i['id']))] == ['incident.create', 'incident.publish', 'incident.withdraw', 'incident.publish']
    born = incident(ann, publish=True, body='It began.', phase='identified')
    assert public(born) == [('identified', 'It began.')] and [e['body'] for e in born['events'] if e['kind'] == 'opened'] == ['']


def test_what_an_incident_affects_is_changed_and_must_be_there(quiet, ann):
    a, b = create(ann), create(ann)
    other = create(quiet.user())
    i = incident(ann, monitor=a['id'])
    path = f"/incidents/{i['id']}"
    refused(ann.api('POST', '/incidents', json={'title': 'x', 'monitors': [other['id']]}), 'monitors')
    refused(ann.api('PATCH', path, json={'monitors': [b['id'], other['id']]}), 'monitors')
    got = ann.api('PATCH', path, json={'monitors': [b['id'], a['id']], 'phase': 'monitoring', 'public_title': 'T'}).json()
    assert [m['id'] for m in got['monitors']] == [a['id'], b['id']] and (got['phase'], got['public_title']) == ('monitoring', 'T')
    assert [m['id'] for m in ann.api('PATCH', path, json={'monitors': []}).json()['monitors']] == [a['id']]
    refused(ann.api('PATCH', path, json={'phase': 'resolved'}), 'phase')
    ann.api('POST', path + '/resolve')
    refused(ann.api('PATCH', path, json={'phase': 'monitoring'}), 'phase')
    assert ann.api('PATCH', path, json={'phase': 'resolved', 'title': 'y'}).ok
    refused(ann.api('POST', '/incidents', json={'title': 'x', 'phase': 'resolved'}), 'phase')
    op = quiet.user('operator')
    assert incident(op, monitors=[a['id'], b['id']])['owner'] == ann.id
    assert incident(op, monitors=[a['id'], other['id']])['owner'] == op.id


def test_an_outage_that_lasts_is_published_by_the_rule_of_its_page(quiet, ann):
    a, b, c = (create(ann, name=f'internal-name-{n}', group='shop') for n in 'abc')
    never, d = page(ann, 'rule-never', {'monitor': b['id']}, {'monitor': c['id']}, publish='never'), create(ann)
    page(ann, 'rule', {'monitor': a['id'], 'name': 'Checkout'}, publish_after=600)
    group = page(ann, 'rule-group', {'group': 'shop', 'name': 'The shop'}, publish_after=3600)
    shown = lambda p: [int(i['key']) for i in quiet.db('select tocsin.page_model(%s)', p['id'])[0][0]['incidents']]
    ids = {}
    for m, age in ((a, 599), (b, 3000), (c, 3700), (d, 9999)):
        down(quiet, m)
        ids[m['id']] = ann.api('GET', f"/monitors/{m['id']}").json()['incident']
        quiet.db('update tocsin.incident set started_at = now() - make_interval(secs => %s) where id = %s returning 1', age, ids[m['id']])
    read = lambda m: ann.api('GET', f"/incidents/{ids[m['id']]}").json()
    publish_rule(quiet)
    assert [bool(read(m)['published_at']) for m in (a, b, c, d)] == [False, False, True, False]
    got = read(c)
    assert got['public_title'] == 'The shop is down' and public(got) == [('investigating', '')]
    assert 'internal' not in got['public_title'] and got['title'] == 'internal-name-c is down'
    quiet.db("update tocsin.incident set started_at = started_at - interval '2 s' where id = %s returning 1", ids[a['id']])
    publish_rule(quiet)
    assert read(a)['public_title'] == 'Checkout is down' and read(b)['published_at'] is None
    # one that a person took back stays so; one that ends says so by itself
    ann.api('POST', f"/incidents/{ids[a['id']]}/withdraw")
    assert publish_rule(quiet) == 0 and read(a)['published_at'] is None
    quiet.db('select tocsin.transit(%s, 1)', c['id'])
    assert (read(c)['phase'], public(read(c))) == ('resolved', [('investigating', ''), ('resolved', '')])
    quiet.db('select tocsin.transit(%s, 1)', b['id'])
    assert read(b)['phase'] == 'resolved' and public(read(b)) == []
    # what a rule has published is not for the page that waits for a person's word
    assert (shown(group), shown(never)) == ([ids[c['id']]], [])
    for verb in ('withdraw', 'publish'):
        assert ann.api('POST', f"/incidents/{ids[c['id']]}/{verb}").status_code == 200
    assert (shown(group), shown(never)) == ([ids[c['id']]], [ids[c['id']]])


def test_an_outage_that_ended_between_two_looks_is_published_once(quiet, ann):
    m = create(ann)
    page(ann, 'ended', {'monitor': m['id'], 'name': 'Mail'}, publish_after=0)
    down(quiet, m)
    i = ann.api('GET', f"/monitors/{m['id']}").json()['incident']
    quiet.db('select tocsin.transit(%s, 1)', m['id'])
    assert publish_rule(quiet) == 1 and publish_rule(quiet) == 0
    got = ann.api('GET', f'/incidents/{i}').json()
    assert got['published_at'] and public(got) == [('resolved', '')]


def test_a_postmortem_has_revisions_and_one_is_public(quiet, ann):
    m = create(ann, name='db')
    i = incident(ann, monitors=[m['id']])
    path = f"/incidents/{i['id']}/postmortem"
    first = ann.api('GET', path)
    assert first.json()['revision'] == 0 and first.json()['revisions'] == [] and 'Affected: db.' in first.json()['template']
    assert ann.api('POST', path + '/publish').status_code == 409
    assert ann.api('PUT', path, json={'body': 'one'}, headers={'If-Match': first.headers['ETag']}).json()['revision'] == 1
    assert ann.api('PUT', path, json={'body': 'lost'}, headers={'If-Match': first.headers['ETag']}).status_code == 412
    assert ann.api('PUT', path, json={'body': 'two'}).json()['revision'] == 2
    assert ann.api('PUT', path, json={'body': 'two'}).json()['revision'] == 2
    assert ann.api('POST', path + '/publish').status_code == 409  # the incident is not public
    ann.api('POST', f"/incidents/{i['id']}/publish")
    got = ann.api('POST', path + '/publish').json()
    assert got['published_revision'] == 2 and got['published_at'] and got['template'] is None
    assert ann.api('POST', path + '/publish', json={'revision': 1}).json()['published_revision'] == 1
    refused(ann.api('POST', path + '/publish', json={'revision': 9}), 'revision')
    old = ann.api('GET', path + '?revision=1').json()
    assert (old['body'], old['revision'], old['version']) == ('one', 1, 2) and old['author'] == ann.email
    assert ann.api('GET', path + '?revision=7').status_code == 404
    assert [(r['revision'], bool(r['published_at'])) for r in old['revisions']] == [(2, False), (1, True)]
    assert ann.api('POST', path + '/publish', json={'revision': 0}).json()['published_revision'] is None
    refused(ann.api('PUT', path, json={'body': 'x' * 50001}), 'body')
    assert ann.api('PUT', path, json={'body': '\u20ac' * 50000}).ok
    refused(ann.api('PUT', path, json={'body': ''}), 'body')
    read = ann.api('GET', f"/incidents/{i['id']}").json()
    assert read['postmortem'] == {'revision': 3, 'published_at': None}


def test_another_owners_incident_is_told_nobody_by_strangers(quiet, ann):
    i, bob = incident(ann), quiet.user()
    for method, tail, body in (('POST', 'updates', {'body': 'x'}), ('POST', 'publish', {}), ('POST', 'withdraw', None),
                               ('GET', 'postmortem', None), ('PUT', 'postmortem', {'body': 'x'}), ('POST', 'postmortem/publish', {})):
        assert bob.api(method, f"/incidents/{i['id']}/{tail}", json=body).status_code == 404, tail
    read = ann.api('GET', f"/incidents/{i['id']}").json()
    assert read['published_at'] is None and read['version'] == 1
