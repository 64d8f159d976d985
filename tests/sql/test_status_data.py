"""Plain files into the database and out again: `tocsin status-data migrate`."""
import datetime
import gzip
import json
import os
import subprocess

import jsonschema
import psycopg
import pytest

from stack import host

DAY, STEP = 86_400_000, 300_000
NOW = datetime.datetime.now(datetime.timezone.utc)
TODAY = int(NOW.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
FIRST = TODAY - 4 * DAY  # a day that is over; the next one is missing


class Place:
    def __init__(self, pg, build, name):
        self.conninfo = f'host={pg.sock} dbname={name} user=postgres'
        self.tool = f'{os.path.abspath(build)}/cli/tocsin'

    def __call__(self, *args, cwd):
        return subprocess.run([self.tool, 'status-data', 'migrate', *args, '--database', self.conninfo],
                              cwd=cwd, text=True, capture_output=True, timeout=60)

    def sql(self, text, *args):
        with psycopg.connect(self.conninfo, autocommit=True) as conn:
            done = conn.execute(text, args or None)
            return done.fetchall() if done.description else []


@pytest.fixture(scope='module')
def database(pg, build):
    name = 'status_data'
    pg.psql('postgres', 'postgres', '-c', f'create database {name}')
    p = Place(pg, build, name)
    subprocess.run([p.tool, 'migrate', '--sql', f'{os.path.dirname(__file__)}/../../sql', '--database', p.conninfo],
                   check=True, capture_output=True)
    yield p
    pg.psql('postgres', 'postgres', '-c', f'drop database {name} with (force)')


@pytest.fixture
def place(database):
    database.sql('truncate tocsin.account, tocsin.monitor_hour, tocsin.setting cascade')
    database.sql("insert into tocsin.account (email, role) values ('ann@example.com', 'admin')")
    return database


def state_at(i):
    return 'down' if 100 <= i < 112 else 'degraded' if i == 150 else 'maintenance' if 200 <= i < 206 else 'up'


def reading(svc, t, state):
    more = {'err': 'connect ECONNREFUSED 127.0.0.1:1'} if state == 'down' else {}
    return {'t': t, 'svc': svc, 'state': state, 'code': 0 if state == 'down' else 200, 'lat': 50, **more}


@pytest.fixture
def tree(tmp_path):
    """Two days of two systems with a day without anything between them."""
    for start, zipped in ((FIRST, True), (FIRST + 2 * DAY, False)):
        day = datetime.datetime.fromtimestamp(start / 1000, datetime.timezone.utc)
        folder = tmp_path / 'status-data' / 'archives' / f'{day:%Y/%m}'
        folder.mkdir(parents=True, exist_ok=True)
        lines = ''.join(json.dumps(reading(svc, start + i * STEP, state_at(i) if svc == 'api' else 'up')) + '\n'
                        for i in range(288) for svc in ('api', 'web/1 "ä"'))
        name = folder / f'history-{day:%Y-%m-%d}.jsonl'
        if zipped:
            (folder / f'{name.name}.gz').write_bytes(gzip.compress(lines.encode()))
        else:
            name.write_text(lines)
    iso = lambda ms: datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')
    (tmp_path / 'status-data' / 'incidents.json').write_text(json.dumps([{
        'id': 7, 'title': 'API out', 'severity': 'critical', 'status': 'closed', 'systems': ['api'],
        'createdAt': iso(FIRST + 100 * STEP), 'closedAt': iso(FIRST + 112 * STEP), 'body': 'We **look**.', 'url': None,
        'comments': [{'author': 'bob', 'createdAt': iso(FIRST + 105 * STEP), 'body': 'Found it.'}]}]))
    (tmp_path / 'status-data' / 'maintenance.json').write_text(json.dumps([{
        'id': 8, 'title': 'Upgrade', 'systems': ['api'], 'start': iso(FIRST + 200 * STEP),
        'end': iso(FIRST + 206 * STEP), 'description': 'New disks.'}]))
    (tmp_path / '.monitorrc.json').write_text(json.dumps({'systems': [
        {'system': 'api', 'url': 'https://api.example.com/health', 'expectedCodes': [200, 301, 302]}]}))
    return tmp_path


def told(place):
    return place.sql('select m.name, t.seq, t.prev, t.status, extract(epoch from t.at) * 1000 from tocsin.transition t '
                     'join tocsin.monitor m on m.id = t.monitor order by m.name, t.seq')


def counts(place):
    return place.sql("""select (select sum(cardinality(at_ms)) from tocsin.monitor_hour),
        (select count(*) from tocsin.monitor), (select count(*) from tocsin.incident),
        (select count(*) from tocsin.incident_event), (select count(*) from tocsin.maintenance),
        (select count(*) from tocsin.occurrence), (select count(*) from tocsin.incident_affects)""")[0]


def test_a_tree_becomes_monitors_with_their_history_and_a_tree_again(place, tree):
    into = ('--output-dir', 'status-data', '--owner', 'ann@example.com')
    done = place(*into, cwd=tree)
    assert done.returncode == 0, done.stderr
    assert counts(place) == (4 * 288, 2, 1, 3, 1, 1, 1)

    # the monitors: one that will be checked, one that nobody knows the address of
    assert place.sql('select name, url, expect, interval_s, paused_at is null from tocsin.monitor order by name')[0] == \
        ('api', 'https://api.example.com/health', '200,301-302', 300, True)
    assert not place.sql("select paused_at is null from tocsin.monitor where name = 'web/1 \"ä\"'")[0][0]

    # what changed when, and that nothing is known of the day between
    api = [(status, int(at)) for name, _, _, status, at in told(place) if name == 'api']
    for start in (FIRST, FIRST + 2 * DAY):
        assert [(1, start), (3, start + 100 * STEP), (1, start + 112 * STEP), (2, start + 150 * STEP),
                (1, start + 151 * STEP), (4, start + 200 * STEP), (1, start + 206 * STEP)] == \
            [x for x in api if start <= x[1] < start + DAY]
    assert (0, FIRST + 287 * STEP + 1_800_000) in api
    days = place.sql("""select d.day, d.up_s, d.degraded_s, d.down_s, d.maintenance_s, d.unknown_s, d.checks, d.failed
                          from tocsin.monitor_day d join tocsin.monitor m on m.id = d.monitor
                         where m.name = 'api' order by d.day""")
    assert days[0][2:5] == (300, 3600, 1800) and days[0][6:] == (288, 12)
    assert days[1][1] < 1800 and days[1][5] > 84_000 and days[1][6:] == (0, 0)
    assert days[2][2:5] == days[0][2:5]

    # incidents and maintenance
    assert place.sql('select title, severity, phase, auto, published_at is not null from tocsin.incident') == \
        [('API out', 'critical', 'resolved', False, True)]
    assert place.sql("select extract(epoch from ends_at - starts_at)::int from tocsin.occurrence") == [(1800,)]

    # again: the same
    before = told(place), counts(place)
    assert place(*into, cwd=tree).returncode == 0
    assert (told(place), counts(place)) == before

    # and out again, into a folder that is not there yet
    out = place('--output-dir', 'copy', '--from-database', cwd=tree)
    assert out.returncode == 0, out.stderr
    was, now = lines_of(tree / 'status-data'), lines_of(tree / 'copy')
    assert {k: v[:2] for k, v in was.items()} == {k: v[:2] for k, v in now.items()}
    incident, = json.loads((tree / 'copy' / 'incidents.json').read_text())
    assert (incident['title'], incident['systems'], incident['body'], incident['status']) == \
        ('API out', ['api'], 'We **look**.', 'closed')
    assert [c['body'] for c in incident['comments']] == ['Found it.']
    window, = json.loads((tree / 'copy' / 'maintenance.json').read_text())
    assert (window['title'], window['systems'], window['status']) == ('Upgrade', ['api'], 'completed')
    assert place('--output-dir', 'copy', '--from-database', cwd=tree).stdout.startswith('checks: 0 new')


def test_days_of_which_only_numbers_are_left_come_out_too(place, tree):
    assert place('--output-dir', 'status-data', '--owner', 'ann@example.com', cwd=tree).returncode == 0
    place.sql('delete from tocsin.monitor_hour where hour < to_timestamp(%s)', FIRST / 1000 + 86_400)
    out = place('--output-dir', 'copy', '--from-database', cwd=tree)
    assert out.returncode == 0 and 'days made of their numbers: 2\n' in out.stdout, out.stderr
    rows = json.loads((tree / 'copy/daily-summary.json').read_text())['services']['api']
    assert [(r['checksTotal'], r['checksPassed'], r['incidentCount'], r['avgLatencyMs']) for r in rows] == \
        [(288, 275, 1, 50), (288, 276, 1, 50)]
    for name in ('incidents', 'maintenance'):
        schema = json.loads((host.SRC / f'docs/schemas/{name}.schema.json').read_text())
        jsonschema.Draft202012Validator(schema).validate(json.loads((tree / f'copy/{name}.json').read_text()))


def lines_of(folder):
    """(svc, t) → state, code, lat"""
    found = {}
    for path in sorted(folder.glob('archives/*/*/*')):
        text = gzip.decompress(path.read_bytes()) if path.suffix == '.gz' else path.read_bytes()
        for line in text.splitlines():
            r = json.loads(line)
            assert (r['svc'], r['t']) not in found
            found[r['svc'], r['t']] = r['state'], r['code'], r['lat']
    return found


def test_history_goes_before_what_tocsin_has_seen_itself(place, tree):
    place.sql("""with m as (insert into tocsin.monitor (owner, name, url) select id, 'api', 'https://api.example.com/health'
                   from tocsin.account returning id)
                 insert into tocsin.monitor_state (monitor) select id from m""")
    place.sql('select tocsin.transit(id, 3, now()) from tocsin.monitor')
    incident = place.sql('select id, open_seq from tocsin.incident')
    assert place('--output-dir', 'status-data', '--owner', 'ann@example.com', cwd=tree).returncode == 0
    api = [row for row in told(place) if row[0] == 'api']
    assert [row[1] for row in api] == list(range(1, len(api) + 1))
    assert (api[-1][2], api[-1][3], api[0][3]) == (0, 3, 1), api
    assert all(a[3] == b[2] and a[4] <= b[4] for a, b in zip(api, api[1:]))
    assert place.sql('select seq, status from tocsin.monitor_state s join tocsin.monitor m on m.id = s.monitor '
                     "where m.name = 'api'") == [(len(api), 3)]
    assert place.sql('select id, open_seq from tocsin.incident where auto') == [(incident[0][0], len(api))]


def test_what_is_called_wrongly_is_refused(place, tree):
    assert place('--owner', 'nobody@example.com', cwd=tree).returncode == 1
    assert 'there is no account nobody@example.com' in place('--owner', 'nobody@example.com', cwd=tree).stderr
    assert place(cwd=tree).returncode == 2
