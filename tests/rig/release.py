"""release: what `make release` makes, once for all stories of a run: for both architectures, signed, out
of a copy of the sources in a folder of its own."""
import functools
import os
import pathlib
import shutil
import subprocess
import tempfile

from stack import host

# what an agent is made of
PARTS = '''agent lib wire status/Makefile.* modules/Makefile.* modules/mod_tocsin.h workers/Makefile.* cli/Makefile.* sql/Makefile.* sql/schema htdocs/Makefile.*
tests/Makefile.* conf deploy/agent aclocal.m4 autogen.sh build-aux config.h.in configure configure.ac m4 Makefile.am Makefile.in LICENSE'''


def sources(to, of=host.SRC):
    """A copy of them, in another folder; of a checkout, with its configure made there."""
    to.mkdir(parents=True, exist_ok=True)
    there = f'cd {of} && shopt -s nullglob && for f in {" ".join(PARTS.split())}; do [ ! -e $f ] || echo $f; done'
    host.run('bash', '-c', f'({there}) | tar -C {of} -c --exclude="*.o" --exclude="*.lo" --exclude=.libs --exclude=.deps -T - | tar -x -C "$1"', '-', str(to))
    if not (to / 'configure').exists():
        host.run(str(to / 'autogen.sh'))
    return to


def make_release(source, to, *words):
    """OUT of make-release."""
    done = subprocess.run([source / 'deploy/agent/make-release', to, *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return pathlib.Path(to)


class Release:
    """.folder has it; .key signed it, .public is for who checks that; .source is what it was made of."""

    def __init__(self, folder):
        self.key, self.public, self.source, self.folder = (folder / n for n in ('release.pem', 'release.pub', 'source', 'release'))
        if self.folder.exists():
            return
        folder.mkdir(parents=True, exist_ok=True)
        host.run('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', str(self.key))
        host.run('openssl', 'pkey', '-in', str(self.key), '-pubout', '-out', str(self.public))
        sources(self.source)
        make_release(self.source, self.folder, '--key', self.key)

    def sign(self, folder):
        """Another folder, with the same key."""
        host.run('openssl', 'pkeyutl', '-sign', '-inkey', str(self.key), '-rawin', '-in', str(folder / 'SHA256SUMS'),
                 '-out', str(folder / 'SHA256SUMS.sig'))


@functools.cache
def release():
    """The one of this run; its folder goes with who made it: see dropped(). $TOCSIN_RELEASE names a
    folder in which it is kept for the next run: for who tries one story again and again."""
    if os.environ.get('TOCSIN_RELEASE'):
        return Release(pathlib.Path(os.environ['TOCSIN_RELEASE']))
    folder = pathlib.Path(tempfile.mkdtemp(prefix='tocsin-release.', dir='/tmp'))
    try:
        return Release(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def dropped():
    if release.cache_info().currsize and not os.environ.get('TOCSIN_RELEASE'):
        shutil.rmtree(release().key.parent, ignore_errors=True)
        release.cache_clear()
