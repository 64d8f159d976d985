"""What the agent says of the host, its services and containers, on machines that are made of files."""
import os
import threading
import time

import pytest

import agentrig

WEB = '[app web]\nunit = web.service\n'
BOX = '[app box]\ncontainer = box\n'
GROUP = '/system.slice/web.service'


@pytest.fixture
def made(folder):
    """made(view): a machine of files, and the line of agent.conf that makes the agent see it."""
    def make(view='v2'):
        one = agentrig.Machine(folder / 'root', view)
        one.conf = f'root = {folder}/root\n'
        return one
    return make


@pytest.fixture
def docker(folder):
    one = agentrig.Docker(folder / 'docker.sock')
    one.conf = f'docker_socket = {folder}/docker.sock\n'
    yield one
    one.close()


def app(one, at=0):
    return one.get('/v1/state').json()['apps'][at]


def later(one, change=None, known=True):
    """An app's object, and the next whose rate is of a time of its own: known, or not any more."""
    first = app(one)
    if change:
        change()
    one.wait(lambda: (app(one)['cpu'] is not None) is known)
    return first, app(one)


def host_when(one, fits):
    one.wait(lambda: fits(one.get('/v1/state').json()['host']))
    return one.get('/v1/state').json()['host']


# ---- the host

def test_the_host(agent, made):
    machine = made()
    one = agent('', machine.conf + 'name = vm-9\n')
    said = one.get('/v1/state').json()
    host = said['host']
    assert said['agent']['boot_id'] == 'b0071d00-0000-4000-8000-000000000000' and said['agent']['version']
    assert abs(said['agent']['now'] - time.time()) < 5 and abs(said['agent']['started_at'] - time.time()) < 30
    assert said['agent']['cert_not_after'] > time.time() + 9 * 365 * 86400 and said['apps'] == []
    assert (host['name'], host['os'], host['cores'], host['uptime_s'], host['boot_at']) == ('vm-9', 'Made OS 1 (up)', 2, 4711, 1700000000)
    assert host['kernel'] == os.uname().release and host['arch'] == os.uname().machine
    assert host['memory'] == {'total': 1024000, 'used': 614400, 'cache': 235520, 'swap_total': 512000, 'swap_used': 204800}
    assert host['load'] == [0.25, 1.5, 2.75] and host['reboot_needed'] is False
    assert host['pressure'] == {'cpu': None, 'memory': None, 'io': None} and host['disks'] == []
    assert host['nets'] == [{'name': 'eth0', 'rx_bps': None, 'tx_bps': None, 'rx_err': 2, 'tx_err': 3}]


def test_rates_are_of_the_time_since_the_call_before(agent, made):
    machine = made()
    machine.write('/proc/pressure/memory', 'some avg10=12.50 avg60=1.00 avg300=0.00 total=1\nfull avg10=1.00 avg60=0 avg300=0 total=1\n')
    one = agent('', machine.conf)
    first = one.get('/v1/state').json()['host']
    assert first['cpu'] == {'user': None, 'sys': None, 'io': None, 'steal': None}
    machine.write('/proc/stat', 'cpu  1050 10 515 8800 500 5 50 70 0 0\ncpu0 1\nbtime 1700000000\n')
    machine.write('/proc/net/dev', 'x\ny\n  eth0:101000 1 2 0 0 0 0 0 9000 1 3 0 0 0 0 0\n  eth1: 7 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n')
    now = host_when(one, lambda host: host['cpu']['user'] is not None)
    assert now['cpu'] == {'user': 0.06, 'sys': 0.02, 'io': 0.1, 'steal': 0.02}
    assert 20000 < now['nets'][0]['rx_bps'] <= 200000 and now['nets'][0]['tx_bps'] < now['nets'][0]['rx_bps']
    assert now['nets'][1]['rx_bps'] is None and now['pressure']['memory'] == 12.5
    # counters that went back are a machine that began anew
    machine.write('/proc/net/dev', 'x\ny\n  eth0: 1 1 2 0 0 0 0 0 2 1 3 0 0 0 0 0\n')
    again = host_when(one, lambda host: host['nets'][0]['rx_bps'] is None)
    # and asking again at once changes nothing
    assert one.get('/v1/state').json()['host']['cpu'] == again['cpu']


