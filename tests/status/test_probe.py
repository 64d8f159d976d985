"""`tocsin probe` and `status-data config`, against real sites and sockets that misbehave."""
import concurrent.futures
import contextlib
import http.server
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest
from stack.doubles import Site
from stack.host import free_port, wait

DAY = '2026-03-10'
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith('GITHUB_') and k.lower() not in ('http_proxy', 'https_proxy')}


class Folder:
    """A folder with a .monitorrc.json and status data."""

    def __init__(self, path, binary):
        self.path, self.binary = path, binary

    def __call__(self, *args, status=0, **env):
        done = subprocess.run([self.binary, *map(str, args)], cwd=self.path, env={**CLEAN, **env},
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == status, (args, done.returncode, done.stdout, done.stderr)
        return done

    def probe(self, *args, **more):
        return self('probe', *args, **more)

    def systems(self, *systems):
        (self.path / '.monitorrc.json').write_text(json.dumps({'systems': list(systems)}))

    def json(self, name):
        return json.loads((self.path / name).read_text())

    @property
    def readings(self):
        lines = [line for f in sorted(self.path.glob('status-data/archives/*/*/*.jsonl')) for line in f.read_text().splitlines()]
        return [json.loads(line) for line in lines]

    def last(self, svc='api'):
        return [r for r in self.readings if r['svc'] == svc][-1]


@pytest.fixture
def folder(tmp_path, build):
    return Folder(tmp_path, pathlib.Path(build).resolve() / 'cli/tocsin')


@pytest.fixture
def site():
    s = Site()
    yield s
    s.go.set()
    s.stop()


@pytest.fixture
def server():
    """server(bytes or function of the connection) → URL of a socket that answers just so."""
    over, opened = threading.Event(), []

    def serve(answer):
        listening = socket.create_server(('127.0.0.1', 0))
        opened.append(listening)

        def one(conn):
            with conn, contextlib.suppress(OSError):  # who asked had enough
                conn.recv(65536)
                if callable(answer):
                    answer(conn, over)
                else:
                    conn.sendall(answer)

        def accept():
            while True:
                try:
                    conn, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(conn,), daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()
        return f'http://127.0.0.1:{listening.getsockname()[1]}/'
    yield serve
    over.set()
    for s in opened:
        s.close()


# ---------------------------------------------------------------- what a check finds

def test_a_system_that_answers_is_up_and_all_files_say_so(folder, site):
    said = folder.probe('--system', 'api', '--url', site.url).stdout
    r = folder.last()
    assert list(r) == ['t', 'svc', 'state', 'code', 'lat']
    assert (r['svc'], r['state'], r['code']) == ('api', 'up', 200)
    assert said.splitlines()[0] == f"🟩 api is up (200 in {r['lat']} ms)"
    assert folder.json('status-data/current.json') == [r]
    day = folder.json('status-data/daily-summary.json')['services']['api'][0]
    assert (day['checksTotal'], day['checksPassed'], day['uptimePct']) == (1, 1, 1)
    item = folder.json('status-data/status.json')['items'][0]
    assert (item['name'], item['status'], item['uptime'], item['incidentCount']) == ('api', 'up', 100, 0)


@pytest.mark.parametrize('status, flags, state', [
    (204, [], 'down'), (301, [], 'up'), (500, [], 'down'), (404, ['--expected-codes', '200,400-404'], 'up'),
    (200, ['--expected-codes=201'], 'down'), (302, ['--expected-codes', '200-299'], 'down')])
def test_the_code_decides(folder, site, status, flags, state):
    site.status = status
    said = folder.probe('--system', 'api', '--url', site.url, *flags).stdout
    assert (folder.last()['state'], folder.last()['code']) == (state, status)
    assert folder.last().get('err') == (f'HTTP {status}' if state == 'down' else None)
    assert ('🟥 api is down' in said) == (state == 'down')


def test_slower_than_the_limit_is_degraded_and_slower_than_the_timeout_is_down(folder, site):
    site.delay = 0.15
    said = folder.probe('--system', 'api', '--url', site.url, '--max-response-time', 50).stdout
    assert folder.last()['state'] == 'degraded' and folder.last()['lat'] >= 150
    assert said.startswith(f"🟨 api degraded (200 in {folder.last()['lat']} ms)")
    site.delay = 60
    folder.probe('--system', 'api', '--url', site.url, '--timeout', '100ms')
    r = folder.last()
    assert (r['state'], r['code'], r['err']) == ('down', 0, 'Timeout') and 100 <= r['lat'] < 10000


def trickle(conn, over):
    conn.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n')
    while not over.wait(0.02):
        conn.sendall(b'x')


def endless(conn, over):
    conn.sendall(b'HTTP/1.1 200 OK\r\n\r\n')
    while not over.is_set():
        conn.sendall(b'x' * 65536)


def many_headers(conn, _):
    conn.sendall(b'HTTP/1.1 200 OK\r\n')
    for i in range(6000):
        conn.sendall(b'X-Header-%d: %s\r\n' % (i, b'y' * 60))


def test_the_timeout_is_for_all_of_a_check(folder, server):
    folder.probe('--system', 'api', '--url', server(trickle), '--timeout', 200)
    assert folder.last()['err'] == 'Timeout' and folder.last()['lat'] < 20000


def test_an_endless_body_is_read_to_a_cap(folder, server):
    folder.probe('--system', 'api', '--url', server(endless), '--max-body', 1000000)
    assert folder.last()['state'] == 'up'


@pytest.mark.parametrize('answer, err', [
    (b'', 'socket hang up'),
    (b'SSH-2.0-OpenSSH_9.2\r\n', 'Parse Error: no HTTP'),
    (b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', 'aborted'),
    (many_headers, 'Parse Error: Header overflow')])
def test_what_is_no_answer_is_down_with_its_reason(folder, server, answer, err):
    folder.probe('--system', 'api', '--url', server(answer))
    r = folder.last()
    assert (r['state'], r['code'], r['err']) == ('down', 0, err)


def test_refused_and_unknown_hosts_are_named_as_readers_know_it(folder):
    port = free_port()
    folder.probe('--system', 'api', '--url', f'http://127.0.0.1:{port}/')
    assert folder.last()['err'] == f'connect ECONNREFUSED 127.0.0.1:{port}'
    folder.probe('--system', 'api', '--url', 'http://no.such.host.invalid/', '--timeout', '5s')
    assert folder.last()['err'] in ('getaddrinfo ENOTFOUND no.such.host.invalid', 'Timeout')


def test_a_certificate_that_nobody_vouches_for_is_down(folder, tmp_path):
    key, cert = tmp_path / 'key.pem', tmp_path / 'cert.pem'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
                    '-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
                   check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler) as web:
        web.RequestHandlerClass.log_message = lambda *_: None
        web.socket = tls.wrap_socket(web.socket, server_side=True)
        threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True).start()
        port = web.server_port
        folder.probe('--system', 'api', '--url', f'https://localhost:{port}/')
        assert folder.last()['err'] == 'self-signed certificate'
        folder.probe('--system', 'api', '--url', f'https://localhost:{port}/', SSL_CERT_FILE=str(cert))
        assert folder.last()['state'] == 'up'
        folder.probe('--system', 'api', '--url', f'https://127.0.0.1:{port}/', SSL_CERT_FILE=str(cert))
        assert folder.last()['err'] == "Hostname/IP does not match certificate's altnames"
        web.shutdown()


