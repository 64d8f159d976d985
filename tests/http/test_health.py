"""GET /admin/health: the numbers of the instance and what to do about them."""
import pytest

pytestmark = pytest.mark.asan


def health(stack):
    answer = stack.api('GET', '/admin/health')
    assert answer.status_code == 200, answer.text
    return answer.json()


def advice(stack, about):
    return [a for a in health(stack)['advice'] if a['about'] == about]


@pytest.mark.parametrize('role', ['viewer', 'member', 'operator'])
def test_only_administrators_see_it(stack, role):
    assert stack.user(role).api('GET', '/admin/health').status_code == 403


def test_nobody_else_sees_it(stack):
    assert stack.anyone().api('GET', '/admin/health').status_code == 401


def test_roles_are_listed_and_alive(stack):
    roles = {'scheduler', 'checker', 'status', 'notifier', 'keeper', 'publisher'}
    found = stack.wait(lambda: roles <= {w['role'] for w in health(stack)['workers'] if w['alive']}, 15, 'all roles')
    assert found
    for worker in health(stack)['workers']:
        assert worker['pid'] > 0 and worker['host'] and worker['beat_age_s'] < 15
        assert isinstance(worker['stats'], dict)
    assert not advice(stack, 'workers')


def test_numbers_are_there(stack):
    h = health(stack)
    assert h['queue'].keys() == {'buckets', 'owned', 'oldest_s'}
    assert h['lag'].keys() == {'p50_ms', 'p95_ms'}
    assert h['outbox'].keys() == {'pending', 'oldest_s', 'dead'}
    assert h['database']['bytes'] > 1e6
    assert 0 < h['database']['connections'] <= h['database']['connections_max']
    assert h['database']['migration'] >= 1
    assert h['events']['max'] > 0
    assert sum(h['monitors']['by_status'].values()) == h['monitors']['watched']


def test_message_that_waits_is_advised_on(stack):
    ann = stack.user()
    stack.db("""insert into tocsin.outbox (key, owner, event, body, state, created_at, next_at)
                values ('health-1', %s, 'test', '{}', 'pending', now() - interval '10 minutes', now() + interval '1 day'),
                       ('health-2', %s, 'test', '{}', 'dead', now(), now())""", ann.id, ann.id)
    try:
        found = advice(stack, 'outbox')
        assert found[0]['level'] == 'warning' and '10' in found[0]['text']
        assert health(stack)['outbox']['oldest_s'] >= 600
        assert 'given up' in advice(stack, 'dead_letters')[0]['text']
    finally:
        stack.db("delete from tocsin.outbox where key like 'health-%'")
    assert not advice(stack, 'outbox')


def test_bucket_without_a_checker_is_an_alarm(stack):
    stack.db("insert into tocsin.region (id, name) values (62, 'nowhere') on conflict do nothing")
    stack.db('insert into tocsin.bucket (region, id) values (62, 1)')
    try:
        assert advice(stack, 'queue')[0]['level'] == 'bad'
    finally:
        stack.db('delete from tocsin.bucket where region = 62')
        stack.db('delete from tocsin.region where id = 62')


def test_row_in_a_default_partition_is_an_alarm(stack):
    stack.db("""insert into tocsin.segment (bucket, region, epoch, batch, at, slot, age_ms, status, reason, code, total_us, phase_us)
                values (-1, 0, 1, 1, '1999-01-01', '{}', '{}', '{}', '{}', '{}', '{}', '{}')""")
    try:
        assert advice(stack, 'partitions')[0]['level'] == 'bad'
        assert health(stack)['database']['strays'] == 1
    finally:
        stack.db('delete from tocsin.segment where bucket = -1')


def test_dead_daemon_is_an_alarm(stack):
    stack.tocsind.stop()
    try:
        found = stack.wait(lambda: advice(stack, 'workers'), 20, 'advice')
        assert found[0]['level'] == 'bad' and 'checker' in found[0]['text']
    finally:
        stack.tocsind.start()
    stack.wait(lambda: not advice(stack, 'workers'), 20, 'roles to be back')


@pytest.mark.parametrize('counts,q,expected', [
    ('{"10":50,"100":90,"1000":99,"10000":100,"inf":100}', 0.5, 10),
    ('{"10":50,"100":90,"1000":99,"10000":100,"inf":100}', 0.95, 600),
    ('{"10":0,"100":0,"1000":0,"10000":0,"inf":7}', 0.5, 10000),
    ('{"10":8,"100":8,"1000":8,"10000":8,"inf":8}', 0.25, 2.5),
    ('{"inf":0}', 0.5, None),
    ('{}', 0.5, None),
])
def test_lag_is_read_off_the_histogram(stack, counts, q, expected):
    found = stack.db('select tocsin.lag_quantile(%s::jsonb, %s::numeric)', counts, q)[0][0]
    assert (found if found is None else float(found)) == expected


@pytest.mark.parametrize('stats', ['{}', '{"lag_le_ms": 5}', '{"lag_le_ms": {"10": "x", "inf": -1}, "restarts": [1]}',
                                   '{"checks_total": "many", "crash_loops": {"a": 1}}', '{"lag_le_ms": {"inf": 5}}'])
def test_strange_statistics_do_no_harm(stack, stats):
    stack.db("""insert into tocsin.worker (id, host, pid, role, lease_until, stats)
                values ('00000000-0000-0000-0000-000000000099', 'h', 1, 'odd', now(), %s::jsonb)""", stats)
    try:
        health(stack)
        stack.db('select count(*) from api.metrics_instance()')
    finally:
        stack.db("delete from tocsin.worker where role = 'odd'")
