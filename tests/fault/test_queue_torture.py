"""The SQL of the queue under fire: small fake workers in several regions, killed, frozen,
cut off from the database, which itself crashes now and then. The world is a seeded schedule
of outages, and in the end every one of them must have become exactly one incident, told to
every channel, with nothing lost, repeated or out of order.
"""
import collections
import json
import multiprocessing
import os
import pathlib
import random
import shutil
import signal
import tempfile
import time
import uuid

import psycopg
import pytest

from stack import host
from stack.postgres import Postgres

MONITORS, BUCKETS, REGIONS, CHANNELS = 24, 4, ('local', 'east', 'west'), 2
CHAOS_S, LONG_S, TTL_MS = 20, 7, 1500
fork = multiprocessing.get_context('fork')


# ---------------------------------------------------------------- the world

def make_world(seed):
    """monitor → outages as (from, to) in seconds since the start; all is well at the end."""
    rnd, world = random.Random(seed), {}
    for m in range(1, MONITORS + 1):
        outages, t = [], 2 + rnd.random() * 3
        while t < CHAOS_S - 2:
            end = min(t + rnd.choice([0.5, 2, LONG_S + 1, LONG_S + 3]), CHAOS_S)
            outages.append((t, end))
            t = end + rnd.uniform(3, 6)
        world[m] = outages
    return world


def is_down(world, monitor, t):
    return any(begin <= t < end for begin, end in world[monitor])


# ---------------------------------------------------------------- the workers

class Line:
    """A database connection that is made anew when it is lost."""

    def __init__(self, dsn):
        self.dsn, self.conn = dsn, None

    def __call__(self, sql, *args):
        try:
            if not self.conn:
                self.conn = psycopg.connect(self.dsn + ' connect_timeout=2', autocommit=True)
            done = self.conn.execute(sql, args)
            return done.fetchall() if done.description else []
        except psycopg.Error:
            if self.conn:
                self.conn.close()
            self.conn = None
            time.sleep(0.05)
            raise


def array(values):
    return '{' + ','.join(map(str, values)) + '}'


class Bucket:
    def __init__(self, epoch, batch):
        self.epoch, self.batch, self.known, self.pending = epoch, batch, {}, None


class Checker:
    def __init__(self, dsn, region, me, world, began):
        self.db, self.region, self.me = Line(dsn), region, me
        self.world, self.began, self.held, self.share = world, began, {}, 0

    def load(self, id, bucket):
        rows = self.db('select id, slot, status from work.load(%s, %s, %s, null)', self.me, id,
                       bucket.epoch)
        bucket.known = {slot: [monitor, status] for monitor, slot, status in rows}

    def look(self, bucket):
        """One round of checks: slots, statuses, and what is not as we last said."""
        now = time.time() - self.began
        seen = {slot: 3 if is_down(self.world, m, now) else 1 for slot, (m, _) in bucket.known.items()}
        return seen, [slot for slot, status in seen.items() if status != bucket.known[slot][1]]

    def settle(self, id, bucket):
        if not bucket.pending:  # else the same batch again: its answer was lost
            bucket.pending = self.look(bucket)
        seen, flips = bucket.pending
        n = len(seen)
        answer = self.db(
            'select work.settle(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,'
            ' %s, %s, %s, %s, %s, %s)', self.me, self.region, id, bucket.epoch, bucket.batch + 1,
            TTL_MS, array(seen), array([0] * n), array(seen.values()), array([0] * n),
            array([200] * n), array([1000] * n), array([1] * 4 * n), array(['null'] * n),
            array([0] * n), array(['null'] * n), array(flips), array(seen[s] for s in flips),
            array([0] * len(flips)), array([2] * len(flips)), array([0] * len(flips)),
            array(['""'] * len(flips)))[0][0]
        bucket.pending = None
        if answer == -1:
            del self.held[id]
            return
        bucket.batch += 1
        for slot in flips:
            bucket.known[slot][1] = seen[slot]

    def turn(self):
        share = self.db("select work.beat(%s, 2, '{}')", self.me)[0][0]
        if share is None:
            self.db("select work.hello(%s, 'host', %s, 'checker', %s, '1', 1, 2)", self.me,
                    os.getpid(), self.region)
        for id, epoch, batch in self.db('select * from work.acquire(%s, %s, %s)', self.me,
                                        self.region, TTL_MS):
            mine = Bucket(epoch, batch)
            old = self.held.get(id)
            if old and old.pending and batch == old.batch:
                mine.pending = old.pending
            self.held[id] = mine
        for id, bucket in list(self.held.items()):
            if not bucket.known:
                self.load(id, bucket)
            self.settle(id, bucket)


def run_checker(dsn, region, me, world, began, stop):
    worker = Checker(dsn, region, me, world, began)
    while time.time() < stop:
        try:
            worker.turn()
        except psycopg.Error:
            pass
        time.sleep(0.15)
    os._exit(0)


