"""Machines for the stories of this folder. Without them the stories say that they did not run."""
import pytest

from rig import Rig, why_not


def pytest_collection_modifyitems(items):
    why = why_not()
    for item in items if why else []:
        item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope='session')
def rig():
    with Rig() as made:
        yield made
