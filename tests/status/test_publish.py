"""`tocsin status-data publish`: what a page out of plain files says, of files with traps in them."""
import datetime
import json
import pathlib
import re
import subprocess

import pytest

UTC = datetime.timezone.utc
NOW = '2026-03-12T12:00:00Z'
HOUR, DAY = 3600, 86400


def at(text):
    """'10T04:30' of March 2026, as ms."""
    day, _, clock = text.partition('T')
    h, m = (int(x) for x in (clock or '00:00').split(':'))
    return int(datetime.datetime(2026, 3, int(day), h, m, tzinfo=UTC).timestamp() * 1000)


class Data:
    """A folder of status data that is written by hand."""

    def __init__(self, path, binary):
        self.path, self.binary, self.dir = path, binary, path / 'status-data'
        self.dir.mkdir()

    def add(self, svc, first, last, state='up', every=5, lat=100, file=None, **more):
        """Readings from `first` up to `last` (not included), every so many minutes."""
        files = {}
        for t in range(at(first), at(last), every * 60000):
            day = file or datetime.datetime.fromtimestamp(t / 1000, UTC).strftime('%Y-%m-%d')
            files.setdefault(day, []).append(json.dumps({'t': t, 'svc': svc, 'state': state, 'code': 0 if state == 'down' else 200, 'lat': lat, **more}))
        for day, lines in files.items():
            path = self.dir / f'archives/{day[:4]}/{day[5:7]}/history-{day}.jsonl'
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open('a') as out:
                out.write('\n'.join(lines) + '\n')

    def write(self, name, value):
        (self.dir / name).write_text(json.dumps(value))

    def publish(self, *args, now=NOW, status=0):
        done = subprocess.run([self.binary, 'status-data', 'publish', '--as-of', now, *args], cwd=self.path, capture_output=True,
                              text=True, timeout=60)
        assert done.returncode == status, (done.stdout, done.stderr)
        self.said = done.stdout + done.stderr
        return json.loads((self.path / 'status-site/status/summary.json').read_text()) if status == 0 else None

    def days(self, *args, key='api', **more):
        """The days of a component as {'10': {…}}, without dates that are not of March."""
        part = next(c for c in self.publish(*args, **more)['components'] if c['id'] == key)
        self.part = part
        return {d['d'][8:]: {k: v for k, v in d.items() if k != 'd'} for d in part['day'] if d['d'] > '2026-03'}


@pytest.fixture
def data(tmp_path, build):
    return Data(tmp_path, pathlib.Path(build).resolve() / 'cli/tocsin')


def seconds(day):
    return {k: v for k, v in day.items() if k.endswith('_s')}


def test_whole_days_are_whole(data):
    data.add('api', '10', '12T12:00')
    days = data.days()
    assert seconds(days['10']) == seconds(days['11']) == {'up_s': DAY} and seconds(days['12']) == {'up_s': 12 * HOUR}
    assert data.part['up90'] == 100 and data.part['status'] == 'up' and days['10']['checks'] == 288


def test_a_gap_is_unknown_after_twice_the_usual_time(data):
    data.add('api', '10', '11')
    data.add('api', '11', '11T06:00')
    data.add('api', '11T10:00', '12T12:00')
    days = data.days()
    # the last one before the gap is of 05:55 and holds until 06:05
    assert seconds(days['11']) == {'up_s': DAY - 4 * HOUR + 300, 'unknown_s': 4 * HOUR - 300}
    assert data.part['up90'] == 100


def test_nothing_measured_lately_is_unknown_now(data):
    data.add('api', '10', '12T11:00')
    days = data.days()
    assert data.part['status'] == 'unknown' and seconds(days['12']) == {'up_s': 11 * HOUR + 300, 'unknown_s': HOUR - 300}


def test_before_the_first_reading_there_is_no_data(data):
    data.add('api', '11T06:00', '12T12:00')
    days = data.days()
    assert '10' not in days and seconds(days['11']) == {'up_s': 18 * HOUR}


def test_an_outage_over_midnight_is_of_both_days(data):
    data.add('api', '10', '10T23:00')
    data.add('api', '10T23:00', '11T01:30', 'down', err='Timeout')
    data.add('api', '11T01:30', '12T12:00')
    days = data.days()
    assert (days['10']['down_s'], days['11']['down_s']) == (HOUR, HOUR + 1800) and days['10']['failed'] == 12
    assert data.part['up90'] == 95.83  # of 60 hours, cut off and not rounded


def test_the_distance_may_change_from_day_to_day(data):
    data.add('api', '9', '11', every=60)
    data.add('api', '11', '12T12:00', every=1)
    days = data.days()
    assert all(set(seconds(d)) == {'up_s'} for d in days.values())


