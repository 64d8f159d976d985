"""Incidents: opened by a status or by hand, acknowledged, commented, edited, resolved."""
import datetime

import pytest

from watching import channel, create, down, refused


@pytest.fixture
def ann(quiet):
    return quiet.user()


def outage(s, who, **settings):
    m = create(who, **settings)
    down(s, m)
    return m, who.api('GET', f"/monitors/{m['id']}").json()['incident']


def ago(**span):
    t = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**span)
    return t.isoformat(timespec='milliseconds').replace('+00:00', 'Z')


def test_an_outage_is_an_incident_with_its_cause(quiet, ann):
    m, i = outage(quiet, ann, name='shop')
    got = ann.api('GET', f'/incidents/{i}').json()
    assert (got['title'], got['severity'], got['state'], got['auto'], got['cause']) == \
        ('shop is down', 'major', 'open', True, 'refused')
    assert got['monitors'] == [{'id': m['id'], 'name': 'shop', 'url': m['url'], 'status': 'down'}]
    assert [(e['kind'], e['actor'], e['body']) for e in got['events']] == [('opened', '', 'refused')]
    quiet.db('select tocsin.transit(%s, 1)', m['id'])
    got = ann.api('GET', f'/incidents/{i}').json()
    assert got['state'] == 'resolved' and got['resolved_by'] is None and got['duration_s'] == 0
    assert [e['kind'] for e in got['events']] == ['opened', 'resolved']


def test_acknowledge_comment_resolve(quiet, ann):
    _, i = outage(quiet, ann)
    with quiet.events(ann) as events:
        acked = ann.api('POST', f'/incidents/{i}/ack', json={'body': 'on it'}).json()
        assert (acked['state'], acked['acked_by']) == ('acknowledged', ann.email) and acked['acked_at']
        said = ann.api('POST', f'/incidents/{i}/comments', json={'body': 'line 1\nline 2 <b>'}).json()
        assert said['events'][-1]['body'] == 'line 1\nline 2 <b>' and said['events'][-1]['actor'] == ann.email
        done = ann.api('POST', f'/incidents/{i}/resolve', json={}).json()
        assert (done['state'], done['resolved_by']) == ('resolved', ann.email)
        for change in ('acknowledged', 'comment', 'resolved'):
            e = events.wait(lambda e: e['event'] == 'incident' and e['data']['change'] != 'opened')
            assert (e['data']['id'], e['data']['change']) == (i, change)
    assert [e['kind'] for e in done['events']] == ['opened', 'acknowledged', 'comment', 'resolved']
    assert ann.api('POST', f'/incidents/{i}/resolve', json={}).status_code == 409
    assert ann.api('POST', f'/incidents/{i}/ack', json={}).status_code == 409
    assert ann.api('POST', f'/incidents/{i}/comments', json={'body': 'post mortem'}).ok
    assert [r[0] for r in quiet.db("select action from tocsin.audit where object_type = 'incident' "
                                   'and object_id = %s order by id', str(i))] == \
        ['incident.ack', 'incident.comment', 'incident.resolve', 'incident.comment']


def test_a_second_acknowledgement_changes_nothing(quiet, ann):
    _, i = outage(quiet, ann)
    first = ann.api('POST', f'/incidents/{i}/ack').json()
    second = quiet.user('operator').api('POST', f'/incidents/{i}/ack').json()
    assert (second['acked_by'], second['acked_at'], second['version']) == (ann.email, first['acked_at'], first['version'])


def test_times_change_only_with_a_reason_that_is_kept(quiet, ann):
    _, i = outage(quiet, ann)
    path = f'/incidents/{i}'
    refused(ann.api('PATCH', path, json={'started_at': ago(hours=1)}), 'reason')
    refused(ann.api('PATCH', path, json={'started_at': ago(hours=-1), 'reason': 'x'}), 'started_at')
    refused(ann.api('PATCH', path, json={'resolved_at': ago(minutes=0), 'reason': 'x'}), 'resolved_at')
    start = ago(hours=2)
    got = ann.api('PATCH', path, json={'started_at': start, 'reason': 'the log says so', 'title': 'T', 'severity': 'critical'})
    got = got.json()
    assert (got['started_at'], got['title'], got['severity']) == (start, 'T', 'critical')
    assert 'the log says so' in got['events'][-1]['body']
    ann.api('POST', path + '/resolve')
    refused(ann.api('PATCH', path, json={'resolved_at': ago(hours=3), 'reason': 'x'}), 'resolved_at')
    refused(ann.api('PATCH', path, json={'started_at': ago(minutes=1), 'resolved_at': ago(hours=1), 'reason': 'x'}), 'started_at')
    end = ago(hours=1)
    got = ann.api('PATCH', path, json={'resolved_at': end, 'reason': 'x'}).json()
    assert got['resolved_at'] == end and 3599 <= got['duration_s'] <= 3600
    after = quiet.db("select after from tocsin.audit where action = 'incident.update' and object_id = %s order by id", str(i))
    assert after[0][0]['reason'] == 'the log says so'


