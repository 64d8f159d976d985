"""Who reads the files of a status page: said beside the files, so that it holds with the database down."""
import os
import subprocess

import pytest

from stack import Stack, host

SECRET = 'a shared secret'


def crypt(password):
    """sha512crypt with few rounds: the cost is the same stuff, only less of it."""
    return subprocess.run(['openssl', 'passwd', '-6', '-salt', 'rounds=1000$page', password], capture_output=True,
                          text=True, check=True).stdout.strip()


def writer(stack):
    """Writes files of a page, as the publisher would; a rule by rename."""
    def write(slug, rule=None, **files):
        folder = stack.status_dir / slug
        for name, text in {'index.html': f'<title>{slug}</title>', **files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        if rule is not None:
            (folder / '.new').write_text(rule)
            (folder / '.new').chmod(0o640)
            host.give(folder / '.new')
            (folder / '.new').rename(folder / '.access')
        return f'/status/{slug}/'
    return write


@pytest.fixture(scope='module')
def put(quiet):
    return writer(quiet)


def test_a_public_page_has_strict_headers_and_its_embed_alone_is_framed(quiet, put):
    url = put('open', **{'embed/index.html': 'bar', 'summary.json': '{}', 'badge/1.svg': '<svg/>'})
    got = quiet.anyone().get(url)
    assert got.status_code == 200 and got.text == '<title>open</title>'
    policy = got.headers['Content-Security-Policy']
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and 'unsafe' not in policy and ', ' not in policy
    assert "form-action 'self'" in policy and "trusted-types 'none'" in policy
    assert (got.headers['X-Content-Type-Options'], got.headers['Cache-Control']) == ('nosniff', 'public, max-age=15, must-revalidate')
    assert got.headers['Referrer-Policy'] == 'strict-origin-when-cross-origin'
    assert 'Access-Control-Allow-Origin' not in got.headers and 'Cross-Origin-Opener-Policy' not in got.headers
    again = quiet.anyone().get(url, headers={'If-None-Match': got.headers['ETag'], 'Accept-Encoding': 'identity'})
    assert again.status_code == 304
    put('open', **{'big.html': '<p>all is well</p>' * 999})
    small = quiet.anyone().get(url + 'big.html', headers={'Accept-Encoding': 'gzip'})
    assert small.headers['Content-Encoding'] == 'gzip' and 'Accept-Encoding' in small.headers['Vary']
    again = quiet.anyone().get(url + 'big.html', headers={'If-None-Match': small.headers['ETag'], 'Accept-Encoding': 'gzip'})
    assert again.status_code == 304
    framed = quiet.anyone().get(url + 'embed/').headers['Content-Security-Policy']
    assert 'frame-ancestors *' in framed and "form-action 'none'" in framed
    for data in ('summary.json', 'badge/1.svg'):
        assert quiet.anyone().get(url + data).headers['Access-Control-Allow-Origin'] == '*'
    console = quiet.anyone().get('/').headers
    assert "frame-ancestors 'none'" in console['Content-Security-Policy'] and console['Cross-Origin-Opener-Policy'] == 'same-origin'


def test_assets_are_kept_for_good(quiet, put):
    put('assets', **{'page-0123abcd.css': 'a{}'})
    got = quiet.anyone().get('/status/assets/page-0123abcd.css')
    assert got.status_code == 200 and 'immutable' in got.headers['Cache-Control'] and got.headers['Content-Type'].startswith('text/css')


def test_dot_files_are_not_there(quiet, put):
    url = put('dots', rule='address 127.0.0.0/8\n', **{'.index.html.x1y2': 'half', '.git/config': 'x'})
    for name in ('.access', '.index.html.x1y2', '.git/config', '.access/x', 'sub/../.access', '%2eaccess', 'index.html/.access'):
        assert quiet.anyone().get(url + name).status_code == 404, name
    assert quiet.anyone().get(url).status_code == 200


def test_a_password_is_asked_for_and_remembered(quiet, put):
    put('locked', rule=f'password {crypt(SECRET)}\n', **{'summary.json': '{}', 'embed/index.html': 'bar'})
    who = quiet.anyone()
    for path in ('/status/locked', '/status/locked/', '/status/locked/index.html', '/status/locked/summary.json',
                 '/status/locked/embed/', '/status/locked/none'):
        got = who.get(path)
        assert got.status_code == 401 and got.headers['WWW-Authenticate'] == 'Basic realm="locked", charset="UTF-8"', path
        assert 'locked</title>' not in got.text and got.headers['Cache-Control'] == 'no-store'
        assert 'Access-Control-Allow-Origin' not in got.headers
    assert who.get('/status/locked/', auth=('anybody', 'wrong')).status_code == 401
    for auth in (('', SECRET), ('anybody', SECRET)):
        got = who.get('/status/locked/', auth=auth)
        assert got.status_code == 200 and got.headers['Cache-Control'].startswith('private')
    assert who.get('/status/locked/', headers={'Authorization': 'Bearer ' + SECRET}).status_code == 401
    assert who.get('/status/locked/', headers={'Authorization': 'Basic !!!'}).status_code == 401


def test_a_changed_password_counts_at_once(quiet, put):
    put('turned', rule=f'password {crypt(SECRET)}\n')
    who = quiet.anyone()
    assert who.get('/status/turned/', auth=('x', SECRET)).status_code == 200
    put('turned', rule=f'password {crypt("another one")}\n')
    assert who.get('/status/turned/', auth=('x', SECRET)).status_code == 401
    assert who.get('/status/turned/', auth=('x', 'another one')).status_code == 200
    os.unlink(quiet.status_dir / 'turned/.access')
    assert who.get('/status/turned/').status_code == 200


def test_guessing_is_stopped_and_hurts_nobody_else(quiet, put):
    put('guessed', rule=f'password {crypt(SECRET)}\n')
    thief, friend = quiet.anyone(), quiet.anyone()
    assert friend.get('/status/guessed/', auth=('x', SECRET)).status_code == 200
    answers = [thief.get('/status/guessed/', auth=('x', f'guess {n}')) for n in range(12)]
    assert [a.status_code for a in answers[:10]] == [401] * 10 and answers[-1].status_code == 429
    assert int(answers[-1].headers['Retry-After']) > 0
    assert friend.get('/status/guessed/', auth=('x', SECRET)).status_code == 200
    assert quiet.anyone().get('/status/guessed/', auth=('x', SECRET)).status_code == 200


def test_addresses_are_let_in_by_network(quiet, put):
    who, other = quiet.anyone(), quiet.anyone()
    put('near', rule=f'address 192.0.2.0/24 {who.address} 2001:db8::/32\n')
    assert who.get('/status/near/').status_code == 200
    got = other.get('/status/near/')
    assert got.status_code == 403 and 'near</title>' not in got.text
    put('near', rule=f'address {who.address} {other.address}\npassword {crypt(SECRET)}\n')
    assert other.get('/status/near/').status_code == 401
    assert other.get('/status/near/', auth=('x', SECRET)).status_code == 200


@pytest.mark.parametrize('rule', ['', 'addres 127.0.0.0/8\n', 'address\n', 'address 127.0.0.0/99\n', 'password\n',
                                  'password a b\n', 'password a\npassword b\n', 'public\n', '\x00'])
def test_a_rule_that_is_not_understood_lets_nobody_in(quiet, put, rule):
    put('broken', rule=rule)
    got = quiet.anyone().get('/status/broken/', auth=('x', 'a'))
    assert got.status_code == 500 and 'broken</title>' not in got.text


def test_a_rule_that_cannot_be_read_lets_nobody_in(quiet, put):
    put('shut', rule='address 127.0.0.0/8\n')
    (quiet.status_dir / 'shut/.access').chmod(0)
    assert quiet.anyone().get('/status/shut/').status_code == 500
    (quiet.status_dir / 'shut/.access').unlink()
    (quiet.status_dir / 'shut/.access').symlink_to('/etc/hostname')
    assert quiet.anyone().get('/status/shut/').status_code == 500


# docs/status-pages.md: a host of its own, and readers that httpd knows
HOST = '''Listen 127.0.0.1:{port}
<VirtualHost 127.0.0.1:{port}>
  ServerName status.example.org
  Alias /assets/ "{status}/assets/"
  Alias / "{status}/shop/"
</VirtualHost>
<Directory "{status}/staff">
  AuthType Tocsin
  AuthName staff
  Require tocsin-role viewer
</Directory>
'''


def test_a_page_has_its_own_host_and_any_readers_and_needs_no_database(build):
    port = host.free_port()
    with Stack(build, tocsind=False, start=False, children=1) as s:
        s.httpd.extra = HOST.format(port=port, status=s.status_dir) + 'TocsinPublicURL https://ops.example.org/tocsin\n'
        write = writer(s)
        write('shop', rule=f'password {crypt(SECRET)}\n')
        write('assets', **{'page-1.css': 'a{}'})
        write('staff')
        s.start()
        ann, own = s.user('viewer'), f'http://127.0.0.1:{port}/'
        assert s.anyone().get('/status/staff/').status_code == 401 and ann.get('/status/staff/').status_code == 200
        s.pg.stop()
        who = s.anyone()
        assert who.get(own).status_code == 401 and who.get('/status/shop/').status_code == 401
        got = who.get(own, auth=('x', SECRET))
        assert got.status_code == 200 and got.text == '<title>shop</title>'
        assert "form-action 'self' https://ops.example.org;" in got.headers['Content-Security-Policy']
        assert who.get(own + 'assets/page-1.css').status_code == 200
        assert who.get(own + '.access', auth=('x', SECRET)).status_code == 404
        assert who.get('/api/v1/pages').status_code == 401 and ann.api('GET', '/pages').status_code == 503
