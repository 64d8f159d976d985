"""`tocsin migrate` and its neighbours: what they do, what they refuse, and how they say so."""
import os
import shutil
import subprocess
import hashlib

import psycopg
import pytest

from stack import host

SQL = host.SRC / 'sql'
SCHEMA = sorted(f'schema/{f.name}' for f in (SQL / 'schema').glob('*.sql'))
LAST = len(SCHEMA)


class Tool:
    """The command line, on a database of its own."""

    def __init__(self, pg, build, name):
        self.pg, self.tool, self.name = pg, f'{os.path.abspath(build)}/cli/tocsin', name

    def conninfo(self, user='postgres'):
        return f'host={self.pg.sock} dbname={self.name} user={user}'

    def start(self, *args, user='postgres', env=None):
        return subprocess.Popen([self.tool, *map(str, args), '--database', self.conninfo(user)],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env={**os.environ, **(env or {})})

    def __call__(self, *args, user='postgres', env=None):
        p = self.start(*args, user=user, env=env)
        out, err = p.communicate(timeout=60)
        return p.returncode, out, err

    def migrate(self, sql=SQL, *more, user='postgres'):
        return self('migrate', '--sql', sql, *more, user=user)

    def sql(self, text):
        with psycopg.connect(self.conninfo(), autocommit=True) as conn:
            done = conn.execute(text)
            return done.fetchall() if done.description else []


@pytest.fixture
def tool(pg, build, request):
    name = f't{abs(hash(request.node.name)) % 10**9}'
    pg.psql('postgres', 'postgres', '-c', f'create database {name}')
    yield Tool(pg, build, name)
    pg.psql('postgres', 'postgres', '-c', f'drop database {name} with (force)')


@pytest.fixture
def files(tmp_path):
    """A copy of the SQL that a test may spoil."""
    copy = tmp_path / 'sql'
    shutil.copytree(SQL, copy)
    return copy


def test_migrates_an_empty_database_and_then_nothing(tool):
    code, out, err = tool.migrate(SQL, '--dry-run')
    assert (code, err) == (0, '') and out.startswith('pending schema/0001_ground.sql')
    assert tool.sql("select to_regclass('tocsin.monitor')") == [(None,)], 'a dry run changes nothing'
    code, out, err = tool.migrate()
    assert (code, err) == (0, '') and 'applied schema/0001_ground.sql' in out
    assert tool.sql("select count(*) from pg_class where relnamespace = 'tocsin'::regnamespace and"
                    " relowner <> 'tocsin_owner'::regrole") == [(0,)], 'all belong to tocsin_owner'
    assert tool.migrate() == (0, f"database '{tool.name}' is at migration {LAST}\n", '')
    assert tool.migrate(user='tocsin_owner')[0] == 0, 'the owner may too'
    code, out, err = tool.migrate(SQL, '--status')
    assert (code, out, err) == (0, ''.join(f'applied {name}\n' for name in SCHEMA), '')
    assert tool.sql('select number, name, checksum from tocsin.migration order by 1') == \
        [(n, name, hashlib.sha256((SQL / name).read_bytes()).hexdigest()) for n, name in enumerate(SCHEMA, 1)]


def test_two_at_once(tool):
    both = [tool.start('migrate', '--sql', SQL) for _ in range(4)]
    ends = [(p.communicate(timeout=60), p.returncode) for p in both]
    assert [code for _, code in ends] == [0, 0, 0, 0], ends
    assert sum(out.count('applied') for (out, _), _ in ends) == LAST, 'each file once'
    assert tool.sql('select count(*) from tocsin.migration') == [(LAST,)]


def test_an_edited_migration_is_refused_by_name(tool, files):
    assert tool.migrate(files)[0] == 0
    with open(files / 'schema/0001_ground.sql', 'a') as f:
        f.write('-- later thought\n')
    code, out, err = tool.migrate(files)
    assert code == 1 and "'schema/0001_ground.sql' is not the file that was applied" in err


def test_a_newer_database_is_refused(tool, files):
    (files / f'schema/{LAST + 1:04}_more.sql').write_text('create table tocsin.more (id integer);')
    assert tool.migrate(files)[0] == 0
    code, _, err = tool.migrate()
    assert code == 1 and f'is at migration {LAST + 1}, this release knows {LAST}: install the newer release' in err


def test_a_failing_migration_leaves_nothing(tool, files):
    bad = f'schema/{LAST + 1:04}_bad.sql'
    (files / bad).write_text('create table tocsin.half (id integer);\n\nselect 1 +;\n')
    code, out, err = tool.migrate(files)
    assert code == 1 and err.startswith(f'tocsin: {bad}:3: syntax error'), err
    assert 'applied schema/0001' in out
    assert tool.sql("select to_regclass('tocsin.half')") == [(None,)]
    assert tool.sql('select max(number) from tocsin.migration') == [(LAST,)]


def test_numbers_leave_no_gap(tool, files):
    (files / f'schema/{LAST + 2:04}_gap.sql').write_text('select 1;')
    code, _, err = tool.migrate(files)
    assert code == 1 and f"'schema/{LAST + 2:04}_gap.sql' should have number {LAST + 1:04}" in err


