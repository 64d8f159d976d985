"""The export role: what was measured, as the plain files of docs/status-data.md."""
import collections
import gzip
import json

import pytest

from stack import Stack
from watching import create


@pytest.fixture(scope='module')
def s(build):
    with Stack(build, start=False) as stack:
        stack.tocsind.settings.update(status_data_dir=str(stack.status_data_dir), checkers='1')
        stack.start()
        yield stack


def export(s):
    """One more round: a new process begins with one."""
    mark = s.status_data_dir / 'status.json'
    before = mark.stat().st_mtime_ns if mark.exists() else 0
    old = s.wait(lambda: s.tocsind.pids.get('export'), 20)
    s.tocsind.kill('export')
    s.wait(lambda: s.tocsind.pids.get('export', old) != old, 30, 'the next export')
    s.wait(lambda: mark.exists() and mark.stat().st_mtime_ns > before, 20, 'its round')


def readings(s):
    found = []
    for file in sorted((s.status_data_dir / 'archives').rglob('history-*')):
        text = gzip.decompress(file.read_bytes()) if file.suffix == '.gz' else file.read_bytes()
        found += [(file.name, json.loads(line)) for line in text.splitlines()]
    return found


def measured(s, monitor):
    """(t, status) of each check that the database has, in whole milliseconds."""
    return collections.Counter((int(t), status) for t, status in s.db(
        "select floor(extract(epoch from at) * 1000), status from tocsin.checks(%s, now() - interval '20 days', now() + interval '1 minute')",
        monitor))


def test_each_check_is_a_reading_once_however_often_the_role_dies(s):
    site = s.site()
    m = create(s.admin, name='shop', url=site.url, interval=5, retries=0)
    twin = create(s.admin, name='Shop.', url=site.url + 'x', interval=5, retries=0, paused=True)
    s.wait(lambda: len(measured(s, m['id'])) >= 1, 20, 'a check')
    export(s)
    site.status = 500
    s.api('POST', f"/monitors/{m['id']}/check")
    s.wait(lambda: s.api('GET', f"/monitors/{m['id']}").json()['status'] == 'down', 20)
    mark = s.status_data_dir / '.watermark'
    early = mark.read_bytes()
    export(s)
    mark.write_bytes(early)  # as one leaves it that is killed between its readings and the mark
    export(s)
    s.tocsind.stop()  # it settles what is under way
    s.tocsind.start()
    export(s)
    states = {'up': 1, 'degraded': 2, 'down': 3}
    kept = collections.Counter((r['t'], states[r['state']]) for _, r in readings(s) if r['svc'] == 'shop')
    known = measured(s, m['id'])
    assert not known - kept, 'a check is missing'
    newest = max(kept)[0]
    assert kept == collections.Counter({k: n for k, n in known.items() if k[0] <= newest}), 'a reading came twice'
    bad = [r for _, r in readings(s) if r['state'] == 'down']
    assert bad and all((r['code'], r['err']) == (500, 'HTTP 500') for r in bad)
    assert 'err' not in next(r for _, r in readings(s) if r['state'] == 'up')
    assert [(i['title'], i['affectedSystems'], i['closedAt']) for i in json.loads((s.status_data_dir / 'incidents.json').read_text())] == \
        [('shop is down', ['shop'], None)]
    current = json.loads((s.status_data_dir / 'current.json').read_text())
    assert [r['t'] for r in current] == sorted(r['t'] for r in current) and len(current) == sum(kept.values())
    daily = json.loads((s.status_data_dir / 'daily-summary.json').read_text())
    assert daily['version'] == 1 and sum(d['checksTotal'] for d in daily['services']['shop']) == sum(kept.values())
    entities = json.loads((s.status_data_dir / 'status/v1/summary.json').read_text())['entities']
    assert [e['name'] for e in entities] == ['shop', f"Shop. ({twin['id']})"], 'two names of one file are told apart'
    s.api('DELETE', f"/monitors/{twin['id']}")
    s.api('PATCH', f"/monitors/{m['id']}", json={'paused': True})