def test_degraded_counts_as_up_and_is_told(data):
    data.add('api', '10', '11')
    data.add('api', '11', '12', 'degraded', lat=900)
    data.add('api', '12', '12T12:00')
    days = data.days()
    assert seconds(days['11']) == {'degraded_s': DAY} and data.part['up90'] == 100 and (days['11']['avg_ms'], days['11']['p95_ms']) == (900, 900)
    assert data.part['days'][-3:] == '121'


@pytest.mark.parametrize('systems', [['api'], ['THE API'], []])
def test_a_window_counts_whatever_was_measured(data, systems):
    data.add('api', '10', '11T02:00')
    data.add('api', '11T02:00', '11T03:00', 'down')
    data.add('api', '11T04:00', '12T12:00')
    (data.path / '.monitorrc.json').write_text(json.dumps({'systems': [{'system': 'api', 'url': 'http://x/', 'displayName': 'The API'}]}))
    data.write('maintenance.json', [
        {'id': 1, 'title': 'a', 'start': '2026-03-11T03:00:00+01:00', 'end': '2026-03-11T03:30:00Z', 'affectedSystems': systems, 'status': 'upcoming'},
        {'id': 2, 'title': 'b', 'start': '2026-03-11T03:00:00Z', 'end': '2026-03-11T04:00:00Z', 'systems': systems, 'status': 'upcoming'}])
    days = data.days()
    assert seconds(days['11']) == {'up_s': 22 * HOUR, 'maint_s': 2 * HOUR} and data.part['up90'] == 100
    assert data.part['name'] == 'The API'


def test_readings_of_maintenance_are_enough(data):
    data.add('api', '10', '11')
    data.add('api', '11', '11T02:00', 'maintenance')
    data.add('api', '11T02:00', '12T12:00')
    assert seconds(data.days()['11']) == {'up_s': 22 * HOUR, 'maint_s': 2 * HOUR}


def test_a_window_in_progress_is_the_status_now(data):
    data.add('api', '10', '12T12:00')
    data.write('maintenance.json', [{'id': 1, 'title': 'a', 'start': '2026-03-12T11:00:00Z', 'end': '2026-03-12T13:00:00Z', 'systems': ['api'],
                                     'status': 'upcoming'}])
    data.days()
    assert (data.part['status'], data.part['since']) == ('maintenance', '2026-03-12T11:00:00Z')


def test_readings_count_on_their_own_day_once_in_any_order(data):
    data.add('api', '11', '12', file='2026-03-10')  # a file of another day
    data.add('api', '11', '12')                     # and again
    data.add('api', '12', '12T12:00')
    data.add('api', '10', '11')
    data.add('api', '12T12:05', '13')               # not yet
    (data.dir / 'archives/2026/03/history-2026-03-12.jsonl').open('a').write('{"half\n\n[]\n{"t":"x"}\n')
    days = data.days()
    assert [days[d].get('checks') for d in ('10', '11', '12')] == [288, 288, 144] and '13' not in days
    assert 'history-2026-03-12.jsonl' in data.said


def test_days_without_readings_come_from_the_summary(data):
    data.add('api', '11', '12T12:00')
    entry = {'avgLatencyMs': 120, 'p95LatencyMs': 200, 'incidentCount': 1}
    data.write('daily-summary.json', {'version': 1, 'services': {'api': [
        {'date': '2026-03-11', 'uptimePct': 0, 'checksTotal': 5, 'checksPassed': 0, **entry},
        {'date': '2026-03-10', 'uptimePct': 0.75, 'checksTotal': 4, 'checksPassed': 3, **entry},
        {'date': '2026-02-30', 'uptimePct': 1, 'checksTotal': 4, 'checksPassed': 4}, {'date': 7}, 'x', {'date': '2026-03-09', 'uptimePct': 7}]}})
    days = data.days()
    assert days['10'] == {'up_s': 64800, 'down_s': 21600, 'checks': 4, 'failed': 1, 'avg_ms': 120, 'p95_ms': 200}
    assert seconds(days['11']) == {'up_s': DAY} and '09' not in days


