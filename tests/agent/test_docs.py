"""docs/agent-install.md: each command is run on a machine as it is written, from top to bottom; those of
docs/agent.md as soon as there is an agent."""
import os
import re

import pytest

from stack import host

PAGE = host.SRC / 'docs/agent-install.md'


def blocks(page):
    return re.findall(r'^```sh\n(.*?)^```', page.read_text(), re.M | re.S)


BLOCKS = blocks(PAGE)
there = next(n for n, block in enumerate(BLOCKS) if 'systemd-analyze security' in block) + 1
BLOCKS[there:there] = blocks(host.SRC / 'docs/agent.md')
DEMO = '[Service]\nExecStart=/bin/sleep infinity\n'


@pytest.fixture(scope='module')
def machine(rig, fleet, release):
    made = rig.machine('reader')
    made.write('/root/tocsin-agent/release.pub', release.public.read_text())
    made.write('/etc/systemd/system/demo.service', DEMO)
    made.sh('systemctl daemon-reload; systemctl start demo')
    yield made
    made.crash()


@pytest.mark.parametrize('number', range(len(BLOCKS)), ids=lambda n: BLOCKS[n].split('\n')[0][:40])
def test_commands_work_as_written(machine, fleet, number):
    arch = {'x86_64': 'amd64', 'aarch64': 'arm64'}[os.uname().machine]
    script = BLOCKS[number].replace('https://status.example.org/tocsin', fleet.url).replace('linux-amd64', f'linux-{arch}')
    if 'TOKEN' in script:
        script = script.replace('TOKEN', fleet.enrolment(name='reader')['token'])
    code, said = machine.tried('bash', '-euo', 'pipefail', '-c', f'cd; {script}')
    assert code == 0, said
    if '[app ' in script:
        fleet.wait(lambda: [a for a in fleet.host('reader')['apps'] if a['status'] == 'up'], 20, 'the app')
    if 'uninstall' in script:
        assert machine.tried('id', 'tocsin-agent')[0] != 0


def test_keys_are_made_as_written(tmp_path):
    lines = re.search(r'^```\n(openssl genpkey.*?)make release', PAGE.read_text(), re.M | re.S)[1]
    host.run('sh', '-ec', lines, cwd=tmp_path)
    assert {f.name for f in tmp_path.iterdir()} == {'release.pem', 'release.pub'}


def test_words_are_those_of_the_installer():
    said = host.run('sh', str(host.SRC / 'deploy/agent/install.sh'), '--help')
    for word in set(re.findall(r'--[a-z]+', said)):
        assert word in PAGE.read_text(), word
