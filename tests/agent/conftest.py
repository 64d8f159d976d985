"""Machines for the stories of this folder, and a Tocsin that has them as hosts. Without machines
the stories say that they did not run."""
import pytest

from rig import Fleet, Rig, why_not
from rig.apps import Repository
from rig.release import dropped, release as made_release
from stack.plugin import CURRENT


def pytest_collection_modifyitems(items):
    why = why_not()
    for item in items if why else []:
        item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope='session')
def rig():
    with Rig() as made:
        yield made


@pytest.fixture(scope='session')
def release():
    yield made_release()
    dropped()


@pytest.fixture(scope='session')
def fleet(build, rig, release):
    """A Tocsin on the bridge."""
    made = Fleet(build, release)
    CURRENT.append(made)
    yield made
    CURRENT.remove(made)
    made.stop()


@pytest.fixture(scope='module')
def repository(rig, tmp_path_factory):
    """Each story has its own: the last commit of another may be a broken one."""
    made = Repository(tmp_path_factory.mktemp('repository'))
    yield made
    made.stop()
