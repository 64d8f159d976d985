"""stack: the real thing for tests. A private PostgreSQL cluster, a private httpd with the
modules that were built, tocsind, a mail server, and sites to watch, all on loopback.

    from stack import Stack
    with Stack('build') as s:
        m = s.api('POST', '/monitors', json={'name': 'site', 'url': s.site().url}).json()

As a script it runs until it is told to end: python3 -m stack --build build --admin
"""
from .stack import Stack  # noqa: F401
from .client import Client, Events  # noqa: F401
from .doubles import Hook, Site, Smtp  # noqa: F401
from .host import wait  # noqa: F401
