"""Maintenance windows: planned, begun from a deploy, ended, skipped; what they hide and what
they leave."""
import datetime
import os
import re
import zoneinfo

import pytest
import requests

from stack import Stack, host
from watching import create, down, refused

HOUR = 3600


@pytest.fixture
def ann(quiet):
    return quiet.user()


def at(**span):
    t = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**span)
    return t.isoformat(timespec='milliseconds').replace('+00:00', 'Z')


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()


def plan(who, **settings):
    answer = who.api('POST', '/maintenance', json={'title': 'Works', 'duration': HOUR, 'everything': True, **settings})
    assert answer.status_code == 201, answer.text
    assert answer.headers['Location'].endswith(f"/maintenance/{answer.json()['id']}")
    return answer.json()


def wrong(who, field, **settings):
    return refused(who.api('POST', '/maintenance', json={'title': 'Works', 'duration': HOUR, 'everything': True,
                                                         **settings}), field)


def tick(s):
    s.db("update tocsin.maintenance_clock set since = now() - interval '1 hour', beat_at = clock_timestamp()")
    s.db('select work.maintenance_tick()')


# ---- planning

def test_a_window_as_it_is_planned(quiet, ann):
    m = create(ann)
    with quiet.events(ann) as events:
        w = plan(ann, title='Disks', description='*new* ones', zone='Europe/Berlin', starts_at='2030-07-01T22:00',
                 duration=5400, everything=False, monitors=[m['id']], tags=['db', 'db'], groups=['eu'], pause=True,
                 tell_before=3600)
        assert events.wait('maintenance')['data']['change'] == 'created'
    assert w['starts_at'] == '2030-07-01T20:00:00.000Z' and w['zone'] == 'Europe/Berlin'
    assert w['next'] == {'starts_at': '2030-07-01T20:00:00.000Z', 'ends_at': '2030-07-01T21:30:00.000Z'}
    assert (w['state'], w['repeat'], w['rule'], w['until']) == ('upcoming', 'once', {}, None)
    assert (w['monitors'], w['tags'], w['groups'], w['everything']) == ([m['id']], ['db'], ['eu'], False)
    assert (w['silence'], w['pause'], w['show'], w['tell'], w['tell_before']) == (True, True, True, True, 3600)
    assert (w['created_by'], w['owner'], w['covers']) == (ann.email, ann.id, 1)
    got = ann.api('GET', f"/maintenance/{w['id']}")
    assert got.json() == w and got.headers['ETag'].startswith('"1-')
    assert ann.api('GET', f"/maintenance?monitor={m['id']}").json()['items'][0]['id'] == w['id']
    assert quiet.db("select action, after ->> 'title' from tocsin.audit where object_type = 'maintenance' "
                    'and object_id = %s', str(w['id'])) == [('maintenance.create', 'Disks')]


def test_what_cannot_be_is_refused_with_its_field(quiet, ann):
    for zone in ('Mars/Olympus', 'CEST', 'EST5EDT4', 'europe/berlin', '<X>-3', "UTC'; --", '../../etc/passwd', 'localtime'):
        assert 'name of a time zone' in wrong(ann, 'zone', zone=zone)
    for text in ('2026-02-30T10:00:00Z', '2027-02-29T10:00', '2027-13-01T10:00', '2027-01-01T25:00'):
        assert 'not a time that exists' in wrong(ann, 'starts_at', starts_at=text)
    for text in ('tomorrow', '2027-01-01', 'now', '2027-01-01T10:00:00 Europe/Berlin', '9999-01-01T00:00:00Z', '٢٠٢٧-01-01T10:00'):
        wrong(ann, 'starts_at', starts_at=text)
    assert 'over' in wrong(ann, 'starts_at', starts_at=at(hours=-2))
    answer = ann.api('POST', '/maintenance', json={'title': 'x', 'everything': True, 'starts_at': at(hours=2), 'ends_at': at(hours=1)})
    assert refused(answer, 'ends_at') == 'must be after the start'
    answer = ann.api('POST', '/maintenance', json={'title': 'x', 'everything': True, 'ends_at': at(days=40)})
    assert '31 days' in refused(answer, 'ends_at')
    assert refused(ann.api('POST', '/maintenance', json={'title': 'x', 'everything': True}), 'duration') == 'is required'
    assert wrong(ann, 'ends_at', ends_at=at(hours=1)) == 'does not go with duration'
    for duration in (0, 59, 2678401, '10', 1.5):
        wrong(ann, 'duration', duration=duration)
    wrong(ann, 'title', title='   ')
    wrong(ann, 'monitors', everything=False)
    wrong(ann, 'monitors', everything=False, monitors=[999999999])
    wrong(ann, 'monitors', everything=False, monitors=[create(quiet.user())['id']])
    wrong(ann, 'tags', tags=['a,b'])
    wrong(ann, 'repeat', repeat='yearly')
    wrong(ann, 'tell_before', tell_before=10)
    wrong(ann, 'state', state='completed')