def run_notifier(dsn, me, log, stop):
    db = Line(dsn)
    while time.time() < stop:
        try:
            rows = db('select id, key, event from work.outbox_claim(%s, 5, 2)', me)
            for id, key, event in rows:
                with open(log, 'a') as out:  # this is the message going out
                    out.write(f'{key} {event}\n')
                db("select work.outbox_done(%s, %s, true, null, false, 'r', 200, 1, null, null,"
                   " null)", me, id)
            if not rows:
                time.sleep(0.1)
        except psycopg.Error:
            pass
    os._exit(0)


def run_upkeep(dsn, stop):
    db = Line(dsn)
    while time.time() < stop:
        for job in ('place', 'share_out', 'mark_stale', 'pack_hours', 'figures'):
            try:
                db(f'select work.{job}()')
            except psycopg.Error:
                pass
        time.sleep(0.4)
    os._exit(0)


# ---------------------------------------------------------------- the chaos

class Fleet:
    def __init__(self, pg, world, began, stop, log):
        self.pg, self.world, self.began, self.stop, self.log = pg, world, began, stop, log
        self.root, self.dsn = Line(pg.conninfo('postgres')), pg.conninfo('tocsin_work')
        self.done = collections.Counter()
        self.frozen = {}
        self.procs = [self.spawn('checker', r) for r in REGIONS for _ in range(2)]
        self.procs += [self.spawn('notifier'), self.spawn('notifier'), self.spawn('upkeep')]

    def spawn(self, kind, region=None):
        me = str(uuid.uuid4())
        args = {'checker': (self.dsn, region, me, self.world, self.began, self.stop),
                'notifier': (self.dsn, me, self.log, self.stop), 'upkeep': (self.dsn, self.stop)}[kind]
        target = {'checker': run_checker, 'notifier': run_notifier, 'upkeep': run_upkeep}[kind]
        p = fork.Process(target=target, args=args, daemon=True)
        p.start()
        return [p, kind, region, me]

    def kill(self, i, bury):
        p, kind, region, me = self.procs[i]
        self.frozen.pop(p.pid, None)
        os.kill(p.pid, signal.SIGKILL)
        p.join()
        self.done[f'kill {kind}'] += 1
        if bury:  # as the master does; a host that died does not
            try:
                self.root('select work.bury(%s)', me)
            except psycopg.Error:
                pass
        self.procs[i] = self.spawn(kind, region)

    def freeze(self, i, until):
        pid = self.procs[i][0].pid
        if pid not in self.frozen:
            os.kill(pid, signal.SIGSTOP)
            self.frozen[pid] = until
            self.done['freeze'] += 1

    def thaw(self, now):
        for pid in [pid for pid, until in self.frozen.items() if until < now]:
            del self.frozen[pid]
            os.kill(pid, signal.SIGCONT)

    def cut(self):
        try:
            self.root('select pg_terminate_backend(pid) from pg_stat_activity'
                      " where usename = 'tocsin_work' order by random() limit 2")
            self.done['cut'] += 2
        except psycopg.Error:
            pass

    def crash(self):
        self.pg.stop('immediate')
        self.pg.start()
        self.done['crash'] += 1

    def end(self):
        for p, *_ in self.procs:
            p.kill()
            p.join()


def rage(fleet, until, seed):
    rnd, crashes = random.Random(seed), [4, 9, 14, 18]
    while time.time() < until:
        time.sleep(0.25)
        now = time.time()
        fleet.thaw(now)
        i, dice = rnd.randrange(len(fleet.procs)), rnd.random()
        if crashes and now - fleet.began > crashes[0]:
            crashes.pop(0)
            fleet.crash()
        elif dice < 0.4:
            fleet.kill(i, bury=rnd.random() < 0.5)
        elif dice < 0.6:
            fleet.freeze(i, now + rnd.uniform(1, 3.5))
        elif dice < 0.85:
            fleet.cut()
    fleet.thaw(float('inf'))


# ---------------------------------------------------------------- what must be so

