"""Two at once: what the locks, the fresh snapshots and the horizons are for. Here
transactions are really open side by side, so each test has a database of its own.
"""
import pathlib
import random
import threading
import uuid

import psycopg
import pytest

from stack import host

SETUP = (pathlib.Path(__file__).parent / 'setup.psql').read_text()
REGIONS = ('local', 'east', 'west')


@pytest.fixture(scope='module')
def world(pg):
    """A migrated database with the small world of setup.psql in it, to make copies of."""
    name = 'race'
    pg.psql('postgres', 'postgres', '-c', f'create database {name} owner tocsin_owner')
    dsn = f'host={pg.sock} dbname={name} user=tocsin_owner'
    host.run(*host.as_user(str(pg.build / 'cli/tocsin'), 'migrate', '--database', dsn, '--sql',
                           str(host.SRC / 'sql')))
    with psycopg.connect(dsn) as conn:
        conn.execute(SETUP)
    return name


@pytest.fixture
def db(pg, world):
    name = f'race_{uuid.uuid4().hex[:12]}'
    pg.psql('postgres', 'postgres', '-c',
            f'create database {name} owner tocsin_owner template {world}')
    opened = []

    def connect():
        opened.append(psycopg.connect(f'host={pg.sock} dbname={name} user=tocsin_owner', autocommit=True))
        return opened[-1]
    yield connect
    for conn in opened:
        conn.close()
    pg.psql('postgres', 'postgres', '-c', f'drop database {name} with (force)')


def one(conn, sql, *args):
    return conn.execute(sql, args).fetchone()[0]


def blocked(conn, watcher):
    """The backend of conn waits for a lock."""
    return one(watcher, 'select cardinality(pg_blocking_pids(%s))', conn.info.backend_pid) > 0


class Call(threading.Thread):
    """A statement on its own connection; `answer` or `error` when it is through."""

    def __init__(self, conn, sql):
        super().__init__(daemon=True)
        self.conn, self.sql, self.answer, self.error = conn, sql, None, None
        self.start()

    def run(self):
        try:
            self.answer = one(self.conn, self.sql)
        except psycopg.Error as e:
            self.error = e

    def end(self):
        self.join(20)
        assert not self.is_alive(), 'a statement hangs'
        if self.error:
            raise self.error
        return self.answer


DOWN = """select test.settle(%d, '{0}', '{3}', '[[0,3,0,2,0,"x"]]')"""


def test_a_check_that_ends_while_its_monitor_is_paused_changes_nothing(db):
    a, b, watch = db(), db(), db()
    one(a, "select test.settle(1, '{0}', '{1}', '[[0,1,0,0,200,\"\"]]')")
    a.autocommit = False
    a.execute('update tocsin.monitor set paused_at = now() where id = 1')
    a.execute('select tocsin.transit(1, 5)')
    settle = Call(b, DOWN % 2)
    host.wait(lambda: blocked(b, watch), 10, 'the settle to wait for the pause')
    a.commit()
    assert settle.end() == 0
    assert one(watch, 'select test.status(1)') == 5
    assert one(watch, 'select test.messages(1)') == ''


def test_a_slow_commit_is_packed_later_and_never_lost(db):
    a, b = db(), db()
    for batch in (1, 2):
        one(b, f"select test.settle({batch}, '{{0}}', '{{1}}')")
    a.autocommit = False
    one(a, "select test.settle(3, '{0}', '{1}')")  # not committed yet
    count = "select count(*) from tocsin.checks(1, now() - interval '1 hour', now() + interval '1 hour')"
    assert one(b, count) == 2
    till = "date_trunc('hour', now(), 'UTC') + interval '1 hour'"
    b.execute(f'select tocsin.pack_bucket(0::smallint, 0, {till})')
    assert one(b, 'select sum(cardinality(at_ms)) from tocsin.monitor_hour') == 2
    a.commit()
    assert one(b, count) == 3, 'read though its time is packed'
    b.execute(f"select tocsin.pack_bucket(0::smallint, 0, {till})")
    assert one(b, 'select sum(cardinality(at_ms)) from tocsin.monitor_hour') == 3
    assert one(b, count) == 3, 'read once'