def test_rules_are_refused_with_what_is_wrong(ann):
    assert 'five fields' in wrong(ann, 'rule', repeat='cron', rule={'expression': '* * * *'})
    assert 'expression has an hour' in wrong(ann, 'rule', repeat='cron', rule={'expression': '0 25 * * *'})
    assert wrong(ann, 'rule', repeat='cron') == 'expression is required'
    assert wrong(ann, 'rule', repeat='cron', rule={'expression': '0 0 31 2,4 *'}) == 'expression never comes'
    assert 'too often' in wrong(ann, 'rule', repeat='cron', duration=60, rule={'expression': '* * * * *'})
    assert 'next occurrence' in wrong(ann, 'duration', repeat='cron', duration=90000, rule={'expression': '@daily'})
    assert 'days' in wrong(ann, 'rule', repeat='weekly', rule={'days': ['mon']})
    assert wrong(ann, 'rule', repeat='weekly', rule={'expression': '@daily'}) == 'expression does not go with repeat weekly'
    assert wrong(ann, 'until', repeat='weekly', starts_at=at(days=2), until=at(days=1)) == 'must not be before the start'
    assert wrong(ann, 'until', repeat='cron', rule={'expression': '0 0 1 1 *'}, until=at(minutes=1)) == 'leaves no occurrence'


def test_only_who_may(quiet, ann):
    w = plan(ann)
    eve, viewer, operator = quiet.user(), quiet.user('viewer'), quiet.user('operator')
    path = f"/maintenance/{w['id']}"
    for method, way, body in (('GET', '', None), ('PATCH', '', {'title': 'x'}), ('DELETE', '', None), ('POST', '/end', None),
                              ('POST', '/extend', {'seconds': 60}), ('POST', '/skip', {'starts_at': at(days=1)})):
        assert eve.api(method, path + way, json=body).status_code == 404, (method, way)
    assert eve.api('GET', '/maintenance').json()['items'] == []
    assert eve.api('GET', '/maintenance/calendar').json()['items'] == []
    assert viewer.api('POST', '/maintenance', json={'title': 'x', 'duration': 60, 'everything': True}).status_code == 403
    assert operator.api('PATCH', path, json={'title': 'by an operator'}).json()['title'] == 'by an operator'


# ---- what runs

def test_end_extend_and_the_clock(quiet, ann):
    w = plan(ann)
    path = f"/maintenance/{w['id']}"
    assert w['state'] == 'in-progress' and abs(seconds(w['next']['ends_at']) - seconds(w['starts_at']) - HOUR) < 0.01
    longer = ann.api('POST', path + '/extend', json={'seconds': 600}).json()
    assert abs(seconds(longer['next']['ends_at']) - seconds(w['next']['ends_at']) - 600) < 0.01
    assert '31 days' in refused(ann.api('POST', path + '/extend', json={'seconds': 2678400}), 'seconds')
    refused(ann.api('POST', path + '/extend', json={'seconds': 0}), 'seconds')
    old = ann.api('POST', path + '/end', headers={'If-Match': '"1-x"'})
    assert old.status_code == 412
    ended = ann.api('POST', path + '/end').json()
    assert ended['state'] == 'completed' and ended['next'] is None and ended['version'] == 3
    for way, body in (('/end', None), ('/extend', {'seconds': 60})):
        assert ann.api('POST', path + way, json=body).status_code == 409
    soon = plan(ann, starts_at=at(hours=1))
    assert ann.api('POST', f"/maintenance/{soon['id']}/end").status_code == 409
    quiet.db("update tocsin.occurrence set starts_at = starts_at - interval '3 hours', ends_at = ends_at - interval '3 hours' "
             'where maintenance = %s', soon['id'])
    assert ann.api('GET', f"/maintenance/{soon['id']}").json()['state'] == 'completed', 'by the clock alone'
    assert {i['id']: i['state'] for i in ann.api('GET', '/maintenance?state=completed').json()['items']} == \
        {w['id']: 'completed', soon['id']: 'completed'}


