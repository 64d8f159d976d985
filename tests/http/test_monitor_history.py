"""What a monitor has been through: checks, chart points, uptime, days, messages."""
import datetime
import time

import pytest

from watching import create, refused

UTC = datetime.timezone.utc


@pytest.fixture
def ann(quiet):
    return quiet.user()


@pytest.fixture
def m(quiet, ann):
    """A monitor made three days ago and checked each ten seconds."""
    made = create(ann, interval=10, timeout=5)
    quiet.db("update tocsin.monitor set created_at = now() - interval '3 days' where id = %s returning 1", made['id'])
    quiet.db('select work.place()')
    return made


def checks(s, m, ages, status=1, code=200, total_us=10000, reason=0, phases=(1000, 2000, 3000, 2000)):
    """Checks that ended so many seconds ago, as checkers leave them in segments."""
    s.db('insert into tocsin.segment (bucket, region, epoch, batch, at, slot, age_ms, status, reason, code, total_us, phase_us) '
         'select m.bucket, 0, 1, (1000000000 * random())::bigint, now() - make_interval(secs => age), array[m.slot], array[0], '
         'array[%s]::smallint[], array[%s]::smallint[], array[%s]::smallint[], array[%s], %s::integer[] '
         'from tocsin.monitor m, unnest(%s::float8[]) age where m.id = %s returning 1',
         status, reason, code, total_us, list(phases), [float(a) for a in ages], m['id'])


