"""docs/status-without-server.md: each command is tried as it is written."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from stack import host
from stack.doubles import Site

PAGE = host.SRC / 'docs/status-without-server.md'
TEXT = PAGE.read_text()
BLOCKS = [b.replace('\\\n', ' ').strip().splitlines() for b in re.findall(r'^```sh\n(.*?)^```', TEXT, re.M | re.S)]
NOT_HERE = ('sudo ', './autogen.sh', 'tocsin probe --loop', 'while sleep', 'deploy/github/push.sh')  # install, endless, pushes: tried elsewhere
COMMANDS = [line for block in BLOCKS for line in block if not line.startswith(NOT_HERE)]


@pytest.fixture(scope='module')
def home(build, tmp_path_factory):
    """A folder in which the page is followed from top to bottom."""
    path = tmp_path_factory.mktemp('home')
    (path / 'bin').mkdir()
    os.symlink(pathlib.Path(build).resolve() / 'cli/tocsin', path / 'bin/tocsin')
    site = Site()
    yield path, site
    site.stop()


def run(home, line):
    path, site = home
    line = line.replace('https://www.example.org/', site.url)
    return subprocess.run(['bash', '-c', line], cwd=path, capture_output=True, text=True, timeout=60,
                          env={**os.environ, 'PATH': f"{path}/bin:{os.environ['PATH']}"})


@pytest.mark.parametrize('line', COMMANDS)
def test_command_works_as_written(home, line):
    done = run(home, line)
    assert done.returncode == 0, (line, done.stdout, done.stderr)
    assert 'unknown' not in done.stderr


def test_what_the_page_promises_is_there(home):
    path, _ = home
    for file in ('status-site/status/index.html', 'public/status/feed.atom', 'public/index.html', 'status-data/current.json', 'status-data/status.json'):
        assert (path / file).exists(), file
    assert 'lang="de"' in (path / 'public/status/index.html').read_text()
    assert [s['system'] for s in json.loads((path / '.monitorrc.json').read_text())['systems']] == ['website', 'api']


def test_the_example_of_a_file_is_valid(home, tmp_path):
    path, site = home
    (tmp_path / 'x.json').write_text(re.search(r'^```json\n(.*?)^```', TEXT, re.M | re.S)[1])
    done = subprocess.run([path / 'bin/tocsin', 'status-data', 'config', 'validate', '--strict', '--config', tmp_path / 'x.json'],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_keys_and_workflows_are_those_there_are():
    source = (host.SRC / 'cli/monitorrc.c').read_text()
    known = set(re.findall(r'"(\w+)"', re.search(r'system_keys\[\] = \{(.*?)\};', source, re.S)[1]))
    table = TEXT[TEXT.index('| key |'):TEXT.index('Another key')]
    assert {k for row in table.splitlines()[2:] if row for k in re.findall(r'`(\w+)`', row.split('|')[1])} == known
    named = set(re.findall(r'^\| `([\w-]+\.yml)`', TEXT, re.M))
    assert named == {p.name for p in (host.SRC / 'deploy/github/workflows').glob('*.yml')}
    assert shutil.which('git') and '--loop' in TEXT