def test_repeats_skips_and_cancels(quiet, ann):
    w = plan(ann, zone='America/New_York', starts_at=at(days=1), repeat='weekly', rule={'days': [1, 3, 5]})
    path = f"/maintenance/{w['id']}"
    zone = zoneinfo.ZoneInfo('America/New_York')
    local = {datetime.datetime.fromisoformat(o['starts_at'].replace('Z', '+00:00')).astimezone(zone).strftime('%H:%M')
             for o in w['occurrences']}
    assert len(w['occurrences']) == 20 and len(local) == 1, 'the wall clock stays'
    first, second = w['occurrences'][:2]
    assert w['next']['starts_at'] == first['starts_at']
    skipped = ann.api('POST', path + '/skip', json={'starts_at': first['starts_at']})
    assert skipped.status_code == 200 and skipped.json()['next']['starts_at'] == second['starts_at']
    assert skipped.json()['occurrences'][0]['state'] == 'cancelled'
    assert ann.api('POST', path + '/skip', json={'starts_at': first['starts_at']}).status_code == 409
    refused(ann.api('POST', path + '/skip', json={'starts_at': at(days=1, seconds=17)}), 'starts_at')
    moved = ann.api('PATCH', path, json={'duration': 7200}).json()
    assert moved['occurrences'][0]['state'] == 'cancelled', 'it stays skipped'
    assert seconds(moved['next']['ends_at']) - seconds(moved['next']['starts_at']) == 7200
    rare = ann.api('PATCH', path, json={'repeat': 'monthly', 'rule': {'week': -1, 'weekday': 7}}).json()
    assert 3 <= len(rare['occurrences']) <= 4
    assert ann.api('DELETE', path).status_code == 204
    gone = ann.api('GET', path).json()
    assert (gone['state'], gone['next']) == ('cancelled', None) and gone['cancelled_at']
    assert ann.api('PATCH', path, json={'title': 'x'}).status_code == 409
    assert ann.api('DELETE', path).status_code == 204 and ann.api('GET', path).status_code == 404
    assert [r[0] for r in quiet.db("select action from tocsin.audit where object_type = 'maintenance' and object_id = %s "
                                   'order by id', str(w['id']))] == \
        ['maintenance.create', 'maintenance.skip', 'maintenance.update', 'maintenance.update', 'maintenance.cancel', 'maintenance.delete']


def test_an_edit_of_what_runs(quiet, ann):
    m = create(ann, tags=['api'])
    w = plan(ann, everything=False, tags=['api'])
    path = f"/maintenance/{w['id']}"
    tick(quiet)
    assert ann.api('GET', f"/monitors/{m['id']}").json()['status'] == 'maintenance'
    longer = ann.api('PATCH', path, json={'duration': 2 * HOUR}).json()
    assert seconds(longer['next']['ends_at']) - seconds(w['next']['starts_at']) == pytest.approx(2 * HOUR, abs=0.01)
    later = ann.api('PATCH', path, json={'starts_at': at(hours=5)}).json()
    assert later['state'] == 'upcoming' and [o['state'] for o in later['occurrences']] == ['completed', 'upcoming']
    tick(quiet)
    assert ann.api('GET', f"/monitors/{m['id']}").json()['status'] == 'unknown', 'never checked'
    ann.api('PATCH', path, json={'starts_at': at(hours=-1), 'pause': True})
    tick(quiet)
    assert ann.api('POST', f"/monitors/{m['id']}/check").status_code == 409, 'the window pauses it'
    answer = ann.api('PATCH', path, json={'title': 'x'}, headers={'If-Match': '"1-x"'})
    assert answer.status_code == 412
    refused(ann.api('PATCH', path, json={'tags': []}), 'monitors')


def test_lists_page_and_search(ann):
    ids = [plan(ann, title=f'Works {n}', starts_at=at(days=n + 1))['id'] for n in range(5)]
    found, after = [], ''
    while after is not None:
        page = ann.api('GET', f'/maintenance?limit=2&after={after}' if after else '/maintenance?limit=2').json()
        found, after = found + [i['id'] for i in page['items']], page['next']
    assert found == ids[::-1]
    assert [i['id'] for i in ann.api('GET', '/maintenance?q=works 3').json()['items']] == [ids[3]]
    refused(ann.api('GET', '/maintenance?state=later'), 'state')
    found, after = [], ''
    while after is not None:
        page = ann.api('GET', f'/maintenance/calendar?limit=2&after={after}' if after else '/maintenance/calendar?limit=2').json()
        found, after = found + [i['id'] for i in page['items']], page['next']
    assert found == ids, 'by date'
    refused(ann.api('GET', f'/maintenance/calendar?from={at(days=1)}&to={at(days=0)}'), 'to')
    refused(ann.api('GET', f'/maintenance/calendar?from={at(days=0)}&to={at(days=500)}'), 'to')
    refused(ann.api('GET', '/maintenance/calendar?after=1.2.3'), 'after')