def test_a_reboot_is_needed(agent, made):
    machine = made()
    one = agent('', machine.conf)
    machine.write('/lib/modules/6.0-other/x', '')
    assert one.get('/v1/state').json()['host']['reboot_needed'] is True
    machine.write(f'/lib/modules/{os.uname().release}/x', '')
    assert one.get('/v1/state').json()['host']['reboot_needed'] is False
    machine.write('/run/reboot-required', '')
    assert one.get('/v1/state').json()['host']['reboot_needed'] is True


def test_disks_are_local_and_each_is_there_once(agent, made):
    machine = made()
    for mount in ('data/a b', 'srv/bound', 'mnt/nfs', 'mnt/fuse', 'var/lib/docker/overlay'):
        (machine.root / mount).mkdir(parents=True)
    machine.write('/proc/self/mountinfo', '''1 0 8:1 / / rw shared:1 - ext4 /dev/sda1 rw
2 1 0:5 / /proc rw - proc proc rw
3 1 8:17 / /data/a\\040b rw - xfs /dev/sdb1 rw
4 1 8:17 /x /srv/bound/of/it rw - xfs /dev/sdb1 rw
5 1 0:40 / /mnt/nfs rw - nfs4 server:/x rw
6 1 0:41 / /mnt/fuse rw - fuse.sshfs ann@x:/ rw
7 1 0:42 / /var/lib/docker/overlay rw - overlay overlay rw,lowerdir=/x
8 1 0:43 / /gone rw - ext4 /dev/gone rw
9 1 8:33 / /etc/os-release rw - ext4 /dev/sdc1 rw
nonsense
''')
    stats = '   8       1 sda1 10 0 %d 5 20 0 %d 5 0 5 5\n   8      17 sdb1 1 0 8 1 1 0 8 1 0 1 1\n'
    machine.write('/proc/diskstats', stats % (1000, 2000))
    one = agent('', machine.conf)
    disks = one.get('/v1/state').json()['host']['disks']
    assert [disk['mount'] for disk in disks] == ['/', '/data/a b']
    st = os.statvfs(machine.root)
    assert disks[0]['total'] == st.f_blocks * st.f_frsize and 0 < disks[0]['free'] <= disks[0]['total']
    assert disks[0]['read_bps'] is None
    machine.write('/proc/diskstats', stats % (3000, 2000))
    disks = host_when(one, lambda host: host['disks'][0]['read_bps'] is not None)['disks']
    assert disks[0]['read_bps'] > 100000 and disks[0]['write_bps'] == 0 and disks[1]['read_bps'] == 0


def test_a_machine_without_anything_is_not_known(agent, folder):
    (folder / 'root').mkdir()
    one = agent(WEB, f'root = {folder}/root\n')
    one.unit('web.service', ControlGroup=GROUP)
    host = one.get('/v1/state').json()['host']
    assert host['os'] is None and host['cores'] is None and host['uptime_s'] is None and host['boot_at'] is None
    assert set(host['memory'].values()) == {None} and host['load'] == [None] * 3
    found = app(one)
    assert [found[key] for key in ('cpu', 'memory', 'memory_max', 'fds', 'tasks')] == [None] * 5


# ---- services of systemd