def test_incidents_are_told_with_what_was_said_of_them(data):
    data.add('api', '10', '12T12:00')
    data.write('incidents.json', [{
        'id': 123, 'title': '<script>alert(1)</script>', 'severity': 'major', 'status': 'open', 'systems': ['api'],
        'createdAt': '2026-03-12T10:00:00Z', 'updatedAt': '2026-03-12T10:00:00Z', 'closedAt': None, 'body': 'Slow **indeed** <img src=x onerror=alert(1)>',
        'url': 'https://github.com/o/r/issues/123', 'comments': [{'author': 'ann', 'createdAt': '2026-03-12T11:00:00Z', 'body': 'A fix is on its way'}]}])
    incident, = data.publish()['incidents']
    assert (incident['title'], incident['severity'], incident['components']) == ('<script>alert(1)</script>', 'major', ['api'])
    text = (data.path / 'status-site/status/index.html').read_text()
    assert '<script>alert' not in text and '<img' not in text and '&lt;script&gt;alert' in text and 'A fix is on its way' in text
    assert (data.path / 'status-site/status/incidents/123.html').exists()
    data.publish(now='2026-03-12T09:00:00Z')  # as it was then
    assert 'A fix is on its way' not in (data.path / 'status-site/status/index.html').read_text()


def test_names_of_any_kind_have_a_place_of_their_own(data):
    names = ['a b', 'a-b', 'A B', '__proto__', '../../etc', '日本', '<i>x</i>', 'x' * 250]
    for name in names:
        data.add(name, '12T11:00', '12T12:00')
    parts = data.publish()['components']
    assert [c['name'] for c in parts] == sorted(names, key=str.encode)
    assert len({c['id'] for c in parts}) == len(names) and all(re.fullmatch('[a-z0-9-]+', c['id']) for c in parts)
    for root in (data.path / 'status-site', data.path):
        assert all(p.resolve().is_relative_to(data.path) for p in root.rglob('*'))
    assert {p.name for p in data.path.iterdir()} == {'status-data', 'status-site'}


def test_the_file_of_systems_says_which_and_how(data):
    for svc in ('web', 'api', 'ghost', 'secret'):
        data.add(svc, '12T11:00', '12T12:00')
    (data.path / '.monitorrc.json').write_text(json.dumps({'systems': [
        {'system': 'web', 'url': 'http://x/', 'displayName': 'Site', 'description': 'What people see', 'section': 'Public'},
        {'system': 'secret', 'url': 'http://x/', 'display': False}, {'system': 'new', 'url': 'http://x/'}, {'system': 'api', 'url': 'http://x/'}]}))
    parts = data.publish()['components']
    assert [(c['id'], c['name'], c['group'], c['status']) for c in parts] == [
        ('web', 'Site', 'Public', 'up'), ('new', 'new', '', 'unknown'), ('api', 'api', '', 'up')]
    assert {c['name'] for c in data.publish('--all')['components']} == {'web', 'api', 'ghost', 'secret'}


def test_the_second_time_nothing_is_written(data):
    data.add('api', '10', '12T12:00')
    data.publish()
    before = {p: p.stat().st_mtime_ns for p in (data.path / 'status-site').rglob('*') if p.is_file()}
    data.publish()
    assert '0 files written' in data.said
    assert before == {p: p.stat().st_mtime_ns for p in (data.path / 'status-site').rglob('*') if p.is_file()}


def test_an_empty_folder_is_a_page_without_systems(data):
    assert data.publish()['components'] == []


@pytest.mark.parametrize('args, words', [
    (['--zone', 'Mars/Olympus'], '--zone'), (['--zone', '../../etc/passwd'], '--zone'), (['--lang', 'x'], '--lang'), (['--accent', 'red'], '--accent'),
    (['--theme', 'pink'], '--theme'), (['--url', 'https://x/y'], '--url'), (['--url', 'javascript:x/'], '--url'), (['--slug', '../up'], '--slug'),
    (['--slug', 'assets'], '--slug'), (['--link', 'file:///'], '--link'), (['--titel', 'x'], "did you mean '--title'"), (['--day-down', '2d'], '--day-down')])
def test_wrong_calls_are_refused_with_the_flag(data, args, words):
    data.publish(*args, status=2)
    assert words in data.said and not (data.path / 'status-site').exists()


@pytest.mark.parametrize('name, text', [('incidents.json', '{"half'), ('maintenance.json', '{"a": 1}')])
def test_a_file_that_cannot_be_read_keeps_the_page_as_it_was(data, name, text):
    data.add('api', '10', '12T12:00')
    data.publish()
    before = (data.path / 'status-site/status/index.html').read_bytes()
    (data.dir / name).write_text(text)
    data.publish(now='2026-03-12T12:05:00Z', status=1)
    assert name in data.said and (data.path / 'status-site/status/index.html').read_bytes() == before


def test_a_logo_is_a_picture(data):
    (data.path / 'logo.svg').write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>')
    data.publish('--logo', 'logo.svg')
    (data.path / 'logo.txt').write_text('hello')
    data.publish('--logo', 'logo.txt', status=1)
    assert 'neither PNG nor SVG' in data.said
