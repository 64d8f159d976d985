"""The publisher: pages are files that follow what they show, and go when it goes."""
import json
import os
import stat
import time

import pytest
import requests

from watching import NUMBERS, create, down

FILES = ('index.html', 'summary.json', 'feed.atom', 'feed.json', 'badge.svg', 'badge-uptime.svg', 'badge-ms.svg',
         'embed/index.html', 'maintenance.ics')
ENDS = {'html': b'</html>', 'json': b'}', 'atom': b'</feed>', 'svg': b'</svg>', 'ics': b'END:VCALENDAR'}


def page(s, who, monitors=(), groups=(), **settings):
    made = who.api('POST', '/pages', json={'title': 'Shop', 'slug': f'shop-{next(NUMBERS)}', **settings})
    assert made.status_code == 201, made.text
    made = made.json()
    parts = [{'kind': 'monitor', 'monitor': m['id'], 'name': f"Part {m['id']}"} for m in monitors]
    parts += [{'kind': 'group', 'group': g, 'name': g} for g in groups]
    if parts:
        answer = who.api('PUT', f"/pages/{made['id']}/components", json={'components': parts})
        assert answer.status_code == 200, answer.text
    return made


def summary(s, made):
    answer = requests.get(s.status_url(made['slug'], 'summary.json'))
    return answer.json() if answer.status_code == 200 else None


def shown(s, made, n=1):
    """The summary once all components are on it."""
    def complete():
        found = summary(s, made)
        return found and len(found['components']) == n and found
    return s.wait(complete, 5, 'the page')


def test_page_follows_an_outage_within_two_seconds(stack):
    ann = stack.user()
    m = create(ann, paused=True)
    made = page(stack, ann, [m])
    assert shown(stack, made)['components'][0]['status'] == 'paused'
    stack.db('select tocsin.transit(%s, 1)', m['id'])
    stack.wait(lambda: summary(stack, made)['overall'] == 'up', 2, 'up')
    began = time.monotonic()
    down(stack, m)
    stack.wait(lambda: summary(stack, made)['components'][0]['status'] == 'down', 2, 'the outage on the page')
    print(f'after {(time.monotonic() - began) * 1000:.0f} ms')
    assert 'Part' in requests.get(stack.status_url(made['slug'])).text
    stack.db("update tocsin.incident set published_at = now() where monitor = %s", m['id'])
    stack.wait(lambda: summary(stack, made)['incidents'], 2, 'the incident')
    row = stack.wait(lambda: stack.db('select bytes, error from tocsin.page where id = %s and published_at > now() - interval \'5 s\'',
                                      made['id']), 5)[0]
    assert row[0] > 5000 and row[1] is None


def test_every_file_is_there_and_whole(stack):
    ann = stack.user()
    m = create(ann, paused=True)
    made = page(stack, ann, [m])
    shown(stack, made)
    folder = stack.status_dir / made['slug']
    key = ann.api('GET', f"/pages/{made['id']}").json()['components'][0]['id']
    names = FILES + tuple(f'badge/{key}{kind}.svg' for kind in ('', '-uptime', '-ms'))
    stack.wait(lambda: all((folder / name).exists() for name in names), 3, 'all files')
    for name in names:
        assert (folder / name).read_bytes().rstrip().endswith(ENDS[name.rpartition('.')[2]]), name
        answer = requests.get(stack.status_url(made['slug'], name.removesuffix('index.html')))
        assert answer.status_code == 200 and answer.content == (folder / name).read_bytes(), name
        assert (folder / name).stat().st_mode & 0o777 == 0o644
    assert not [f for f in folder.rglob('*') if '.tmp' in f.name]
    for link in ('page-',):
        assert any(f.name.startswith(link) for f in (stack.status_dir / 'assets').iterdir())


def test_pages_that_are_gone_disabled_or_renamed_leave_no_folder(stack):
    ann = stack.user()
    m = create(ann, paused=True)
    for n, end in enumerate((lambda p: ann.api('DELETE', f"/pages/{p['id']}"),
                             lambda p: ann.api('PATCH', f"/pages/{p['id']}", json={'enabled': False}),
                             lambda p: ann.api('PATCH', f"/pages/{p['id']}", json={'slug': f"{p['slug']}-new"}))):
        made = page(stack, ann, [m], slug=f'going-{ann.id}-{n}')
        shown(stack, made)
        assert end(made).status_code in (200, 204)
        stack.wait(lambda: not (stack.status_dir / made['slug']).exists(), 3, 'the folder to go')
        assert requests.get(stack.status_url(made['slug'])).status_code == 404
    shown(stack, {'slug': f"{made['slug']}-new"})
    # enabled again it is back
    two = ann.api('GET', '/pages').json()['items'][0]
    ann.api('PATCH', f"/pages/{two['id']}", json={'enabled': True})
    shown(stack, two)


