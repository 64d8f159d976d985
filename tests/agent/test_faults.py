"""What goes wrong between a Tocsin and its machines, and on them: every outage is one incident with one
message and one recovery, and no file is ever half written."""
import concurrent.futures
import contextlib
import os
import pathlib
import random
import signal
import threading
import time

import pytest

from rig.apps import ENV, put_plain, put_shop
from stack import Events, host

# it runs for a moment, then it does not
FLAKY_UNIT = '''[Unit]
Description=It does not last
StartLimitIntervalSec=0
[Service]
ExecStart=/bin/sh -c 'sleep 0.2; exit 7'
'''


@pytest.fixture(scope='module')
def machines(rig, fleet, repository):
    names = ('cut', 'deaf', 'mute', 'lossy')
    made = dict(zip(names, rig.boot(*names)))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda m: fleet.join(m, put_plain(m)), [made[n] for n in names[:3]]))
    fleet.join(made['lossy'], put_shop(made['lossy'], repository), put_plain(made['lossy']), put_plain(made['lossy'], 'flaky', FLAKY_UNIT))
    yield made
    for machine in made.values():
        machine.crash()


# ---- the network: three machines are out of reach while the rest is told

QUIET = ('cut', 'deaf', 'mute')


@pytest.fixture(scope='module')
def outage(fleet, machines):
    """A cable is pulled, and two links are dead in one direction each, from here to the last story.
    What was told until then: {number: messages}."""
    hosts = {name: fleet.host(name)['id'] for name in machines}
    apps = {name: fleet.app_id(machines[name], 'plain') for name in machines}
    for name in QUIET:
        fleet.until(apps[name], 'up')
        fleet.set('hosts', hosts[name], poll_s=5)
    had = {n: len(fleet.told(n)) for n in [*hosts.values(), *apps.values()]}
    machines['cut'].wire.cut()
    machines['deaf'].wire.drop(come=True)
    machines['mute'].wire.drop(go=True)
    return hosts, apps, had


def test_loss_and_delay_are_no_silence(fleet, machines, outage):
    """An app crashes behind them: one incident, one message, and one of its end."""
    hosts, apps, had = outage
    lossy, app = machines['lossy'], apps['lossy']
    lossy.wire.lose(30)
    lossy.run('systemctl', 'stop', 'plain')
    fleet.until(app, 'down', 60)
    lossy.wire.heal()
    lossy.wire.delay(80, 20)
    lossy.run('systemctl', 'start', 'plain')
    fleet.until(app, 'up', 60)
    lossy.wire.heal()
    lossy.wire.reset()
    lossy.run('systemctl', 'stop', 'plain')
    fleet.wait(lambda: fleet.host('lossy')['error'], 20, 'refused connections to be seen')
    lossy.run('systemctl', 'start', 'plain')
    lossy.wire.heal()
    fleet.wait(lambda: not fleet.host('lossy')['error'], 40, 'answers')
    fleet.wait(lambda: len(fleet.told(app)) >= had[app] + 2, 20, 'the messages')
    assert fleet.told(app)[had[app]:] == ['down', 'up'] and len(fleet.incidents(app)) == 1
    assert fleet.told(hosts['lossy'])[had[hosts['lossy']]:] == []


# ---- the machine

# while there is a /run/hold, who writes for the agent stops before he begins
HELD = '''[Service]
ExecStart=
ExecStart=-/bin/sh -c '[ ! -e /run/hold ] || kill -STOP $$$$; exec /usr/local/sbin/tocsin-agent -c /etc/tocsin/agent.conf env-helper'
'''


def held(machine):
    """The process, as this host knows it, that is stopped there; None until there is one."""
    inside = os.readlink(f'/proc/{machine.leader}/ns/pid')
    for stat in pathlib.Path('/proc').glob('[0-9]*/stat'):
        with contextlib.suppress(OSError):
            if stat.read_text().rpartition(')')[2].split()[0] == 'T' and os.readlink(stat.with_name('ns') / 'pid') == inside:
                return int(stat.parent.name)
    return None


