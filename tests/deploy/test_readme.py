"""README.md and docs/: what they link is there, and what they print is understood."""
import re

import pytest

from stack import Stack, host

PAGES = sorted([host.SRC / 'README.md', host.SRC / 'CHANGES.md', *(host.SRC / 'docs').rglob('*.md')])


@pytest.mark.parametrize('page', PAGES, ids=lambda p: str(p.relative_to(host.SRC)))
def test_links_lead_somewhere(page):
    text = re.sub(r'```.*?```', '', page.read_text(), flags=re.S)
    for target in re.findall(r'\]\(([^)#]+)[^)]*\)', text):
        if not re.match(r'[a-z]+:', target):
            assert (page.parent / target).exists(), target


def test_lines_for_an_existing_apache(build):
    """The lines of README.md, in an httpd that has nothing else: fewer than ten, and they work."""
    lines = re.search(r'```apache\n(.*?)```', (host.SRC / 'README.md').read_text(), re.S)[1]
    assert len(lines.strip().splitlines()) < 10
    with Stack(build, tocsind=False) as s:
        mods = s.build / 'conf'
        local = (s.root / 'httpd.conf').read_text()
        local = re.sub(r'(?m)^(LoadModule tocsin|Define TOCSIN_(PATH|DB)|Include ).*\n', '', local)
        local = re.sub(r'(?m)^TocsinAllowTarget.*\n', '', local)
        lines = lines.replace('/etc/apache2/mods-available/tocsin.load', str(s.root / 'tocsin.load'))
        lines = lines.replace('/etc/apache2/mods-available', str(mods))
        (s.root / 'tocsin.load').write_text('\n'.join(
            f'LoadModule {so.stem[4:]}_module {so}' for so in sorted((s.build / 'modules/.libs').glob('mod_tocsin*.so'))))
        code, said = s.httpd.test(local + lines)
        assert code == 0, said


def test_quickstart_names_its_words():
    said = host.run(str(host.SRC / 'quickstart'), '--help')
    page = (host.SRC / 'docs/quickstart.md').read_text()
    for word in re.findall(r'--[a-z-]+|TOCSIN_[A-Z_]+', said):
        assert word in page, word