def test_who_may_read_is_written_beside_the_page_for_httpd_alone(stack):
    ann = stack.user()
    made = page(stack, ann, [create(ann, paused=True)], access='address', allow=['10.9.0.0/16', '2001:db8::/32'])
    access = stack.status_dir / made['slug'] / '.access'
    stack.wait(access.exists, 3)
    assert sorted(access.read_text().split()) == ['10.9.0.0/16', '2001:db8::/32', 'address', 'address']
    assert stat.S_IMODE(access.stat().st_mode) == 0o640
    stack.wait((stack.status_dir / made['slug'] / 'summary.json').exists, 3)
    assert requests.get(stack.status_url(made['slug'])).status_code == 403
    assert requests.get(stack.status_url(made['slug'], '.access')).status_code in (403, 404)
    ann.api('PATCH', f"/pages/{made['id']}", json={'access': 'password', 'password': 'open sesame'})
    stack.wait(lambda: access.read_text().startswith('password $'), 3)
    ann.api('PATCH', f"/pages/{made['id']}", json={'access': 'public'})
    stack.wait(lambda: not access.exists(), 3)
    assert requests.get(stack.status_url(made['slug'])).status_code == 200


def test_folders_and_links_that_are_not_ours_are_left_alone(stack, tmp_path):
    ann = stack.user()
    mine = stack.status_dir / f'mine-{ann.id}'
    mine.mkdir()
    (mine / 'notes.txt').write_text('keep me')
    away = stack.status_dir / f'away-{ann.id}'
    away.symlink_to(tmp_path)
    for folder, word in ((mine, 'not ours'), (away, 'link')):
        made = page(stack, ann, slug=folder.name)
        error = stack.wait(lambda: stack.db('select error from tocsin.page where id = %s', made['id'])[0][0], 3, 'the reason')
        assert word in error and folder.name in error
        assert ann.api('GET', f"/pages/{made['id']}").json()['error'] == error
        assert ann.api('DELETE', f"/pages/{made['id']}").status_code == 204
    assert [f.name for f in mine.iterdir()] == ['notes.txt'] and not list(tmp_path.iterdir())
    # a link inside a page's folder goes, and what it points to stays
    made = page(stack, ann, [create(ann, paused=True)])
    shown(stack, made)
    folder, secret = stack.status_dir / made['slug'], tmp_path / 'secret'
    secret.write_text('x')
    (folder / 'history').rename(folder / 'old')
    (folder / 'history').symlink_to(tmp_path)
    os.lchown(folder / 'history', folder.stat().st_uid, folder.stat().st_gid)
    ann.api('PATCH', f"/pages/{made['id']}", json={'title': 'again'})
    stack.wait(lambda: not (folder / 'history').is_symlink(), 3, 'the link to go')
    assert [f.name for f in tmp_path.iterdir()] == ['secret']
    away.unlink()


def days(s, made, n=0):
    """Of a component: the sums of what is said of each of the 90 days."""
    model = s.db('select tocsin.page_model(%s)', made['id'])[0][0]
    found = [{} for _ in range(90)]
    for columns in model['components'][n]['days']:
        columns = {name: list(map(int, text.split())) for name, text in columns.items() if text}
        for name, values in columns.items():
            for at, value in zip(columns['at'], values):
                if name != 'at' and at >= model['today'] - 89:
                    found[at - model['today'] + 89][name] = found[at - model['today'] + 89].get(name, 0) + value
    return found


@pytest.fixture
def history(quiet):
    """Two monitors of a group, up for ten days, with outages that overlap by half an hour."""
    s, ann = quiet, quiet.user()
    two = [create(ann, group=f'web-{ann.id}') for _ in range(2)]
    for i, m in enumerate(two):
        s.db("update tocsin.monitor set created_at = now() - interval '20 days' where id = %s", m['id'])
        s.db("""with day as (select date_trunc('day', now(), 'UTC') as t)
                insert into tocsin.transition (monitor, seq, prev, status, at)
                select %s, n, p, q, t + a::interval from day,
                (values (1, 0, 1, '-10 days'), (2, 1, 3, %s), (3, 3, 1, %s), (4, 1, 4, '-3 days 1 hour'), (5, 4, 1, '-3 days 2 hours'))
                v (n, p, q, a)""", m['id'],
             ('-5 days +12 hours', '-5 days +12 hours 30 minutes')[i], ('-5 days +13 hours', '-5 days +13 hours 30 minutes')[i])
        s.db("insert into tocsin.monitor_state (monitor, status, since, seq) values (%s, 1, date_trunc('day', now(), 'UTC') + interval '-3 days 2 hours', 5)"
             " on conflict (monitor) do update set status = 1, since = excluded.since, seq = 5", m['id'])
    return s, ann, two


