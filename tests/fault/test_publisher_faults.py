"""Status pages when things go wrong: what is there stays, whole, and says how old it is."""
import json
import os
import re
import signal
import subprocess

import pytest
import requests

from stack import Stack, host

ENDS = {'.html': b'</html>', '.json': b'}', '.atom': b'</feed>', '.svg': b'</svg>', '.ics': b'END:VCALENDAR'}


@pytest.fixture(scope='module')
def s(build):
    with Stack(build, tocsind=True) as stack:
        stack.owner = stack.db("insert into tocsin.account (email, role) values ('pages@example.org', 'admin') returning id")[0][0]
        yield stack


def make(s, slug, components=3):
    """A page with monitors that nobody checks, and its id."""
    page = s.db("insert into tocsin.page (owner, slug, title) values (%s, %s, %s) returning id", s.owner, slug, slug.title())[0][0]
    s.db("""with m as (insert into tocsin.monitor (owner, name, url, paused_at)
                       select %s, 'part ' || i, 'https://' || %s || i || '.example.org/', now() from generate_series(1, %s) i returning id)
            insert into tocsin.component (page, position, kind, monitor, name) select %s, id, 'monitor', id, 'Part ' || id from m""",
         s.owner, slug, components, page)
    return page


def touch(s):
    """Every page is to be written again."""
    s.db('update tocsin.page set title = title || \'.\', version = version + 1')


def read(s, slug, file='summary.json'):
    return requests.get(s.status_url(slug, file), timeout=5)


def whole(folder):
    """How many files there are; none of them is cut."""
    n = 0
    for file in folder.rglob('*'):
        if file.is_file() and not file.name.startswith('.'):
            data = file.read_bytes().rstrip()
            assert data.endswith(ENDS[file.suffix]), f'{file} is not whole: …{data[-40:]!r}'
            if file.suffix == '.json':
                json.loads(data)
            n += 1
    return n


def test_page_answers_with_the_database_and_tocsind_stopped(s):
    make(s, 'alone')
    s.wait(lambda: read(s, 'alone').status_code == 200 and len(read(s, 'alone').json()['components']) == 3, 5)
    before = read(s, 'alone').json()
    s.tocsind.stop()
    s.pg.stop()
    try:
        for _ in range(3):
            page, data = read(s, 'alone', ''), read(s, 'alone')
            assert page.status_code == data.status_code == 200
            assert data.json() == before
            # its age is in it, for people and for the script, which says when it is too old
            assert re.search(r'data-at="%s"' % before['generated_at'], page.text)
            assert before['generated_at'][11:16] in page.text and '5 minutes' in page.text
        assert requests.get(s.url + '/api/v1/ready').status_code == 503
    finally:
        s.pg.start()
        s.tocsind.start()
    touch(s)  # for all of this may have been within the second that it was made in
    s.wait(lambda: read(s, 'alone').json() != before, 10, 'the page to go on')
    assert read(s, 'alone').json()['generated_at'] >= before['generated_at']


def test_pages_stay_and_go_on_when_the_database_is_restarted(s):
    make(s, 'restart')
    written = "select published_at from tocsin.page where slug = 'restart' and published_at is not null"
    before = s.wait(lambda: s.db(written), 5)
    pid = s.tocsind.pids['publisher']
    s.pg.restart()
    s.wait(lambda: s.db(written) > before, 10, 'it to be written again')
    assert read(s, 'restart').status_code == 200
    assert s.tocsind.pids['publisher'] == pid, 'the role waited and did not end'


def test_a_killed_publisher_leaves_whole_files_and_its_follower_writes_the_rest(s):
    for n in range(50):
        make(s, f'many-{n}')
    folders = [s.status_dir / f'many-{n}' for n in range(50)]
    s.wait(lambda: all((f / 'summary.json').exists() for f in folders), 20, 'all pages')
    for n in range(4):
        before = {f: (f / 'summary.json').read_text() for f in folders}
        touch(s)
        s.wait(lambda: sum((f / 'summary.json').read_text() != before[f] for f in folders) > 5 * n, 20, 'some of them')
        killed = s.tocsind.kill('publisher', signal.SIGKILL)
        for f in folders:
            assert whole(f) > 5
        s.wait(lambda: s.tocsind.pids.get('publisher', killed) != killed, 20, 'the next publisher')
        s.wait(lambda: all((f / 'summary.json').read_text() != before[f] for f in folders), 20, 'all to be written')
    for n in range(50):
        s.db('delete from tocsin.page where slug = %s', f'many-{n}')
    s.wait(lambda: not any(f.exists() for f in folders), 10, 'the folders to go')


@pytest.fixture
def small(s):
    """status_dir on a disk of 200 kB."""
    if os.getuid() != 0:
        pytest.skip('only root can mount a small disk')
    done = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=200k,mode=755', 'tmpfs', s.status_dir], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f'this machine lets nobody mount: {done.stderr.strip()}')
    host.give(s.status_dir)
    yield s
    s.tocsind.stop()
    subprocess.run(['umount', s.status_dir], check=True)
    s.tocsind.start()


def test_a_full_disk_leaves_the_old_files_and_is_told(small):
    s = small
    s.db('delete from tocsin.page')
    s.wait(lambda: not s.db("select 1 from tocsin.page"), 3)
    make(s, 'full', 1)
    s.wait(lambda: (s.status_dir / 'full/summary.json').exists(), 10, 'the page')
    s.wait(lambda: s.db("select 1 from tocsin.page where slug = 'full' and published_at is not null and error is null"), 5)
    old = (s.status_dir / 'full/index.html').read_bytes()
    (s.status_dir / 'ballast').write_bytes(b'')
    with open(s.status_dir / 'ballast', 'ab', buffering=0) as f, pytest.raises(OSError):
        while True:
            f.write(b'x' * 4096)
    touch(s)
    error = s.wait(lambda: s.db("select error from tocsin.page where slug = 'full'")[0][0], 10, 'the reason')
    assert 'No space left' in error and 'full' in error
    assert (s.status_dir / 'full/index.html').read_bytes() == old and whole(s.status_dir / 'full')
    assert read(s, 'full', '').content == old
    (s.status_dir / 'ballast').unlink()
    touch(s)
    s.wait(lambda: s.db("select error is null from tocsin.page where slug = 'full'")[0][0], 10, 'the page to be written again')
    assert (s.status_dir / 'full/index.html').read_bytes() != old