def test_redirects_are_followed_only_when_asked(folder, site):
    site.status, site.headers = 302, {'Location': '/again'}
    folder.probe('--system', 'api', '--url', site.url)
    assert (folder.last()['code'], site.hits) == (302, 1)
    folder.probe('--system', 'api', '--url', site.url, '--redirects', 3)
    assert folder.last()['err'] == 'too many redirects' and site.hits == 5
    site.headers = {'Location': 'ftp://127.0.0.1/'}
    folder.probe('--system', 'api', '--url', site.url, '--redirects', 3)
    assert folder.last()['err'] == 'a redirect to no http or https'


@pytest.mark.parametrize('url', ['http://169.254.169.254/', 'http://[fe80::1]/', 'http://[::ffff:169.254.169.254]/',
                                 'http://0xa9fea9fe/', 'http://224.0.0.1/'])
def test_link_local_addresses_are_not_dialled(folder, url):
    folder.probe('--system', 'api', '--url', url, '--timeout', 2000)
    assert 'allow it with --allow-target' in folder.last()['err'] and folder.last()['lat'] < 2000


def test_a_redirect_to_the_metadata_is_not_followed_either(folder, site):
    site.status, site.headers = 302, {'Location': 'http://169.254.169.254/latest'}
    folder.probe('--system', 'api', '--url', site.url, '--redirects', 3)
    assert 'a link-local address' in folder.last()['err']


