"""Fixtures of the agent's stories; see agentrig.py."""
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import agentrig  # noqa: E402


@pytest.fixture(scope='session')
def authority():
    folder = tempfile.mkdtemp(prefix='tocsin.', dir='/tmp')
    yield agentrig.Authority(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope='session')
def control(authority):
    return authority.issue(agentrig.CONTROL, 'clientAuth')


@pytest.fixture(scope='session')
def server(authority):
    return authority.issue(agentrig.HOST_NAME, 'serverAuth')


@pytest.fixture
def folder():
    made = pathlib.Path(tempfile.mkdtemp(prefix='tocsin.', dir='/tmp'))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def agent(authority, control, server, folder, request):
    """agent(apps, conf) starts one; each is ended when the test is over."""
    started = []

    def start(apps='', conf='', **more):
        where = folder / f'agent{len(started)}'
        where.mkdir()
        one = agentrig.Agent(agentrig.build_folder(request.config), where, authority, control, server, apps, conf, **more)
        started.append(one)
        return one

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def site():
    made = agentrig.Site()
    yield made
    made.close()


@pytest.fixture(scope='module')
def hostile(authority, control, server, request):
    """One agent for all that is bad to it."""
    where = pathlib.Path(tempfile.mkdtemp(prefix='tocsin.', dir='/tmp'))
    one = agentrig.Agent(agentrig.build_folder(request.config), where, authority, control, server, '[app web]\nunit = web.service\n')
    yield one
    one.stop()
    shutil.rmtree(where, ignore_errors=True)