# ---- iCalendar

def parsed(text):
    """RFC 5545, strictly: lines, folding, escapes, properties in components."""
    assert text.endswith(b'\r\n') and b'\n' not in text.replace(b'\r\n', b'') and b'\r' not in text.replace(b'\r\n', b'')
    for line in text.split(b'\r\n'):
        assert len(line) <= 75
        line.decode('utf-8')  # folded between characters
    stack, events = [], []
    for line in text.replace(b'\r\n ', b'').decode().split('\r\n')[:-1]:
        name, value = re.fullmatch(r'([A-Z-]+)(?:;[^:]*)?:(.*)', line).groups()
        if name == 'BEGIN':
            stack.append(value)
            if value == 'VEVENT':
                events.append({})
        elif name == 'END':
            assert stack.pop() == value
        elif stack == ['VCALENDAR', 'VEVENT']:
            assert name not in events[-1], f'{name} twice'
            if name in ('SUMMARY', 'DESCRIPTION', 'UID'):
                assert not re.search(r'(?<!\\)(?:\\\\)*[;,]', value)
                value = re.sub(r'\\(.)', lambda e: '\n' if e[1] in 'nN' else e[1], value)
            events[-1][name] = value
        else:
            assert stack == ['VCALENDAR'] and name in ('VERSION', 'PRODID', 'CALSCALE', 'METHOD', 'X-WR-CALNAME')
    assert stack == [] and b'\r\nVERSION:2.0\r\n' in text and b'\r\nPRODID:' in text
    for e in events:
        assert {'UID', 'DTSTAMP', 'DTSTART', 'DTEND', 'SUMMARY'} <= set(e)
        assert all(re.fullmatch(r'\d{8}T\d{6}Z', e[n]) for n in ('DTSTAMP', 'DTSTART', 'DTEND')) and e['DTEND'] > e['DTSTART']
    assert len({e['UID'] for e in events}) == len(events)
    return events


def test_the_calendar_goes_into_other_calendars(ann):
    title = 'Größe, ; \\ 漢字' * 9
    body = 'line 1\nEND:VEVENT\n' + 'ü' * 200
    w = plan(ann, title=title, description=body, starts_at=at(days=1), repeat='weekly', until=at(days=20))
    answer = ann.api('GET', '/maintenance/calendar.ics')
    assert answer.status_code == 200 and answer.headers['Content-Type'] == 'text/calendar; charset=utf-8'
    events = parsed(answer.content)
    assert len(events) == 3 and {e['SUMMARY'] for e in events} == {title} and events[0]['DESCRIPTION'] == body
    assert events[0]['DTSTART'] == re.sub(r'[-:]|\.\d+', '', w['next']['starts_at'])
    assert events[0]['URL'].startswith('http') and events[0]['STATUS'] == 'CONFIRMED'
    ann.api('POST', f"/maintenance/{w['id']}/skip", json={'starts_at': w['next']['starts_at']})
    again = parsed(ann.api('GET', '/maintenance/calendar.ics').content)
    assert [e['STATUS'] for e in again] == ['CANCELLED', 'CONFIRMED', 'CONFIRMED']
    assert again[0]['UID'] == events[0]['UID'] and int(again[0]['SEQUENCE']) > int(events[0]['SEQUENCE'])


def test_the_commands_of_the_docs_do_what_they_say(quiet, ann):
    page = (host.SRC / 'docs/maintenance.md').read_text()
    token = ann.api('POST', '/me/tokens', json={'name': 'docs', 'scopes': ['read', 'write']}).json()['token']
    commands = re.findall(r'```sh\n(.*?)```', page, re.S)
    said = [host.run('bash', '-euo', 'pipefail', '-c', c, env={**os.environ, 'TOCSIN': quiet.url + '/api/v1', 'TOKEN': token})
            for c in commands]
    assert len(said) == 4 and said[0] == '' and '"Backups"' in said[2] and 'BEGIN:VEVENT' not in said[2]
    listed = ann.api('GET', '/maintenance').json()['items']
    assert [(w['title'], w['state']) for w in listed] == [('Backups', 'upcoming'), ('Deploy', 'completed')]
    assert listed[0]['next']['starts_at'] == '2030-01-06T01:30:00.000Z'