def test_the_method_is_sent_in_upper_case_and_the_user_agent_says_who(folder, site):
    for method in ('head', 'post', 'PUT', 'options'):
        folder.probe('--system', 'api', '--url', site.url, '--method', method)
        assert folder.last()['state'] == 'up' and site.seen[-1][0] == method.upper()
    assert site.seen[-1][2]['User-Agent'].startswith('tocsin-probe/')


def test_a_system_may_be_asked_again_before_it_is_down(folder, server):
    codes = [503, 503, 200]

    def answer(conn, _):
        conn.sendall(b'HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n' % codes.pop(0))
    url = server(answer)
    folder.systems({'system': 'api', 'url': url, 'retries': 1})
    folder.probe('--retries', 5)
    assert (folder.last()['state'], folder.last()['err'], len(codes)) == ('down', 'HTTP 503', 1)
    codes.insert(0, 500)
    folder.probe('--system', 'api', '--retries', 0)
    assert (folder.last()['state'], 'err' in folder.last(), len(folder.readings)) == ('up', False, 2)


# ---------------------------------------------------------------- many systems

def test_a_bad_url_is_the_matter_of_its_system_alone(folder, site):
    folder.systems({'system': 'a', 'url': site.url}, {'system': 'b', 'url': 'no url at all'}, {'system': 'c', 'url': 'ftp://x/'},
                   {'system': 'd'}, {'system': '__proto__', 'url': site.url}, {'system': 'ünï/../x', 'url': site.url})
    done = folder.probe()
    states = {r['svc']: (r['state'], r.get('err')) for r in folder.readings}
    assert states == {'a': ('up', None), 'b': ('down', 'Invalid URL: a space or control character in it'),
                      'c': ('down', 'Invalid URL: no http or https'), 'd': ('down', 'Invalid URL: none given'),
                      '__proto__': ('up', None), 'ünï/../x': ('up', None)}
    assert "system 'b': url 'no url at all'" in done.stderr
    assert set(folder.json('status-data/daily-summary.json')['services']) == set(states)


def test_a_file_s_keys_count_and_the_flags_fill_in(folder, site):
    site.status, site.delay = 418, 0.06
    folder.systems({'system': 'own', 'url': site.url, 'method': 'post', 'expectedCodes': [200, 418], 'maxResponseTime': 20, 'timeout': 5000},
                   {'system': 'flags', 'url': site.url}, {'system': 'odd', 'url': site.url, 'expectedCodes': ['400-499'], 'timeout': 'soon', 'colour': 1})
    done = folder.probe('--method', 'PUT', '--expected-codes', '200')
    assert [(r['svc'], r['state']) for r in folder.readings] == [('own', 'degraded'), ('flags', 'down'), ('odd', 'up')]
    assert [s[0] for s in site.seen] == ['POST', 'PUT', 'PUT']
    assert "system 'odd': unknown key 'colour' is ignored" in done.stderr
    assert 'timeout is no number between 1 and 600000' in done.stderr


def test_a_hundred_systems_in_parallel_take_as_long_as_the_slowest(folder, server):
    slow = server(lambda conn, over: (over.wait(0.4), conn.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')))
    folder.systems(*({'system': f's{i}', 'url': slow} for i in range(100)))
    began = time.monotonic()
    folder.probe('--parallel', 100, '--as-of', f'{DAY}T10:00:00Z')
    took = time.monotonic() - began
    readings = folder.readings
    assert len(readings) == 100 and {r['state'] for r in readings} == {'up'} and len({r['svc'] for r in readings}) == 100
    assert took < 20, took  # one after the other it would be 40; tests/bench/probe measures it


def test_without_a_flag_one_is_asked_after_the_other(folder, server):
    busy, most = [], []

    def answer(conn, over):
        busy.append(1)
        most.append(len(busy))
        over.wait(0.03)
        busy.pop()
        conn.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    url = server(answer)
    folder.systems(*({'system': f's{i}', 'url': url} for i in range(6)))
    folder.probe()
    assert max(most) == 1 and [r['svc'] for r in folder.readings] == [f's{i}' for i in range(6)]


def test_runs_at_the_same_time_lose_nothing(folder, site):
    folder.systems(*({'system': f's{i}', 'url': site.url} for i in range(5)))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: folder.probe('--parallel', 5), range(8)))
    all_of_them = {(r['svc'], r['t']) for r in folder.readings}
    assert len(folder.readings) == 40 and {(r['svc'], r['t']) for r in folder.json('status-data/current.json')} == all_of_them


