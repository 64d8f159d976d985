"""/metrics: what Prometheus reads, who sees it, and how soon."""
import json
import os
import pathlib
import re
import subprocess
import time

import pytest
import requests

from stack import Stack, host

DEPLOY = host.SRC / 'deploy'
EVIL = 'a "quoted" \\ name\nof two lines'


def samples(text):
    """{name: {labels: value}} of a scrape, labels as they are written."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith('#'):
            name, labels, value = re.fullmatch(r'(\w+)(?:\{(.*)\})? (\S+)', line).groups()
            found.setdefault(name, {})[labels or ''] = float(value)
    return found


def scrape(stack, token=None, status=200, path='/metrics'):
    headers = {'Authorization': f'Bearer {token}'} if token else {}
    answer = requests.get(stack.url + path, headers=headers, timeout=15)
    assert answer.status_code == status, answer.text[:500]
    return answer


def token(client, *scopes):
    answer = client.api('POST', '/me/tokens', json={'name': 'scraper', 'scopes': list(scopes)})
    assert answer.status_code == 201, answer.text
    return answer.json()['token']


def watch(stack, client, **kw):
    site = stack.site()
    answer = client.api('POST', '/monitors', json={'name': 'web', 'url': site.url, 'interval': 5, 'timeout': 2, **kw})
    assert answer.status_code == 201, answer.text
    return answer.json()['id'], site


def fresh(stack, token, wanted, timeout=20):
    """The first scrape for which wanted(samples) holds."""
    def look():
        found = samples(scrape(stack, token).text)
        return found if wanted(found) else None
    return stack.wait(look, timeout, 'metrics to say so', every=0.3)


@pytest.fixture(scope='module')
def operator(stack):
    return token(stack.user('operator'), 'metrics')


@pytest.fixture(scope='module')
def watched(stack):
    """An account with two monitors that were checked: one up, one down."""
    ann = stack.user()
    ann.token = token(ann, 'metrics')
    ann.up, _ = watch(stack, ann, name=EVIL.replace('\n', ' '), group='g"1')
    ann.down, site = watch(stack, ann, retries=0)
    site.status = 500
    fresh(stack, ann.token, lambda m: m.get('tocsin_monitor_up', {}).get(f'id="{ann.down}"') == 0
          and m['tocsin_monitor_up'].get(f'id="{ann.up}"') == 1)
    return ann


@pytest.mark.asan
def test_promtool_finds_nothing_to_complain_of(stack, operator, watched):
    answer = scrape(stack, operator)
    assert answer.headers['Content-Type'] == 'text/plain; version=0.0.4; charset=utf-8'
    done = subprocess.run(['promtool', 'check', 'metrics'], input=answer.text, text=True, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


@pytest.mark.asan
def test_monitors_are_described(stack, watched):
    up, down = f'id="{watched.up}"', f'id="{watched.down}"'
    # each child keeps its text for a second: the other may be behind
    m = fresh(stack, watched.token, lambda m: m.get('tocsin_monitor_up') == {up: 1, down: 0})
    assert m['tocsin_monitor_status'] == {up + ',status="up"': 1, down + ',status="down"': 1}
    phases = {p: m['tocsin_monitor_response_seconds'][f'{up},phase="{p}"'] for p in ('dns', 'connect', 'tls', 'ttfb', 'transfer')}
    assert 0 < sum(phases.values()) < 2
    assert abs(m['tocsin_monitor_last_check_timestamp_seconds'][up] - time.time()) < 30
    assert 'tocsin_monitor_tls_not_after_timestamp_seconds' not in m, 'no TLS, no certificate'
    info = next(k for k in m['tocsin_monitor_info'] if k.startswith(up))
    assert 'name="a \\"quoted\\" \\\\ name of two lines"' in info
    assert 'group="g\\"1"' in info and f'owner="{watched.email}"' in info and 'type="http"' in info


@pytest.mark.asan
def test_labels_with_line_breaks_are_escaped(stack, operator, watched):
    """The form refuses them; a row may have them all the same."""
    stack.db('update tocsin.monitor set group_name = %s where id = %s', EVIL, watched.down)
    try:
        fresh(stack, operator, lambda m: any('group="a \\"quoted\\" \\\\ name\\nof two lines"' in k
                                             for k in m['tocsin_monitor_info']))
        done = subprocess.run(['promtool', 'check', 'metrics'], input=scrape(stack, operator).text, text=True,
                              capture_output=True)
        assert (done.returncode, done.stderr) == (0, '')
    finally:
        stack.db("update tocsin.monitor set group_name = '' where id = %s", watched.down)


def test_paused_monitor_is_neither_up_nor_down(stack):
    ann = stack.user()
    mine = token(ann, 'metrics')
    id, _ = watch(stack, ann, paused=True)
    m = fresh(stack, mine, lambda m: f'id="{id}",status="paused"' in m.get('tocsin_monitor_status', {}))
    assert 'tocsin_monitor_up' not in m and 'tocsin_monitor_response_seconds' not in m


@pytest.mark.asan
def test_scraper_sees_what_its_account_may_see(stack, operator, watched):
    bob = stack.user()
    other, _ = watch(stack, bob)
    own = samples(scrape(stack, watched.token).text)
    assert {k.split('"')[1] for k in own['tocsin_monitor_info']} == {str(watched.up), str(watched.down)}
    assert 'tocsin_outbox_pending' not in own and 'http_requests_total' not in own
    m = fresh(stack, operator, lambda m: any(k.startswith(f'id="{other}"') for k in m['tocsin_monitor_info']))
    assert 'tocsin_outbox_pending' in m and 'http_requests_total' in m


@pytest.mark.asan
def test_scraper_without_the_scope_is_refused(stack):
    ann = stack.user()
    assert scrape(stack, token(ann, 'read'), 403).json()['status'] == 403
    assert scrape(stack, 'nonsense', 401).headers['WWW-Authenticate'].startswith('Bearer')


def test_demoted_scraper_sees_its_own_at_once(stack):
    eve = stack.user('operator')
    hers = token(eve, 'metrics')
    assert 'tocsin_outbox_pending' in samples(scrape(stack, hers).text)
    stack.db("update tocsin.account set role = 'member' where id = %s", eve.id)
    fresh(stack, hers, lambda m: 'tocsin_outbox_pending' not in m, 5)


def test_only_reading_is_possible(stack, operator):
    answer = requests.post(stack.url + '/metrics', headers={'Authorization': f'Bearer {operator}'}, timeout=5)
    assert answer.status_code == 405
    assert answer.headers['Allow'] == 'GET, HEAD'
    head = requests.head(stack.url + '/metrics', headers={'Authorization': f'Bearer {operator}'}, timeout=5)
    assert head.status_code == 200 and int(head.headers['Content-Length']) > 1000


def test_requests_are_counted_by_route(stack, operator):
    ann = stack.user()
    key = 'method="GET",route="/monitors/{id}",code="4xx"'
    before = samples(scrape(stack, operator).text)['http_requests_total'].get(key, 0)
    for _ in range(3):
        ann.api('GET', '/monitors/999999999')
    m = fresh(stack, operator, lambda m: m['http_requests_total'].get(key, 0) == before + 3)
    route = 'method="GET",route="/monitors/{id}"'
    buckets = [v for k, v in m['http_request_duration_seconds_bucket'].items() if k.startswith(route)]
    assert buckets == sorted(buckets)
    assert buckets[-1] == m['http_request_duration_seconds_count'][route] == sum(
        v for k, v in m['http_requests_total'].items() if k.startswith(route))
    assert m['http_request_duration_seconds_sum'][route] > 0
    assert m['http_requests_in_flight'][''] == 1, 'the scrape itself'


def test_streams_are_no_requests_in_flight(stack, operator):
    with stack.events(stack.user()) as stream:
        stream.wait('hello')
        m = fresh(stack, operator, lambda m: m['tocsin_event_stream_clients'][''] >= 1)
        assert m['http_requests_in_flight'][''] == 1
    assert not [k for k in m['http_request_duration_seconds_count'] if '/events' in k]


def test_daemon_tells_its_figures(stack, operator, watched):
    m = fresh(stack, operator, lambda m: sum(m.get('tocsin_checks_total', {}).values()) > 2
              and sum(m.get('tocsin_check_lag_seconds_count', {}).values()) > 2)
    assert all('role="checker"' in k for k in m['tocsin_checks_total'])
    assert m['tocsin_queue_buckets'][''] == m['tocsin_queue_buckets_owned'][''] >= 1
    assert {re.search('role="(.*?)"', k)[1] for k in m['tocsin_worker_beat_age_seconds']} >= {'checker', 'scheduler'}
    assert sum(m['tocsin_settle_seconds_count'].values()) > 0
    assert m['tocsin_database_connections'][''] > 1
    assert m['tocsin_migration'][''] >= 1


def test_anonymous_sees_what_httpd_conf_says(build):
    extra = ''.join(f'<Location "/m/{what}">\nSetHandler tocsin-metrics\nTocsinMetricsAnonymous {what}\n'
                    'Require all granted\n</Location>\n' for what in ('none', 'instance', 'all'))
    with Stack(build, extra=extra, children=1) as s:
        id, _ = watch(s, s.user())
        assert scrape(s, status=401, path='/m/none').headers['WWW-Authenticate'].startswith('Bearer')
        m = samples(scrape(s, path='/m/instance').text)
        assert 'tocsin_build_info' in m and 'tocsin_monitor_info' not in m
        s.wait(lambda: f'id="{id}"' in scrape(s, path='/m/all').text, 5, 'the monitor')
        scrape(s, 'nonsense', 401, path='/m/all')
        code, said = s.httpd.test((s.root / 'httpd.conf').read_text() + '\nTocsinMetricsAnonymous some\n')
        assert code != 0 and 'TocsinMetricsAnonymous must be none, instance or all' in said


def busy(stack):
    """Seconds of CPU that httpd and PostgreSQL have used."""
    used = 0
    for pid in [*stack.httpd.pids(), *host.children(stack.pg.pid())]:
        fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
        used += (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
    return used


def test_ten_thousand_monitors_take_a_fifth_of_a_second(build):
    """Of computing: how long it takes beside other tests says nothing."""
    with Stack(build, children=1, tocsind=False) as s:
        eve = s.user('operator')
        mine = token(eve, 'metrics')
        s.db("""insert into tocsin.monitor (owner, name, url)
                select %s, 'site ' || n, 'http://h' || n || '.example.org/' from generate_series(1, 10000) n""", eve.id)
        s.db('insert into tocsin.monitor_state (monitor, status) select id, 1 from tocsin.monitor on conflict do nothing')
        s.db('update tocsin.monitor_state set status = 1')
        s.db("""insert into tocsin.monitor_latest
                select id, 0, now(), 1, 0, 200, 123456, '{100,2000,30000,40000}', now() + interval '60 days'
                  from tocsin.monitor""")
        s.db('analyze')
        took = []

        def again():
            began = busy(s)
            answer = scrape(s, mine)
            took.append(busy(s) - began)
            return answer if len(took) >= 4 else None
        answer = s.wait(again, 20, 'scrapes', every=1.05)
        m = samples(answer.text)
        assert len(m['tocsin_monitor_up']) == 10000
        assert len(m['tocsin_monitor_response_seconds']) == 50000
        assert m['tocsin_monitor_response_seconds'][next(iter(m['tocsin_monitor_up'])) + ',phase="ttfb"'] == 0.04
        assert 0 < sorted(took)[1] < (2 if s.httpd.asan else 0.2), took


def test_prometheus_scrapes_us(stack, operator, watched, tmp_path):
    port, secret = host.free_port(), tmp_path / 'token'
    secret.write_text(operator)
    config = (DEPLOY / 'prometheus/prometheus.yml').read_text()
    config = (config.replace('/tocsin/metrics', '/metrics').replace('/etc/prometheus/tocsin.token', str(secret))
              .replace('tocsin.example.org', f'127.0.0.1:{stack.httpd.port}').replace('scrape_interval: 15s', 'scrape_interval: 1s')
              .replace('tocsin.rules.yml', str(DEPLOY / 'prometheus/tocsin.rules.yml')))
    (tmp_path / 'prometheus.yml').write_text(config)
    done = subprocess.run(['promtool', 'check', 'config', str(tmp_path / 'prometheus.yml')], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    with open(tmp_path / 'log', 'w') as log:
        server = subprocess.Popen(['prometheus', f'--config.file={tmp_path}/prometheus.yml', f'--storage.tsdb.path={tmp_path}/data',
                                   f'--web.listen-address=127.0.0.1:{port}'], stdout=log, stderr=log)

    def ask(query):
        try:
            answer = requests.get(f'http://127.0.0.1:{port}/api/v1/query', params={'query': query}, timeout=5)
            return answer.json()['data']['result']
        except (requests.RequestException, KeyError):
            return None
    try:
        down = stack.wait(lambda: ask(f'(tocsin_monitor_up{{id="{watched.down}"}} == 0) * on (id) group_left (name) tocsin_monitor_info'),
                          30, 'Prometheus to have scraped')
        assert down[0]['metric']['name'] == 'web'
        assert ask('up{job="tocsin"}')[0]['value'][1] == '1'
        rules = requests.get(f'http://127.0.0.1:{port}/api/v1/rules', timeout=5).json()['data']['groups']
        assert sum(len(g['rules']) for g in rules) > 10
    finally:
        server.terminate()
        server.wait(20)


def test_alert_rules_hold():
    done = subprocess.run(['promtool', 'check', 'rules', str(DEPLOY / 'prometheus/tocsin.rules.yml')], capture_output=True, text=True)
    assert done.returncode == 0 and 'SUCCESS' in done.stdout, done.stdout + done.stderr


def names_in(text):
    return set(re.findall(r'\b(?:tocsin_[a-z_]+|http_request[a-z_]+)\b', text)) - {'tocsin_monitor', 'http_requests'}


@pytest.mark.parametrize('file', ['deploy/grafana/tocsin.json', 'deploy/prometheus/tocsin.rules.yml', 'docs/metrics.md'])
def test_every_metric_that_is_named_exists(file):
    """In the dashboard, in the rules and in the manual; the sources are the truth."""
    sources = ''.join(p.read_text() for p in [*(host.SRC / 'modules').glob('metrics_*.c'), host.SRC / 'sql/api/metrics.sql'])
    text = (host.SRC / file).read_text()
    if file.endswith('.json'):
        text = json.dumps([t['expr'] for p in json.loads(text)['panels'] for t in p.get('targets', [])])
    named = {re.sub(r'_(bucket|sum|count)$', '', n) for n in names_in(text)} - {'tocsin_metrics'}
    assert len(named) > 5
    assert not [n for n in sorted(named) if n not in sources]


def test_every_metric_is_in_the_manual(stack, operator, watched):
    manual = (host.SRC / 'docs/metrics.md').read_text()
    families = re.findall(r'^# TYPE (\S+)', scrape(stack, operator).text, re.M)
    short = [f for f in families if f not in manual]
    # "further `_opened_total`" stands for the whole name
    assert not [f for f in short if not any(f.endswith(end) for end in re.findall(r'`(_[a-z_]+)`', manual))]
