"""Each .sql file here is a test: one transaction, rolled back. What is not so raises."""
import pathlib

import psycopg
import pytest

HERE = pathlib.Path(__file__).parent
SETUP = (HERE / 'setup.psql').read_text()


@pytest.mark.parametrize('name', sorted(p.stem for p in HERE.glob('*.sql')))
def test_sql(pg, name):
    text = (HERE / f'{name}.sql').read_text()
    with psycopg.connect(pg.conninfo('tocsin_owner')) as conn:
        conn.execute(SETUP)
        try:
            conn.execute(text)
        except psycopg.Error as e:
            at = e.diag.statement_position
            line = f':{text[:int(at)].count(chr(10)) + 1}' if at else ''
            pytest.fail(f'{name}.sql{line}: {e.diag.message_primary}\n{e.diag.context or ""}',
                        pytrace=False)
        conn.rollback()