def test_a_check_that_comes_in_while_silence_is_noted_wins(db):
    a, b, watch = db(), db(), db()
    one(a, "select test.settle(1, '{0}', '{1}', '[[0,1,0,0,200,\"\"]]')")
    one(a, 'select work.mark_stale()')
    a.execute("select test.later('200 seconds')")
    a.execute("update tocsin.awake set beat_at = clock_timestamp()")
    a.execute("update tocsin.bucket set lease_until = now() + interval '1 hour'")
    a.autocommit = False
    a.execute('select 1 from tocsin.monitor_state where monitor = 1 for update')
    stale = Call(b, 'select work.mark_stale()')
    host.wait(lambda: blocked(b, watch), 10, 'mark_stale to wait')
    a.execute('update tocsin.monitor_latest set at = clock_timestamp() where monitor = 1')
    a.commit()
    assert stale.end() == 0
    assert one(watch, 'select test.status(1)') == 1


def test_two_workers_never_get_the_same_bucket(db):
    a, b = db(), db()
    one(a, 'select work.bye(test.worker(1))::text')
    a.execute("insert into tocsin.monitor (owner, name, url) select 1, 'm', 'http://x/' || i from generate_series(1, 3000) i")
    one(a, 'select work.place()')
    a.execute('select test.hello(1), test.hello(2)')
    one(a, 'select work.share_out()')
    a.execute('update tocsin.worker set share = 4')
    a.autocommit = False
    first = one(a, "select array_agg(bucket) from (select * from work.acquire(test.worker(1), 'local', 10000) limit 4) x")
    second = one(b, "select array_agg(bucket) from work.acquire(test.worker(2), 'local', 10000)")
    a.commit()
    assert sorted(first) == [0, 1, 2, 3] and second is None


def test_two_schedulers_place_a_monitor_once(db):
    a, b = db(), db()
    a.execute("insert into tocsin.monitor (owner, name, url) select 1, 'm', 'http://x/' || i from generate_series(1, 50) i")
    a.autocommit = False
    assert one(a, 'select work.place()') == 50
    assert one(b, 'select work.place()') == 0, 'the other leaves it to the first, and does not wait'
    a.commit()
    assert one(b, 'select work.place()') == 0
    assert one(b, 'select count(distinct (bucket, slot)) from tocsin.monitor') == 55


def test_a_long_reader_puts_retention_off_and_nobody_else(db):
    a, b = db(), db()
    b.execute("select tocsin.partition_make('segment', now() - interval '9 hours')")
    before = one(b, "select count(*) from pg_inherits where inhparent = 'tocsin.segment'::regclass")
    a.autocommit = False
    a.execute('select count(*) from tocsin.segment')
    assert one(b, "select work.retain('3 hours', '3 days', '100 days', '7 days')") == 0
    assert one(b, "select test.settle(1, '{0}', '{1}')") == 0
    a.commit()
    assert one(b, "select work.retain('3 hours', '3 days', '100 days', '7 days')") == 1
    assert one(b, "select count(*) from pg_inherits where inhparent = 'tocsin.segment'::regclass") == before - 1


def test_an_account_is_deleted_while_its_monitors_flip(db):
    a, b, watch = db(), db(), db()
    a.autocommit = False
    a.execute(DOWN % 1)
    delete = Call(b, 'delete from tocsin.account where id = 1 returning id')
    host.wait(lambda: blocked(b, watch), 10, 'the deletion to wait')
    a.commit()
    assert delete.end() == 1
    assert one(watch, 'select count(*) from tocsin.incident') == 0


def vote(conn, region, turns, said, errors):
    """One region changes its mind about random monitors, as fast as it can."""
    rnd = random.Random(region)
    for batch in range(2, turns + 2):
        slots = rnd.sample(range(5), 3)
        now = {slot: rnd.choice((1, 3)) for slot in slots}
        flips = ','.join(f'[{slot},{status},0,2,0,"x"]' for slot, status in now.items())
        try:
            answer = one(conn, f"select test.settle({batch}, '{{}}', '{{}}', '[{flips}]', worker => {region + 1},"
                         f" region => '{REGIONS[region]}')")
            assert answer >= 0, answer
        except (psycopg.Error, AssertionError) as e:
            errors.append(e)
            return
        said.update(now)