def stamp(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()


def test_checks_are_newest_first_with_phases(quiet, ann, m):
    checks(quiet, m, [30])
    checks(quiet, m, [20], status=3, code=503, reason=13)
    checks(quiet, m, [10], status=2, total_us=9600, reason=24)
    items = ann.api('GET', f"/monitors/{m['id']}/checks").json()['items']
    assert [i['status'] for i in items] == ['degraded', 'down', 'up']
    assert [i['reason'] for i in items] == ['slow', 'http_code', None]
    assert items[1]['code'] == 503 and '503' in items[1]['message'] and items[2]['message'] == ''
    assert items[2]['phases'] == {'dns': 1, 'connect': 2, 'tls': 3, 'ttfb': 2, 'transfer': 2} and items[2]['ms'] == 10
    assert items[0]['phases']['transfer'] == 1.6 and items[0]['region'] == 'local'
    assert abs(stamp(items[0]['at']) - (time.time() - 10)) < 5


def test_checks_page_through_all_of_it_once(quiet, ann, m):
    ages = [n * 10 for n in range(1, 31)] + [86400 + n * 10 for n in range(10)]
    checks(quiet, m, ages)
    seen, after = [], ''
    while True:
        page = ann.api('GET', f"/monitors/{m['id']}/checks?limit=7{after}").json()
        assert len(page['items']) == 7 or page['next'] is None
        seen += [i['at'] for i in page['items']]
        if page['next'] is None:
            break
        after = f"&after={page['next']}"
    assert len(seen) == len(set(seen)) == 40 and seen == sorted(seen, reverse=True)
    refused(ann.api('GET', f"/monitors/{m['id']}/checks?after=x"), 'after')
    refused(ann.api('GET', f"/monitors/{m['id']}/checks?limit=1001"), 'limit')
    refused(ann.api('GET', f"/monitors/{m['id']}/checks?only=good"), 'only')


def test_only_failed_and_only_changed(quiet, ann, m):
    checks(quiet, m, [10, 20, 50, 60, 90000])
    checks(quiet, m, [30, 40], status=3)

    def got(only):
        return [i['status'] for i in ann.api('GET', f"/monitors/{m['id']}/checks?only={only}").json()['items']]
    assert got('failed') == ['down', 'down']
    assert got('changed') == ['up', 'down', 'up', 'up'] or got('changed') == ['up', 'down', 'up']


def test_a_series_keeps_extremes_and_shows_gaps(quiet, ann, m):
    checks(quiet, m, [n * 10 for n in range(360)])
    checks(quiet, m, [1234.5], total_us=900000)
    checks(quiet, m, [1244.5], status=3, total_us=5000000)
    checks(quiet, m, [7200 + n * 10 for n in range(360)], total_us=30000)
    s = ann.api('GET', f"/monitors/{m['id']}/series?points=100").json()
    assert len({len(s[k]) for k in 't n down total min max dns connect tls ttfb transfer'.split()}) == 1
    assert len(s['t']) <= 100 and s['t'] == sorted(set(s['t'])) and s['step_s'] >= 86400 / 100
    assert sum(s['n']) == 722 and sum(s['down']) == 1
    assert max(v for v in s['max'] if v) == 900 and min(v for v in s['min'] if v) == 10
    hole = [i for i, v in enumerate(s['total']) if v is None]
    assert len(hole) == 1 and s['n'][hole[0]] == 0, 'one empty point between two runs'
    assert {s['dns'][0], s['tls'][0], s['transfer'][0]} == {1, 3, 22}


def test_a_series_has_at_most_as_many_points_as_asked(quiet, ann, m):
    checks(quiet, m, [n * 10 for n in range(4000)])
    for points in (10, 500, 1500):
        s = ann.api('GET', f"/monitors/{m['id']}/series?points={points}").json()
        assert len(s['t']) <= points
    refused(ann.api('GET', f"/monitors/{m['id']}/series?points=1501"), 'points')
    now = datetime.datetime.now(UTC)
    at = [(now - datetime.timedelta(days=d)).strftime('%Y-%m-%dT%H:%M:%SZ') for d in (0, 1, 900)]
    refused(ann.api('GET', f"/monitors/{m['id']}/series?from={at[0]}&to={at[1]}"), 'from')
    refused(ann.api('GET', f"/monitors/{m['id']}/series?from={at[2]}"), 'from')
    refused(ann.api('GET', f"/monitors/{m['id']}/series?from=soon"), 'from')
    short = ann.api('GET', f"/monitors/{m['id']}/series?from={at[1]}&to={at[0]}&points=1500").json()
    assert short['step_s'] >= 10 and abs(stamp(short['from']) - stamp(at[1])) < 1


def test_percentiles(quiet, ann, m):
    for n in range(100):
        checks(quiet, m, [100 + n / 10], total_us=(n + 1) * 1000)
    s = ann.api('GET', f"/monitors/{m['id']}/series?fields=pct&points=10").json()
    assert s['fields'] == 'pct' and 'dns' not in s and sum(s['n']) == 100
    i = s['n'].index(max(s['n']))
    assert s['min'][i] <= s['p50'][i] <= s['p95'][i] <= s['p99'][i] <= s['max'][i]
    if max(s['n']) == 100:
        assert (s['p50'][i], s['p95'][i], s['p99'][i]) == (50, 95, 99)


def test_a_long_series_is_made_of_days(quiet, ann, m):
    quiet.db("insert into tocsin.monitor_day (monitor, day, up_s, degraded_s, down_s, maintenance_s, unknown_s, paused_s, checks, "
             "failed, sum_us, min_us, max_us, hist) select %s, (now() at time zone 'UTC')::date - 1, 86000, 0, 400, 0, 0, 0, 101, 1, "
             "2000000, 10000, 90000, array[(27 << 24) | 100] returning 1", m['id'])
    start = (datetime.datetime.now(UTC) - datetime.timedelta(days=60)).strftime('%Y-%m-%dT%H:%M:%SZ')
    s = ann.api('GET', f"/monitors/{m['id']}/series?from={start}").json()
    assert s['step_s'] == 86400 and len(s['t']) <= 5
    i = s['n'].index(101)
    assert (s['down'][i], s['total'][i], s['min'][i], s['max'][i]) == (1, 20, 10, 90)
    assert s['p50'][i] == s['p99'][i] == 10.4
    days = ann.api('GET', f"/monitors/{m['id']}/daily?days=90").json()['items']
    assert len(days) == 90 and days[-1]['day'] == datetime.datetime.now(UTC).date().isoformat()
    assert (days[-2]['percent'], days[-2]['down_s'], days[-2]['checks'], days[-2]['ms']) == (99.53, 400, 101, 20)
    assert days[0]['percent'] is None


def history(s, m, *steps):
    """Transitions: (hours ago, status)."""
    for hours, status in steps:
        s.db('select tocsin.transit(%s, %s, now() - make_interval(mins => %s))', m['id'], status, int(hours * 60))


def test_uptime_is_weighted_by_seconds_and_floored(quiet, ann, m):
    quiet.db("update tocsin.monitor_state set since = now() - interval '3 days' where monitor = %s returning 1", m['id'])
    history(quiet, m, (40, 1), (10, 3), (9, 1), (5, 2), (4, 1), (2, 5), (1, 0))
    got = ann.api('GET', f"/monitors/{m['id']}/uptime?windows=24h,7d").json()['windows']
    day = got['24h']
    assert abs(day['down_s'] - 3600) <= 1 and abs(day['degraded_s'] - 3600) <= 1 and abs(day['paused_s'] - 3600) <= 1
    assert abs(day['up_s'] - (14 + 4 + 2) * 3600) <= 2 and abs(day['unknown_s'] - 3600) <= 2
    assert day['percent'] == 95.45 and day['incidents'] == 1 and abs(day['mttr_s'] - 3600) <= 1
    assert abs(day['mtbf_s'] - 21 * 3600) <= 3
    assert abs(sum(got['7d'][k] for k in got['7d'] if k.endswith('_s') and k[:2] != 'mt') - 40 * 3600) <= 3
    for bad in ('', '1', 'x', '0h', '24h,', '900d', ','.join(['1h'] * 9)):
        refused(ann.api('GET', f"/monitors/{m['id']}/uptime?windows={bad}"), 'windows')


def test_uptime_is_100_only_without_a_second_of_outage(quiet, ann, m):
    quiet.db("update tocsin.monitor_state set since = now() - interval '3 days' where monitor = %s returning 1", m['id'])
    history(quiet, m, (60, 1))
    assert ann.api('GET', f"/monitors/{m['id']}/uptime?windows=2d").json()['windows']['2d']['percent'] == 100
    quiet.db("select tocsin.transit(%s, 3, now() - interval '2 s')", m['id'])
    quiet.db("select tocsin.transit(%s, 1, now() - interval '1 s')", m['id'])
    assert ann.api('GET', f"/monitors/{m['id']}/uptime?windows=2d").json()['windows']['2d']['percent'] == 99.99


def test_without_data_there_is_no_percentage(ann, m):
    got = ann.api('GET', f"/monitors/{m['id']}/uptime").json()['windows']
    assert list(got) == ['24h', '7d', '30d', '90d']
    assert all(w['percent'] is None and w['mttr_s'] is None and w['mtbf_s'] is None and w['incidents'] == 0 for w in got.values())
    assert ann.api('GET', f"/monitors/{m['id']}/checks").json() == {'items': [], 'next': None}
    assert ann.api('GET', f"/monitors/{m['id']}/series").json()['t'] == []
    assert ann.api('GET', f"/monitors/{m['id']}/notifications").json() == {'items': [], 'next': None}


def test_the_history_of_a_deleted_monitor_can_be_read(quiet, ann, m):
    checks(quiet, m, [10])
    ann.api('DELETE', f"/monitors/{m['id']}")
    assert len(ann.api('GET', f"/monitors/{m['id']}/checks").json()['items']) == 1


def test_a_day_of_checks_is_read_quickly(quiet, ann, m):
    """A day of a monitor, packed as the keeper packs it: 10 ms in SQL, here with HTTP around it."""
    quiet.db("insert into tocsin.monitor_hour (monitor, region, hour, at_ms, status, reason, code, total_us, dns_us, connect_us, "
             "tls_us, ttfb_us) select %s, 0, date_trunc('hour', now()) - make_interval(hours => h), "
             "array(select g * 10000 from generate_series(0, 359) g), array_fill(1::smallint, array[360]), "
             "array_fill(0::smallint, array[360]), array_fill(200::smallint, array[360]), array_fill(10000, array[360]), "
             "array_fill(1000, array[360]), array_fill(1000, array[360]), array_fill(1000, array[360]), array_fill(1000, array[360]) "
             "from generate_series(1, 24) h returning 1", m['id'])
    took = []
    for _ in range(10):
        start = time.monotonic()
        s = ann.api('GET', f"/monitors/{m['id']}/series?points=500").json()
        took.append(time.monotonic() - start)
    assert sum(s['n']) > 7000
    assert sorted(took)[2] < 0.25
