"""plugin: the pytest side. Fixtures `stack` and `fleet`, one each for the whole run."""
import os
import signal

import pytest

from .stack import Stack

CURRENT = []


def pytest_addoption(parser):
    parser.addoption('--build', default=os.environ.get('TOCSIN_BUILD'), help='the build tree')


def pytest_configure():
    """Who is told to end takes down what he started, as after Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope='session')
def build(request):
    return request.config.getoption('--build')


@pytest.fixture(scope='session')
def stack(build):
    s = Stack(build)
    CURRENT.append(s)
    yield s
    CURRENT.remove(s)
    s.stop()


@pytest.fixture(scope='session')
def fleet(build):
    """A stack whose tocsind has the roles of the fleet; agents come by its agent()."""
    s = Stack(build, fleet=True)
    CURRENT.append(s)
    yield s
    CURRENT.remove(s)
    s.stop()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for s in CURRENT:
            report.sections.append(('logs of the stack', s.logs()))
            for text in s.reports():
                report.sections.append(('sanitizer', text))