def test_a_group_is_as_bad_as_its_worst_monitor_at_each_moment(history):
    s, ann, two = history
    made = page(s, ann, two, [f'web-{ann.id}'])
    for n, down_s in ((0, 3600), (1, 3600), (2, 5400)):
        found = days(s, made, n)
        assert found[84]['down'] == down_s and found[84]['up'] == 86400 - down_s, (n, found[84])
        assert found[86]['maintenance'] == 3600 and found[86].get('down', 0) == 0
        assert sum(sum(d.get(k, 0) for k in ('up', 'down', 'maintenance')) for d in found[:79]) == 0, 'before the first transition'
        assert found[79]['up'] == 86400
    # what the keeper packed says the same as the transitions, but for nothing
    before = [days(s, made, n) for n in range(2)]
    today = s.db("select (now() at time zone 'UTC')::date")[0][0]
    s.db("select tocsin.pack_day((%s::date - n)::date, %s) from generate_series(1, 12) n", today, [m['id'] for m in two])
    old = s.db("select at from tocsin.watermark where name = 'day'")
    s.db("insert into tocsin.watermark values ('day', date_trunc('day', now(), 'UTC')) on conflict (name) do update set at = excluded.at")
    try:
        s.db("update tocsin.monitor_day set checks = 1440, failed = 40, sum_us = 140000000, p95_ms = 120 where monitor = any (%s)",
             [m['id'] for m in two])
        for n in range(2):
            for d, (a, b) in enumerate(zip(before[n], days(s, made, n))):
                assert all(a.get(k, 0) == b.get(k, 0) for k in ('up', 'down', 'maintenance')) or d == 89, (n, d, a, b)
        # and so does what is kept ready of the past
        plain = [days(s, made, n)[:89] for n in range(3)]
        while s.db('select work.page_prepare()')[0][0]:
            pass
        assert s.db('select count(*) from tocsin.monitor_past where monitor = any (%s)', [m['id'] for m in two])[0][0] == 2
        kept = [days(s, made, n)[:89] for n in range(3)]
        assert [[{k: v for k, v in d.items() if v} for d in c] for c in kept] == [[{k: v for k, v in d.items() if v} for d in c] for c in plain]
        group = days(s, made, 2)[84]
        assert (group['down'], group['checks'], group['sum_ms']) == (5400, 2880, 280000)
    finally:
        s.db("delete from tocsin.watermark where name = 'day'")
        for (at,) in old:
            s.db("insert into tocsin.watermark values ('day', %s)", at)


def test_the_preview_overrides_and_stores_nothing(history):
    s, ann, two = history
    made = page(s, ann, two)
    incident = s.db("insert into tocsin.incident (owner, monitor, title, started_at) values (%s, %s, 'secret name', now()) returning id",
                    ann.id, two[0]['id'])[0][0]
    assert s.db('select tocsin.page_model(%s)', made['id'])[0][0]['incidents'] == []
    draft = {'title': 'New', 'components': [{'kind': 'monitor', 'monitor': two[1]['id'], 'name': 'Only'},
                                            {'kind': 'monitor', 'monitor': two[0]['id'], 'name': 'Other', 'section': 'B'}],
             'incident': {'id': incident, 'phase': 'identified', 'body': '*found*', 'severity': 'critical'}}
    model = s.db("select tocsin.page_model(%s, now(), %s)", made['id'], json.dumps(draft))[0][0]
    assert model['title'] == 'New' and [c['name'] for c in model['components']] == ['Only', 'Other']
    shown_ = model['incidents'][0]
    assert (shown_['title'], shown_['severity'], shown_['components']) == ('Other is down', 'critical', [1])
    assert shown_['updates'][0]['phase'] == 'identified' and shown_['updates'][0]['body'] == '*found*'
    assert s.db('select tocsin.page_model(%s)', made['id'])[0][0]['title'] == 'Shop'


def test_a_page_shows_fifty_components_within_its_time(history):
    """A model of 50 components and 90 days, in CPU time of the server, which a busy machine changes little."""
    s, ann, _ = history
    ids = [r[0] for r in s.db("insert into tocsin.monitor (owner, name, url, created_at) select %s, 'm' || i, 'https://m' || i || '.example/' || %s, "
                              "now() - interval '100 days' from generate_series(1, 50) i returning id", ann.id, ann.id)]
    s.db("insert into tocsin.monitor_day (monitor, day, up_s, degraded_s, down_s, maintenance_s, unknown_s, paused_s, checks, failed, sum_us, p95_ms) "
         "select m, current_date - n, 86000, 0, 400, 0, 0, 0, 1440, 6, 177000000, 234 from unnest(%s::bigint[]) m, generate_series(1, 95) n", ids)
    made = page(s, ann)
    s.db("insert into tocsin.component (page, position, kind, monitor, name) select %s, i, 'monitor', m, 'Part ' || i "
         "from unnest(%s::bigint[]) with ordinality u (m, i)", made['id'], ids)
    s.db("insert into tocsin.watermark values ('day', date_trunc('day', now(), 'UTC')) on conflict (name) do nothing")
    s.db('analyze tocsin.monitor_day')
    ask = 'select length(tocsin.page_model(%s)::text)'
    for _ in range(6):
        assert s.db(ask, made['id'])[0][0] > 50000
    pid = s.pg.conn.info.backend_pid

    def cpu():
        fields = open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf('SC_CLK_TCK')
    began = cpu()
    for _ in range(20):
        s.db(ask, made['id'])
    assert (cpu() - began) / 20 < 40, 'ms of CPU a model'
