"""watching: what stories about monitors begin with."""
import itertools

NUMBERS = itertools.count(1)


def address():
    return f'http://site{next(NUMBERS)}.example.com/'


def create(who, **settings):
    answer = who.api('POST', '/monitors', json={'url': address(), **settings})
    assert answer.status_code == 201, answer.text
    return answer.json()


def refused(answer, field, status=422):
    assert answer.status_code == status, answer.text
    assert answer.headers['Content-Type'] == 'application/problem+json'
    problem = answer.json()
    assert problem['status'] == status and problem['title'] and problem['request_id']
    assert field in problem['errors'], problem
    return problem['errors'][field]


def channel(s, who, default=False):
    return s.db("insert into tocsin.channel (owner, type, name, config, is_default) "
                "values (%s, 'email', 'mail', '{\"to\": [\"a@example.org\"]}', %s) returning id", who.id, default)[0][0]


def down(s, m):
    s.db('select tocsin.transit(%s, 3, now(), 2, 0, %s)', m['id'], 'refused')


def latest(s, m, age, status=1, total_us=12345):
    s.db("insert into tocsin.monitor_latest (monitor, region, at, status, reason, code, total_us, phase_us) "
         "values (%s, 0, now() - make_interval(secs => %s), %s, 0, 200, %s, '{1000,2000,3000,4000}') "
         "on conflict (monitor, region) do update set at = excluded.at", m['id'], age, status, total_us)
