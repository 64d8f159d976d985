"""tocsind: whatever is killed, frozen or restarted comes back, once, and loses nothing."""
import json
import os
import re
import signal
import socket
import subprocess
import time
import uuid

import psycopg
import pytest

from stack import Stack, host

ROLES = ('scheduler', 'checker', 'status', 'notifier', 'keeper', 'publisher')


@pytest.fixture(scope='module')
def s(build):
    with Stack(build, tocsind=True) as stack:
        yield stack


@pytest.fixture
def whole(s):
    """All roles are there, before and after."""
    def complete():
        pids = s.tocsind.pids
        return all(role in pids for role in ROLES) and len(pids['checker']) == 2 and pids
    s.wait(complete, 15, 'all roles')
    yield s
    s.wait(complete, 40, 'all roles again')


def log(s):
    return s.tocsind.out.read_text()


def asked(s, sql):
    """As the cluster's owner, who sees what others run."""
    return s.pg.psql('postgres', 'tocsin', '-c', sql).split()


def stats(s, role='master'):
    return s.db('select stats from tocsin.worker where role = %s order by started_at desc', role)[0][0]


def hooked(s, url):
    """An owner with a webhook there, and a monitor that nobody checks."""
    who = s.db("insert into tocsin.account (email) values (%s) returning id", f'{uuid.uuid4()}@example.org')[0][0]
    channel = s.db("insert into tocsin.channel (owner, type, name, config, secret) values (%s, 'webhook', 'hook', %s, %s) "
                   "returning id", who, json.dumps({'url': url}),
                   json.dumps({'secret': 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'}))[0][0]
    monitor = s.db("insert into tocsin.monitor (owner, name, url, paused_at) values (%s, 'Shop', %s, now()) returning id",
                   who, f'https://{uuid.uuid4()}.example.org/')[0][0]

    def owe():
        key = f'k-{uuid.uuid4()}'
        s.db("insert into tocsin.outbox (key, owner, channel, monitor, event, body) values (%s, %s, %s, %s, 'down', %s)",
             key, who, channel, monitor,
             json.dumps({'event': 'down', 'monitor': {'id': monitor, 'name': 'Shop', 'url': ''}}))
        return key
    return owe


def state(s, key):
    return s.db('select state from tocsin.outbox where key = %s', key)[0][0]


def keys(site):
    return [{k.lower(): v for k, v in seen[2].items()}['webhook-id'] for seen in site.seen]


# ---------------------------------------------------------------- killed

@pytest.mark.parametrize('role', ROLES)
def test_killed_role_is_back_and_the_others_stay(whole, role):
    s = whole
    s.wait(lambda: stats(s).get('restarts'), 5)
    before, count = s.tocsind.pids, stats(s)['restarts'][role]
    ids = [r[0] for r in s.db('select id from tocsin.worker where role = %s', role)]
    killed = s.tocsind.kill(role)
    s.wait(lambda: len(now := s.tocsind.pids.get(role, [])) == len(killed) and not set(killed) & set(now),
           3, f'{role} to be back')
    after = s.tocsind.pids
    assert {r: after[r] for r in after if r != role} == {r: before[r] for r in before if r != role}
    s.wait(lambda: not s.db('select 1 from tocsin.worker where id = any(%s)', ids), 3, 'the dead to be buried')
    s.wait(lambda: stats(s)['restarts'][role] == count + len(killed), 5, 'the restarts to be counted')


def test_buckets_of_a_killed_checker_change_hands_at_once(whole):
    s = whole
    s.db("insert into tocsin.account (email) values ('bucket@example.org')")
    s.db("insert into tocsin.monitor (owner, name, url, paused_at) select id, 'm', 'https://m.example.org/', now() "
         "from tocsin.account where email = 'bucket@example.org'")
    owner = 'select w.pid from tocsin.bucket b join tocsin.worker w on w.id = b.owner where b.lease_until > now()'
    pid = s.wait(lambda: s.db(owner), 15, 'a checker to hold the bucket')[0][0]
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    s.wait(lambda: (now := s.db(owner)) and now[0][0] != pid, 8, 'another checker to hold it')
    assert time.monotonic() - began < 5, 'not after the lease ran out'


def test_killed_master_leaves_no_orphans_and_the_next_one_tidies_up(whole):
    s = whole
    kids = host.children(s.tocsind.proc.pid)
    ids = {r[0] for r in s.db('select id from tocsin.worker')}
    frozen = s.tocsind.pids['keeper'][0]
    os.kill(frozen, signal.SIGSTOP)  # one that cannot say good-bye
    began = time.monotonic()
    s.tocsind.kill('master')
    s.wait(lambda: not any(host.alive(pid) for pid in kids if pid != frozen), 5, 'the children to be gone')
    assert time.monotonic() - began < 1.5
    s.tocsind.start()
    assert time.monotonic() - began < 5
    s.wait(lambda: not {r[0] for r in s.db('select id from tocsin.worker')} & ids, 5, 'the old rows to be gone')
    os.kill(frozen, signal.SIGCONT)
    s.wait(lambda: not host.alive(frozen), 5, 'the frozen one to leave')


def test_message_sent_but_not_marked_goes_again_with_its_key(whole):
    s = whole
    site = s.site()
    site.delay = 30
    key = hooked(s, site.url)()
    s.db("select pg_notify('tocsin_work', 'outbox')")
    s.wait(lambda: site.hits == 1, 10, 'the message to be on its way')
    with psycopg.connect(s.owner_sql) as held:
        held.execute('select from tocsin.outbox where key = %s for update', (key,))
        site.delay = 0
        site.go.set()  # 200: the receiver has it, the database cannot be told
        waits = "from pg_stat_activity where query like 'select work.outbox_done%' and wait_event_type = 'Lock'"
        s.wait(lambda: asked(s, 'select pid ' + waits), 5, 'the mark to wait')
        s.tocsind.kill('notifier')
        asked(s, 'select pg_terminate_backend(pid) ' + waits)
    s.wait(lambda: state(s, key) == 'sent', 15, 'the message to be marked')
    assert keys(site) == [key, key], 'twice, and the receiver can tell'


# ---------------------------------------------------------------- frozen, crashing

SHIM = r'''
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
struct event_base;
int event_reinit(struct event_base *base); /* a child's first call */
int event_reinit(struct event_base *base)
{
    int (*real)(struct event_base *) = (int (*)(struct event_base *))dlsym(RTLD_NEXT, "event_reinit");
    const char *trouble = getenv("TROUBLE");
    if (trouble && chdir(trouble) == 0) {
        if (access("crash", F_OK) == 0)
            _exit(3);
        if (unlink("freeze") == 0) /* one child takes it, and the test sees that */
            raise(SIGSTOP);
    }
    return real(base);
}
'''


@pytest.fixture(scope='module')
def shaky(build):
    """A stack whose new children freeze or crash as long as a file says so."""
    with Stack(build, tocsind=False) as stack:
        (stack.root / 'shim.c').write_text(SHIM)
        subprocess.run(['cc', '-shared', '-fPIC', '-o', stack.root / 'shim.so', stack.root / 'shim.c', '-ldl'], check=True)
        stack.tocsind.extra = {'LD_PRELOAD': f'{stack.root}/shim.so', 'TROUBLE': str(stack.root)}
        if stack.tocsind.vars.get('LIBASAN'):
            stack.tocsind.extra['LD_PRELOAD'] = f"{stack.tocsind.vars['LIBASAN']} {stack.root}/shim.so"
        stack.tocsind.start()
        yield stack


def test_crash_loop_slows_down_and_is_said(shaky):
    s = shaky
    others = {role: pids for role, pids in s.tocsind.pids.items() if role != 'status'}
    (s.root / 'crash').touch()
    s.tocsind.kill('status')
    s.wait(lambda: 'crash loop role=status' in log(s), 20, 'the alarm')
    (s.root / 'crash').unlink()
    deaths = [float(m) for m in re.findall(r'T\d\d:\d\d:(\d\d\.\d+)Z warning master.*role ended role=status', log(s))]
    gaps = [(b - a) % 60 for a, b in zip(deaths, deaths[1:])]
    assert len(deaths) >= 5 and all(later > earlier for earlier, later in zip(gaps, gaps[1:])), gaps
    assert gaps[0] < 0.5
    s.wait(lambda: 'status' in s.tocsind.pids, 15, 'the role to be back')
    assert {r: p for r, p in s.tocsind.pids.items() if r != 'status'} == others, 'nobody else was touched'
    s.wait(lambda: stats(s)['crash_loops'] == ['status'], 5)


def test_child_frozen_at_its_start_is_replaced(shaky):
    s = shaky
    (s.root / 'freeze').touch()
    s.tocsind.kill('keeper')
    s.wait(lambda: not (s.root / 'freeze').exists(), 15, 'the new child to freeze')
    began = time.monotonic()
    s.wait(lambda: 'keeper' in s.tocsind.pids, 20, 'a keeper that is not frozen')
    assert 'reason="not ready in time"' in log(s)
    assert 5 < time.monotonic() - began < 15, 'the deadline is ten seconds'


# ---------------------------------------------------------------- told to

def test_bad_configuration_is_refused_and_the_old_one_stays(whole):
    s = whole
    before, good = s.tocsind.pids, dict(s.tocsind.settings)
    s.tocsind.settings['checkers'] = 'many'
    s.tocsind.reload()
    s.tocsind.settings = good
    line = s.wait(lambda: re.search(r'reload refused.*tocsind\.conf:(\d+): .*', log(s)), 5, 'the reason')
    assert 'whole number' in line.group(0)
    assert s.tocsind.pids == before
    s.tocsind.configure()


def test_reload_replaces_one_after_the_other(whole):
    s = whole
    before = s.tocsind.pids
    seen = log(s).count('reload finished')
    s.tocsind.settings['checkers'] = '3'
    s.tocsind.reload()
    fewest = 9

    def finished():
        nonlocal fewest
        fewest = min(fewest, len(host.children(s.tocsind.proc.pid)))
        return log(s).count('reload finished') > seen
    s.wait(finished, 20, 'the reload')
    after = s.wait(lambda: len((p := s.tocsind.pids).get('checker', [])) == 3 and p, 5)
    assert fewest >= 6, 'a new one is ready before the old one goes'
    assert after['master'] == before['master']
    assert not {p for r in ROLES for p in before[r]} & {p for r in ROLES for p in after[r]}
    s.tocsind.settings['checkers'] = '2'
    s.tocsind.reload()
    s.wait(lambda: len(s.tocsind.pids.get('checker', [])) == 2 and log(s).count('reload finished') > seen + 1, 20)


def test_second_master_is_refused_and_told_who_is_there(whole):
    s = whole
    second = subprocess.run(s.tocsind.command('-f'), capture_output=True, text=True, timeout=20, env=s.tocsind.env())
    assert second.returncode == 1
    assert f'process {s.tocsind.proc.pid} holds' in second.stderr
    assert s.tocsind.pids['master'] == [s.tocsind.proc.pid]


def test_drain_ends_in_time_and_owes_nothing_less(whole):
    s = whole
    site = s.site()
    site.delay = 60
    key = hooked(s, site.url)()
    s.wait(lambda: site.hits == 1, 10, 'a message that takes long')
    began = time.monotonic()
    assert s.tocsind.stop() == 0
    assert time.monotonic() - began < 10.5
    assert s.db('select count(*) from tocsin.worker') == [(0,)], 'all said good-bye'
    assert s.db('select count(*) from tocsin.bucket where lease_until > now()') == [(0,)]
    site.delay = 0
    site.go.set()
    s.tocsind.start()
    s.wait(lambda: state(s, key) == 'sent', 15, 'the message to go after all')
    assert set(keys(site)) == {key}


# ---------------------------------------------------------------- the database

def test_database_away_restarts_nobody_and_loses_nothing(whole):
    s = whole
    before, said = s.tocsind.pids, log(s).count('database back')
    s.pg.stop('immediate')
    s.wait(lambda: log(s).count('database away') >= 6, 10, 'all to notice')
    s.pg.start()
    began = time.monotonic()
    s.wait(lambda: log(s).count('database back') >= said + 7, 10, 'all to be back')
    assert time.monotonic() - began < 1.5
    key = hooked(s, s.site().url)()
    s.wait(lambda: state(s, key) == 'sent', 5, 'a message after it')
    assert s.tocsind.pids == before
    assert len(re.findall('database away', log(s).split('database back')[-1])) == 0


def test_frozen_database_is_given_up_in_time(whole):
    s = whole
    backends = [r[0] for r in s.db("select pid from pg_stat_activity where usename = 'tocsin_work'")]
    said = log(s).count('no answer before the deadline')
    for pid in backends:
        os.kill(pid, signal.SIGSTOP)
    try:
        s.wait(lambda: log(s).count('no answer before the deadline') >= said + 7, 8, 'the deadlines')
    finally:
        for pid in backends:
            os.kill(pid, signal.SIGCONT)
    s.wait(lambda: s.db("select count(*) from tocsin.worker where beat_at > now() - interval '2 s'")[0][0] >= 7, 10)


def test_terminated_backends_are_replaced_and_listen_again(whole):
    s = whole
    site = s.site()
    owe = hooked(s, site.url)
    connected = "select distinct application_name from pg_stat_activity where usename = 'tocsin_work' and query <> ''"
    before = set(asked(s, connected))
    for _ in range(3):
        at, = asked(s, 'select extract(epoch from clock_timestamp())')
        asked(s, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'tocsin_work'")
        s.wait(lambda: before <= set(asked(s, f"{connected} and backend_start > to_timestamp({at})")), 5, f'{before} to be connected')
    key = owe()
    began = time.monotonic()
    s.wait(lambda: state(s, key) == 'sent', 5)
    assert time.monotonic() - began < 2.5, 'it is looked for each second without a notice'


# ---------------------------------------------------------------- by itself

def run(s, *words, **env):
    return subprocess.run(host.as_user(str(s.tocsind.bin), *words), capture_output=True, text=True, timeout=20,
                          env={**s.tocsind.env(), **env})


def test_configuration_is_tested(whole):
    s = whole
    assert run(s, '-c', str(s.root / 'tocsind.conf'), '-t').returncode == 0
    bad = s.root / 'bad.conf'
    bad.write_text('checkers = 2\nchekers = 3\n')
    tested = run(s, '-c', str(bad), '-t')
    assert tested.returncode == 1 and f"{bad}:2: unknown key 'chekers'" in tested.stderr
    for text, says in (('allow_target = 10.0.0.1/8\n', 'is no network'), ('smtp_url = http://x\n', 'smtp://'),
                       ('smtp_url = smtp://u:p@x\n', 'smtp_password_file'), ('region = A b\n', 'region'),
                       ('log_level = loud\n', 'log_level'), ('smtp_password_file = /nonexistent\n', 'cannot open'),
                       ('fleet_dir = /nonexistent\n', 'tocsin fleet init'), ('fleet_allow = 10.0.0.1/8\n', 'is no network')):
        bad.write_text(text)
        tested = run(s, '-c', str(bad), '-t')
        assert tested.returncode == 1 and says in tested.stderr, tested.stderr


def test_every_key_is_documented_with_its_default(whole):
    s = whole
    text = (host.SRC / 'conf/tocsind.conf.in').read_text()
    table = re.findall(r'^\s*\{"(\w+)", CONF_\w+, AT\(\w+\), (NULL|"[^"]*")', (host.SRC / 'workers/tocsind_conf.c').read_text(), re.M)
    said = dict(re.findall(r'^#(\w+) = (.*)$', text, re.M))
    assert {key for key, _ in table} == set(said)
    for key, normal in table:
        if normal != 'NULL':
            assert said[key].strip('"') == normal.strip('"'), key
    everything = s.root / 'all.conf'
    everything.write_text(''.join(line[1:] if re.match(r'#\w+ = ', line) else line
                                  for line in text.splitlines(True)
                                  if not re.match(r'#(smtp_password_file|fleet_dir) ', line)))
    assert run(s, '-c', str(everything), '-t').returncode == 0


@pytest.mark.skipif(os.getuid() != 0, reason='only root can be refused')
def test_root_is_refused(whole):
    s = whole
    refused = subprocess.run([s.tocsind.bin, '-c', s.root / 'tocsind.conf', '-f'], capture_output=True, text=True, timeout=20)
    assert refused.returncode == 1 and 'refuses to run as root' in refused.stderr


def test_one_role_runs_alone_in_the_foreground(whole):
    s = whole
    proc = subprocess.Popen(s.tocsind.command('-r', 'status'), stderr=subprocess.DEVNULL, env=s.tocsind.env())
    try:
        s.wait(lambda: s.db('select 1 from tocsin.worker where pid = %s and role = %s', proc.pid, 'status'), 10, 'its row')
    finally:
        proc.terminate()
    assert proc.wait(10) == 0
    assert not s.db('select 1 from tocsin.worker where pid = %s', proc.pid)
    assert run(s, '-c', str(s.root / 'tocsind.conf'), '-r', 'cook').returncode == 2


def test_without_f_it_goes_to_the_background_when_ready(whole):
    s = whole
    conf, lock = s.root / 'behind.conf', s.root / 'run/behind.lock'
    conf.write_text(f"database = {s.work_sql}\nrun_dir = {s.root}/run\nlock_file = {lock}\ncheckers = 0\n"
                    f'log_file = {s.root}/run/behind.log\n')
    began = subprocess.run(host.as_user(str(s.tocsind.bin), '-c', str(conf)), env=s.tocsind.env(), timeout=20,
                           stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert began.returncode == 0 and not began.stderr
    said = s.root / 'run/behind.log'
    assert 'ready processes=4' in said.read_text()
    pid = int(lock.read_text().split()[0])
    assert len(host.children(pid)) == 4, 'it is ready when it says so'
    for kid in host.children(pid):
        os.kill(kid, signal.SIGHUP)  # whoever signals by name hits the children too
    refused = subprocess.run(host.as_user(str(s.tocsind.bin), '-c', str(conf)), env=s.tocsind.env(), timeout=20,
                             stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert refused.returncode == 1 and f'process {pid} holds' in refused.stderr
    assert 'role ended' not in said.read_text()
    said.rename(s.root / 'run/behind.log.1')
    os.kill(pid, signal.SIGHUP)
    s.wait(lambda: said.exists() and 'reload finished' in said.read_text(), 15, 'the log to begin anew')
    host.end(pid)
    assert 'stopped' in said.read_text()
    assert lock.read_text() == '', 'nobody is left behind'


def test_service_manager_is_told_and_passwords_are_not_logged(whole):
    s = whole
    conf, path = s.root / 'other.conf', s.root / 'run/notify'
    conf.write_text(f'database = "host={s.root}/nowhere user=tocsin_work password=hush-hush dbname=tocsin"\n'
                    f'run_dir = {s.root}/run\nlock_file = {s.root}/run/other.lock\n')
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(str(path))
    path.chmod(0o777)
    heard.settimeout(15)
    out = s.root / 'logs/other.log'
    with open(out, 'w') as to:
        proc = subprocess.Popen(host.as_user(str(s.tocsind.bin), '-c', str(conf), '-f'), stderr=to,
                                env={**s.tocsind.env(), 'NOTIFY_SOCKET': str(path)})
    words = []
    while not words or words[-1] != 'READY=1':  # without the database: waiting for it is its work
        words.append(heard.recv(100).decode())
    while words[-1] != 'WATCHDOG=1':
        words.append(heard.recv(100).decode())
    proc.send_signal(signal.SIGHUP)
    while not words[-1].startswith('RELOADING=1\nMONOTONIC_USEC='):
        words.append(heard.recv(100).decode())
    while words[-1] != 'READY=1':
        words.append(heard.recv(100).decode())
    proc.terminate()
    while words[-1] != 'STOPPING=1':
        words.append(heard.recv(100).decode())
    assert proc.wait(12) == 0
    assert 'database away' in out.read_text() and 'hush' not in out.read_text()


def test_it_works_without_listen(whole):
    s = whole
    s.tocsind.stop()
    s.tocsind.settings['poll_only'] = 'yes'
    s.tocsind.start()
    assert not asked(s, "select pid from pg_stat_activity where usename = 'tocsin_work' and query like '%listen%'")
    site = s.site()
    key = hooked(s, site.url)()
    s.wait(lambda: state(s, key) == 'sent', 5)
    del s.tocsind.settings['poll_only']