def test_agent_that_is_killed_leaves_a_whole_env_file(fleet, machines):
    """kill -9 at any moment of a write: the file is the old one or the new one."""
    machine = machines['lossy']
    shop = fleet.app_id(machine, 'shop')
    machine.write('/run/systemd/system/tocsin-env@.service.d/held.conf', HELD)
    machine.run('systemctl', 'daemon-reload')
    dice = random.Random(4)
    done = cut = 0
    took = None
    for n in range(16):
        answer = fleet.wait(lambda: (r := fleet.api('GET', f'/apps/{shop}/env/main')).ok and r, 20, 'the agent')
        before = machine.read('/srv/shop/.env')

        def put():
            fleet.api('PUT', f'/apps/{shop}/env/main', json={'set': {'GREETING': f'number {n} ' + 'x' * 20000}},
                      headers={'If-Match': answer.headers['ETag']})
        if n:
            machine.run('touch', '/run/hold')
        writer = threading.Thread(target=put)
        began = time.monotonic()
        writer.start()
        if n:
            pid = fleet.wait(lambda: held(machine), 20, 'the write')
            machine.run('rm', '/run/hold')
            if n % 5 == 1:
                machine.run('systemctl', 'kill', '-s', 'KILL', 'tocsin-agent')
            if n % 4:
                os.kill(pid, signal.SIGCONT)
                # the moment is the point of it, not a wait: somewhere in what a whole one took
                time.sleep(dice.uniform(0, took))
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        writer.join()
        took = took or time.monotonic() - began
        after = machine.read('/srv/shop/.env')
        assert after == before or f'number {n} ' in after and after.endswith('LIMIT=10\n') and 'SHOP_SECRET=hunter2' in after
        done, cut = done + (after != before), cut + (after == before)
    assert machine.run('stat', '-c', '%U:%G %a', '/srv/shop/.env').strip() == 'shop:shop 600'
    assert done and cut, f'{done} writes were done and {cut} were cut off'
    left = machine.sh('ls -A /srv/shop').split()
    assert not [f for f in left if 'tmp' in f or '.new' in f], left
    machine.write('/srv/shop/.env', ENV, '600', 'shop:shop')
    machine.sh('rm -r /run/systemd/system/tocsin-env@.service.d; systemctl daemon-reload')


def test_agent_that_is_killed_in_a_deploy(fleet, machines, repository):
    """The deploy goes on without it, and its end is known when the agent is back."""
    machine = machines['lossy']
    shop = fleet.app_id(machine, 'shop')
    wanted = repository.commit('3.0', 'The shop has a roof')
    fleet.wait(lambda: fleet.host('lossy')['status'] == 'up', 20)
    number = fleet.api('POST', f'/apps/{shop}/deploys', json={'ref': 'main'}).json()['id']
    fleet.wait(lambda: 'active' in machine.run('systemctl', 'list-units', '--no-legend', '--all', 'tocsin-deploy@*')
               or fleet.api('GET', f'/apps/{shop}/deploys/{number}').json()['state'] not in ('asked', 'running'), 20, 'the deploy')
    machine.run('systemctl', 'kill', '-s', 'KILL', 'tocsin-agent')
    done = fleet.wait(lambda: (d := fleet.api('GET', f'/apps/{shop}/deploys/{number}').json())['state']
                      not in ('asked', 'running') and d, 60, 'the end of the deploy')
    assert done['state'] == 'succeeded', done
    assert machine.run('runuser', '-u', 'shop', '--', 'git', '-C', '/srv/shop', 'rev-parse', 'HEAD').strip() == wanted


def test_journal_that_is_rotated_and_emptied(fleet, machines):
    """A stream goes on; who comes back with a cursor that is gone hears of the gap."""
    machine = machines['lossy']
    number = fleet.app_id(machine, 'plain')
    with Events(fleet.admin, f'/api/v1/apps/{number}/logs/stream') as stream:
        machine.run('systemctl', 'restart', 'plain')
        stream.wait(lambda e: isinstance(e['data'], list) and any('it runs' in x['m'] for x in e['data']), 15)
        last = next(e['id'] for e in reversed(stream.all) if e['id'])
        machine.run('journalctl', '--rotate')
        machine.run('journalctl', '--vacuum-files=1')
        seen = len(stream.all)
        machine.run('systemctl', 'restart', 'plain')
        host.wait(lambda: any(isinstance(e['data'], list) and any('it runs' in x['m'] for x in e['data']) for e in stream.all[seen:]),
                  15, 'a line after the rotation')
    with Events(fleet.admin, f'/api/v1/apps/{number}/logs/stream', last=last) as stream:
        stream.wait(lambda e: e['event'] == 'gap' or isinstance(e['data'], list), 15)
    fleet.until(number, 'up')


# ---- Tocsin itself, in the middle of the outages

