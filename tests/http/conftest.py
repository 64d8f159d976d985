"""Fixtures of the HTTP stories."""
import pytest

from stack import Stack


@pytest.fixture(scope='session')
def quiet(build):
    """A stack without tocsind: nothing is checked, so statuses are what a test says."""
    with Stack(build, tocsind=False) as s:
        yield s
