"""The demonstration: everybody sees all of it, nobody changes any of it, and it moves."""
import subprocess

import pytest
import requests
from stack import Stack, host

pytestmark = pytest.mark.plain  # nearly all of it is SQL


@pytest.fixture(scope='module')
def demo(build):
    with Stack(build, extra='TocsinDemo On\n', tocsind=False, settings={'demo': 'yes'}) as s:
        host.run(*host.as_user(str(s.build / 'cli/tocsin'), 'demo', '--database', s.owner_sql))
        s.tocsind.start()
        yield s


def get(s, path, **kw):
    return requests.get(f'{s.url}/api/v1{path}', timeout=10, **kw)


def test_everybody_sees_ninety_days_without_signing_in(demo):
    boot = get(demo, '/bootstrap').json()
    assert boot['demo'] is True and boot['user']['name'] == 'Demo' and boot['features']['setup_needed'] is False
    monitors = get(demo, '/monitors?view=list').json()
    assert len(monitors['id']) >= 20 and all(up > 90 for up in monitors['up30']), monitors['up30']
    days = get(demo, f"/monitors/{monitors['id'][1]}/daily?days=90").json()
    assert len(str(days)) > 2000
    for path in ('/overview', '/incidents', '/maintenance', '/pages', '/channels', '/deliveries', '/admin/users', '/admin/audit', '/admin/health',
                 '/me/tokens', f"/monitors/{monitors['id'][0]}/series", f"/monitors/{monitors['id'][0]}/checks"):
        assert get(demo, path).status_code == 200, path
    told = next(i for i in get(demo, '/incidents?limit=100').json()['items'] if i['title'] == 'Payments are slow')
    assert told['severity'] == 'critical'
    demo.wait(lambda: demo.db('select published_at from tocsin.page')[0][0], 20)
    assert 'Example Shop' in requests.get(demo.status_url('demo')).text


def test_hosts_and_apps_have_a_day_behind_them_and_speak(demo):
    hosts = get(demo, '/hosts').json()['items']
    assert len(hosts) == 4 and {h['status'] for h in hosts} == {'up'}
    series = get(demo, f"/hosts/{hosts[0]['id']}/series?fields=cpu,mem").json()
    assert len(series['t']) > 200
    apps = get(demo, '/apps').json()['items']
    shop = next(a for a in apps if a['deploy'])
    assert len(get(demo, f"/apps/{shop['id']}/deploys").json()['items']) == 4
    path = f"/apps/{shop['id']}/logs"
    first = get(demo, path + '?limit=50').json()
    assert len(first['lines']) == 50
    older = get(demo, f"{path}?limit=50&dir=back&cursor={first['prev']}").json()['lines']
    again = get(demo, f"{path}?limit=50&cursor={older[-1]['c']}").json()['lines']
    assert again[0] == first['lines'][0] and older[-1]['t'] < first['lines'][0]['t']
    found = get(demo, path + '?q=ERROR&limit=5').json()['lines']
    assert found and all('ERROR' in line['m'] for line in found)
    # what the pages poll goes on from a cursor
    demo.wait(lambda: get(demo, f"{path}?cursor={first['next']}").json()['lines'], 10)
    env = get(demo, f"/apps/{shop['id']}/env/main").json()
    assert [e['key'] for e in env['entries'] if e['masked']] == ['DATABASE_URL', 'SESSION_SECRET'] and '••••' in env['text']
    assert get(demo, f"/apps/{shop['id']}/refs").json()['refs'] and get(demo, f"/apps/{shop['id']}/env/other").status_code == 404


@pytest.mark.parametrize('method', ['POST', 'PUT', 'PATCH', 'DELETE'])
@pytest.mark.parametrize('path', ['/api/v1/monitors', '/api/v1/monitors/1', '/api/v1/session', '/api/v1/me/password', '/api/v1/setup',
                                  '/api/v1/public/pages/demo/subscriptions', '/api/v1/nothing', '/api/runstate/v1/auth/login'])
def test_nothing_can_be_changed(demo, method, path):
    answer = requests.request(method, demo.url + path, json={'name': 'x'}, timeout=10)
    assert answer.status_code == 403 and answer.headers['Content-Type'] == 'application/problem+json'
    assert answer.json()['type'] == 'about:blank#demo' and answer.json()['detail'].startswith('Demo: ')
    big = requests.request(method, demo.url + path, data=b'x' * 300000, timeout=10)
    assert big.status_code == 403


def test_streams_answer_204_and_nothing_is_revealed(demo):
    for path in ('/events', '/apps/1/logs/stream', '/apps/1/deploys/1/stream'):
        assert get(demo, path, headers={'Accept': 'text/event-stream'}).status_code == 204, path
    assert get(demo, '/apps/1/env/app?reveal=*').json()['type'] == 'about:blank#demo'
    assert get(demo, '/apps/1/env/app?x=1&reveal=A').status_code == 403


def test_there_is_no_secret_in_it(demo):
    assert demo.db('select count(*) from tocsin.account where password is not null')[0][0] == 0
    for table in ('session', 'refresh_token', 'api_token', 'invite', 'subscriber'):
        assert demo.db(f'select count(*) from tocsin.{table}')[0][0] == 0, table
    assert demo.db("select count(*) from tocsin.channel where secret <> '{}'")[0][0] == 0
    # whoever sends something along is the demonstration's account all the same
    who = get(demo, '/me', headers={'Authorization': 'Bearer tcs_x'}, cookies={'tocsin': 'x'}).json()
    assert who['email'] == 'demo@example.org'


def test_it_moves_and_nobody_is_told(demo):
    newest = 'select max(at) from tocsin.monitor_latest'
    first = demo.wait(lambda: demo.db(newest)[0][0], 20)
    # a minute has passed: what was checked then is due again
    demo.db("update tocsin.monitor_latest set at = at - interval '1 minute'")
    demo.wait(lambda: (demo.db(newest)[0][0] or first) > first, 20)
    down = demo.db("select tocsin.transit((select id from tocsin.monitor where name = 'Website'), 3, now(), 13, 503, 'made up')")
    assert down[0][0] == 1
    demo.wait(lambda: demo.db("select count(*) from tocsin.outbox where event = 'down' and state = 'sent'")[0][0], 20)
    assert demo.smtp.messages == []
    roles = {r for r, in demo.db('select role from tocsin.worker')}
    assert 'demo' in roles and not roles & {'checker', 'scheduler', 'notifier', 'fleet'}


def test_real_data_stays_real(build):
    """Neither the command nor the directive shows what is not made up."""
    with Stack(build, extra='TocsinDemo On\n', tocsind=False) as s:
        s.db("insert into tocsin.account (email, role) values ('real@example.org', 'admin')")
        done = subprocess.run(host.as_user(str(s.build / 'cli/tocsin'), 'demo', '--database', s.owner_sql), capture_output=True, text=True)
        assert done.returncode == 1 and 'there are accounts already' in done.stderr
        assert get(s, '/monitors').status_code == 401 and get(s, '/bootstrap').json()['user'] is None
        assert s.db('select work.demo_tick()') == [(0,)]