def test_functions_are_replaced_wholesale(tool, files):
    fn = files / 'api/zz.sql'
    head = "language sql security definer set search_path = '' as"
    fn.write_text(f"create or replace function api.zz() returns integer {head} 'select 1';")
    assert tool.migrate(files)[0] == 0
    fn.write_text(f"create or replace function api.zz() returns text {head} $$select 'two'$$;")
    assert tool.migrate(files)[0] == 0, 'another type of result'
    assert tool.sql('select api.zz()') == [('two',)]
    assert tool.sql("select tgname from pg_trigger where tgrelid = 'tocsin.monitor'::regclass"
                    " and not tgisinternal order by 1") == [('free_slot',), ('touch',)]
    fn.unlink()
    assert tool.migrate(files)[0] == 0
    assert tool.sql("select to_regproc('api.zz')") == [(None,)], 'what no file defines is gone'
    fn.write_text(f"create or replace function api.zz() returns text {head} 'select nonsense()';")
    code, _, err = tool.migrate(files)
    assert code == 1 and 'api.zz()' in err and 'nonsense' in err
    assert tool.sql("select to_regproc('api.zz')") == [(None,)], 'and nothing is half replaced'


def test_a_database_that_is_not_utf8_is_refused(tool):
    tool.pg.psql('postgres', 'postgres', '-c', f'drop database {tool.name}')
    tool.pg.psql('postgres', 'postgres', '-c', f"create database {tool.name} encoding 'LATIN1'"
                 " locale 'C' template template0")
    code, _, err = tool.migrate()
    assert code == 1 and "is encoded in LATIN1: create it with encoding 'UTF8'" in err


def test_who_may_not_make_roles_is_told_which(tool, build):
    # roles belong to the cluster: hide them for the time of the test
    for role in ('tocsin_web', 'tocsin_work'):
        tool.sql(f'alter role {role} rename to {role}_away')
    try:
        code, _, err = tool.migrate(user='tocsin_owner')
        assert code == 1
        for line in ('create role tocsin_web login;', 'create role tocsin_work login;',
                     f'alter database "{tool.name}" owner to tocsin_owner;'):
            assert line in err
    finally:
        for role in ('tocsin_web', 'tocsin_work'):
            tool.sql(f'alter role {role}_away rename to {role}')


def test_wrong_calls(tool, tmp_path):
    assert tool.migrate(tmp_path)[0] == 1, 'a folder without migrations'
    for args in (['--nonsense'], ['extra'], ['--sql']):
        assert tool('migrate', *args)[0] == 2
    run = lambda *args: subprocess.run([tool.tool, *args], capture_output=True, text=True)
    assert run().returncode == 2
    assert run('nonsense').returncode == 2 and "unknown command 'nonsense'" in run('nonsense').stderr
    assert run('--help').returncode == 0 and 'migrate' in run('--help').stdout
    for command in ('migrate', 'setup-code', 'admin-create', 'version'):
        done = run(command, '--help')
        assert done.returncode == 0 and done.stdout.startswith(f'usage: tocsin {command}')
        assert run(command, '--nonsense').returncode == 2
    assert run('version').stdout.startswith('tocsin 1.')
    gone = run('migrate', '--sql', str(SQL), '--database', f'host={tmp_path} dbname=x')
    assert gone.returncode == 1 and 'cannot connect to the database' in gone.stderr


def test_setup_code(tool):
    code, _, err = tool('setup-code')
    assert code == 1 and 'role' in err or 'tocsin.account' in err
    tool.migrate()
    code, first, _ = tool('setup-code')
    assert code == 0 and len(first.strip()) == 19
    _, second, _ = tool('setup-code', user='tocsin_owner')
    assert first != second
    stored = tool.sql("select value #>> '{}' from tocsin.setting where key = 'setup_code'")
    assert stored == [(hashlib.sha256(second.strip().replace('-', '').encode()).hexdigest(),)]
    tool.sql("insert into tocsin.account (email) values ('ann@example.com')")
    code, out, err = tool('setup-code')
    assert (code, out) == (1, '') and 'there is an account already' in err


def test_admin_create(tool):
    tool.migrate()
    env = {'TOCSIN_ADMIN_EMAIL': 'Ann@Example.com', 'TOCSIN_ADMIN_PASSWORD': 'correct horse battery'}
    assert tool('admin-create')[0] == 2
    assert tool('admin-create', env={**env, 'TOCSIN_ADMIN_PASSWORD': 'short'})[0] == 2
    assert tool('admin-create', env={**env, 'TOCSIN_ADMIN_EMAIL': 'nobody'})[0] == 2
    assert tool('admin-create', env=env) == (0, 'created Ann@Example.com\n', '')
    [(email, hashed, role)] = tool.sql('select email, password, role from tocsin.account')
    assert (email, role) == ('ann@example.com', 'admin') and hashed.startswith('$y$')
    assert tool('admin-create', env=env)[1] == 'exists already: Ann@Example.com\n'
    assert tool.sql('select password from tocsin.account') == [(hashed,)], 'left as it is'
    tool.sql("update tocsin.account set role = 'viewer', disabled_at = now()")
    assert tool('admin-create', '--reset', env=env)[1] == 'reset Ann@Example.com\n'
    assert tool.sql('select role, disabled_at from tocsin.account') == [('admin', None)]
    assert tool.sql('select password from tocsin.account') != [(hashed,)]
