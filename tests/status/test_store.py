"""The plain files of status data, against a second reading of their rules and against their schemas."""
import collections
import concurrent.futures
import datetime
import functools
import gzip
import json
import math
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import xml.etree.ElementTree

import jsonschema
import pytest
from stack import host
from stack.doubles import Site

DAY = 86_400_000
UTC = datetime.timezone.utc
AS_OF = '2025-11-30T18:00:00Z'
NOW = int(datetime.datetime(2025, 11, 30, 18, tzinfo=UTC).timestamp() * 1000)
TODAY = NOW // DAY * DAY
STATES = 'up', 'degraded', 'down', 'maintenance'


def date(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, UTC).strftime('%Y-%m-%d')


def iso(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, UTC).strftime('%Y-%m-%dT%H:%M:%SZ')


def line(t, svc='api', state='up', code=200, lat=50, **more):
    return json.dumps({'t': t, 'svc': svc, 'state': state, 'code': code, 'lat': lat, **more}).encode()


class Tree:
    """A folder of status data, and the program that works on it."""

    def __init__(self, path, binary):
        self.path, self.binary = path, binary
        self.data = path / 'status-data'
        self.data.mkdir()

    def __call__(self, command, *args, status=0, env=None, **more):
        done = subprocess.run([self.binary, *command.split(), *args], cwd=self.path, capture_output=True, text=True,
                              timeout=60, env={**os.environ, **(env or {})}, **more)
        assert done.returncode == status, (command, args, done.returncode, done.stdout, done.stderr)
        return done

    def file(self, day_ms, gz=False):
        path = self.data / f'archives/{date(day_ms)[:4]}/{date(day_ms)[5:7]}/history-{date(day_ms)}.jsonl{".gz" * gz}'
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def put(self, day_ms, *lines, gz=False):
        text = b''.join(one + b'\n' for one in lines)
        if gz:
            self.file(day_ms, True).write_bytes(gzip.compress(text))
        else:
            with open(self.file(day_ms), 'ab') as f:
                f.write(text)

    def json(self, name):
        return json.loads((self.data / name).read_bytes())

    def summary(self, *args, **more):
        self('status-data summarize', '--as-of', AS_OF, *args, **more)
        return self.json('daily-summary.json')['services']


@pytest.fixture
def tree(tmp_path, build):
    return Tree(tmp_path, str(pathlib.Path(build).resolve() / 'cli/tocsin'))


# ---------------------------------------------------------------- a second reading of the rules

def rounded(x):
    return math.floor(x + 0.5)