def test_only_one_system_of_a_file(folder, site):
    folder.systems({'system': 'a', 'url': site.url}, {'system': 'b', 'url': site.url})
    folder.probe('--system', 'b')
    assert [r['svc'] for r in folder.readings] == ['b']
    assert "no system 'x'" in folder.probe('--system', 'x', status=1).stderr


# ---------------------------------------------------------------- maintenance

def windows(folder, *names, state='upcoming', **more):
    data = folder.path / 'status-data'
    data.mkdir(exist_ok=True)
    (data / 'maintenance.json').write_text(json.dumps([
        {'id': 4, 'title': 'Upgrade', 'status': state, 'affectedSystems': list(names), 'start': f'{DAY}T02:00:00Z',
         'end': f'{DAY}T04:00:00+00:00', **more}]))


@pytest.mark.parametrize('at, states', [('01:59:59', ['up', 'up']), ('02:00:00', ['maintenance', 'up']),
                                        ('03:59:59', ['maintenance', 'up']), ('04:00:01', ['up', 'up'])])
@pytest.mark.parametrize('word', ['upcoming', 'in-progress'])
def test_maintenance_is_by_the_clock_and_by_either_name(folder, site, at, states, word):
    folder.systems({'system': 'api', 'url': site.url, 'displayName': 'The API'}, {'system': 'web', 'url': site.url})
    windows(folder, 'the api', state=word)
    said = folder.probe('--as-of', f'{DAY}T{at}Z').stdout
    assert [r['state'] for r in folder.readings] == states and site.hits == states.count('up')
    assert ('⏸️ Skipping api - in maintenance window: Upgrade' in said) == ('maintenance' in states)


def test_a_reading_in_maintenance_can_be_left_out(folder, site):
    windows(folder, 'api')
    folder.probe('--system', 'api', '--url', site.url, '--maintenance', 'skip', '--as-of', f'{DAY}T03:00:00Z')
    assert folder.readings == [] and site.hits == 0


def test_a_broken_maintenance_file_stops_no_check(folder, site):
    windows(folder, 'api')
    (folder.path / 'status-data/maintenance.json').write_text('{"half')
    assert 'maintenance.json' in folder.probe('--system', 'api', '--url', site.url).stderr
    assert folder.last()['state'] == 'up'


# ---------------------------------------------------------------- git and the CI

def outputs(text):
    """As the runner reads $GITHUB_OUTPUT."""
    out, lines = {}, iter(text.splitlines())
    for line in lines:
        name, mark = line.split('<<', 1)
        value = []
        for line in lines:
            if line == mark:
                break
            value.append(line)
        out[name] = '\n'.join(value)
    return out


def test_step_outputs_tell_of_all_systems_whatever_they_are_called(folder, site, tmp_path):
    evil = 'x\nstatus=up\nEOF'
    refused = f'http://127.0.0.1:{free_port()}/'
    folder.systems({'system': 'a', 'url': site.url}, {'system': evil, 'url': refused}, {'system': 'b', 'url': site.url})
    (tmp_path / 'out').write_text('before<<E\n1\nE\n')
    folder.probe('--parallel', 3, GITHUB_OUTPUT=str(tmp_path / 'out'))
    out = outputs((tmp_path / 'out').read_text())
    assert out['before'] == '1' and (out['status'], out['status_code']) == ('down', '0')
    assert (out['up'], out['down'], out['degraded']) == ('a\nb', 'x status=up EOF', '')
    assert [(s['system'], s['status']) for s in json.loads(out['systems'])] == [('a', 'up'), (evil, 'down'), ('b', 'up')]
    message = out['commit_message'].splitlines()
    assert message[0] == '🟥 Systems down: x status=up EOF [skip ci]' and message[1] == '' and len(message) == 5
    assert message[2].startswith('🟩 a is up (200 in ')


def test_the_commit_message_says_all_is_well(folder, site, tmp_path):
    folder.probe('--system', 'api', '--url', site.url, GITHUB_OUTPUT=str(tmp_path / 'out'))
    out = outputs((tmp_path / 'out').read_text())
    assert out['commit_message'].startswith('🟩 All systems operational [skip ci]\n\n🟩 api is up')
    assert (out['status'], out['status_code'], out['response_time']) == ('up', '200', str(folder.last()['lat']))


