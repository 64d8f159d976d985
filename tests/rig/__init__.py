"""rig: machines with a real systemd, on a network of their own whose cables can be pulled.

    tests/rig/enter /usr/bin/python3 -m pytest -c tests/pytest.ini tests/agent

Inside `enter`:

    with Rig() as rig:
        web = rig.machine('web')                  # up in half a second
        web.run('systemctl', 'is-system-running')
        web.wire.cut()
"""
from .machine import Machine  # noqa: F401
from .rig import HOST, Rig, why_not  # noqa: F401
from .wire import Wire  # noqa: F401
from .fleet import Fleet  # noqa: F401
from .release import Release, make_release, release, sources  # noqa: F401