@pytest.mark.parametrize('properties, state', [
    ({}, 'running'), ({'ActiveState': 'failed'}, 'failed'), ({'ActiveState': 'activating', 'SubState': 'auto-restart'}, 'activating'),
    ({'ActiveState': 'deactivating'}, 'deactivating'), ({'ActiveState': 'reloading'}, 'reloading'),
    ({'ActiveState': 'refreshing'}, 'reloading'), ({'ActiveState': 'maintenance'}, 'failed'),
    ({'ActiveState': 'inactive', 'SubState': 'dead'}, 'stopped'), ({'ActiveState': 'inactive', 'LoadState': 'not-found'}, 'missing'),
    ({'ActiveState': 'active', 'LoadState': 'not-found'}, 'running'), ({'ActiveState': 'something new'}, 'unknown'),
])
def test_states_of_a_unit(agent, properties, state):
    one = agent(WEB)
    one.unit('web.service', **properties)
    assert app(one)['state'] == state


def test_what_is_not_set_is_null(agent):
    one = agent(WEB)
    one.unit('web.service', MainPID=0, TasksCurrent='18446744073709551615', MemoryMax='[not set]', NRestarts='[not set]', InvocationID='',
             StateChangeTimestampMonotonic=0)
    found = app(one)
    assert [found[key] for key in ('pid', 'tasks', 'memory_max', 'restarts', 'invocation', 'since', 'exit', 'health')] == [None] * 8


def test_since_is_the_same_second_each_time(agent):
    one = agent(WEB)
    one.unit('web.service', StateChangeTimestampMonotonic=int((time.monotonic() - 100) * 1e6), NRestarts=3, TasksCurrent=5, MemoryMax=1 << 30)
    said = [app(one) for _ in range(3)]
    assert {found['since'] for found in said} == {said[0]['since']} and abs(said[0]['since'] - (time.time() - 100)) < 3
    assert (said[0]['restarts'], said[0]['tasks'], said[0]['memory_max']) == (3, 5, 1 << 30)


@pytest.mark.parametrize('code, status, ended', [(1, 3, {'code': 3, 'signal': None}), (2, 11, {'code': None, 'signal': 11}),
                                                 (3, 6, {'code': None, 'signal': 6}), (0, 0, None)])
def test_how_it_ended(agent, code, status, ended):
    one = agent(WEB)
    one.unit('web.service', ActiveState='failed', ExecMainCode=code, ExecMainStatus=status)
    assert app(one)['exit'] == ended


def test_all_units_are_asked_for_in_one_question(agent):
    one = agent(''.join(f'[app a{n}]\nunit = a{n}.service\n' for n in range(20)))
    for n in range(0, 20, 2):
        one.unit(f'a{n}.service')
    states = [found['state'] for found in one.get('/v1/state').json()['apps']]
    assert states == ['running', 'missing'] * 10
    asked = [line for line in (one.folder / 'calls').read_text().splitlines() if 'show' in line]
    assert len(asked) == 1 and asked[0].endswith(' '.join(f'a{n}.service' for n in range(20)))


@pytest.mark.parametrize('script, why', [('exit 1', 'failed'), ('echo Id=x; kill -9 $$', 'failed'), ('echo "Failed to connect to bus" >&2; exit 1', 'to bus'),
                                         ('head -c 3000000 /dev/zero', 'did not speak of every unit'), ('echo', 'did not speak')])
def test_a_systemctl_that_does_not_answer_leaves_it_unknown(agent, script, why):
    one = agent(WEB)
    program = one.folder / 'systemctl'
    program.write_text(f'#!/bin/sh\n{script}\n')
    found = app(one)
    assert found['state'] == 'unknown' and found['since'] is None
    one.said(why)
    program.unlink()
    assert app(one)['state'] == 'unknown'


# ---- what a service uses