def test_a_dry_run_writes_nothing(folder, site, tmp_path):
    done = folder.probe('--system', 'api', '--url', site.url, '--dry-run', GITHUB_OUTPUT=str(tmp_path / 'out'))
    assert 'api is up' in done.stdout and site.hits == 1 and list(tmp_path.iterdir()) == []


def test_the_same_time_gives_the_same_files(folder, site):
    for _ in range(2):
        folder.probe('--system', 'api', '--url', f'http://127.0.0.1:{free_port()}/', '--as-of', f'{DAY}T23:59:59.999Z')
    assert [r['t'] for r in folder.json('status-data/current.json')] == [1773187199999]
    assert list(folder.json('status-data/daily-summary.json')['services']['api'])[0]['date'] == DAY


def test_the_later_layout_is_kept_up_once_it_is_there(folder, site):
    folder.systems({'system': 'a', 'url': site.url, 'displayName': 'Aye'}, {'system': 'b', 'url': site.url, 'display': False})
    folder.probe()
    assert not (folder.path / 'status-data/status').exists()
    folder.probe('--v1')
    folder.probe('--system', 'b')
    site.status = 500
    folder.probe('--system', 'a')
    entity, = folder.json('status-data/status/v1/summary.json')['entities']
    assert (entity['name'], entity['displayName'], entity['status']) == ('a', 'Aye', 'down')
    assert len(folder.json('status-data/status/v1/entities/a.json')['readings']) == 3


# ---------------------------------------------------------------- the loop

def test_a_loop_goes_on_until_it_is_told_to_end(folder, site):
    folder.systems({'system': 'api', 'url': site.url})
    loop = subprocess.Popen([folder.binary, 'probe', '--loop', '1'], cwd=folder.path, env=CLEAN, stdout=subprocess.PIPE, text=True)
    try:
        wait(lambda: site.hits >= 1, 10, 'the first round')
        (folder.path / '.monitorrc.json').write_text('{ broken')  # said, and no reason to end
        assert loop.poll() is None
        folder.systems({'system': 'api', 'url': site.url})
        wait(lambda: site.hits >= 2, 15, 'a round after the file was mended')
        loop.send_signal(signal.SIGTERM)
        assert loop.wait(10) == 0
    finally:
        loop.kill()
        loop.stdout.close()
    assert len(folder.readings) == site.hits


# ---------------------------------------------------------------- called wrongly

@pytest.mark.parametrize('args, words', [
    ([], 'no .monitorrc.json here'), (['--url', 'http://x/'], '--url needs a --system'),
    (['--timeot', '5'], "did you mean '--timeout'?"), (['--timeout', '0'], 'not between 1 and 600000'),
    (['--timeout', '1e3'], 'no number of milliseconds'), (['--parallel=-1'], 'not between'), (['extra'], "unexpected argument 'extra'"),
    (['--url', 'http://x/', '--config', 'y', '--system', 'z'], 'exclude each other'), (['--verbose=1'], 'takes no value'),
    (['--system', 'a', '--url', 'http://x/', '--expected-codes', '20'], 'no code between'), (['--timeout'], 'needs a value'),
    (['--system', 'a', '--url', 'http://x/', '--allow-target', '10.1.1.1/8'], 'no address or network'),
    (['--system', 'a', '--url', 'http://x/', '--method', 'G T'], '--method is none'),
    (['--as-of', '2026-02-30'], 'no time like'), (['--loop', '5', '--as-of', DAY, '--system', 'a', '--url', 'http://x/'], 'for one run')])
def test_wrong_calls_are_refused_with_what_is_wrong(folder, args, words):
    done = folder.probe(*args, status=2)
    assert words in done.stderr and done.stdout == '' and list(folder.path.iterdir()) == []


@pytest.mark.parametrize('text, words', [('', 'expected near end of file'), ('{}', 'no list of "systems"'), ('{"systems":{}}', 'no list'),
                                         ('{"systems":[]}', 'no systems to check'), ('{"systems":[7]}', 'systems[0]: no object'),
                                         ('{"systems":[{"system":"a","system":"b"}]}', 'duplicate')])
def test_a_file_without_systems_is_a_failure(folder, text, words):
    (folder.path / '.monitorrc.json').write_text(text)
    assert words in folder.probe(status=1).stderr and not (folder.path / 'status-data').exists()
    assert 'cannot read' in folder.probe('--config', 'nowhere.json', status=1).stderr