def test_an_old_version_is_refused(quiet, ann):
    _, i = outage(quiet, ann)
    tag = ann.api('GET', f'/incidents/{i}').headers['ETag']
    assert ann.api('PATCH', f'/incidents/{i}', json={'title': 'a'}, headers={'If-Match': tag}).ok
    assert ann.api('PATCH', f'/incidents/{i}', json={'title': 'b'}, headers={'If-Match': tag}).status_code == 412
    assert ann.api('GET', f'/incidents/{i}').json()['title'] == 'a'


def test_an_incident_by_hand_lives_beside_the_monitors_own(quiet, ann):
    m, auto = outage(quiet, ann)
    answer = ann.api('POST', '/incidents', json={'title': 'slow disk', 'severity': 'minor', 'monitor': m['id'],
                                                 'started_at': ago(days=1), 'body': 'seen in iostat'})
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers['Location'].endswith(f"/incidents/{made['id']}")
    assert (made['auto'], made['severity'], made['monitor'], made['state']) == (False, 'minor', m['id'], 'open')
    assert 86399 <= made['duration_s'] <= 86405
    assert made['events'][0]['body'] == 'seen in iostat'
    quiet.db('select tocsin.transit(%s, 1)', m['id'])
    assert ann.api('GET', f'/incidents/{auto}').json()['state'] == 'resolved'
    assert ann.api('GET', f"/incidents/{made['id']}").json()['state'] == 'open'
    refused(ann.api('POST', '/incidents', json={'title': 'x', 'monitor': create(quiet.user())['id']}), 'monitor')
    refused(ann.api('POST', '/incidents', json={'title': 'x', 'started_at': ago(hours=-1)}), 'started_at')
    refused(ann.api('POST', '/incidents', json={'title': ''}), 'title')
    refused(ann.api('POST', '/incidents', json={}), 'title')
    refused(ann.api('POST', '/incidents', json={'title': 'x', 'severity': 'huge'}), 'severity')


def test_the_list_filters_and_pages(quiet, ann):
    (a, ia), (b, ib) = outage(quiet, ann, name='alpha'), outage(quiet, ann, name='beta')
    ic = ann.api('POST', '/incidents', json={'title': 'by hand', 'severity': 'minor'}).json()['id']
    ann.api('POST', f'/incidents/{ib}/ack')
    ann.api('POST', f'/incidents/{ic}/resolve')

    def ids(query):
        return [i['id'] for i in ann.api('GET', f'/incidents?{query}').json()['items']]
    assert ids('') == [ic, ib, ia]
    assert (ids('state=open'), ids('state=acknowledged'), ids('state=resolved')) == ([ia], [ib], [ic])
    assert ids('state=unresolved') == [ib, ia]
    assert ids('severity=minor') == [ic]
    assert ids(f"monitor={a['id']}") == [ia]
    assert ids('q=BETA') == [ib]
    assert ids(f"to={ago(hours=1)}") == [] and ids(f"from={ago(hours=1)}") == [ic, ib, ia]
    page = ann.api('GET', '/incidents?limit=2').json()
    assert [i['id'] for i in page['items']] == [ic, ib] and page['next'] == str(ib)
    assert ids(f"limit=2&after={page['next']}") == [ia]
    assert [i['id'] for i in ann.api('GET', f"/monitors/{b['id']}/incidents").json()['items']] == [ib]
    refused(ann.api('GET', '/incidents?state=x'), 'state')
    refused(ann.api('GET', '/incidents?from=yesterday'), 'from')


def test_another_owners_incident_is_not_there(quiet, ann):
    _, i = outage(quiet, ann)
    bob, viewer = quiet.user(), quiet.user('viewer')
    assert bob.api('GET', f'/incidents/{i}').status_code == 404
    assert i not in [x['id'] for x in bob.api('GET', '/incidents').json()['items']]
    for tail in ('/ack', '/comments', '/resolve'):
        assert bob.api('POST', f'/incidents/{i}{tail}', json={'body': 'x'}).status_code == 404
        assert viewer.api('POST', f'/incidents/{i}{tail}', json={'body': 'x'}).status_code == 403
    assert bob.api('PATCH', f'/incidents/{i}', json={'title': 'x'}).status_code == 404
    assert quiet.user('operator').api('POST', f'/incidents/{i}/ack').ok
    assert ann.api('GET', f'/incidents/{i}').json()['version'] == 2


def test_messages_that_went_out_are_part_of_the_story(quiet, ann):
    mail = channel(quiet, ann)
    m, i = outage(quiet, ann, channels=[mail])
    box, = quiet.db('select id from tocsin.outbox where incident = %s', i)
    quiet.db("insert into tocsin.delivery (outbox, attempt, ok, recipient, code, duration_ms) "
             "values (%s, 1, true, 'a@example.org', 250, 12) returning 1", box[0])
    quiet.db("update tocsin.outbox set state = 'sent', attempts = 1 where id = %s returning 1", box[0])
    assert ann.api('GET', f'/incidents/{i}').json()['events'][-1]['kind'] == 'notified'
    told, = ann.api('GET', f"/monitors/{m['id']}/notifications").json()['items']
    assert (told['event'], told['state'], told['attempts'], told['recipient'], told['code'], told['duration_ms']) == \
        ('down', 'sent', 1, 'a@example.org', 250, 12)
    assert told['channel']['id'] == mail and told['incident'] == i and told['sent_at']