@pytest.mark.parametrize('view', ['v2', 'v1'])
def test_figures_of_a_group(agent, made, view):
    machine = made(view)
    machine.group(GROUP, cpu_us=1000000, memory=5000000, cache=1000000, most=8000000, tasks=4, pids=[11])
    machine.group(GROUP + '/inner', pids=[12])
    machine.process(11, fds=3)
    machine.process(12, fds=2)
    one = agent(WEB, machine.conf)
    one.unit('web.service', ControlGroup=GROUP, MainPID=11)
    first, now = later(one, lambda: machine.group(GROUP, cpu_us=1300000, memory=5000000, cache=1000000, most=8000000, tasks=4, pids=[11]))
    assert first['cpu'] is None and 0.1 < now['cpu'] < 0.7
    assert (now['memory'], now['memory_max'], now['tasks'], now['fds'], now['pid']) == (4000000, 8000000, 4, 5, 11)


@pytest.mark.parametrize('view', ['v2', 'v1'])
def test_no_limit_is_null(agent, made, view):
    machine = made(view)
    machine.group(GROUP, cpu_us=1, memory=5)
    one = agent(WEB, machine.conf)
    one.unit('web.service', ControlGroup=GROUP)
    assert app(one)['memory_max'] is None and app(one)['memory'] == 5


@pytest.mark.parametrize('view', ['v2', 'v1', 'none'])
def test_without_controllers_the_processes_are_summed_up(agent, made, view):
    """Those of groups below, too: a service that forks is all of its children."""
    machine = made(view)
    machine.group(GROUP, pids=[11])
    machine.group(GROUP + '/a', pids=[12])
    for pid in (11, 12):
        machine.process(pid, cpu_ticks=100, pages=10, fds=1)
    one = agent(WEB, machine.conf)
    one.unit('web.service', ControlGroup=GROUP)
    first, now = later(one, lambda: machine.process(12, cpu_ticks=130, pages=10, fds=1))
    assert first['cpu'] is None and 0.1 < now['cpu'] < 0.7
    assert now['memory'] == 20 * os.sysconf('SC_PAGESIZE') and now['fds'] == 2


def test_a_rate_begins_anew_with_each_life(agent, made):
    machine = made()
    machine.group(GROUP, cpu_us=1000)
    one = agent(WEB, machine.conf)
    one.unit('web.service', ControlGroup=GROUP)
    _, now = later(one)
    assert now['cpu'] == 0
    one.unit('web.service', InvocationID='b2' * 16)
    machine.group(GROUP, cpu_us=9000000)
    assert app(one)['cpu'] is None
    _, now = later(one, lambda: machine.group(GROUP, cpu_us=5), known=False)
    assert now['cpu'] is None, 'a counter that went back'


def test_a_unit_that_has_no_group_has_no_figures(agent, made):
    machine = made()
    one = agent(WEB, machine.conf)
    for group in ('', '/', '/../../etc'):
        one.unit('web.service', ActiveState='inactive', ControlGroup=group)
        assert app(one)['memory'] is None and app(one)['cpu'] is None


# ---- containers

@pytest.mark.parametrize('status, more, state, ended', [
    ('running', {}, 'running', None), ('paused', {}, 'paused', None), ('restarting', {}, 'restarting', None),
    ('created', {'StartedAt': '0001-01-01T00:00:00Z'}, 'stopped', None),
    ('exited', {'ExitCode': 3, 'FinishedAt': '2026-11-21T10:00:00Z'}, 'stopped', {'code': 3, 'signal': None}),
    ('stopped', {'ExitCode': 0, 'FinishedAt': '2026-11-21T10:00:00Z'}, 'stopped', {'code': 0, 'signal': None}),
    ('exited', {'ExitCode': 137, 'FinishedAt': '2026-11-21T10:00:00Z'}, 'stopped', {'code': 137, 'signal': 9}),
    ('dead', {'ExitCode': 1}, 'failed', {'code': 1, 'signal': None}), ('removing', {}, 'deactivating', {'code': 0, 'signal': None}),
    ('new word', {}, 'unknown', {'code': 0, 'signal': None}),
])
def test_states_of_a_container(agent, docker, status, more, state, ended):
    docker.container('box', status, RestartCount=2, State=more)
    one = agent(BOX, docker.conf)
    found = app(one)
    assert (found['state'], found['sub'], found['exit'], found['restarts']) == (state, status, ended, 2)
    if status == 'exited':
        assert found['since'] == 1795255200
    assert docker.calls == ['GET /containers/box/json']