def test_silent_hosts_are_unknown(fleet, machines, outage):
    """And so are their apps: nobody says that they run."""
    hosts, apps, _ = outage
    for name in QUIET:
        fleet.wait(lambda: fleet.host(name)['status'] == 'unknown', 90, f'{name} to be silent')
        assert fleet.until(apps[name], 'unknown')


def test_flap_guard_survives_a_restart(fleet, machines):
    """Three restarts in ten minutes, counted in the database; then it is said that this was all."""
    machine = machines['lossy']
    number = fleet.app_id(machine, 'flaky')
    fleet.set('apps', number, auto_restart=True)

    def restarts():
        return [a for a in fleet.api('GET', f'/apps/{number}/actions').json()['items'] if a['auto'] and a['kind'] == 'restart']
    if not restarts():
        machine.run('systemctl', 'start', 'flaky')
    fleet.wait(restarts, 20, 'the first restart')
    fleet.tocsind.kill('fleet')
    fleet.tocsind.stop()
    fleet.tocsind.start()
    fleet.wait(lambda: fleet.db("select 1 from tocsin.fleet_event where app = %s and kind = 'gave-up'", number), 60, 'the end of trying')
    assert len(restarts()) == 3
    assert fleet.app(number)['guard']['gave_up']
    fleet.set('apps', number, auto_restart=False)


def test_clock_of_tocsin_that_jumps(fleet, machines, tmp_path):
    """An hour ahead and two back, in the middle of an outage: times are the database's."""
    lib = next(iter(sorted(p for p in host.pathlib.Path('/usr/lib').glob('*/faketime/libfaketimeMT.so.1'))), None)
    assert lib, 'libfaketime is missing'
    offset = tmp_path / 'offset'
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if str(folder).startswith('/tmp/'):
            folder.chmod(0o755)
    offset.write_text('+0')
    machine = machines['lossy']
    number, about = fleet.app_id(machine, 'plain'), fleet.host('lossy')['id']
    fleet.until(number, 'up')
    had = len(fleet.told(number)), len(fleet.told(about)), len(fleet.incidents(number))
    # setpriv keeps root's clock: what it starts has the other one
    real, fleet.tocsind.bin = fleet.tocsind.bin, tmp_path / 'tocsind'
    fleet.tocsind.bin.write_text(f'#!/bin/sh\nLD_PRELOAD={lib} FAKETIME_TIMESTAMP_FILE={offset} FAKETIME_NO_CACHE=1 '
                                 f'DONT_FAKE_MONOTONIC=1 exec {real} "$@"\n')
    fleet.tocsind.bin.chmod(0o755)
    fleet.tocsind.stop()
    try:
        fleet.tocsind.start()
        machine.run('systemctl', 'stop', 'plain')
        fleet.until(number, 'down')
        for jump in ('+1h', '-1h', '+0'):
            offset.write_text(jump)
            before = fleet.db('select settled_at from tocsin.fleet')[0][0]
            fleet.wait(lambda: fleet.db('select settled_at from tocsin.fleet')[0][0] > before, 20, 'answers after the jump')
            assert fleet.app(number)['status'] == 'down'
        machine.run('systemctl', 'start', 'plain')
        fleet.until(number, 'up')
        fleet.wait(lambda: len(fleet.told(number)) >= had[0] + 2, 20, 'the messages')
    finally:
        fleet.tocsind.bin = real
        fleet.tocsind.stop()
        fleet.tocsind.start()
    assert fleet.told(number)[had[0]:] == ['down', 'up']
    assert fleet.told(about)[had[1]:] == []
    assert len(fleet.incidents(number)) == had[2] + 1


def test_outages_end_once(fleet, machines, outage):
    """PostgreSQL and tocsind were restarted in them, and are once more; each host had one message of
    its silence and has one of its end, its apps have none."""
    hosts, apps, had = outage
    fleet.pg.restart('fast')
    fleet.tocsind.kill('fleet')
    for name in QUIET:
        assert fleet.host(name)['status'] == 'unknown'
    machines['cut'].wire.mend()
    machines['deaf'].wire.heal()
    machines['mute'].wire.heal()
    for name in QUIET:
        fleet.wait(lambda: fleet.host(name)['status'] == 'up', 60, f'{name} to be back')
        fleet.until(apps[name], 'up', 60)
        fleet.wait(lambda: len(fleet.told(hosts[name])) >= had[hosts[name]] + 2, 20, 'the messages')
    for name in QUIET:
        assert fleet.told(hosts[name])[had[hosts[name]]:] == ['silent', 'up']
        assert fleet.told(apps[name])[had[apps[name]]:] == [] and fleet.incidents(apps[name]) == []
