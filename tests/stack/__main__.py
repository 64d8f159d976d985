"""python3 -m stack --build DIR [--admin] [--site]: run a stack for a browser or a benchmark.

Prints one line of JSON when all is up, and ends with SIGTERM, SIGINT, or the end of its
standard input (when --stdin is given).
"""
import argparse
import json
import signal
import sys
import threading

from .stack import PASSWORD, Stack


def main():
    words = argparse.ArgumentParser(prog='stack')
    words.add_argument('--build')
    words.add_argument('--admin', action='store_true', help='make an administrator')
    words.add_argument('--path', default='', help='sub-path, such as /ops/tocsin')
    words.add_argument('--no-tocsind', action='store_true')
    words.add_argument('--site', type=int, default=0, help='so many local sites')
    words.add_argument('--stdin', action='store_true', help='end when standard input ends')
    words.add_argument('--children', type=int, default=2)
    words.add_argument('--extra', default='', help='lines of httpd configuration')
    asked = words.parse_args()

    over = threading.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda *_: over.set())
    stack = Stack(asked.build, path=asked.path, extra=asked.extra, children=asked.children,
                  tocsind=False if asked.no_tocsind else None)
    said = {'url': stack.url, 'root': str(stack.root), 'pid': stack.httpd.pid(),
            'database': stack.owner_sql, 'smtp': stack.smtp.port,
            'sites': [stack.site().url for _ in range(asked.site)]}
    if asked.admin:
        said.update(email=stack.admin.email, password=PASSWORD, account=stack.admin.id)
    print(json.dumps(said), flush=True)
    if asked.stdin:
        threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    while not over.wait(1):
        pass
    stack.stop()


main()