def test_a_restart_of_a_container_is_another_life(agent, docker):
    docker.container('box')
    one = agent(BOX, docker.conf)
    before = app(one)['invocation']
    docker.container('box', State={'StartedAt': '2026-11-21T09:30:00Z'})
    assert before.startswith('c0ffee') and app(one)['invocation'] not in (before, None)


def test_dockers_own_health_check(agent, docker):
    docker.container('box', State={'Health': {'Status': 'unhealthy', 'Log': [
        {'End': '2026-11-21T09:58:43.1+00:00', 'Output': 'old'}, {'End': '2026-11-21T09:59:43Z', 'Output': '\n no\x07 answer\nmore'}]}})
    one = agent(BOX, docker.conf)
    assert app(one)['health'] == {'ok': False, 'ms': None, 'message': 'no\ufffd answer', 'at': 1795255183}
    docker.container('box', State={'Health': {'Status': 'starting', 'Log': []}})
    assert app(one)['health'] is None
    docker.container('box', State={'Health': {'Status': 'healthy', 'Log': None}})
    assert app(one)['health']['ok'] is True


@pytest.mark.parametrize('view, cgroup', [('v2', '0::/docker/c0ffee\n'),
                                          ('v1', '5:cpu,cpuacct:/docker/c0ffee\n4:memory:/docker/c0ffee\n3:pids:/docker/c0ffee\n1:name=systemd:/docker/c0ffee\n')])
def test_a_containers_group_is_its_processs(agent, made, docker, view, cgroup):
    machine = made(view)
    machine.group('/docker/c0ffee', cpu_us=1000, memory=7000, tasks=2, pids=[21])
    machine.process(21, fds=4, cgroup=cgroup)
    docker.container('box', State={'Pid': 21}, HostConfig={'Memory': 9000})
    one = agent(BOX, machine.conf + docker.conf)
    found = app(one)
    assert (found['memory'], found['memory_max'], found['tasks'], found['fds'], found['pid']) == (7000, 9000, 2, 4, 21)
    assert docker.calls == ['GET /containers/box/json'], 'no need for stats'


@pytest.mark.parametrize('cgroup', [None, '0::/docker/not-to-be-seen\n'])
def test_where_the_group_cannot_be_read_docker_is_asked(agent, made, docker, cgroup):
    docker.container('box', State={'Pid': 4000})
    machine = made()
    machine.process(4000, cgroup=cgroup)
    docker.stats = {'cpu_stats': {'cpu_usage': {'total_usage': 1000}}, 'memory_stats': {'usage': 5000, 'stats': {'inactive_file': 1000}},
                    'pids_stats': {'current': 3}}
    one = agent(BOX, machine.conf + docker.conf)

    def work():
        docker.stats['cpu_stats']['cpu_usage']['total_usage'] += 300000000
    first, now = later(one, work)
    assert first['cpu'] is None and 0.1 < now['cpu'] < 0.7 and (now['memory'], now['tasks']) == (4000, 3)
    assert docker.calls[1] == 'GET /containers/box/stats?stream=false&one-shot=true'


@pytest.mark.parametrize('raw', [b'', b'nonsense\r\n\r\n', b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[1]', b'HTTP/1.1 200 OK\r\n\r\n{"Id":7}',
                                 b'HTTP/1.1 500 X\r\nContent-Length: 2\r\n\r\n{}', b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
                                 b'HTTP/1.1 200 OK\r\n\r\n' + b'{"Id":"' + b'x' * 2000000, b'HTTP/1.1 200 OK\r\n' + b'X: y\r\n' * 500,
                                 b'HTTP/1.1 200 OK\r\n\r\n{"Id":"x","State":[]}', b'HTTP/1.1 200 ' + b'x' * 20000,
                                 b'HTTP/1.1 200 OK\r\n\r\n{"Id":"x","State":{"Status":7,"Pid":-5,"Health":{"Status":"healthy","Log":7}},"RestartCount":"x"}'],
                         ids=range(11))