def test_help_lists_every_flag(folder):
    text = folder.probe('--help').stdout
    for flag in ('system', 'url', 'method', 'timeout', 'expected-codes', 'max-response-time', 'output-dir', 'config', 'verbose',
                 'parallel', 'dry-run', 'as-of', 'loop', 'allow-target'):
        assert f'--{flag}' in text
    assert 'probe' in folder('--help').stdout and 'config' in folder('status-data', '--help').stdout
    assert "did you mean 'config'?" in folder('status-data', 'confgi', status=2).stderr


def test_a_folder_that_cannot_be_written_is_a_failure(folder, site):
    (folder.path / 'status-data').write_text('a file')
    assert 'status-data' in folder.probe('--system', 'api', '--url', site.url, status=1).stderr


# ---------------------------------------------------------------- status-data config

def test_config_edits_what_it_is_told_and_keeps_the_rest(folder):
    path = folder.path / '.monitorrc.json'
    path.write_text(json.dumps({'$schema': 'x', 'mine': {'z': 1, 'a': 2}, 'systems': [
        {'url': 'https://one.example/', 'system': 'one', 'x-note': 'kept'}, {'system': 'two', 'url': 'https://two.example/'}]}))
    config = ('status-data', 'config')
    folder(*config, 'add', '--name', 'three', '--url', 'https://three.example/', '--hidden', '--display-name', 'Three')
    folder(*config, 'update', '--name', 'one', '--timeout', '5s', '--expected-codes', '200,301-302')
    folder(*config, 'remove', '--name', 'two')
    now = folder.json('.monitorrc.json')
    assert list(now) == ['$schema', 'mine', 'systems'] and list(now['mine']) == ['z', 'a']
    one, three = now['systems']
    assert one == {'url': 'https://one.example/', 'system': 'one', 'x-note': 'kept', 'timeout': 5000, 'expectedCodes': [200, 301, 302]}
    assert three == {'system': 'three', 'url': 'https://three.example/', 'method': 'GET', 'timeout': 10000, 'expectedCodes': [200],
                     'maxResponseTime': 30000, 'displayName': 'Three', 'display': False}
    folder(*config, 'update-system', '--name', 'three', '--visible')
    assert 'display' not in folder.json('.monitorrc.json')['systems'][1]
    assert folder(*config, 'list').stdout == 'one  GET https://one.example/\nthree  GET https://three.example/  "Three"\n'


@pytest.mark.parametrize('args, status', [
    (['update', '--name', 'nobody', '--timeout', '5'], 1), (['remove', '--name', 'nobody'], 1), (['add', '--name', 'x'], 2),
    (['add', '--url', 'http://x/'], 2), (['add', '--name', 'x', '--url', 'file:///etc/passwd'], 2), (['remove'], 2),
    (['add', '--name', 'x', '--url', 'http://x/', '--hidden', '--visible'], 2), (['add', '--name', 'x', '--url', 'http://x/', '--expected-codes', '99'], 2),
    (['rename'], 2), ([], 2)])
def test_config_refuses_and_leaves_the_file(folder, args, status):
    folder.systems({'system': 'a', 'url': 'http://a/'})
    before = (folder.path / '.monitorrc.json').read_bytes()
    folder('status-data', 'config', *args, status=status)
    assert (folder.path / '.monitorrc.json').read_bytes() == before


def test_config_validate_tells_errors_from_odd_values(folder):
    validate = ('status-data', 'config', 'validate')
    folder.systems({'system': 'a', 'url': 'http://a/', 'timout': 5})
    done = folder(*validate)
    assert "did you mean 'timeout'?" in done.stderr and '0 errors, 1 warning' in done.stdout
    folder(*validate, '--strict', status=1)
    folder.systems({'system': 'a', 'url': 'http://a/'}, {'system': 'a', 'url': 'http://b/'}, {'url': 'http://c/'}, {'system': 'd', 'url': 'mailto:x'})
    done = folder(*validate, status=1)
    assert '3 errors' in done.stdout and 'is there twice' in done.stderr and 'systems[2]: system: none given' in done.stderr


def test_two_who_edit_at_once_lose_nothing(folder):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: folder('status-data', 'config', 'add', '--name', f's{i}', '--url', 'http://x/'), range(16)))
    assert {s['system'] for s in folder.json('.monitorrc.json')['systems']} == {f's{i}' for i in range(16)}
