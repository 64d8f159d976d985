"""A private cluster for the tests of the SQL, migrated by the real `tocsin migrate`."""
import pathlib
import shutil
import tempfile

import pytest

from stack import host
from stack.postgres import Postgres


@pytest.fixture(scope='session')
def pg(build):
    root = pathlib.Path(tempfile.mkdtemp(prefix='tocsin.', dir='/tmp'))
    root.chmod(0o755)
    (root / 'logs').mkdir()
    host.give(root / 'logs')
    cluster = Postgres(root, pathlib.Path(build).resolve())
    try:
        cluster.create()
        yield cluster
    finally:
        cluster.remove()
        shutil.rmtree(root)