def judge(q, world, log, t0, disturbances):
    wrong = []

    def none(claim, sql):
        rows = q(sql)
        if rows and rows != [(0,)]:
            wrong.append(f'{claim}: {rows[:5]}')

    # (a) each outage is exactly one incident, and each incident an outage
    found = collections.defaultdict(list)
    for m, begin, end in q('select monitor, extract(epoch from started_at)::float8,'
                           ' extract(epoch from resolved_at)::float8 from tocsin.incident'):
        found[m].append((begin - t0, (end or 1e12) - t0))
    long = 0
    for m, outages in world.items():
        for begin, end in outages:
            over = [i for i in found[m] if i[0] < end + 0.5 and i[1] > begin]
            if end - begin >= LONG_S:
                long += 1
                if len(over) != 1:
                    wrong.append(f'outage of {m} from {begin:.1f} to {end:.1f}: incidents {over}')
                elif over[0][0] < begin:
                    wrong.append(f'incident of {m} begins before its outage: {over}')
            elif len(over) > 1:
                wrong.append(f'short outage of {m} is {len(over)} incidents')
        for i in found[m]:
            if not any(i[0] < end + 0.5 and i[1] > begin for begin, end in outages):
                wrong.append(f'incident of {m} without outage: {i}')
    assert long > 15, 'the world is too quiet to prove anything'
    none('incidents that nobody closed', 'select monitor from tocsin.incident where resolved_at is null')
    none('monitors that are not up', 'select monitor, status from tocsin.monitor_state where status <> 1')
    # (b) transitions without a gap, never twice the same
    none('gaps or repetitions', """select monitor, seq from
        (select t.*, lag(seq, 1, 0::bigint) over w as last, lag(status, 1, 0::smallint) over w as before
           from tocsin.transition t window w as (partition by monitor order by seq)) t
         where seq <> last + 1 or status = before or prev <> before""")
    none('state and trail differ', """select s.monitor from tocsin.monitor_state s
        where s.seq <> (select max(t.seq) from tocsin.transition t where t.monitor = s.monitor)
           or s.status <> (select t.status from tocsin.transition t
                            where t.monitor = s.monitor and t.seq = s.seq)""")
    # (c) a message per incident, end and channel
    none('messages owed and not written, or twice', f"""select i.id, count(o.*) from tocsin.incident i
        left join tocsin.outbox o on o.incident = i.id group by i.id having count(o.*) <> {2 * CHANNELS}""")
    # (d) all that was owed was sent, and nothing else; (e) repeated only where something broke
    owed = {key for key, in q('select key from tocsin.outbox')}
    sent = [line.split()[0] for line in pathlib.Path(log).read_text().splitlines()]
    if set(sent) != owed:
        wrong.append(f'sent and owed differ: {len(set(sent) ^ owed)}')
    if len(sent) - len(owed) > disturbances:
        wrong.append(f'{len(sent) - len(owed)} repeated messages for {disturbances} disturbances')
    none('messages that still wait', "select id, state from tocsin.outbox where state <> 'sent'")
    # (f) epochs and batches only grow
    none('a batch of an older epoch', """select region, bucket, batch from
        (select region, bucket, batch, epoch, lag(epoch) over w as before, lag(batch) over w as last
           from tocsin.segment window w as (partition by region, bucket order by at, batch)) s
         where epoch < before or batch <= last""")
    assert not wrong, '\n'.join(wrong)
    return long, len(sent) - len(owed)


def populate(q):
    q("insert into tocsin.account (email) values ('ann@example.com')")
    q("insert into tocsin.channel (owner, type, name) select 1, 'webhook', 'w' || i"
      f' from generate_series(1, {CHANNELS}) i')
    q(f"""insert into tocsin.monitor (owner, name, url, quorum, bucket, slot)
          select 1, 'm' || i, 'https://example.com/' || i, 2, mod(i, {BUCKETS}), i / {BUCKETS}
            from generate_series(1, {MONITORS}) i""")
    q('insert into tocsin.monitor_channel select m.id, c.id from tocsin.monitor m, tocsin.channel c')
    q('insert into tocsin.monitor_state (monitor) select id from tocsin.monitor')
    q("insert into tocsin.region values (1, 'east'), (2, 'west')")
    q('select work.place()')


@pytest.fixture
def pg(build):
    root = pathlib.Path(tempfile.mkdtemp(prefix='tocsin.', dir='/tmp'))
    root.chmod(0o755)
    (root / 'logs').mkdir()
    host.give(root / 'logs')
    cluster = Postgres(root, pathlib.Path(build).resolve())
    cluster.create()
    yield cluster
    cluster.remove()
    shutil.rmtree(root)


def test_every_outage_is_one_incident_told_once_whatever_breaks(pg, tmp_path):
    seed = int(os.environ.get('TOCSIN_SEED', '20261'))
    world, log = make_world(seed), tmp_path / 'sent'
    log.touch()
    populate(pg.query)
    began = time.time()
    fleet = Fleet(pg, world, began, began + CHAOS_S + 25, log)
    rage(fleet, began + CHAOS_S, seed)

    def quiet():
        try:
            return pg.query("""select not exists (select from tocsin.incident where resolved_at is null)
                and not exists (select from tocsin.outbox where state = 'pending')
                and not exists (select from tocsin.monitor_state where status <> 1)""") == [(True,)]
        except psycopg.Error:
            return False
    try:
        host.wait(quiet, 20, 'all up, and all told', every=0.2)
    finally:
        fleet.end()
    done = fleet.done
    assert done['kill checker'] >= 5 and done['freeze'] >= 5 and done['cut'] >= 5 and done['crash'] >= 3
    outages, repeated = judge(pg.query, world, log, began,
                              done['kill notifier'] + done['freeze'] + done['cut'] + done['crash'] * 10)
    print(json.dumps({'seed': seed, 'long outages': outages, 'repeated messages': repeated, **done}))
