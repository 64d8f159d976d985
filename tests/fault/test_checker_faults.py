"""The checker in trouble: killed, frozen, cut off from its database, held up by tarpits.
No confirmed change of status is lost, none is told twice, none is made up."""
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from stack import Stack, wait


@pytest.fixture(scope='module')
def base(build):
    """PostgreSQL and tocsind, no httpd."""
    stack = Stack(build, start=False)
    try:
        stack.pg.create()
        stack.owner = stack.db("insert into tocsin.account (email, role) values ('a@example.org', 'admin') returning id")[0][0]
        yield stack
    finally:
        stack.stop()


@pytest.fixture
def s(base):
    """Nothing is watched, and tocsind is not started yet."""
    base.db('truncate tocsin.monitor, tocsin.monitor_latest, tocsin.bucket, tocsin.slot_free, tocsin.segment, '
            'tocsin.worker cascade')
    settings, own = dict(base.tocsind.settings), set(vars(base.tocsind))
    try:
        yield base
    finally:
        base.tocsind.stop()
        base.tocsind.settings = settings
        for name in set(vars(base.tocsind)) - own:  # what a test put in front of a method
            delattr(base.tocsind, name)
        for log in (base.root / 'logs').glob('*.log'):
            if log != base.pg.log:
                log.unlink()


def monitor(s, url, **more):
    settings = {'interval_s': 5, 'timeout_s': 3, 'recheck_s': 1, **more}
    return s.db(f"insert into tocsin.monitor (owner, name, url, {', '.join(settings)}) "
                f"values (%s, %s, %s{', %s' * len(settings)}) returning id", s.owner, url, url, *settings.values())[0][0]


def status(s, m):
    rows = s.db('select status from tocsin.monitor_state where monitor = %s', m)
    return rows and rows[0][0]


def becomes(s, m, wanted, timeout=20):
    wait(lambda: status(s, m) == wanted, timeout, f'status {wanted} of {m}')


def history(s, m):
    return s.db('select status, at from tocsin.transition where monitor = %s order by seq', m)


def holder(s):
    """The pid of the process that has the bucket."""
    rows = s.db('select w.pid from tocsin.bucket b join tocsin.worker w on w.id = b.owner')
    return rows[0][0] if rows else None


def checks(s, m):
    return s.db("select at, status from tocsin.checks(%s, now() - interval '1 hour', now()) order by at", m)


def ask(s, *ids):
    """Check now."""
    s.db('update tocsin.monitor set check_asked = clock_timestamp() where id = any(%s)', list(ids))
    s.db("select pg_notify('tocsin_work', 'check')")


def no_stale_batches(s):
    """Batches in the order of their commit: the epoch never falls, no batch is there twice."""
    rows = s.db('select bucket, epoch, batch from tocsin.segment order by bucket, at')
    for (b1, e1, n1), (b2, e2, n2) in zip(rows, rows[1:]):
        assert b1 != b2 or (e2, n2) > (e1, n1), (rows)


@pytest.mark.asan
def test_a_killed_checker_is_taken_over_with_the_failure_it_had_seen(s):
    site = s.site()
    m = monitor(s, site.url, recheck_s=3)
    s.tocsind.start()
    becomes(s, m, 1)
    site.status = 500
    ask(s, m)
    seen = 'select at from tocsin.monitor_latest where monitor = %s and status = 3 and fails <> 0'
    wait(lambda: s.db(seen, m), 10, 'a failed check')
    killed = holder(s)
    first = min(at for at, status in checks(s, m) if status == 3)
    os.kill(killed, signal.SIGKILL)
    wait(lambda: holder(s) not in (None, killed), 15, 'another checker to have the bucket')
    becomes(s, m, 3, 20)
    told = history(s, m)
    assert [row[0] for row in told] == [1, 3]
    assert abs((told[1][1] - first).total_seconds()) < 0.05, 'the outage began with what the dead one saw'
    assert s.db('select count(*) from tocsin.incident')[0][0] == 1
    os.kill(wait(lambda: holder(s), 10, 'its owner'), signal.SIGKILL)  # and while it is down: nothing is told again
    site.status = 200
    becomes(s, m, 1)
    assert [row[0] for row in history(s, m)] == [1, 3, 1]
    no_stale_batches(s)