def test_what_is_older_comes_from_the_packed_hours_and_yesterday_is_compressed(s):
    m = create(s.admin, name='old', paused=True)
    s.db("update tocsin.monitor set created_at = now() - interval '5 days' where id = %s", m['id'])
    s.db("delete from tocsin.transition where monitor = %s", m["id"])
    s.db("""insert into tocsin.monitor_hour (monitor, region, hour, at_ms, status, reason, code, total_us, dns_us, connect_us, tls_us, ttfb_us)
            select %s, 0, date_trunc('hour', now(), 'UTC') - n * interval '1 hour', '{0,1800000}', '{1,3}', '{0,2}', '{200,0}', '{12000,7000}',
                   '{0,0}', '{0,0}', '{0,0}', '{0,0}' from generate_series(1, 72) n""", m['id'])
    # for two hours of them it was in maintenance
    s.db("""insert into tocsin.transition (monitor, seq, prev, status, at)
            select %s, n, p, q, date_trunc('hour', now(), 'UTC') - a::interval from (values (1, 0, 1, '90 hours'), (2, 1, 4, '50 hours'),
            (3, 4, 1, '48 hours')) v (n, p, q, a)""", m['id'])
    s.db("update tocsin.monitor_state set status = 5, seq = 4 where monitor = %s", m['id'])
    s.db("insert into tocsin.transition (monitor, seq, prev, status, at) values (%s, 4, 1, 5, now())", m['id'])
    (s.status_data_dir / '.watermark').unlink()
    export(s)
    old = [(name, r) for name, r in readings(s) if r['svc'] == 'old']
    assert len(old) == 144
    assert collections.Counter(r['state'] for _, r in old) == {'up': 70, 'down': 70, 'maintenance': 4}
    assert {r['err'] for _, r in old if r['state'] == 'down'} == {'the connection was refused'}
    days = {name for name, _ in old}
    assert len(days) >= 3 and sum(name.endswith('.gz') for name in days) >= len(days) - 1, 'all but today are compressed'
    # the other readings came a second time, and count once
    current = json.loads((s.status_data_dir / 'current.json').read_text())
    seen = collections.Counter((r['svc'], r['t']) for r in current)
    assert max(seen.values()) == 1


def test_a_page_says_whose_data_goes_out_and_how_it_is_called(s):
    m = create(s.admin, name='internal name', paused=True)
    create(s.admin, name='not on it', paused=True)
    page = s.api('POST', '/pages', json={'title': 'Public', 'slug': 'public'}).json()
    s.api('PUT', f"/pages/{page['id']}/components", json={'components': [{'kind': 'monitor', 'monitor': m['id'], 'name': 'Web shop', 'description': 'the front'}]})
    s.db("insert into tocsin.incident (owner, monitor, title, started_at, open_seq) select owner, id, 'secret', now(), 90 from tocsin.monitor where id = %s", m['id'])
    s.db("insert into tocsin.incident (owner, monitor, auto, title, started_at, published_at, open_seq) select owner, id, false, 'told', now(), now(), 91 "
         "from tocsin.monitor where id = %s", m['id'])
    s.tocsind.settings['status_data_page'] = 'public'
    s.tocsind.configure()
    export(s)
    s.tocsind.reload()
    s.wait(lambda: json.loads((s.status_data_dir / 'status/v1/summary.json').read_text())['entities'][0]['name'] == 'Web shop', 40)
    entities = json.loads((s.status_data_dir / 'status/v1/summary.json').read_text())['entities']
    assert [e['name'] for e in entities] == ['Web shop']
    incidents = json.loads((s.status_data_dir / 'incidents.json').read_text())
    assert [(i['title'], i['systems']) for i in incidents] == [('told', ['Web shop'])]
    assert incidents[0]['url'].endswith(f"/status/public/incidents/{incidents[0]['id']}.html")


def test_a_page_that_is_not_there_is_named_and_the_files_stay(s):
    before = (s.status_data_dir / 'current.json').read_bytes()
    s.tocsind.settings['status_data_page'] = 'nowhere'
    s.tocsind.reload()

    def advice():
        return [a for a in s.api('GET', '/admin/health').json()['advice'] if 'nowhere' in a['text']]
    assert s.wait(advice, 40)[0]['level'] == 'bad'
    assert (s.status_data_dir / 'current.json').read_bytes() == before
