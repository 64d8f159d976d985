"""One release for all stories of a run."""
import pytest

from rig.release import dropped, release as made_release


@pytest.fixture(scope='session')
def made():
    yield made_release()
    dropped()


@pytest.fixture(scope='session')
def release(made):
    return made.folder