def test_votes_of_regions_at_the_same_moment_all_count(db):
    a = db()
    for n in (1, 2, 3):
        a.execute('select test.hello(%s, %s)', (n, REGIONS[n - 1]))
    a.execute('update tocsin.monitor set quorum = 2')
    a.execute('select work.place(), work.share_out()')
    for n in (2, 3):
        assert one(a, "select epoch from work.acquire(test.worker(%s), %s, 10000)", n, REGIONS[n - 1]) == 1
    a.execute("update tocsin.bucket set lease_until = now() + interval '10 seconds'")
    said, errors = [{}, {}, {}], []
    voters = [threading.Thread(target=vote, args=(db(), r, 250, said[r], errors)) for r in range(3)]
    for t in voters:
        t.start()
    for t in voters:
        t.join(60)
    assert not errors, errors
    for slot in range(5):
        down = sum(s.get(slot) == 3 for s in said)
        assert one(a, 'select test.status(%s)', slot + 1) == (3 if down >= 2 else 1), (slot, said)
    assert one(a, """select count(*) from (select t.*, lag(seq, 1, 0::bigint) over w as last,
        lag(status, 1, 0::smallint) over w as before from tocsin.transition t
        window w as (partition by monitor order by seq)) t where seq <> last + 1 or status = before""") == 0
    downs = one(a, 'select count(*) from tocsin.transition where status = 3')
    assert downs > 50, 'too little happened to prove anything'
    assert one(a, 'select count(*) from tocsin.incident') == downs
    assert one(a, "select count(*) from tocsin.outbox where event = 'down'") == downs
    assert one(a, """select count(*) from tocsin.incident i join tocsin.monitor_state s using (monitor)
                      where (i.resolved_at is null) and s.status <> 3""") == 0


def until(stop, errors, turn):
    try:
        while not stop.is_set():
            turn()
    except (psycopg.Error, AssertionError) as e:
        errors.append(e)


def windows(conn, rnd):
    """Opens, edits, cancels and ends windows over some of the monitors."""
    w = one(conn, """insert into tocsin.maintenance (owner, title, starts_at, duration_s, silence, pause, created_at)
                     values (1, 'w', now(), 60, %s, %s, now()) returning id""", rnd.random() < 0.8, rnd.random() < 0.2)
    for m in rnd.sample(range(1, 6), 1):
        conn.execute('insert into tocsin.maintenance_monitor values (%s, %s)', (w, m))
    conn.execute("""insert into tocsin.occurrence (maintenance, starts_at, ends_at)
                    values (%s, now() + make_interval(secs => %s), now() + make_interval(secs => %s))""",
                 (w, rnd.uniform(-0.02, 0.02), rnd.uniform(0.03, 0.1)))
    conn.execute(rnd.choice((
        'update tocsin.occurrence set cancelled_at = clock_timestamp() where maintenance = %s',
        "update tocsin.occurrence set ends_at = ends_at + interval '50 ms' where maintenance = %s",
        'delete from tocsin.maintenance_monitor where maintenance = %s',
        'select %s::bigint', 'select %s::bigint')), (w,))
    conn.execute('update tocsin.maintenance set version = version + 1 where id = %s', (w,))


