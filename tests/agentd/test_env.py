"""Env files over the agent's HTTP: read masked, changed without losing a byte, never through a link, never partial."""
import os
import re
import signal
import socket
import subprocess
import threading

import pytest

MARK = '•' * 8
TEXT = ('# of the app\r\n\r\nexport DB_PASSWORD="s3cret"  # of 2019\r\nPORT=8080\r\n'
        "GREETING='two words'\r\nodd line\r\nURL=postgres://u:pw@db/x\r\nMONKEY=banana")


class Env:
    """An app with an env file, and an agent that serves it."""

    def __init__(self, agent, folder, text=TEXT, more='', conf=''):
        self.dir = folder / 'app'
        self.dir.mkdir()
        self.file = self.dir / '.env'
        if text is not None:
            self.write(text)
        self.agent = agent(f'[app web]\nunit = web.service\nenv main = {self.file}\n{more}', f'env_socket = {folder}/env.sock\n{conf}')

    def write(self, text):
        self.file.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.file.chmod(0o640)

    @property
    def text(self):
        return self.file.read_bytes().decode()

    def get(self, more='', path='/v1/apps/web/env/main'):
        return self.agent.get(path + more)

    @property
    def etag(self):
        return self.get().json()['etag']

    def put(self, body, etag=None):
        return self.agent.put('/v1/apps/web/env/main', body, etag or self.etag)

    @property
    def backups(self):
        return self.get('/backups').json()

    def restore(self, name, etag=None, more=''):
        headers = {'If-Match': etag or self.etag}
        return self.agent.call('POST', f'/v1/apps/web/env/main/backups/{name}/restore{more}', headers=headers)


@pytest.fixture
def env(agent, folder):
    return lambda *args, **more: Env(agent, folder, *args, **more)


def test_a_file_is_read_with_its_secrets_hidden(env):
    e = env()
    answer = e.get()
    said = answer.json()
    assert answer.headers['ETag'] == f'"{said["etag"]}"'
    assert said['lines'] == 8
    assert said['text'] == (TEXT.replace('s3cret', MARK).replace('postgres://u:pw@db/x', MARK))
    keys = {entry['key']: entry for entry in said['entries']}
    assert keys['DB_PASSWORD'] == {'key': 'DB_PASSWORD', 'value': None, 'masked': True, 'line': 3, 'export': True, 'quote': '"'}
    assert keys['GREETING'] == {'key': 'GREETING', 'value': 'two words', 'masked': False, 'line': 5, 'export': False, 'quote': "'"}
    assert keys['URL']['value'] is None and keys['MONKEY']['value'] == 'banana'
    assert {3, 6} <= {problem['line'] for problem in said['problems']}
    assert 's3cret' not in answer.text and 'pw@' not in answer.text


def test_secrets_are_sent_when_they_are_asked_for(env):
    e = env()
    said = e.get('?reveal=URL').json()
    assert 'pw@db' in said['text'] and 's3cret' not in said['text']
    assert e.get('?reveal=*').json()['text'] == TEXT
    assert e.get('?reveal=NOT%20A%20KEY').status_code == 422


def test_the_rule_of_what_is_secret_can_be_set(env):
    said = env(conf='mask = MONKEY\n').get().json()
    assert {entry['key'] for entry in said['entries'] if entry['masked']} == {'MONKEY', 'URL'}


def test_the_list_says_what_is_there(env):
    e = env(more='env other = /nowhere/else.env\nenv new = {}\n'.format('/tmp'))
    main, other, new = e.agent.get('/v1/apps/web/env').json()['files']
    assert main['exists'] and main['writable'] and main['size'] == len(TEXT) and main['etag'] == e.etag
    assert not other['exists'] and 'folder does not exist' in other['error']
    assert 'not a plain file' in new['error']
    assert e.agent.get('/v1/apps/web/env/gone').status_code == 404