def test_a_docker_that_talks_nonsense_leaves_it_unknown(agent, docker, raw):
    docker.raw = raw
    one = agent(BOX + WEB, docker.conf)
    one.unit('web.service')
    found = app(one)
    assert found['state'] == 'unknown' and found['pid'] is None and app(one, 1)['state'] == 'running'


def test_a_docker_that_is_away_and_one_that_comes_back(agent, docker, folder):
    one = agent(BOX, f'docker_socket = {folder}/none.sock\n')
    assert (app(one)['state'], app(one)['sub']) == ('unknown', 'connection refused')
    os.symlink(folder / 'docker.sock', folder / 'none.sock')
    assert app(one)['state'] == 'missing'
    docker.container('box')
    assert app(one)['state'] == 'running'


@pytest.mark.parametrize('verb, call', [('restart', 'restart?t=10'), ('stop', 'stop?t=10'), ('start', 'start')])
def test_actions_of_a_container(agent, docker, verb, call):
    docker.container('box', 'exited' if verb == 'start' else 'running')
    one = agent(BOX, docker.conf)
    answer = one.post(f'/v1/apps/box/{verb}', {'action': '00000000-0000-4000-8000-000000000000'})
    assert answer.status_code == 200 and answer.json()['state']['state'] == ('stopped' if verb == 'stop' else 'running')
    assert docker.calls == [f'POST /containers/box/{call}', 'GET /containers/box/json'] and one.calls == []


def test_a_container_that_does_not_start_says_why(agent, docker):
    docker.container('box', 'exited')
    docker.fail = 500
    one = agent(BOX, docker.conf)
    answer = one.post('/v1/apps/box/start', {'action': '00000000-0000-4000-8000-000000000000'})
    assert answer.status_code == 500 and answer.json()['error'] == 'Docker: driver failed'


# ---- health checks

def health(one, at=0):
    return app(one, at)['health']


def test_a_health_check_over_http(agent, site):
    one = agent(WEB + f'health = {site.url}/health?x=1\n')
    one.unit('web.service')
    said = health(one)
    assert said['ok'] is True and said['message'] == 'HTTP 200' and said['ms'] >= 0 and abs(said['at'] - time.time()) < 5


@pytest.mark.parametrize('status, ok', [(204, True), (302, True), (404, False), (500, False), (503, False)])
def test_what_an_answer_means(agent, site, status, ok):
    site.status = status
    one = agent(WEB + f'health = {site.url}\n')
    assert (health(one)['ok'], health(one)['message']) == (ok, f'HTTP {status}')
    assert site.hits == 1, 'the same answer serves who asks again at once'


def test_a_check_that_hangs_does_not_hold_up_the_poll_for_longer_than_it_may(agent, site):
    site.silent.clear()
    one = agent(''.join(f'[app a{n}]\nunit = a{n}.service\nhealth = {site.url}/\nhealth_timeout = 1s\n' for n in range(10)))
    began = time.monotonic()
    said = one.get('/v1/state').json()['apps']
    assert 0.9 < time.monotonic() - began < 7, 'side by side'
    assert {found['health']['message'] for found in said} == {'no answer in time'}