def test_windows_come_and_go_under_outages_and_nothing_is_lost(db):
    """Two clockworks, one of which dies again and again; a checker; people who edit."""
    a, errors, stop = db(), [], threading.Event()
    a.execute("update tocsin.bucket set lease_until = now() + interval '1 minute'")
    a.execute("update tocsin.maintenance_clock set since = now() - interval '1 hour', beat_at = clock_timestamp()")
    checker, people, clock, mortal = db(), db(), db(), db()
    rnd, batch = random.Random(7), iter(range(1, 1000000))

    def check():
        flips = ','.join(f'[{slot},{rnd.choice((1, 3))},{rnd.choice((0, 0, 20))},2,0,"x"]' for slot in rnd.sample(range(5), 2))
        assert one(checker, f"select test.settle({next(batch)}, '{{}}', '{{}}', '[{flips}]')") >= 0

    def die():
        with mortal.transaction(force_rollback=rnd.random() < 0.5):
            mortal.execute('select work.maintenance_tick()')

    threads = [threading.Thread(target=until, args=(stop, errors, turn)) for turn in (
        check, lambda: stop.wait(0.01) or windows(people, random), lambda: clock.execute('select work.maintenance_tick()'), die)]
    for t in threads:
        t.start()
    try:
        host.wait(lambda: errors or one(a, 'select least((select count(*) from tocsin.incident), '
                                        '(select count(*) from tocsin.transition where status = 4))') > 12, 60, 'enough to happen')
    finally:
        stop.set()
    for t in threads:
        t.join(20)
    assert not errors, errors
    a.execute('update tocsin.occurrence set ends_at = greatest(clock_timestamp(), starts_at + interval \'1 ms\') where ends_at > now()')
    host.wait(lambda: one(a, 'select work.maintenance_tick()') == 0
              and one(a, 'select count(*) from tocsin.monitor_state where status = 4') == 0, 10, 'all windows to end')
    flips = ','.join(f'[{slot},1,0,2,0,"x"]' for slot in range(5))
    one(a, f"select test.settle({next(batch)}, '{{}}', '{{}}', '[{flips}]')")
    assert one(a, "select string_agg(status::text, '') from tocsin.monitor_state") == '11111'
    assert one(a, "select count(*) from tocsin.monitor_state where raw is not null or halted or told <> 1") == 0
    assert one(a, """select count(*) from (select t.*, lag(seq, 1, 0::bigint) over w as last, lag(at) over w as earlier,
        lag(status, 1, 0::smallint) over w as before from tocsin.transition t
        window w as (partition by monitor order by seq)) t
        where seq <> last + 1 or status = before or prev <> before or at < earlier""") == 0
    assert one(a, 'select count(*) from tocsin.incident where resolved_at is null') == 0
    # people hear of each incident once, of its end at most once, and at last that all is well
    assert one(a, "select count(*) from tocsin.outbox where event = 'down'") == one(a, 'select count(*) from tocsin.incident') \
        == one(a, "select count(distinct incident) from tocsin.outbox where event = 'down'")
    assert one(a, """select count(*) from (select event, lag(event, 1, 'up') over (partition by monitor order by id) as before
                                             from tocsin.outbox) o where event = 'up' and before = 'up'""") == 0
    assert one(a, "select string_agg(distinct event, '') from (select distinct on (monitor) event from tocsin.outbox "
               'order by monitor, id desc) x') == 'up'
    # nothing opened in silence: every incident is an outage outside, or in a window that is not silent
    assert one(a, """select count(*) from tocsin.incident i where open_seq is not null and not exists (
                      select from tocsin.transition t where t.monitor = i.monitor and t.seq = i.open_seq
                         and t.status = 3 and t.at = i.started_at)""") == 0
    assert one(a, """select count(*) from tocsin.incident i where open_seq is null and exists (
                      select from tocsin.maintenance_of(array[i.monitor], i.started_at, i.started_at) x
                       where x.begins <= i.started_at and x.ends > i.started_at and x.silence)""") == 0


def test_the_logins_read_no_table_and_call_only_their_own(pg):
    calls = {'tocsin_web': 'select api.live_access(null, null)', 'tocsin_work': 'select work.mark_stale()'}
    for login, call in calls.items():
        with psycopg.connect(pg.conninfo(login), autocommit=True) as conn:
            conn.execute(call)
            for other in [c for c in calls.values() if c != call] + [
                    'select * from tocsin.account', 'delete from tocsin.monitor', 'table tocsin.migration',
                    "select tocsin.transit(1, 1)", 'create table tocsin.x (id integer)',
                    'create table api.x (id integer)', 'create temporary table x (id integer)',
                    "select nextval('tocsin.account_id_seq')", 'create schema x']:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    conn.execute(other)


# ---------------------------------------------------------------- the fleet

ANSWER = """select work.fleet_settle(test.worker(1), (select epoch from tocsin.fleet), %d,
            jsonb_build_array(test.said(6, '{"web": "%s"}', %d)))"""


@pytest.fixture
def fleet(db):
    a = db()
    assert one(a, 'select test.host()') == 6
    a.execute('insert into tocsin.monitor_channel values (6, 1) on conflict do nothing')
    assert one(a, ANSWER % (1, 'running', 5000)) == 2
    a.execute("update tocsin.fleet_latest set at = at - interval '1 minute'")
    a.execute("update tocsin.monitor_state set since = since - interval '1 minute' where monitor > 5")
    return a