def test_an_edit_keeps_every_other_byte(env):
    e = env()
    before, mode = e.etag, e.file.stat()
    answer = e.put({'set': {'PORT': '9090', 'GREETING': "it's $5", 'NEW': 'a b', 'DB_PASSWORD': None, 'URL': MARK},
                    'unset': ['MONKEY']})
    assert answer.status_code == 200
    said = answer.json()
    assert e.text == TEXT.replace('8080', '9090').replace("'two words'", '"it\'s \\$5"').replace('MONKEY=banana', "NEW='a b'\r\n")
    assert said['keys'] == {'added': ['NEW'], 'changed': ['GREETING', 'PORT'], 'removed': ['MONKEY']}
    assert said['etag'] == e.etag != before
    assert {'op': 'add', 'line': 4, 'text': 'PORT=9090'} in said['diff']
    assert {'op': 'del', 'line': 4, 'text': 'PORT=8080'} in said['diff']
    assert 's3cret' not in answer.text
    now = e.file.stat()
    assert (now.st_mode, now.st_uid, now.st_gid) == (mode.st_mode, mode.st_uid, mode.st_gid)
    assert said['backup'] == e.backups[0]['name']


def test_a_change_of_a_secret_is_shown_without_it(env):
    e = env()
    answer = e.put({'set': {'DB_PASSWORD': 'n3w'}})
    assert answer.json()['keys']['changed'] == ['DB_PASSWORD']
    assert [row['op'] for row in answer.json()['diff'] if MARK in row['text'] and 'DB_' in row['text']] == ['del', 'add']
    assert 's3cret' not in answer.text and 'n3w' not in answer.text
    assert 'export DB_PASSWORD="n3w"' in e.text


def test_what_changes_nothing_writes_nothing(env):
    e = env()
    inode = e.file.stat().st_ino
    for body in ({'set': {'PORT': '8080'}}, {'text': e.get().json()['text']}, {'text': TEXT}, {'unset': ['GONE']},
                 {'set': {'PORT': '1'}, 'dry_run': True}):
        answer = e.put(body)
        assert answer.status_code == 200 and answer.json()['backup'] is None, answer.text
    assert e.file.stat().st_ino == inode and os.listdir(e.dir) == ['.env']


def test_a_masked_text_comes_back_with_its_secrets(env):
    e = env()
    text = e.get().json()['text'].replace('\r\n', '\n').replace('8080', '9090')  # as a text field sends it
    answer = e.put({'text': text})
    assert answer.status_code == 200, answer.text
    assert e.text == TEXT.replace('8080', '9090')


@pytest.mark.parametrize('body, status, line, field', [
    ({'set': {'1A': 'x'}}, 422, None, '1A'),
    ({'set': {'A B': 'x'}}, 422, None, 'A B'),
    ({'set': {'': 'x'}}, 422, None, None),
    ({'set': {'A': 'x\ny'}}, 422, None, 'A'),
    ({'set': {'A': 'x\ry'}}, 422, None, 'A'),
    ({'set': {'A': 'x\x1b'}}, 422, None, 'A'),
    ({'set': {'A': 7}}, 422, None, 'A'),
    ({'set': {'A': None}}, 422, None, 'A'),
    ({'set': {'PORT': MARK}}, 422, None, 'PORT'),
    ({'set': {'DB_PASSWORD': MARK + 'x'}}, 422, None, 'DB_PASSWORD'),
    ({'set': {'A': 'x'}, 'unset': ['A']}, 422, None, 'A'),
    ({'unset': ['A=']}, 422, None, 'A='),
    ({'unset': [7]}, 422, None, 'unset'),
    ({'unset': 'A'}, 422, None, 'set'),
    ({'text': 7}, 422, None, 'text'),
    ({'text': 'A=1\n', 'set': {}}, 422, None, 'text'),
    ({}, 422, None, 'set'),
    ({'text': TEXT + '\r\nnew odd line'}, 422, 9, None),
    ({'text': TEXT + '\r\nA=\x1b[0m'}, 422, 9, None),
    ({'text': TEXT + "\r\nA='open"}, 422, 9, None),
    ({'text': f'A=1\nDB_SECRET={MARK}\n'}, 422, 2, None),
    ({'text': f'export DB_PASSWORD="{MARK}"\nA=1\n'}, 422, 1, None),  # its comment is gone: not the line that was shown
    ({'text': f'URL={MARK}\nexport DB_PASSWORD="{MARK}"  # of 2019\n'}, 422, 2, None),  # moved
])
def test_a_bad_change_is_refused_with_its_place(env, body, status, line, field):
    e = env()
    answer = e.put(body)
    assert answer.status_code == status, answer.text
    assert answer.json().get('line') == line and answer.json().get('field') == field, answer.text
    assert e.text == TEXT and os.listdir(e.dir) == ['.env']