def reading(text):
    """(t, svc, state, code, lat) of a line; None for what is no reading."""
    def refuse(_):
        raise ValueError
    try:
        r = json.loads(text.decode(), parse_constant=refuse)
        json.dumps(r, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    if not isinstance(r, dict):
        return None
    t, svc, state = r.get('t'), r.get('svc'), r.get('state')
    number = lambda x: isinstance(x, (int, float)) and not isinstance(x, bool) and not math.isinf(x)
    if not number(t) or not 0 <= rounded(t) <= 253402300799999:
        return None
    if not isinstance(svc, str) or not svc or '\0' in svc or len(svc.encode()) > 1024 or state not in STATES:
        return None
    lat = r.get('lat')
    return rounded(t), svc, state, r.get('code'), rounded(lat) if number(lat) and lat >= 0 else None


def days(files):
    """{svc: entries, newest first} of {date: lines}, and how many lines are no readings."""
    found, bad = collections.defaultdict(list), 0
    for day in sorted(files, reverse=True):
        by = collections.defaultdict(dict)
        for text in files[day]:
            if text.strip(b' \t\r'):
                r = reading(text)
                bad += r is None
                if r:
                    by[r[1]].setdefault(r[0], r)
        for svc, each in by.items():
            rs = [each[t] for t in sorted(each)]
            ms = sorted(r[4] for r in rs if r[2] == 'up' and r[4] is not None)
            passed = sum(r[2] in ('up', 'maintenance') for r in rs)
            found[svc].append({
                'date': day, 'uptimePct': passed / len(rs), 'avgLatencyMs': rounded(sum(ms) / len(ms)) if ms else None,
                'p95LatencyMs': ms[math.ceil(len(ms) * 0.95) - 1] if ms else None, 'checksTotal': len(rs),
                'checksPassed': passed,
                'incidentCount': sum(a[2] == 'up' and b[2] == 'down' for a, b in zip(rs, rs[1:]))})
    return dict(found), bad


def skipped(done):
    said = [one for one in done.stdout.splitlines() if one.startswith('Skipped: ')]
    return int(said[0].split()[1]) if said else 0


# ---------------------------------------------------------------- reading

ODD = [
    b'{"lat":5,"code":200,"state":"up","svc":"api","t":%d}',                       # any order
    b' { "t" : %d , "svc" : "api" , "state" : "up" , "code" : 200 , "lat" : 7 } ',  # spaces
    b'{"t":%d,"svc":"\\u0061p\\u0069","state":"\\u0075p","code":200,"lat":9}',     # escapes
    b'{"t":%d.4,"svc":"api","state":"up","code":2e2,"lat":14.5}',                  # other numbers
    b'{"t":%d,"svc":"api","state":"down","state":"up","code":200,"lat":11}',       # twice: the last counts
    b'{"t":%d,"svc":"api","state":"up","code":200,"lat":12,"x":{"t":1,"a":[1,{"svc":"y"}]},"y":null,"z":true}',
    b'{"t":%d,"svc":"api","state":"down","code":0,"lat":13,"err":"say \\"no\\" \\ud83d\\ude00"}',
    b'{"t":%d,"svc":"api","state":"up"}',                                          # no code, no lat
    b'{"t":%d,"svc":"api","state":"up","code":null,"lat":null,"err":null}',
    '{"t":%d,"svc":"日本 ü","state":"degraded","code":200,"lat":14}'.encode(),
    b'{"t":%d,"svc":"__proto__","state":"up","code":200,"lat":15}',
    b'{"t":%d,"svc":"../../etc/passwd","state":"up","code":200,"lat":16}',
    b'{"t":%d,"svc":"api","state":"up","code":200,"lat":17}\r',
    b'{"t":%d,"svc":"api","state":"up","code":12345678901234567890,"lat":18}',
]
BAD = [
    b'', b'{', b'null', b'[]', b'{}', b'{"t":1}', b'{"t":"1","svc":"a","state":"up"}', b'\xff\xfe',
    b'{"t":%d,"state":"up","code":200,"lat":1}', b'{"t":%d,"svc":"","state":"up"}', b'{"t":%d,"svc":5,"state":"up"}',
    b'{"t":%d,"svc":"api","state":"UP"}', b'{"t":%d,"svc":"api","state":null}', b'{"t":-5,"svc":"api","state":"up"}',
    b'{"t":%d,"svc":"api","state":"up","lat":01}', b'{"t":%d,"svc":"api","state":"up",}', b'{"t":%d,"svc":"a\x01","state":"up"}',
    b'{"t":%d,"svc":"a\xe4","state":"up"}', b'{"t":%d,"svc":"api","state":"up"} x', b'{"t":%d,"svc":"a\\u0000b","state":"up"}',
    b'{"t":%d,"svc":"api","state":"up","lat":NaN}', b'{"t":%d,"svc":"\xed\xa0\x80","state":"up"}', b'{"t":1e400,"svc":"a","state":"up"}',
    b'{"t":9999999999999999,"svc":"api","state":"up"}', b'{"t":true,"svc":"api","state":"up"}',
]


def at(text, t):
    return text.replace(b'%d', b'%d' % t)


@pytest.mark.asan
def test_every_valid_line_counts_and_no_other(tree):
    lines = [at(text, TODAY + i * 1000) for i, text in enumerate(ODD + BAD)]
    tree.put(TODAY, *lines)
    done = tree('status-data summarize', '--as-of', AS_OF)
    want, bad = days({date(TODAY): lines})
    assert tree.json('daily-summary.json')['services'] == want
    assert skipped(done) == bad == len([b for b in BAD if b])
    assert f'{date(TODAY)}.jsonl' in done.stderr and 'undefined' not in want
    assert {r['svc'] for r in (tree('status-data rebuild', '--as-of', AS_OF), tree.json('current.json'))[1]} == set(want)


@pytest.mark.asan
def test_lines_that_were_torn_and_mixed_are_read_as_json_says(tree):
    rng, lines = random.Random(7), []
    for i in range(6000):
        text = bytearray(at(rng.choice(ODD + BAD[2:]), TODAY + i))
        for _ in range(rng.choice((0, 0, 1, 2))):
            where = rng.randrange(len(text) + 1)
            text[where:where + rng.randrange(3)] = rng.choice((b'', b'"', b'\\', b'{', b'}', b',', b':', b'0', b' ', b'\xc3\xa9', b'\xc3', b'e', b'.'))
        lines.append(bytes(text).replace(b'\n', b''))
    tree.put(TODAY, *lines)
    done = tree('status-data summarize', '--as-of', AS_OF)
    want, bad = days({date(TODAY): lines})
    assert tree.json('daily-summary.json')['services'] == want
    assert skipped(done) == bad > 1000


@pytest.mark.asan
def test_a_huge_line_is_passed_over(tree):
    tree.put(TODAY, line(TODAY), b'{"t":5,"svc":"' + b'x' * 3_000_000 + b'"}', b'[' * 100_000, line(TODAY + 1))
    done = tree('status-data summarize', '--as-of', AS_OF)
    assert skipped(done) == 2 and tree.json('daily-summary.json')['services']['api'][0]['checksTotal'] == 2


@pytest.mark.asan
def test_what_stands_before_the_damage_of_a_gz_counts(tree):
    rng = random.Random(3)
    lines = [line(TODAY - DAY + i * 1000, lat=rng.randrange(1000)) for i in range(5000)]
    whole = gzip.compress(b''.join(one + b'\n' for one in lines))
    tree.file(TODAY - DAY, True).write_bytes(whole[:len(whole) // 2])
    broken = bytearray(whole)
    broken[len(whole) // 2:len(whole) // 2 + 64] = b'\0' * 64
    tree.file(TODAY - 2 * DAY, True).write_bytes(broken)
    tree.file(TODAY - 3 * DAY, True).write_bytes(b'no gzip at all')
    tree.file(TODAY - 4 * DAY, True).write_bytes(gzip.compress(lines[0] + b'\n') + gzip.compress(lines[1] + b'\n'))
    tree.file(TODAY - 5 * DAY).mkdir()
    done = tree('status-data summarize', '--as-of', AS_OF)
    found = {e['date']: e['checksTotal'] for e in tree.json('daily-summary.json')['services']['api']}
    assert 1000 < found[date(TODAY - DAY)] < 5000 and 1000 < found[date(TODAY - 2 * DAY)] < 5000
    assert found[date(TODAY - 4 * DAY)] == 2 and len(found) == 3
    assert done.stderr.count(', then ') == 4 and 'files that are broken: 4' in done.stdout


def test_plain_and_gz_of_a_day_are_one_and_each_reading_counts_once(tree):
    lines = [line(TODAY - DAY + i * 1000, svc) for i in range(100) for svc in ('api', 'web')]
    tree.put(TODAY - DAY, *lines[:120], gz=True)
    tree.put(TODAY - DAY, *lines[100:], *lines[150:], line(TODAY - DAY, state='down'))
    assert [(s, e[0]['checksTotal'], e[0]['checksPassed']) for s, e in tree.summary().items()] == [('api', 100, 100), ('web', 100, 100)]


def test_outages_are_counted_in_the_day_of_the_file_by_neighbours_in_time(tree):
    of = lambda day, *states: [line(day + i * 60_000, state=s) for i, s in enumerate(states)]
    tree.put(TODAY - 3 * DAY, *reversed(of(TODAY - 3 * DAY, 'up', 'down', 'down', 'up', 'down')))  # unsorted: 2
    tree.put(TODAY - 2 * DAY, *of(TODAY - 2 * DAY, 'up', 'degraded', 'down', 'up', 'maintenance', 'down'))  # by a detour: 0
    tree.put(TODAY - DAY, line(TODAY - 1000), *of(TODAY, 'down'))  # a reading of tomorrow counts in its file: 1
    tree.put(TODAY, *of(TODAY + 60_000, 'down', 'down'))  # across midnight: 0
    entries = tree.summary()['api']
    assert [(e['date'], e['incidentCount']) for e in entries] == [
        (date(TODAY), 0), (date(TODAY - DAY), 1), (date(TODAY - 2 * DAY), 0), (date(TODAY - 3 * DAY), 2)]
    assert entries[2]['checksPassed'] == 3 and entries[2]['checksTotal'] == 6


def test_days_are_utc_wherever_the_process_is(tree):
    for day in range(35):  # over the end of summer time on both sides of the Atlantic
        start = TODAY - day * DAY
        tree.put(start, *[line(start + m * 1_800_000, lat=m) for m in range(48)], gz=day > 3)
    seen = set()
    for zone in ('UTC', 'America/New_York', 'Europe/Berlin', 'Pacific/Kiritimati', 'America/St_Johns'):
        tree('status-data rebuild', '--as-of', AS_OF, env={'TZ': zone})
        tree('status-data migrate', '--as-of', AS_OF, env={'TZ': zone})
        seen.add(b''.join((tree.data / n).read_bytes() for n in ('current.json', 'daily-summary.json', 'status/v1/summary.json')))
    assert len(seen) == 1
    assert [e['date'] for e in tree.json('daily-summary.json')['services']['api']] == [date(TODAY - d * DAY) for d in range(35)]


def test_the_window_ends_today(tree):
    for day in (0, 6, 7, 89, 90):
        tree.put(TODAY - day * DAY, line(TODAY - day * DAY))
    assert len(tree.summary()['api']) == 4
    assert len(tree.summary('--window', '7')['api']) == 2
    assert tree.json('daily-summary.json')['windowDays'] == 7
    assert len(tree.summary('--window', '91')['api']) == 5


# ---------------------------------------------------------------- current.json

@pytest.mark.asan
def test_current_holds_fourteen_whole_days_up_to_now_in_order(tree):
    rng = random.Random(1)
    ts = sorted({NOW - 14 * DAY - 1, NOW - 14 * DAY, NOW, NOW + 1, *(rng.randrange(NOW - 16 * DAY, NOW + DAY) for _ in range(3000))})
    shuffled = rng.sample(ts, len(ts))
    for t in shuffled:
        tree.put(t, line(t, svc=f's{t % 7}'))
        if t % 11 == 0:
            tree.put(t, line(t, svc=f's{t % 7}', lat=1))  # the same check once more
    tree('status-data rebuild', '--as-of', AS_OF)
    assert [r['t'] for r in tree.json('current.json')] == [t for t in ts if NOW - 14 * DAY <= t <= NOW]
    assert b' ' not in (tree.data / 'current.json').read_bytes()


def test_an_error_may_be_null_or_not_there(tree):
    tree.put(TODAY, line(TODAY), line(TODAY + 1, state='down', code=0, err='Timeout "x" \u0007 ü'))
    tree('status-data rebuild', '--as-of', AS_OF)
    assert ['err' in r for r in tree.json('current.json')] == [False, True]
    assert list(tree.json('current.json')[1]) == ['t', 'svc', 'state', 'code', 'lat', 'err']
    tree('status-data rebuild', '--as-of', AS_OF, '--null-err')
    assert [r['err'] for r in tree.json('current.json')] == [None, 'Timeout "x" \u0007 ü']


def test_a_rebuild_of_what_is_new_is_the_rebuild_of_all(tree, tmp_path):
    """Whatever happens to the files between two runs, the result is that of a first run."""
    rng, now = random.Random(5), NOW - 20 * DAY

    def change():
        nonlocal now
        kind = rng.choice(['append'] * 6 + ['late', 'twice', 'ahead', 'edit', 'compress', 'torn', 'sleep', 'garbage'])
        now += rng.choice((300_000, 3_600_000, DAY)) if kind != 'sleep' else 3 * DAY
        for i in range(rng.randrange(1, 4)):
            t = now - rng.randrange(1000)
            t -= rng.randrange(10 * DAY) if kind == 'late' else 0
            t += rng.randrange(DAY) if kind == 'ahead' else 0
            tree.put(t, *[line(t, svc=f's{i}')] * (2 if kind == 'twice' else 1))
        path = tree.file(now)
        if kind == 'edit' and path.exists():
            path.write_bytes(path.read_bytes().replace(b'"lat": 50', b'"lat": 51'))
        if kind == 'compress':
            tree('status-data compress', '--as-of', iso(now))
        if kind in ('torn', 'garbage') and path.exists():
            with open(path, 'ab') as f:
                f.write(b'{"t":1,"sv' if kind == 'torn' else b'garbage\n')

    for _ in range(20):
        change()
        tree('status-data rebuild', '--as-of', iso(now))
        shutil.rmtree(tmp_path / 'again', ignore_errors=True)
        shutil.copytree(tree.data, tmp_path / 'again', ignore=shutil.ignore_patterns('.lock', 'current.json'))
        tree('status-data rebuild', '--as-of', iso(now), '--output-dir', 'again')
        assert (tmp_path / 'again/current.json').read_bytes() == (tree.data / 'current.json').read_bytes()


# ---------------------------------------------------------------- compress

def packed(path):
    return gzip.decompress(path.read_bytes()).splitlines()


def test_what_is_over_is_compressed_and_what_came_late_is_merged(tree):
    for day in range(3):
        tree.put(TODAY - day * DAY, line(TODAY - day * DAY), line(TODAY - day * DAY + 1))
    before = tree.summary()
    assert 'compressed 2 days' in tree('status-data compress', '--as-of', AS_OF).stdout
    assert tree.file(TODAY).exists() and not tree.file(TODAY, True).exists()
    assert not tree.file(TODAY - DAY).exists() and len(packed(tree.file(TODAY - DAY, True))) == 2
    assert tree.summary() == before

    first = tree.file(TODAY - DAY, True).read_bytes()
    tree('status-data compress', '--as-of', AS_OF)
    assert tree.file(TODAY - DAY, True).read_bytes() == first
    assert first[4:8] == b'\0\0\0\0', 'the same bytes give the same file: no time in it'

    tree.put(TODAY - DAY, line(TODAY - DAY + 2))
    assert tree.summary()['api'][1]['checksTotal'] == 3
    tree('status-data compress', '--as-of', AS_OF)
    assert len(packed(tree.file(TODAY - DAY, True))) == 3 and not tree.file(TODAY - DAY).exists()
    assert tree.summary()['api'][1]['checksTotal'] == 3


@pytest.mark.asan
def test_nothing_is_thrown_away_beside_a_broken_gz(tree):
    tree.file(TODAY - DAY, True).write_bytes(gzip.compress(line(TODAY - DAY) * 50)[:40])
    tree.put(TODAY - DAY, line(TODAY - DAY + 5))
    tree.put(TODAY - 2 * DAY, line(TODAY - 2 * DAY))
    was = tree.file(TODAY - DAY, True).read_bytes()
    done = tree('status-data compress', '--as-of', AS_OF, status=1)
    assert f'history-{date(TODAY - DAY)}.jsonl.gz' in done.stderr
    assert tree.file(TODAY - DAY, True).read_bytes() == was and tree.file(TODAY - DAY).exists()
    assert tree.file(TODAY - 2 * DAY, True).exists()


# ---------------------------------------------------------------- trouble

def full_disk(room):
    """What a full disk does, for one process: no file grows beyond `room` bytes."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    return {'preexec_fn': limit, 'status': 1}


def test_a_full_disk_leaves_what_was_there(tree):
    for day in range(3):
        tree.put(TODAY - day * DAY, *[line(TODAY - day * DAY + i, lat=(i * 7919) % 1000) for i in range(500)])
    tree('status-data rebuild', '--as-of', AS_OF)
    tree.put(TODAY, *[line(TODAY + 1000 + i) for i in range(10)])
    was = {p: p.read_bytes() for p in tree.data.rglob('*') if p.is_file() and p.name != '.lock'}
    for command in ('rebuild', 'summarize', 'compress', 'migrate'):
        done = tree(f'status-data {command}', '--as-of', AS_OF, **full_disk(300))
        assert 'cannot write' in done.stderr, done.stderr
        now = {p: p.read_bytes() for p in tree.data.rglob('*') if p.is_file() and p.name != '.lock' and 'v1' not in p.parts}
        assert now == was
    site = Site()
    tree('probe', '--system', 'api', '--url', site.url, '--as-of', AS_OF, **full_disk(len(was[tree.file(TODAY)]) + 20))
    site.stop()
    assert {p: p.read_bytes() for p in was} == was, 'not even half a line'


def test_a_line_that_was_torn_spoils_no_other(tree):
    tree.put(TODAY, line(TODAY))
    today = int(datetime.datetime.now(UTC).timestamp() * 1000) // DAY * DAY
    with open(tree.file(today), 'ab') as f:
        f.write(b'{"t":17')
    site = Site()
    tree('probe', '--system', 'api', '--url', site.url)
    site.stop()
    lines = tree.file(today).read_bytes().split(b'\n')
    assert lines[0] == b'{"t":17' and json.loads(lines[1])['svc'] == 'api' and lines[2:] == [b'']


def test_twenty_writers_at_once_lose_nothing(tree):
    site = Site()
    systems = [f'system {i}' for i in range(20)]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda name: tree('probe', '--system', name, '--url', site.url), systems))
    site.stop()
    assert sorted(r['svc'] for r in tree.json('current.json')) == sorted(systems)
    assert sorted(tree.json('daily-summary.json')['services']) == sorted(systems)


def test_a_folder_that_is_not_there_and_flags_that_are_none_are_refused(tree):
    assert 'archives' in tree('status-data summarize', status=1).stderr
    assert tree('status-data bootstrap-summary', '--output-dir', 'elsewhere', status=1).stderr
    for command in ('summarize', 'compress', 'migrate', 'bootstrap-summary'):
        assert '--widow' in tree(f'status-data {command}', '--widow', '90', status=2).stderr
        assert '--output-dir' in tree(f'status-data {command}', '--help').stdout
    tree('status-data summarize', '--window', '0', status=2)
    tree('status-data summarize', '--as-of', 'soon', status=2)
    assert not (tree.data / 'daily-summary.json').exists()


# ---------------------------------------------------------------- the 1.x tree

def v1(tree, *args, **more):
    done = tree('status-data migrate', '--as-of', AS_OF, *args, **more)
    return {e['name']: e for e in tree.json('status/v1/summary.json')['entities']}, done


def test_days_without_readings_keep_the_others_in_their_place(tree):
    for day in (1, 2, 5, 6):
        tree.put(TODAY - day * DAY, *[line(TODAY - day * DAY + i * 1000, state='down' if i < day else 'up', lat=day) for i in range(10)])
    e = v1(tree)[0]['api']
    assert e['daysEnd'] == date(TODAY - DAY) and len(e['days']) == 6
    assert e['days'][0] == [40, 6, 'd'] and e['days'][-1] == [90, 1, 'd'] and e['days'][2] == e['days'][3] == [0, None, 'm']
    assert e['noData'] == [date(TODAY - 4 * DAY), date(TODAY - 3 * DAY)]
    assert e['uptime'] == {'d1': 65, 'd7': 65, 'd90': 65}, 'each check counts the same, days without any not at all'


def test_nobody_is_up_whom_nobody_measures(tree):
    (tree.path / '.monitorrc.json').write_text(json.dumps({'systems': [
        {'system': s, 'url': 'https://example.com/', 'displayName': s.upper()} for s in ('never', 'old', 'new', 'out', 'cared')]}))
    tree.put(TODAY - 3 * DAY, line(TODAY - 3 * DAY, 'old'))
    tree.put(TODAY, *[line(NOW - 1000, s) for s in ('new', 'out', 'cared', 'ghost')])
    (tree.data / 'incidents.json').write_text(json.dumps([
        {'id': 1, 'title': 'x', 'severity': 'critical', 'createdAt': iso(NOW - 5000), 'systems': ['out'], 'body': ''}]))
    (tree.data / 'maintenance.json').write_text(json.dumps([
        {'id': 2, 'title': 'y', 'start': iso(NOW - 5000), 'end': iso(NOW + 5000), 'affectedSystems': ['cared'], 'status': 'completed'}]))
    found, _ = v1(tree)
    assert {n: e['status'] for n, e in found.items()} == {
        'never': 'degraded', 'old': 'degraded', 'new': 'up', 'out': 'down', 'cared': 'maintenance'}
    assert found['never']['days'] == [] and found['never']['displayName'] == 'NEVER' and found['never']['uptime']['d90'] == 0
    assert 'ghost' in (tree.file(TODAY)).read_text()


@pytest.mark.asan
def test_names_stay_in_their_folder_and_apart(tree):
    names = ['API', 'a.p.i', '../../../up', '/etc/passwd', '__proto__', '日本', '.', '', 'x' * 500, 'a b', 'a  b', 'con\u202etrol', '💥']
    tree.put(TODAY, *[line(TODAY + i, n) for i, n in enumerate(names)])
    v1(tree)
    files = sorted((tree.data / 'status/v1/entities').iterdir())
    assert sorted(json.loads(f.read_bytes())['name'] for f in files) == sorted(n for n in names if n)
    assert all(len(f.name) < 140 and set(f.name) <= set('abcdefghijklmnopqrstuvwxyz0123456789-.') for f in files)
    assert {'api.json', 'entity-e697a5e69cac.json', 'up.json', 'proto.json'} <= {f.name for f in files}
    assert {p.name for p in tree.path.iterdir()} == {'status-data'}


@pytest.mark.asan
def test_a_second_run_changes_nothing_and_old_files_are_taken_over_once(tree):
    tree.put(TODAY - DAY, line(TODAY - DAY))
    (tree.data / 'current.json').write_text(json.dumps({'readings': [json.loads(line(TODAY - DAY)), json.loads(line(TODAY - 9 * DAY, lat=3)), {'svc': 'x'}]}))
    (tree.data / 'systems').mkdir()
    (tree.data / 'systems/web.json').write_text(json.dumps({'name': 'web', 'url': '', 'history': [
        {'timestamp': iso(TODAY - 40 * DAY), 'status': 'down', 'code': 500, 'responseTime': 0},
        {'timestamp': 'never', 'status': 'up'}]}))
    entry = {'date': date(TODAY - 60 * DAY), 'uptimePct': 0.75, 'avgLatencyMs': 321, 'p95LatencyMs': 400, 'checksTotal': 144,
             'checksPassed': 108, 'incidentCount': 5}
    (tree.data / 'daily-summary.json').write_text(json.dumps({'version': 1, 'services': {'api': [
        entry, {**entry, 'date': date(TODAY - DAY)}, {**entry, 'date': 'x'}]}}))
    _, done = v1(tree)
    assert 'from current.json: 1\n' in done.stdout and 'systems/: 1\n' in done.stdout and 'daily-summary.json: 1\n' in done.stdout
    assert 'Skipped: 3 entries' in done.stdout
    want = {**entry, 'p95LatencyMs': 321}
    assert [e for e in tree.summary()['api'] if e['date'] == entry['date']] == [want]
    names = lambda: {p.relative_to(tree.data): (p.read_bytes(), p.stat().st_mtime_ns) for p in tree.data.rglob('*') if p.is_file() and p.name != '.lock'}
    was = names()
    v1(tree)
    assert names() == was


@pytest.mark.asan
def test_readings_of_a_1x_tree_alone_come_into_the_archives(tree):
    tree.put(TODAY - 2 * DAY, line(TODAY - 2 * DAY), line(TODAY - 2 * DAY + 1), gz=True)
    tree.put(TODAY, line(TODAY))
    (tree.data / 'status/v1').mkdir(parents=True)
    shutil.move(tree.data / 'archives', tree.data / 'status/v1/archives')
    tree.put(TODAY, line(TODAY + 1))
    found, _ = v1(tree)
    assert len(found['api']['days']) == 3
    assert [e['checksTotal'] for e in tree.summary()['api']] == [2, 2]
    v1(tree)
    assert [e['checksTotal'] for e in tree.summary()['api']] == [2, 2]
    tree.put(TODAY, line(TODAY + 2))
    v1(tree)
    assert (tree.data / 'status/v1' / tree.file(TODAY).relative_to(tree.data)).read_bytes() == tree.file(TODAY).read_bytes()


# ---------------------------------------------------------------- schemas

@functools.cache
def validator(name):
    schemas = host.SRC / 'docs/schemas'
    schema = json.loads((schemas / f'{name}.schema.json').read_text())
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    resolver = jsonschema.RefResolver(f'{schemas.as_uri()}/{name}.schema.json', schema)
    return kind(schema, resolver=resolver, format_checker=jsonschema.FormatChecker())


def check(name, value):
    validator(name).validate(value)


@pytest.mark.asan
def test_all_files_are_as_their_schemas_say(tree):
    rng = random.Random(2)
    names = ['api', '日本', 'a "b"', '__proto__']
    for day in range(0, 30, 3):
        tree.put(TODAY - day * DAY, *[line(TODAY - day * DAY + i * 600_000, svc, rng.choice(STATES), rng.choice((0, 200, 503)), rng.randrange(900),
                                           **({'err': 'Timeout'} if i % 5 == 0 else {})) for i in range(20) for svc in names], gz=day > 5)
    (tree.data / 'incidents.json').write_text(json.dumps([
        {'title': 'No number', 'severity': 'major', 'createdAt': iso(NOW - DAY), 'affectedSystems': ['api'], 'url': 'https://github.com/o/r/issues/12', 'body': '<b>x</b>'},
        {'id': 3, 'title': 'Over', 'severity': '?', 'createdAt': iso(NOW - 2 * DAY), 'closedAt': iso(NOW - DAY), 'systems': names, 'body': '# x\n\n- [y](javascript:z)'}]))
    (tree.data / 'maintenance.json').write_text(json.dumps([
        {'id': 4, 'title': 'Soon', 'start': iso(NOW + DAY), 'end': iso(NOW + 2 * DAY), 'systems': ['api']},
        {'id': 5, 'title': 'Backwards', 'start': iso(NOW), 'end': iso(NOW - DAY)}]))
    tree('status-data rebuild', '--as-of', AS_OF)
    done = tree('status-data migrate', '--as-of', AS_OF)
    assert 'ends before it starts' in done.stderr
    for path in tree.data.glob('archives/*/*/*.jsonl'):
        for one in path.read_bytes().splitlines():
            check('reading', json.loads(one))
    for name in ('current', 'daily-summary', 'status'):
        check(name, tree.json(f'{name}.json'))
    root = tree.data / 'status/v1'
    check('v1-summary', tree.json('status/v1/summary.json'))
    for pattern, name in (('entities/*.json', 'v1-entity'), ('raw/*.json', 'v1-raw')):
        found = list(root.glob(pattern))
        assert len(found) >= 3
        for path in found:
            check(name, json.loads(path.read_bytes()))
    for name in ('incidents', 'maintenance'):
        check(f'v1-{name}', tree.json(f'status/v1/inputs/{name}.json'))
    opened, = tree.json('status/v1/summary.json')['incidents']['open']
    assert opened['issueNumber'] == 12 and '<b>' not in opened['bodyHtml']
    assert 'href="javascript' not in (root / 'summary.json').read_text()
    feed = xml.etree.ElementTree.parse(root / 'incidents.atom').getroot()
    assert [e.findtext('{*}title') for e in feed.findall('{*}entry')] == ['No number', 'Over']


def test_the_file_of_the_systems_is_as_its_schema_says(tree):
    tree('status-data config add', '--name', 'api', '--url', 'https://example.com/', '--expected-codes', '200,204', '--display-name', 'API')
    tree('status-data config add', '--name', 'web', '--url', 'http://example.com/', '--hidden')
    check('monitorrc', json.loads((tree.path / '.monitorrc.json').read_text()))


def test_the_schemas_tell_wrong_files(tree):
    good = {'t': NOW, 'svc': 'a', 'state': 'up', 'code': 200, 'lat': 1}
    check('reading', good)
    for wrong in ({'state': 'UP'}, {'svc': ''}, {'t': -1}, {'lat': 1.5}, {'code': '200'}, {'err': ''}):
        with pytest.raises(jsonschema.ValidationError):
            check('reading', {**good, **wrong})
    tree.put(TODAY, line(TODAY))
    tree.summary()
    whole = tree.json('daily-summary.json')
    for wrong in ({'version': 2}, {'services': {'api': []}}, {'lastUpdated': 'yesterday'}):
        with pytest.raises(jsonschema.ValidationError):
            check('daily-summary', {**whole, **wrong})
