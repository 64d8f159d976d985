"""docs/status-pages.md: its commands are typed as they are written, and what it names is there."""
import pathlib
import re
import subprocess

import pytest
from stack import host
from watching import create

TEXT = (host.SRC / 'docs/status-pages.md').read_text()
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8v8z"/></svg>'


def typed(first):
    """The command of the page that begins so, with the lines that belong to it."""
    lines = TEXT[TEXT.index(f'\n    {first}') + 1:].split('\n\n')[0].splitlines()
    return '\n'.join(line.removeprefix('    ') for line in lines)


@pytest.fixture(scope='module')
def shell(quiet, tmp_path_factory):
    """A terminal with a token, in a folder with a logo; `api` is this stack's."""
    ann, folder = quiet.user(), tmp_path_factory.mktemp('page')
    token = ann.api('POST', '/me/tokens', json={'name': 'docs', 'scopes': ['read', 'write']}).json()['token']
    (folder / 'logo.svg').write_text(LOGO)

    def run(lines):
        lines = lines.replace('https://ops.example.org/tocsin/api/v1', f'{quiet.url}/api/v1')
        return subprocess.run(['bash', '-ec', lines], cwd=folder, env={'PATH': '/usr/bin:/bin', 'TOKEN': token},
                              capture_output=True, text=True, timeout=30)
    return ann, run


def test_a_page_is_made_as_the_documentation_says(quiet, shell):
    ann, run = shell
    ids = [create(ann, name=f'docs {n}', url=f'http://docs-{n}.example/')['id'] for n in (1, 2)]
    done = run(typed('api=').replace('"monitor": 1,', f'"monitor": {ids[0]},').replace('"monitor": 2,', f'"monitor": {ids[1]},')
               .replace('curl -H', 'curl -sS -w " %{http_code}" -H'))
    assert done.stdout.endswith(' 201'), (done.stdout, done.stderr)
    made = next(p for p in ann.api('GET', '/pages').json()['items'] if p['slug'] == 'shop')
    page = ann.api('GET', f"/pages/{made['id']}").json()
    assert [(c['name'], c['section']) for c in page['components']] == [('Website', 'Core'), ('API', 'Core'), ('Branches', '')]
    assert (page['title'], page['zone'], page['lang'], page['logo']) == ('Shop status', 'Europe/Berlin', 'de', False)

    api = typed('api=').splitlines()[0]
    done = run(api + '\n' + typed('curl -H "Authorization: Bearer $TOKEN" -T').replace('/pages/1/', f"/pages/{page['id']}/")
               .replace('curl -H', 'curl -sS -f -H'))
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert ann.api('GET', f"/pages/{page['id']}").json()['logo'] is True


def test_the_fields_that_it_names_are_those_there_are(quiet, shell):
    ann, _ = shell
    page = ann.api('POST', '/pages', json={'title': 'Fields'}).json()
    table = re.search(r'\| field \| \|\n\|---\|---\|\n(.*?)\n\n', TEXT, re.S)[1]
    named = {word for row in table.splitlines() for word in re.findall(r'`(\w+)`', row.split('|')[1])}
    assert named - {'password'} <= set(page) and {'title', 'slug', 'access', 'enabled'} <= named
    for word in named & {'title', 'description', 'link', 'lang', 'zone', 'theme', 'accent', 'robots', 'publish', 'publish_after', 'day_down',
                         'subscribe', 'enabled'}:
        assert ann.api('PATCH', f"/pages/{page['id']}", json={word: page[word]}).status_code == 200, word


def test_an_incident_is_told_as_the_documentation_says(quiet, shell):
    ann, _ = shell
    monitor = create(ann, name='docs told', url='http://docs-told.example/')['id']
    told = ann.api('POST', '/incidents', json={'title': 'Disk', 'severity': 'minor', 'monitors': [monitor], 'public_title': 'Slow orders',
                                               'phase': 'identified', 'publish': True}).json()
    path = f"/incidents/{told['id']}"
    for phase in re.search(r'`phase` \(([\w, ]+)\) and `body`', TEXT)[1].split(', '):
        said = ann.api('POST', path + '/updates', json={'phase': phase, 'body': '**x**', 'public': phase != 'monitoring'})
        assert said.status_code in (200, 201), (phase, said.text)
    assert ann.api('POST', path + '/withdraw').status_code in (200, 204)
    assert ann.api('POST', path + '/publish').status_code in (200, 204)
    assert ann.api('PUT', path + '/postmortem', json={'body': 'why'}).status_code in (200, 201)
    assert ann.api('POST', path + '/postmortem/publish', json={'revision': 1}).status_code in (200, 204)
    assert ann.api('POST', path + '/postmortem/publish', json={'revision': 0}).status_code in (200, 204)


def test_files_that_it_names_are_written(quiet):
    """The names of the table are those that the writer of pages knows."""
    source = '\n'.join(p.read_text() for p in pathlib.Path(host.SRC / 'status').glob('page_*.c'))
    table = TEXT[TEXT.index('## What readers and programs find'):].split('\n\n')[1]
    files = [f for row in table.splitlines()[2:] for f in re.findall(r'`([\w./-]+)`', row.split('|')[1])]
    assert len(files) >= 10
    for file in files:
        word = re.sub(r'(badge|history|incidents)/.*', r'\1', file).rstrip('/').removesuffix('-uptime.svg').removesuffix('-ms.svg')
        assert word in source, file
