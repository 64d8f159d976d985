"""The workflows of this repository: what GitHub takes, and what their scripts name is there."""
import re
import subprocess

import jsonschema
import pytest

from stack import host
from status.test_action import load, runs, schema

WORKFLOWS = sorted((host.SRC / '.github/workflows').glob('*.yml'))
RELEASE = load(host.SRC / '.github/workflows/release.yml')


@pytest.mark.parametrize('path', WORKFLOWS, ids=lambda p: p.stem)
def test_workflow_is_what_github_takes(path):
    jsonschema.validate(load(path), schema('workflow.json'))


@pytest.mark.parametrize('path', WORKFLOWS, ids=lambda p: p.stem)
def test_scripts_are_clean(path):
    for name, script in runs(load(path)):
        done = subprocess.run(['shellcheck', '-s', 'sh', '-'], input=script, capture_output=True, text=True)
        assert done.returncode == 0, f'{name}: {done.stdout}'
        for file in re.findall(r'(?<![\w/.])((?:tests|deploy|\.ci)/[\w/.-]+)', script):
            assert (host.SRC / file).exists(), file


@pytest.mark.parametrize('tag, good', [('v{}', True), ('v9.9.9', False), ('{}', False)])
def test_tag_that_is_not_the_version_is_no_release(tag, good):
    assert RELEASE['on'] == {'push': {'tags': ['v*']}}
    version = re.search(r'AC_INIT\(\[tocsin\], \[(.*?)\]', (host.SRC / 'configure.ac').read_text())[1]
    script = dict(runs(RELEASE))['See that the tag is the version']
    done = subprocess.run(['sh', '-e', '-c', script], cwd=host.SRC, env={'PATH': '/usr/bin:/bin', 'TAG': tag.format(version)}, capture_output=True)
    assert (done.returncode == 0) is good, done.stdout