def test_what_the_database_refuses_takes_nothing_else_along_and_is_told_in_the_end(s):
    sites = [s.site(), s.site()]
    bad, good = [monitor(s, site.url, retries=0) for site in sites]
    s.tocsind.start()
    for m in (bad, good):
        becomes(s, m, 1)
    s.db("create function public.refuse() returns trigger language plpgsql as "
         "$$ begin raise exception using errcode = '22P05', message = 'not this one'; end $$")
    s.db(f'create trigger refuse before insert on tocsin.transition for each row when (new.monitor = {bad}) '
         'execute function public.refuse()')
    try:
        for site in sites:
            site.status = 500
        ask(s, bad, good)
        becomes(s, good, 3, 20)
        wait(lambda: s.db("select sum((stats->>'dropped_total')::int) from tocsin.worker")[0][0], 20, 'what is refused to go')
        assert status(s, bad) == 1
    finally:
        s.db('drop function public.refuse cascade')
    becomes(s, bad, 3, 20)
    assert [row[0] for row in history(s, bad)] == [row[0] for row in history(s, good)] == [1, 3]
    assert s.db('select count(*) from tocsin.incident')[0][0] == 2


def test_failures_of_before_a_pause_do_not_count_after_it(s):
    site = s.site()
    m = monitor(s, site.url, retries=2)
    s.tocsind.start()
    becomes(s, m, 1)
    site.status = 500
    ask(s, m)
    becomes(s, m, 3)
    s.db(f'update tocsin.monitor set paused_at = now() where id = {m}; select tocsin.transit({m}, 5); '
         f'update tocsin.monitor_latest set fails = 0; select pg_notify(\'tocsin_work\', \'monitor\')')
    checker = holder(s)
    hits = site.hits
    s.db(f'update tocsin.monitor set paused_at = null where id = {m}; select tocsin.transit({m}, 0); '
         f'select pg_notify(\'tocsin_work\', \'monitor\')')
    becomes(s, m, 3)
    at, decided = s.db('select at, decided_at from tocsin.transition where monitor = %s order by seq desc limit 1', m)[0]
    assert holder(s) == checker
    assert site.hits - hits >= 3 and (decided - at).total_seconds() > 1.5, 'confirmed by three checks of its own'


def test_a_check_that_was_asked_for_is_not_lost_with_its_checker(s):
    site = s.site()
    m = monitor(s, site.url, interval_s=3600)
    s.tocsind.start()
    becomes(s, m, 1)
    hits = site.hits
    dead = holder(s)
    os.kill(dead, signal.SIGSTOP)
    ask(s, m)
    os.kill(dead, signal.SIGKILL)
    wait(lambda: site.hits > hits, 10, 'the check that was asked for')


def test_killed_over_and_over_no_outage_is_lost_or_doubled(s):
    sites = [s.site() for _ in range(4)]
    ids = [monitor(s, site.url) for site in sites]
    s.tocsind.start()
    for m in ids:
        becomes(s, m, 1)
    for turn in (500, 200, 500):
        for site in sites:
            site.status = turn
        killed = holder(s)
        if killed:
            os.kill(killed, signal.SIGKILL)
        for m in ids:
            becomes(s, m, 3 if turn == 500 else 1, 25)
    for m in ids:
        assert [row[0] for row in history(s, m)] == [1, 3, 1, 3]
    assert s.db('select count(*), count(resolved_at) from tocsin.incident')[0] == (8, 4)
    no_stale_batches(s)


@pytest.mark.asan
def test_without_the_database_probing_goes_on_and_all_is_settled_after(s):
    stays, comes_back, fine = s.site(), s.site(), s.site()
    ids = [monitor(s, site.url) for site in (stays, comes_back, fine)]
    s.tocsind.start()
    for m in ids:
        becomes(s, m, 1)
    pids = s.tocsind.pids['checker']
    before = {m: len(checks(s, m)) for m in ids}
    s.pg.stop('immediate')
    gone = time.time()
    stays.status = comes_back.status = 500
    hits = comes_back.hits
    wait(lambda: comes_back.hits >= hits + 2, 10, 'two checks of the broken site while the database is away')
    comes_back.status = 200
    hits = comes_back.hits
    wait(lambda: comes_back.hits > hits and time.time() > gone + 18, 25, 'a check of the mended site')
    s.pg.start()
    becomes(s, ids[0], 3, 10)
    wait(lambda: len(history(s, ids[1])) >= 3, 10, 'the outage that nobody could be told of')
    assert [row[0] for row in history(s, ids[0])] == [1, 3]
    assert [row[0] for row in history(s, ids[1])] == [1, 3, 1]
    assert [row[0] for row in history(s, ids[2])] == [1]
    for m in ids[:2]:
        began = history(s, m)[1][1].timestamp()
        assert gone - 0.1 < began < gone + 6, 'dated by the check, not by the settle'
    rows = s.db('select monitor, resolved_at is null from tocsin.incident order by monitor')
    assert rows == [(ids[0], True), (ids[1], False)]
    for m in ids:  # one each five seconds, all the time
        at = [row[0].timestamp() for row in checks(s, m)]
        assert len(at) - before[m] >= 3 and max(b - a for a, b in zip(at, at[1:])) < 6
    assert s.tocsind.pids['checker'] == pids, 'nobody was restarted'
    told = wait(lambda: (r := s.db("select stats -> 'dropped_total' from tocsin.worker where role = 'checker'"))
                and all(row[0] is not None for row in r) and r, 5, 'the beats')
    assert all(row[0] == 0 for row in told)
    no_stale_batches(s)