@pytest.mark.parametrize('command, ok, message', [
    ("/bin/sh -c 'echo all well; exit 0'", True, 'all well'), ('/bin/sh -c "echo bad >&2; exit 3"', False, 'bad'),
    ('/bin/false', False, 'exit code 1'), ('/nonexistent/program', False, 'cannot be checked: No such file or directory'),
    ("/bin/sh -c 'kill -9 $$'", False, 'killed by signal 9'), ("/bin/sh -c 'sleep 60'", False, 'not done within 1 s'),
    ("/bin/sh -c 'printf \"\\\\377\\\\001x\"'", True, '\ufffd\ufffdx'), ("/bin/sh -c 'yes'", False, 'not done within 1 s'),
    ("/bin/echo $HOME *", True, '$HOME *'), ("/usr/bin/env", True, 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'),
])
def test_a_health_check_by_a_command(agent, command, ok, message):
    one = agent(WEB + f'health_command = {command}\nhealth_timeout = 1s\n')
    said = health(one)
    assert (said['ok'], said['message']) == (ok, message)


def test_a_command_that_is_late_is_killed_with_its_children(agent, folder):
    one = agent(WEB + f"health_command = /bin/sh -c 'sleep 47 & echo $! > {folder}/pid; wait'\nhealth_timeout = 1s\n")
    assert health(one)['message'] == 'not done within 1 s'
    pid = int((folder / 'pid').read_text())
    one.wait(lambda: not os.path.exists(f'/proc/{pid}') or ' Z ' in open(f'/proc/{pid}/stat').read())


def test_health_and_state_are_kept_apart(agent, site):
    one = agent(WEB + f'health = {site.url}\n')
    one.unit('web.service', ActiveState='failed')
    assert app(one)['state'] == 'failed' and health(one)['ok'] is True


# ---- what the list says

def test_commit_and_branch_are_read_from_files(agent, folder):
    tree = folder / 'tree'
    (tree / '.git/refs/heads').mkdir(parents=True)
    one = agent(WEB + f'dir = {tree}\nports = 80,443 8080\nenv main = /x\nenv more = /y\n')
    assert (app(one)['commit'], app(one)['branch']) == (None, None)
    (tree / '.git/HEAD').write_text('ref: refs/heads/main\n')
    (tree / '.git/packed-refs').write_text(f'# pack-refs with: peeled\n{"1" * 40} refs/heads/mai\n{"2" * 40} refs/heads/main\n')
    assert (app(one)['commit'], app(one)['branch']) == ('2' * 40, 'main')
    (tree / '.git/refs/heads/main').write_text('3' * 40 + '\n')
    assert app(one)['commit'] == '3' * 40
    (tree / '.git/HEAD').write_text('4' * 40 + '\n')
    assert (app(one)['commit'], app(one)['branch']) == ('4' * 40, None)
    for bad in ('ref: refs/heads/../../secret', 'x' * 500, '', 'ref: refs/heads/' + 'x' * 400):
        (tree / '.git/HEAD').write_text(bad + '\n')
        assert app(one)['commit'] is None
    (tree / '.git/HEAD').unlink()
    (tree / '.git/HEAD').symlink_to('/etc/passwd')
    found = app(one)
    assert found['commit'] is None and found['ports'] == [80, 443, 8080] and found['env'] == ['main', 'more']


def test_those_who_ask_meanwhile_share_one_look(agent, docker):
    docker.container('box')
    docker.held = threading.Event()
    one = agent(BOX, docker.conf)
    asking = [one.connect() for _ in range(5)]
    for sock in asking:  # known to each other, so that what follows is read at once
        sock.sendall(b'GET /v1/none HTTP/1.1\r\nHost: vm\r\n\r\n')
        said = b''
        while b'}' not in said:
            said += sock.recv(4096)
    for sock in asking:
        sock.sendall(b'GET /v1/state HTTP/1.1\r\nHost: vm\r\nConnection: close\r\n\r\n')
    one.wait(lambda: docker.calls and one.get('/v1/none').status_code == 404)
    docker.held.set()
    answers = {sock.recv(65536)[:15] for sock in asking}
    for sock in asking:
        sock.close()
    assert answers == {b'HTTP/1.1 200 OK'} and docker.calls == ['GET /containers/box/json']
