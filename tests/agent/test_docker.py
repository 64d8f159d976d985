"""The same with containers under a real dockerd: states, figures, logs, env files, restarts, deploys, a crash. The shop's
container runs what is checked out; no deploy makes an image."""
import pytest

from rig.apps import put_container, put_shop, said_by_shop
from rig.machine import counts_memory
from stack import Events, host


@pytest.fixture(scope='module')
def machine(rig, fleet, repository):
    made = rig.machine('docker', accounts=True)
    made.docker_start()
    fleet.join(made, put_container(made, 'box'), put_container(made, 'idle'), put_shop(made, repository, container=True), more=['--docker'])
    yield made
    made.crash()


@pytest.fixture(scope='module')
def box(fleet, machine):
    number = fleet.app_id(machine, 'box')
    app = fleet.until(number, 'up')
    assert app['type'] == 'docker' and app['container'] == 'box' and app['deploy'] is False
    return number


def test_figures_are_those_of_the_container(fleet, machine, box):
    machine.run('docker', 'exec', '-d', 'box', 'sh', '-c', 'while :; do :; done')
    busy = fleet.wait(lambda: (a := fleet.app(box))['cpu'] is not None and a['cpu'] > 0.05 and a, 20, 'a busy container')
    if counts_memory():
        assert busy['memory'] and 1 << 12 < busy['memory'] < 1 << 28
    machine.run('docker', 'restart', '-t', '0', 'box')
    fleet.wait(lambda: (a := fleet.app(box))['cpu'] is not None and a['cpu'] < 0.05, 20, 'an idle container')


def test_logs_of_a_container(fleet, machine, box):
    machine.sh('docker restart -t 0 box')
    with Events(fleet.admin, f'/api/v1/apps/{box}/logs/stream') as stream:
        machine.run('docker', 'restart', '-t', '0', 'box')
        stream.wait(lambda e: any('the box is open' in line['m'] for line in (e['data'] if isinstance(e['data'], list) else [])), 15)
    page = fleet.api('GET', f'/apps/{box}/logs?limit=2').json()
    assert [line['m'] for line in page['lines']][-1] == 'the box is open'


def test_restart_stop_start(fleet, machine, box):
    fleet.settled(box)
    before, told = machine.run('docker', 'inspect', '-f', '{{.State.StartedAt}}', 'box'), fleet.told(box)
    assert fleet.act(box, 'restart')['state'] == 'done'
    assert machine.run('docker', 'inspect', '-f', '{{.State.StartedAt}}', 'box') != before
    assert fleet.act(box, 'stop', json={'reason': 'to see'})['state'] == 'done'
    app = fleet.until(box, 'paused')
    assert machine.run('docker', 'inspect', '-f', '{{.State.Status}}', 'box').strip() == 'exited'
    assert not app['incident'] and fleet.told(box) == told, 'a person stopped it'
    assert fleet.act(box, 'start')['state'] == 'done'
    fleet.until(box, 'up')


@pytest.fixture(scope='module')
def shop(fleet, machine):
    number = fleet.app_id(machine, 'shop')
    app = fleet.until(number, 'up')
    assert app['type'] == 'docker' and app['deploy'] is True and app['health']['ok'] is True
    return number


def test_env_file_of_a_container(fleet, machine, shop):
    path = f'/apps/{shop}/env/main'
    before = fleet.api('GET', path)
    assert 'hunter2' not in before.text and 'good morning' in before.text
    saved = fleet.api('PUT', path, json={'set': {'GREETING': "ann's \"box\""}}, headers={'If-Match': before.headers['ETag']})
    assert saved.ok and saved.json()['keys']['changed'] == ['GREETING'], saved.text
    assert fleet.act(shop, 'restart')['state'] == 'done'
    assert said_by_shop(machine) == "ann's \"box\""


def test_deploys_of_a_container(fleet, machine, shop, repository):
    """A commit that runs, then one that cannot be built and one that cannot start."""
    good = repository.commit('2.0', 'The shop has a door')
    done = fleet.deploy(shop)
    assert done['state'] == 'succeeded' and done['to'] == good and 'building 2.0' in done['output'], done
    assert said_by_shop(machine, 'version') == '2.0'
    for version in ('unbuildable', 'broken'):
        repository.commit(version, f'The shop is {version}')
        done = fleet.deploy(shop)
        assert done['state'] == 'rolled-back' and done['error'], done
        assert said_by_shop(machine, 'version') == '2.0'
    fleet.settled(shop)
    verbs = {a['action'] for a in fleet.api('GET', f'/apps/{shop}/audit').json()['items']}
    assert {'app.env', 'app.restart', 'app.deploy'} <= verbs


def test_crash_of_a_container_is_an_incident(fleet, machine, box):
    fleet.settled(box)
    fleet.set('apps', box, auto_restart=True)
    had = len(fleet.incidents(box))
    machine.run('docker', 'kill', 'box')
    fleet.wait(lambda: len(fleet.incidents(box)) == had + 1, 20, 'an incident')
    fleet.wait(lambda: not fleet.incidents(box)[-1][1], 30, 'its end')
    last = fleet.api('GET', f'/apps/{box}/actions').json()['items'][0]
    assert last['kind'] == 'restart' and last['auto'] and last['state'] == 'done'
    fleet.until(box, 'up')


def test_agent_outlives_docker(fleet, machine, box):
    agent = machine.show('tocsin-agent', 'MainPID')
    machine.run('systemctl', 'stop', 'docker.socket', 'docker')
    fleet.wait(lambda: fleet.app(box)['status'] != 'up', 20, 'Docker to be missed')
    machine.run('systemctl', 'start', 'docker')
    machine.run('docker', 'start', 'box', 'idle', 'shop')
    fleet.until(box, 'up')
    assert machine.show('tocsin-agent', 'MainPID') == agent


def test_what_is_not_on_the_list_is_out_of_reach(fleet, machine, box):
    """Docker's group is root's equal; the agent uses it for its own containers only."""
    machine.run('docker', 'run', '-d', '--name', 'other', '--network', 'host', 'busybox:1', 'sleep', '1000')
    host.wait(lambda: 'other' in machine.run('docker', 'ps'), 10)
    apps = [a['key'] for a in fleet.host('docker')['apps']]
    assert set(apps) == {'box', 'idle', 'shop'}