@pytest.mark.asan
def test_answers_that_get_lost_apply_nothing_twice(s):
    site = s.site()
    ids = [monitor(s, site.url + str(n)) for n in range(20)]
    s.tocsind.start()
    for m in ids:
        becomes(s, m, 1)
    over = threading.Event()

    def cut():
        while not over.wait(0.15):
            s.pg.psql('postgres', 'tocsin', '-c', "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                      "where application_name like '%checker%' and query like '%settle%'")
    cutter = threading.Thread(target=cut)
    cutter.start()
    try:
        for turn, wanted in ((500, 3), (200, 1)):
            site.status = turn
            for m in ids:
                becomes(s, m, wanted, 30)
    finally:
        over.set()
        cutter.join()
    for m in ids:
        assert [row[0] for row in history(s, m)] == [1, 3, 1]
    assert sum(len(checks(s, m)) for m in ids) <= site.hits, 'a check is there once'
    no_stale_batches(s)


@pytest.fixture
def two(s):
    """Two checkers that no master watches over, beside a tocsind without checkers."""
    s.tocsind.settings['checkers'] = '0'
    s.tocsind.start()
    made = []

    def start():
        log = open(s.root / f'logs/alone{len(made)}.log', 'w')
        made.append(subprocess.Popen(s.tocsind.command('-r', 'checker'), stderr=log, env=s.tocsind.env()))
        wait(lambda: s.db('select 1 from tocsin.worker where pid = %s', made[-1].pid), 10, 'the checker to be there')
        return made[-1]
    yield start
    for proc in made:
        proc.send_signal(signal.SIGCONT)
        proc.terminate()
        assert proc.wait(15) == 0


def test_a_frozen_checker_that_wakes_up_later_is_refused(s, two):
    site = s.site()
    m = monitor(s, site.url, retries=0)
    first = two()
    becomes(s, m, 1)
    second = two()
    assert holder(s) == first.pid
    first.send_signal(signal.SIGSTOP)
    wait(lambda: holder(s) == second.pid, 20, 'the other to take the bucket over')
    epoch = s.db('select epoch from tocsin.bucket')[0][0]
    hits = site.hits
    wait(lambda: site.hits > hits, 10, 'a check by the new owner')
    first.send_signal(signal.SIGCONT)
    lost = s.root / 'logs/alone0.log'
    wait(lambda: 'bucket lost' in lost.read_text(), 10, 'the old one to notice')
    known = len(checks(s, m))
    ask(s, m)
    wait(lambda: len(checks(s, m)) > known, 10, 'one more check')
    assert s.db('select epoch, owner = (select id from tocsin.worker where pid = %s) from tocsin.bucket',
                second.pid)[0] == (epoch, True)
    assert [row[0] for row in history(s, m)] == [1], 'a freeze of ours is no outage of theirs'
    no_stale_batches(s)


def test_a_checker_that_was_frozen_while_it_probed_believes_nothing_of_it(s, two):
    """Shorter than the lease: nobody took over, and the answer waited for us."""
    site = s.site()
    m = monitor(s, site.url, retries=0, timeout_s=3)
    alone = two()
    becomes(s, m, 1)
    hits, site.delay = site.hits, 0.5
    wait(lambda: site.hits > hits, 10, 'a check under way')
    alone.send_signal(signal.SIGSTOP)
    time.sleep(5)  # not for an event: for longer than the probe may take, and shorter than the lease
    site.delay = 0
    hits = site.hits
    alone.send_signal(signal.SIGCONT)
    wait(lambda: site.hits > hits, 5, 'the check to be made again')
    wait(lambda: 'stood still' in (s.root / 'logs/alone0.log').read_text(), 5, 'it to be said')
    ask(s, m)
    wait(lambda: len(checks(s, m)) >= 3, 20, 'more checks')
    assert {row[1] for row in checks(s, m)} == {1}
    assert [row[0] for row in history(s, m)] == [1]


def test_two_checkers_share_and_one_that_leaves_gives_all_back(s, two):
    one = two()
    sites = [s.site() for _ in range(3)]
    ids = [monitor(s, site.url) for site in sites]
    for m in ids:
        becomes(s, m, 1)
    # as if there were three thousand monitors: each in a bucket of its own
    other = two()
    s.db('insert into tocsin.bucket (region, id) values (0, 1), (0, 2), (0, 3)')
    share = "select count(*) from tocsin.bucket b join tocsin.worker w on w.id = b.owner where w.pid = %s"
    wait(lambda: s.db(share, one.pid)[0][0] == 2 and s.db(share, other.pid)[0][0] == 2, 15, 'two buckets each')
    began = time.monotonic()
    one.terminate()
    assert one.wait(12) == 0
    wait(lambda: s.db(share, other.pid)[0][0] == 4, 8, 'the other to have all')
    assert time.monotonic() - began < 8, 'not after the leases ran out'


def test_tarpits_do_not_hold_up_who_answers(s):
    held = []
    pit = socket.create_server(('127.0.0.1', 0), backlog=500)

    def accept():
        while True:
            try:
                held.append(pit.accept()[0])
            except OSError:
                return
    threading.Thread(target=accept, daemon=True).start()
    site = s.site()
    s.tocsind.settings.update(checkers='1', concurrency='20')
    slow = [monitor(s, f'http://127.0.0.1:{pit.getsockname()[1]}/{n}', timeout_s=3) for n in range(30)]
    good = [monitor(s, f'{site.url}{n}') for n in range(10)]
    s.tocsind.start()
    for m in slow:
        becomes(s, m, 3, 60)
    known = {m: len(checks(s, m)) for m in good}
    wait(lambda: all(len(checks(s, m)) >= known[m] + 2 for m in good), 25, 'more checks of the good ones')
    for m in good:
        at = [row[0].timestamp() for row in checks(s, m)][-3:]
        assert max(b - a for a, b in zip(at, at[1:])) < 5.5
    pit.close()
    for conn in held:
        conn.close()


SLOW_NAMES = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

/* names under .slow are resolved as slowly as by a name server that is a tarpit */
int getaddrinfo(const char *name, const char *port, const struct addrinfo *hints, struct addrinfo **found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
    size_t n = name ? strlen(name) : 0;

    if (n > 5 && strcmp(name + n - 5, ".slow") == 0) {
        sleep(8);
        return EAI_AGAIN;
    }
    return real(name, port, hints, found);
}
"""


def test_a_name_server_that_is_a_tarpit_holds_up_nobody_else(s):
    source, library = s.root / 'slow.c', s.root / 'slow.so'
    source.write_text(SLOW_NAMES)
    subprocess.run(['gcc', '-shared', '-fPIC', '-o', library, source, '-ldl'], check=True)
    site = s.site()
    good = [monitor(s, f'{site.url}{n}') for n in range(5)]
    slow = [monitor(s, f'http://site{n}.slow/', timeout_s=1, retries=0) for n in range(10)]
    env = s.tocsind.env
    s.tocsind.env = lambda: {**env(), 'LD_PRELOAD': str(library)}
    s.tocsind.start()
    for m in slow:
        becomes(s, m, 3, 10)
    assert {r[0] for r in s.db('select reason from tocsin.monitor_state where monitor = any(%s)', slow)} == {1}
    wait(lambda: all(len(checks(s, m)) >= 4 for m in good), 25, 'checks of the others')
    for m in good:
        at = [row[0].timestamp() for row in checks(s, m)][1:]
        assert max(b - a for a, b in zip(at, at[1:])) < 5.5
    assert 'stood still' not in s.tocsind.out.read_text()


def test_without_sockets_nobody_is_called_down(s):
    site = s.site()
    ids = [monitor(s, f'{site.url}{n}', retries=0) for n in range(60)]
    site.delay = 2  # so that all of them are under way at once
    s.tocsind.settings.update(checkers='1')
    command = s.tocsind.command
    s.tocsind.command = lambda *words: ['prlimit', '--nofile=40:40', *command(*words)]
    s.tocsind.start()
    wait(lambda: 'no more sockets' in s.tocsind.out.read_text(), 15, 'it to be said')
    for m in ids:
        becomes(s, m, 1, 40)
    assert not s.db('select 1 from tocsin.transition where status = 3')