def test_the_same_batch_at_once_is_taken_once(fleet, db):
    b, watch = db(), db()
    fleet.autocommit = False
    assert one(fleet, ANSWER % (2, 'failed', 0)) == 1
    again = Call(b, ANSWER % (2, 'failed', 0))
    host.wait(lambda: blocked(b, watch), 10, 'the second to wait')
    fleet.commit()
    assert again.end() == -2
    assert one(watch, "select test.messages(test.app('web'))") == 'down'
    assert one(watch, 'select count(*) from tocsin.fleet_segment') == 2


def test_an_answer_wins_over_silence_and_a_poller_that_lost_its_lease_does_not(fleet, db):
    b, watch = db(), db()
    fleet.execute("select test.later('5 minutes')")
    fleet.execute('select test.awake()')
    fleet.autocommit = False
    assert one(fleet, ANSWER % (2, 'running', 0)) >= 0
    silent = Call(b, 'select work.fleet_silent() from test.awake()')
    host.wait(lambda: silent.error or silent.answer is not None or blocked(b, watch), 10, 'who looks for silence to wait')
    assert silent.answer is None, (silent.answer, silent.error)
    fleet.commit()
    assert silent.end() == 0
    assert one(watch, 'select test.status(6)') == 1
    assert one(watch, 'select test.messages(6)') == ''
    # another has the lease: what the first still sends is refused
    fleet.autocommit = True
    fleet.execute("update tocsin.fleet set lease_until = now() - interval '1 second'")
    assert one(b, 'select work.fleet_lease(test.worker(2), 3600000)') == 2
    assert one(fleet, "select work.fleet_settle(test.worker(1), 1, 3, jsonb_build_array(test.said(6, '{\"web\": \"failed\"}')))") == -1
    assert one(watch, "select test.status(test.app('web'))") == 1


def test_of_two_who_ask_at_once_one_is_refused_with_the_other(fleet, db):
    b, watch = db(), db()
    ask = "select api.app_restart(1, test.app('web'), '{}')"
    fleet.autocommit = False
    assert one(fleet, ask)['state'] == 'asked'
    second = Call(b, ask)
    host.wait(lambda: blocked(b, watch), 10, 'the second to wait')
    fleet.commit()
    with pytest.raises(psycopg.Error) as refused:
        second.end()
    assert refused.value.sqlstate == 'PT409' and 'by ann@example.com' in str(refused.value)
    # and two pollers claim it once
    fleet.autocommit = False
    claim = 'select count(*) from work.fleet_action_claim(test.worker(1), (select epoch from tocsin.fleet), 10, 30)'
    assert one(fleet, claim) == 1
    assert one(b, claim) == 0
    fleet.commit()


def test_a_token_is_spent_once(fleet, db):
    b, watch = db(), db()
    fleet.execute("update tocsin.account set role = 'operator'")
    fleet.execute("select work.fleet_authority(repeat('p', 43))")
    fleet.execute("select api.enrolment_create(1, null, '{}')")
    spend = "select work.enrol_host((select max(id) from tocsin.enrolment), 'x', '10.0.0.%d:7443', repeat('%s', 43), '', '', '', '')"
    fleet.autocommit = False
    assert one(fleet, spend % (1, 'a')) > 0
    second = Call(b, spend % (2, 'b'))
    host.wait(lambda: blocked(b, watch), 10, 'the second to wait')
    fleet.commit()
    assert second.end() is None
    assert one(watch, "select count(*) from tocsin.monitor where type = 'host'") == 2


def test_two_keepers_pack_a_host_once(fleet, db):
    b = db()
    fleet.execute("update tocsin.fleet_segment set at = at - interval '2 hours'")
    fleet.autocommit = False
    assert one(fleet, 'select work.fleet_pack_hours()') == 1
    assert one(b, 'select work.fleet_pack_hours()') == 0, 'the other leaves it to the first'
    fleet.commit()
    assert one(b, 'select work.fleet_pack_hours()') == 0
    assert one(b, 'select sum(cardinality(at_s)) from tocsin.fleet_hour where monitor = 6 and part = 0') == 1