# ---- what others show

def test_every_page_knows_the_word(quiet, ann):
    m = create(ann, name='shop')
    down(quiet, m)
    plan(ann, title='Disks', everything=False, monitors=[m['id']])
    tick(quiet)
    got = ann.api('GET', f"/monitors/{m['id']}").json()
    assert (got['status'], got['message']) == ('maintenance', 'Disks') and got['incident'], 'the outage of before is still one'
    assert ann.api('GET', '/monitors?status=maintenance').json()['items'][0]['id'] == m['id']
    assert ann.api('GET', '/monitors?view=list').json()['status'] == [4]
    assert ann.api('GET', '/overview').json()['counts']['maintenance'] == 1
    token = ann.api('POST', '/me/tokens', json={'name': 'm', 'scopes': ['metrics']}).json()['token']
    metrics = requests.get(quiet.url + '/metrics', headers={'Authorization': f'Bearer {token}'}, timeout=15).text
    assert f'tocsin_monitor_status{{id="{m["id"]}",status="maintenance"}} 1' in metrics
    assert f'tocsin_monitor_up{{id="{m["id"]}"' not in metrics
    week = ann.api('GET', f"/monitors/{m['id']}/uptime?windows=24h").json()['windows']['24h']
    assert week['maintenance_s'] >= 0 and week['up_s'] == 0


# ---- over all that runs in earnest

@pytest.fixture(scope='module')
def busy(build):
    with Stack(build, tocsind=True) as s:
        yield s


def test_a_deploy_hides_its_outage_and_no_other(busy):
    s = busy
    ann, site, hook = s.user(), s.site(), s.hook()
    assert ann.api('POST', '/channels', json={'type': 'webhook', 'name': 'web', 'config': {'url': hook.url},
                                              'is_default': True}).status_code == 201
    m = create(ann, url=site.url, interval=5, timeout=2, retries=0, recheck=1, tags=['api'])
    path = f"/monitors/{m['id']}"

    def raw():
        return s.db('select raw from tocsin.monitor_state where monitor = %s', m['id'])[0][0]

    def until(fact, what):
        ann.api('POST', path + '/check')
        return s.wait(fact, 15, what)

    def is_now(status):
        until(lambda: ann.api('GET', path).json()['status'] == status, status)

    is_now('up')
    token = ann.api('POST', '/me/tokens', json={'name': 'ci', 'scopes': ['write']}).json()['token']
    deploy = s.anyone().api('POST', '/maintenance', json={'title': 'Deploy', 'duration': 600, 'tags': ['api']},
                            headers={'Authorization': f'Bearer {token}'})
    assert deploy.status_code == 201 and deploy.json()['state'] == 'in-progress' and deploy.json()['covers'] == 1
    window = f"/maintenance/{deploy.json()['id']}"
    s.wait(lambda: ann.api('GET', path).json()['status'] == 'maintenance', 10, 'maintenance')
    said = "select body ->> 'change' from tocsin.event where kind = 'maintenance' and owner = %s order by id"
    s.wait(lambda: ('started',) in s.db(said, ann.id), 10, 'the start to be told')  # by the role that is killed below
    site.status = 500
    until(lambda: raw() == 3, 'the outage to be seen')
    assert ann.api('GET', path + '/incidents').json()['items'] == [] and hook.requests == []

    # the role that keeps the clock is killed, and the window ends meanwhile
    s.tocsind.kill('status')
    ended = s.anyone().api('POST', window + '/end', headers={'Authorization': f'Bearer {token}'}).json()
    assert ended['state'] == 'completed'
    is_now('down')
    incidents = ann.api('GET', path + '/incidents').json()['items']
    assert len(incidents) == 1 and incidents[0]['started_at'] == ended['occurrences'][0]['ends_at']
    assert b'"down"' in hook.wait(1)[0]['body']
    site.status = 200
    is_now('up')
    assert b'"up"' in hook.wait(2)[1]['body'] and len(hook.requests) == 2
    trail = s.db('select status from tocsin.transition where monitor = %s order by seq', m['id'])
    assert [t[0] for t in trail] == [1, 4, 3, 1]
    spent = ann.api('GET', path + '/uptime?windows=24h').json()['windows']['24h']
    lasted = seconds(ended['occurrences'][0]['ends_at']) - seconds(ended['occurrences'][0]['starts_at'])
    assert abs(spent['maintenance_s'] - lasted) <= 1 and spent['incidents'] == 1
    assert {'created', 'started', 'ended'} <= {c[0] for c in s.db(said, ann.id)}