def test_huge_texts_and_nul_bytes_are_refused(env):
    e = env('A=' + 'x' * 900000)
    long = e.agent.raw(b'PUT /v1/apps/web/env/main HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n'
                       b'Content-Length: 1048577\r\n\r\n')
    assert b' 413 ' in long.split(b'\r\n')[0]
    grown = e.put({'set': {'B': 'y' * 200000}})
    assert grown.status_code == 422 and '1 MiB' in grown.json()['error']
    assert e.put({'set': {'A': '\0'}}).status_code in (400, 422)
    assert os.listdir(e.dir) == ['.env']


@pytest.mark.parametrize('text, line', [(b'A=1\nB=\xff\n', 2), (b'A=1\n\nB=\0\n', 3)])
def test_a_file_that_is_no_text_is_refused_with_its_line(env, text, line):
    answer = env(text).get()
    assert answer.status_code == 422 and answer.json()['line'] == line


def test_a_stale_etag_is_refused(env):
    e = env()
    etag = e.etag
    e.write(TEXT.replace('8080', '8081'))
    assert e.put({'set': {'A': '1'}}, etag).status_code == 412
    assert e.agent.put('/v1/apps/web/env/main', {'set': {'A': '1'}}).status_code == 412
    assert e.put({'set': {'A': '1'}}, 'absent').status_code == 412


def test_a_file_that_is_not_there_is_made(env):
    e = env(None)
    assert e.get().json()['exists'] is False and e.etag == 'absent'
    assert e.put({'set': {'A': '1'}}).status_code == 200
    assert e.text == 'A=1\n' and e.file.stat().st_mode & 0o7777 == 0o600
    assert e.put({'set': {'A': '2'}}, 'absent').status_code == 412


def test_backups_are_listed_read_masked_restored_and_pruned(env):
    e = env(conf='env_keep_backups = 3\n')
    assert e.backups == []
    for port in range(1, 7):
        assert e.put({'set': {'PORT': str(port)}}).status_code == 200
    assert len(e.backups) == 3
    assert [backup['name'] for backup in e.backups] == sorted((b['name'] for b in e.backups), reverse=True)
    assert re.fullmatch(r'\d{8}T\d{6}\.\d{6}Z-\d+', e.backups[0]['name']) and e.backups[0]['at'].endswith('Z')
    oldest = e.backups[-1]['name']
    said = e.get(f'/backups/{oldest}')
    assert 'PORT=3' in said.json()['text'] and 's3cret' not in said.text
    tried = e.restore(oldest, more='?dry_run=1')
    assert tried.json()['keys']['changed'] == ['PORT'] and 'PORT=6' in e.text
    assert e.restore(oldest, 'stale').status_code == 412
    done = e.restore(oldest)
    assert done.status_code == 200 and 'PORT=3' in e.text
    assert 'PORT=6' in e.get(f'/backups/{done.json()["backup"]}').json()['text']
    assert (e.dir / '.tocsin-backups').stat().st_mode & 0o7777 == 0o700
    for name in ('20261121T000000.000000Z-1', 'lock', 'x'):
        assert e.get(f'/backups/{name}').status_code == 404
        assert e.restore(name).status_code == 404


def link_to(e, target):
    e.file.unlink()
    e.file.symlink_to(target)


def folder_link(e):
    e.dir.rename(e.dir.with_name('real'))
    e.dir.symlink_to('real')


def hard_link(e):
    os.link(e.file, e.dir / 'other')


def fifo(e):
    e.file.unlink()
    os.mkfifo(e.file)


def directory(e):
    e.file.unlink()
    e.file.mkdir()


def huge(e):
    os.truncate(e.file, (1 << 20) + 1)


