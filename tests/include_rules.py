#!/usr/bin/python3
"""Holds who may include whom, and that SQL is installed: a file that takes from where it must not is named here."""
import pathlib
import re
import sys

SRC = pathlib.Path(__file__).resolve().parents[1]
LIBC = set('''assert ctype errno fcntl inttypes limits locale math netdb poll pthread pwd grp sched signal
stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string strings syslog time unistd
getopt ifaddrs malloc regex search spawn termios utime wchar wctype dirent endian byteswap fnmatch glob'''.split())
LIBC_FOLDERS = ('sys/', 'netinet/', 'arpa/', 'net/', 'linux/')
HTTPD = ('httpd', 'http_', 'ap_', 'apr', 'util_', 'mod_dbd', 'mod_auth', 'mod_status', 'mod_so', 'scoreboard',
         'mpm_common', 'unixd')
PQ, CURL, JSON = ('libpq-fe', 'libpq-events', 'pg_config'), ('curl/',), ('jansson',)
FORMATS = ('cmark', 'yaml', 'zlib', 'libdeflate')
SSL, EVENT, JWT, CRYPT = ('openssl/',), ('event2/', 'event'), ('jwt',), ('crypt',)

# folder → what its files may take from outside, and from which other folders of ours
RULES = {
    'lib': (JSON, ()),
    'modules': (HTTPD + PQ + JSON + SSL + JWT + CRYPT, ('lib', 'status')),
    'status': (JSON + FORMATS, ('lib',)),
    'wire': (JSON + SSL, ('lib',)),
    'workers': (PQ + CURL + JSON + SSL + EVENT, ('lib', 'status', 'wire')),
    'agent': (JSON + SSL + EVENT, ('lib', 'wire')),
    'cli': (PQ + JSON + SSL + CRYPT + CURL, ('lib', 'status', 'wire')),
}
# what a role or its helpers may share: everything in workers/ that is not a role
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
WRONG, RIGHT = [], [0]


def hold(ok, what):
    if ok:
        RIGHT[0] += 1
    else:
        WRONG.append(what)


def is_libc(name):
    return name.removesuffix('.h') in LIBC or name.startswith(LIBC_FOLDERS)


def headers_of(folder):
    return {h.name for h in (SRC / folder).glob('*.h')}


def c_files(folder):
    return sorted([*(SRC / folder).glob('*.c'), *(SRC / folder).glob('*.h')])


def check_c():
    for folder, (outside, ours) in RULES.items():
        headers = {h.name for h in (SRC / folder).glob('*.h')}
        lent = {h.name for other in ours for h in (SRC / other).glob('*.h')}
        for file in c_files(folder):
            for bracket, name in INCLUDE.findall(file.read_text()):
                where = f'{folder}/{file.name} includes {name}'
                if bracket == '"' and name in headers | lent:
                    hold(True, where)
                    check_ours(folder, file, name, where)
                else:
                    hold(is_libc(name) or name.startswith(outside) or (name == 'config.h' and folder in ('workers', 'cli', 'agent')), f'{where}: not for {folder}/')


def modules():
    """module → the files that make it, from modules/Makefile.am"""
    text = (SRC / 'modules/Makefile.am').read_text().replace('\\\n', ' ')
    return {name: set(files.split()) for name, files in re.findall(r'^(mod_\w+)_la_SOURCES\s*=\s*(.*)$', text, re.M)}


def stem_group(stem, stems):
    """modules/tocsin_x.c may belong to mod_tocsin; the shortest known prefix names the module."""
    return next((s for s in sorted(stems, key=len, reverse=True) if stem == s or stem.startswith(s + '_')), stem)


def roles():
    """The roles, from the table in workers/: `extern const struct role role_x` or the like."""
    text = '\n'.join(f.read_text() for f in c_files('workers'))
    return set(re.findall(r'\bstruct role role_(\w+)', text)) | set(re.findall(r'\bstruct role (\w+)_role\b', text))


def check_ours(folder, file, name, where):
    stem, header = file.stem, name.removesuffix('.h')
    if folder == 'modules':
        # mod_tocsin_hooks.h: what mod_tocsin asks of the module that knows who signs in
        mine = next((module for module, files in modules().items() if file.name in files), None)
        hold(mine or file.suffix == '.h', f'modules/{file.name} is in no module of modules/Makefile.am')
        inside = {f for module, files in modules().items() if module != mine for f in files}
        if mine and name in headers_of('modules') and name not in ('mod_tocsin.h', 'mod_tocsin_hooks.h'):
            hold(name not in inside, f'{where}: between modules only mod_tocsin.h')
    if folder == 'workers':
        names = roles()
        mine, other = stem_group(stem, names), stem_group(header, names)
        if other in names:
            hold(mine == other or mine not in names, f'{where}: a role never includes another role')


def check_sql():
    """api and work use the tables, never each other."""
    for mine, other in (('api', 'work'), ('work', 'api')):
        for file in sorted((SRC / 'sql' / mine).glob('*.sql')):
            text = re.sub(r'--[^\n]*', '', file.read_text())
            calls = re.findall(rf'\b{other}\.\w+\s*\(', text)
            hold(not calls, f'sql/{mine}/{file.name} calls {calls[:1]}')
            hold('security definer' not in text or "set search_path = ''" in text,
                 f'sql/{mine}/{file.name}: security definer without a search_path')


def check_installed():
    """What `tocsin migrate` reads here, it finds where it is installed, too."""
    listed = set(re.findall(r'[a-z_]+/[\w]+\.sql', (SRC / 'sql/Makefile.am').read_text()))
    there = {str(file.relative_to(SRC / 'sql')) for file in (SRC / 'sql').glob('*/*.sql')}
    for name in sorted(listed | there):
        hold(name in listed and name in there, f'sql/Makefile.am and sql/{name} do not know each other')


def check_js():
    """Only api.js fetches, and the live transport opens the stream."""
    ui = SRC / 'htdocs/ui'
    for file in sorted(ui.rglob('*.js')):
        if 'vendor' in file.parts:
            continue
        text = re.sub(r'//[^\n]*|/\*.*?\*/', '', file.read_text(), flags=re.S)
        name = file.relative_to(SRC)
        if file.name != 'api.js':
            hold(not re.search(r'(?<![\w.])(?:window\.|globalThis\.)?fetch\s*\(', text), f'{name} fetches')
            hold('XMLHttpRequest' not in text and 'sendBeacon' not in text, f'{name} sends requests')
        hold(not re.search(r'\.(?:inner|outer)HTML\b|insertAdjacentHTML|document\.write\b|dangerouslySet', text),
             f'{name} writes HTML')


def check_sizes():
    for folder in RULES:
        for file in c_files(folder):
            lines = len(file.read_text().splitlines())
            hold(lines <= 450, f'{folder}/{file.name} has {lines} lines, 450 at most')


def main():
    check_c()
    check_sql()
    check_installed()
    check_js()
    check_sizes()
    for what in WRONG:
        print(what)
    print(f'{RIGHT[0]} passed, {len(WRONG)} failed')
    return 1 if WRONG or RIGHT[0] < 50 else 0


sys.exit(main())
