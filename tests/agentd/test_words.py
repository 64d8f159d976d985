"""What the program's words say: the configuration's check, the polkit rule, the unit that starts it."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import agentrig

SRC = pathlib.Path(__file__).resolve().parents[2]
UNIT = SRC / 'conf/systemd/tocsin-agent.service.in'


@pytest.fixture
def word(request, folder):
    binary = agentrig.build_folder(request.config) / 'agent/tocsin-agent'
    conf = folder / 'agent.conf'

    def run(text, *words, own=True, mode=0o640):
        conf.write_text(text)
        conf.chmod(mode)
        return subprocess.run([binary, '-c', conf, *(['--own'] if own else []), *words], capture_output=True, text=True, timeout=20)
    run.conf = conf
    return run


LISTEN = 'listen = 10.0.0.4:7443\n'
WEB = '[app web]\nunit = web.service\n'


def test_the_example_is_fine_as_it_is_and_with_all_its_examples(word):
    text = (SRC / 'conf/agent.conf').read_text()
    assert word(text, 'check').stdout.endswith('fine, 0 apps\n')
    said = word(re.sub(r'^#(?=[\[\w])', '', text, flags=re.M), 'check')
    assert said.stdout.endswith('fine, 2 apps\n'), said.stderr


WRONG = [
    ('', 0, 'is empty'),
    ('name = x\n', 0, "'listen' is missing"),
    ('listen = 8.8.8.8:7443\n', 0, 'no private address'),
    ('listen = 0.0.0.0:7443\n', 0, 'no private address'),
    ('listen = [2001:db8::1]:7443\n', 0, 'no private address'),
    ('listen = example.org:7443\n', 1, 'numeric address'),
    ('listen = 10.0.0.4\n', 1, 'ADDRESS:PORT'),
    ('listen = 10.0.0.4:70000\n', 1, 'ADDRESS:PORT'),
    (LISTEN + 'unit = web.service\n', 2, "unknown key 'unit'"),
    (LISTEN + '[web]\n', 2, "expected '[app NAME]'"),
    (LISTEN + '[app web\n', 2, "expected '[app NAME]'"),
    (LISTEN + '[app web] x\n', 2, "expected '[app NAME]'"),
    (LISTEN + '[app Web]\n', 2, "made of a-z"),
    (LISTEN + '[app ../x]\n', 2, "made of a-z"),
    (LISTEN + '[app .x]\n', 2, "made of a-z"),
    (LISTEN + f'[app {"a" * 64}]\n', 2, "63 at most"),
    (LISTEN + WEB + WEB, 4, "'[app web]' is there twice"),
    (LISTEN + '[app a]\nname = x\n', 2, "needs one of 'unit' and 'container'"),
    (LISTEN + '[app a]\nunit = a.service\ncontainer = a\n', 2, "needs one of"),
    (LISTEN + WEB + '[app b]\nunit = web.service\n', 4, 'apps web and b are the same'),
    (LISTEN + '[app a]\nunit = a\n', 3, 'ends in .service'),
    (LISTEN + '[app a]\nunit = --all.service\n', 3, 'ends in .service'),
    (LISTEN + '[app a]\nunit = a*.service\n', 3, 'ends in .service'),
    (LISTEN + '[app a]\nunit = a/b.service\n', 3, 'ends in .service'),
    (LISTEN + '[app a]\ncontainer = a/json?x\n', 3, 'name of a container'),
    (LISTEN + WEB + 'dir = srv\n', 4, 'absolute path'),
    (LISTEN + WEB + 'dir = /srv/../etc\n', 4, "'..'"),
    (LISTEN + WEB + 'env = /srv/.env\n', 4, "expected 'env NAME = value'"),
    (LISTEN + WEB + 'env a b = /x\n', 4, "expected 'key = value'"),
    (LISTEN + WEB + 'env ../a = /x\n', 4, 'short word'),
    (LISTEN + WEB + 'env a = x\n', 4, 'absolute path'),
    (LISTEN + WEB + 'env a = /x\nenv a = /y\n', 5, "'env a' is there twice"),
    (LISTEN + WEB + 'dir a = /srv\n', 4, "expected 'dir = value'"),
    (LISTEN + WEB + 'health = https://127.0.0.1/\n', 4, 'must be http://'),
    (LISTEN + WEB + 'health = http://8.8.8.8/\n', 4, 'private'),
    (LISTEN + WEB + 'health = http://example.org/\n', 4, 'numeric'),
    (LISTEN + WEB + 'health = http://127.0.0.1:x/\n', 4, 'numeric'),
    (LISTEN + WEB + 'health = "http://127.0.0.1/a b"\n', 4, 'blanks'),
    (LISTEN + WEB + 'health = http://127.0.0.1/\nhealth_command = /bin/true\n', 2, 'both'),
    (LISTEN + WEB + 'health_command = true\n', 4, 'absolute path'),
    (LISTEN + WEB + 'health_command = /bin/sh -c \'x\n', 4, 'quote that is not closed'),
    (LISTEN + WEB + 'health_timeout = 9s\n', 4, 'from 1s to 8s'),
    (LISTEN + WEB + 'ports = 80 x\n', 2, 'numbers from 1 to 65535'),
    (LISTEN + WEB + 'ports = 0\n', 2, 'numbers from 1 to 65535'),
    (LISTEN + WEB + 'deploy = yes\n', 2, "needs 'dir' and 'deploy_user'"),
    (LISTEN + WEB + 'deploy_user = a:b\n', 4, 'name of a user'),
    (LISTEN + WEB + 'deploy_repo = --upload-pack=x\n', 4, 'git fetches from'),
    (LISTEN + WEB + 'deploy_repo = ext::sh\n', 4, 'remote helper'),
    (LISTEN + WEB + 'deploy_refs = --force\n', 4, 'branches and tags'),
    (LISTEN + WEB + 'deploy_step = make\n', 4, "'name: /path args'"),
    (LISTEN + WEB + 'deploy_step = build: make\n', 4, 'absolute path'),
    (LISTEN + 'mask = $X\n', 2, 'must be words'),
    (LISTEN + ''.join(f'[app a{n}]\nunit = a{n}.service\n' for n in range(201)), 402, 'more than 200 apps'),
    (LISTEN + 'name = a\0b\n', 2, 'NUL'),
    (LISTEN + 'name = ' + 'a' * 9000 + '\n', 2, 'too long'),
    ('x' * (1 << 20) + '\n' + 'y' * 9, 0, '1 MiB'),
]


@pytest.mark.parametrize('text, line, rule', WRONG, ids=[f'{line}: {rule}' for _, line, rule in WRONG])
def test_what_is_wrong_is_named_with_its_line(word, text, line, rule):
    said = word(text, 'check')
    where = f'{word.conf}:{line}: ' if line else f'{word.conf}: '
    assert said.returncode == 1 and said.stderr.startswith(where) and rule in said.stderr, said.stderr


def test_a_public_address_must_be_meant(word):
    assert word('listen = 8.8.8.8:7443\nallow_public = yes\n', 'check').returncode == 0


def test_a_file_that_others_can_change_is_refused(word, folder):
    assert 'can be written by others' in word(LISTEN, 'check', mode=0o660).stderr
    assert 'can be written by others' in word(LISTEN, 'check', mode=0o646).stderr
    folder.chmod(0o770)
    assert 'can be written by others' in word(LISTEN, 'check').stderr
    folder.chmod(0o700)
    if os.geteuid() == 0:
        assert word(LISTEN, 'check', own=False).returncode == 0
        shutil.chown(word.conf, 'nobody')
        assert 'does not belong to root' in word(LISTEN, 'check').stderr
    else:
        assert 'does not belong to root' in word(LISTEN, 'check', own=False).stderr


def test_a_link_or_a_folder_is_no_configuration(word, folder):
    word(LISTEN, 'check')
    word.conf.rename(folder / 'real')
    word.conf.symlink_to(folder / 'real')
    binary = word('', 'version').args[0]
    (folder / 'real').write_text(LISTEN)
    for path, why in ((word.conf, 'cannot open'), (folder, 'is not a file'), (folder / 'none', 'No such file')):
        said = subprocess.run([binary, '-c', path, '--own', 'check'], capture_output=True, text=True)
        assert said.returncode == 1 and why in said.stderr, said.stderr


def test_root_is_not_who_it_runs_as(word):
    if os.geteuid() == 0:
        said = word('listen = 127.0.0.1:0\n', 'run')
        assert said.returncode == 1 and 'will not run as root' in said.stderr


def test_wrong_use_says_what_is_right(word):
    for words in (['nonsense'], ['--what'], ['polkit', '--what'], ['enrol-request']):
        said = word(LISTEN, *words)
        assert said.returncode == 2 and 'usage' in said.stderr, said
    assert 'enrol-request' in word(LISTEN, '--help').stdout


POLKIT = r'''
const fs = require('fs'); let rule;
globalThis.polkit = { Result: { YES: 'yes', NO: 'no' }, addRule: f => { rule = f; } };
eval(fs.readFileSync(process.argv[1], 'utf8'));
const ask = (id, user, unit, verb) => String(rule({ id, lookup: k => ({ unit, verb })[k] }, { user }));
console.log(JSON.stringify(JSON.parse(process.argv[2]).map(q => ask(...q))));
'''
MANAGE = 'org.freedesktop.systemd1.manage-units'


def rule_says(path, *questions):
    import json
    said = subprocess.run(['node', '-e', POLKIT, path, json.dumps(questions)], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


def test_the_polkit_rule_allows_the_list_and_nothing_else(word, folder):
    rules = folder / 'x.rules'
    said = word(LISTEN + WEB + '[app odd]\nunit = odd@a\\x2db.service\n[app calm]\nunit = calm.service\nrestart = no\n'
                '[app shop]\nunit = shop.service\ndir = /srv\ndeploy = yes\ndeploy_user = shop\n', 'polkit', f'--write={rules}')
    assert said.returncode == 0, said.stderr
    assert rules.stat().st_mode & 0o777 == 0o644
    me = 'tocsin-agent'
    yes = [(MANAGE, me, 'web.service', verb) for verb in ('start', 'stop', 'restart', 'reset-failed')]
    yes += [(MANAGE, me, 'odd@a\\x2db.service', 'restart'), (MANAGE, me, 'tocsin-deploy@shop.service', 'start'),
            (MANAGE, me, 'tocsin-deploy@shop.service', 'stop')]
    no = [(MANAGE, me, 'calm.service', 'restart'), (MANAGE, me, 'other.service', 'start'), (MANAGE, me, 'web.service', 'kill'),
          (MANAGE, me, 'web.service', 'set-property'), (MANAGE, me, 'tocsin-deploy@web.service', 'start'),
          (MANAGE, me, 'tocsin-deploy@shop.service', 'restart'), (MANAGE, me, None, None),
          ('org.freedesktop.systemd1.manage-unit-files', me, 'web.service', 'start'), ('org.freedesktop.login1.reboot', me, None, None)]
    assert rule_says(rules, *yes) == ['yes'] * len(yes)
    assert rule_says(rules, *no) == ['no'] * len(no)
    assert rule_says(rules, (MANAGE, 'ann', 'web.service', 'restart')) == ['undefined']
    assert word(LISTEN, 'polkit').stdout.count('[]') == 2


def test_the_rule_that_is_shipped_allows_nothing():
    assert rule_says(SRC / 'conf/polkit/60-tocsin-agent.rules', (MANAGE, 'tocsin-agent', 'web.service', 'restart'),
                     (MANAGE, 'ann', 'web.service', 'restart')) == ['no', 'undefined']


def test_without_polkit_there_is_nothing_to_write(word, folder):
    assert word(LISTEN, 'polkit', f'--write={folder}/none/x.rules').returncode == 0
    assert word(LISTEN, 'polkit', f'--write={folder}').returncode == 1


def test_the_unit_is_fenced_in(folder):
    """systemd's own measure, 0 (locked up) to 10 (free)."""
    analyze = shutil.which('systemd-analyze')
    if not analyze:
        pytest.skip('there is no systemd-analyze')
    unit = folder / 'tocsin-agent.service'
    unit.write_text(UNIT.read_text().replace('@sbindir@', '/usr/sbin').replace('@confdir@', '/etc/tocsin'))
    said = subprocess.run([analyze, 'security', '--offline=true', '--no-pager', unit], capture_output=True, text=True)
    level = re.search(r'Overall exposure level for \S+: ([\d.]+)', said.stdout)
    assert level and float(level.group(1)) <= 1.5, said.stdout + said.stderr