def device(e):
    e.file.unlink()
    try:
        os.mknod(e.file, 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero: it never ends
    except PermissionError:
        e.file.symlink_to('/dev/zero')


def foreign(e):
    if os.geteuid():
        link_to(e, '/etc/hostname')  # all another user's file can be to who is not root
    else:
        os.chown(e.file, 33, 33)


@pytest.mark.parametrize('make, status', [
    (lambda e: link_to(e, '/etc/hostname'), 409), (lambda e: link_to(e, 'real.env'), 409), (folder_link, 409),
    (hard_link, 409), (fifo, 409), (directory, 409), (device, 409), (foreign, 409), (huge, 413),
    (lambda e: e.dir.chmod(0o777), 409)],
    ids=['link', 'dangling', 'folder-link', 'hard-link', 'fifo', 'directory', 'device', 'foreign', 'huge', 'open-folder'])
def test_what_is_no_plain_file_of_its_owner_is_refused(env, make, status):
    e = env()
    etag = e.etag
    make(e)
    read = e.agent.get('/v1/apps/web/env/main', timeout=5)
    assert read.status_code == status and len(read.json()['error']) > 10, read.text
    assert e.put({'set': {'A': '1'}}, etag).status_code == status


def test_no_path_comes_from_the_network(env):
    e = env()
    for path in ('..%2f..%2fetc%2fpasswd', '../main', '.env', '%2fetc%2fpasswd', 'main%00', 'main/..', '%2e%2e'):
        answer = e.agent.raw(f'GET /v1/apps/web/env/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'.encode())
        assert b' 404 ' in answer.split(b'\r\n')[0] or b' 400 ' in answer.split(b'\r\n')[0], (path, answer)


class Helper:
    """What systemd does for tocsin-env.socket: a process for each connection."""

    def __init__(self, e, folder):
        self.command = [e.agent.build / 'agent/tocsin-agent', '-c', e.agent.conf_path, '--own', 'env-helper']
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(folder / 'env.sock'))
        self.listener.listen()
        self.children, self.on_start = [], lambda child: None
        self.said = open(folder / 'helper', 'wb')
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                child = subprocess.Popen(self.command, stdin=peer, stdout=peer, stderr=self.said)
            self.children.append(child)
            self.on_start(child)

    def close(self):
        self.listener.close()
        for child in self.children:
            child.wait(10)
        self.said.close()
        with open(self.said.name) as said:
            assert 'Sanitizer' not in (text := said.read()), text[:4000]


@pytest.fixture
def helper(folder):
    made = []
    yield lambda e: made.append(Helper(e, folder)) or made[0]
    for one in made:
        one.close()


def test_the_helper_answers_for_the_agent(env, helper):
    e = env()
    h = helper(e)
    assert e.put({'set': {'PORT': '1'}}).status_code == 200
    assert 'PORT=1' in e.text and len(h.children) == 2
    assert e.agent.get('/v1/apps/web/env').json()['files'][0]['writable']
    assert e.get('?reveal=*').json()['text'] == e.text


def test_a_helper_that_is_killed_leaves_the_old_file_or_the_new(env, helper):
    e = env()
    h = helper(e)
    killed = 0
    for turn in range(40):
        before, etag = e.text, e.etag
        h.on_start = lambda child: threading.Timer(0.0002 * (turn % 20), child.send_signal, [signal.SIGKILL]).start()
        answer = e.put({'set': {'PORT': str(turn)}}, etag)
        h.on_start = lambda child: None
        assert e.text in (before, re.sub(r'PORT=\d+', f'PORT={turn}', before))
        killed += answer.status_code != 200
        if answer.status_code != 200:
            assert answer.status_code == 500 and 'no answer' in answer.json()['error']
    assert killed
    assert e.put({'set': {'PORT': '9'}}).status_code == 200
    assert not [name for name in os.listdir(e.dir / '.tocsin-backups') if name.startswith('new.')]


def test_two_writers_never_mix(env):
    e = env('A=0\nB=0\nC=0\n')
    etag, answers = e.etag, []

    def write(i):
        answers.append(e.agent.client(*e.agent.control).put(
            f'{e.agent.url}/v1/apps/web/env/main', json={'set': {k: str(i) for k in 'ABC'}}, headers={'If-Match': etag}, timeout=20).status_code)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(1, 9)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(answers)[0] == 200 and answers.count(200) == 1 and set(answers) == {200, 412}, answers
    assert re.fullmatch(r'A=(\d)\nB=\1\nC=\1\n', e.text)
