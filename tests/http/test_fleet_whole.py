"""The agent itself, the gateway and the role fleet together: nothing between them is a double."""
import json

import pytest

from stack import host

ANSWERS = ('up', 'degraded')  # the machine of the tests may be busy


@pytest.fixture(scope='module')
def agent(fleet):
    made = fleet.real_agent('whole', '[app web]\nunit = web.service\ndir = {folder}\nenv main = {folder}/web.env\n')
    (made.folder / 'web.env').write_text('# of the web\nPORT=8080\nAPI_TOKEN=s3cret\n')
    return made


def status(s, monitor):
    return s.db('select tocsin.status_word(status) from tocsin.monitor_state where monitor = %s', monitor)[0][0]


def test_a_day_of_an_app(fleet, agent):
    fleet.wait(lambda: status(fleet, agent.id) in ANSWERS, 10, 'the host to be up')
    web = fleet.db("select monitor from tocsin.app where host = %s and key = 'web'", agent.id)[0][0]
    fleet.wait(lambda: status(fleet, web) == 'up', 10, 'the app to be up')

    agent.unit('web.service', ActiveState='failed', SubState='failed', ExecMainCode='1', ExecMainStatus='3')
    fleet.wait(lambda: status(fleet, web) == 'down', 10, 'the app to be down')
    ident = fleet.db("insert into tocsin.app_action (app, host, kind) values (%s, %s, 'restart') returning id", web, agent.id)[0][0]
    agent.unit('web.service', ActiveState='active', SubState='running', InvocationID='b2' * 16)
    fleet.db("select pg_notify('tocsin_work', 'fleet')")
    fleet.wait(lambda: fleet.db('select state from tocsin.app_action where id = %s', ident)[0][0] == 'done', 15, 'the restart')
    assert any('restart' in call and 'web.service' in call for call in agent.systemctl())
    fleet.wait(lambda: status(fleet, web) == 'up', 10, 'the app to be up again')
    assert fleet.db('select count(*) from tocsin.incident where monitor = %s', web)[0][0] == 1


def test_the_gateway_speaks_the_agents_language(fleet, agent):
    at = f'/hosts/{agent.id}/v1'
    status_, said = agent.ask('GET', f'{at}/apps/web/env/main')
    assert status_ == 200 and 's3cret' not in json.dumps(said), said
    assert agent.ask('GET', f'{at}/apps/other/env')[0] == 404
    status_, said = agent.ask('PUT', f'{at}/apps/web/env/main', '{"set":{"PORT":"1"}}')
    assert status_ in (400, 409, 412, 428) and said['error']  # without If-Match nothing is written
    assert 'PORT=8080' in (agent.folder / 'web.env').read_text()


def test_a_killed_agent_that_comes_back_is_the_same(fleet, agent):
    agent.kill()
    fleet.wait(lambda: 'refused' in fleet.db('select error from tocsin.host where monitor = %s', agent.id)[0][0], 10, 'the refusal')
    agent.start()
    host.wait(lambda: fleet.db('select error from tocsin.host where monitor = %s', agent.id)[0][0] == '', 10, 'its return')
    assert status(fleet, agent.id) in ANSWERS
