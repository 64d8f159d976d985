"""Logs of units: pages, searches, streams; and what hostile lines, slow clients and dying children do to them."""
import fcntl
import json
import os
import pathlib
import re
import time
import uuid

import pytest

from journal import Events, Journal, children

WEB = '[app web]\nunit = web.service\n[app other]\nunit = other.service\n[app quiet]\nunit = quiet.service\nlog = no\n'
PAGE, STREAM = '/v1/apps/web/logs', '/v1/apps/web/logs/stream'


@pytest.fixture
def web(agent):
    one = agent(WEB)
    one.journal = Journal(one)
    return one


def page(one, status=200, **query):
    answer = one.get(PAGE, params=query)
    assert answer.status_code == status, answer.text
    return answer.json()


def texts(said):
    return [line['m'] for line in (said['lines'] if isinstance(said, dict) else said)]


def wait(fn, what, timeout=10):
    end = time.monotonic() + timeout
    while not (found := fn()):
        assert time.monotonic() < end, f'never: {what}'
        time.sleep(0.005)
    return found


def read(stream, until):
    """Lines of a stream up to the one with that text, and the events that were none of lines."""
    lines, others = [], []
    while not lines or lines[-1]['m'] != until:
        event = stream.next()
        assert event, f'the stream ended before {until}: {texts(lines)[-3:]}'
        if event.get('event'):
            others.append(event)
        else:
            assert event['id'] == event['data'][-1]['c']
            lines += event['data']
    return lines, others


# ---- pages

def test_pages_go_back_and_forth_without_loss(web):
    web.journal.say(*[f'line {i}' for i in range(25)])
    newest = page(web, limit=10)
    assert texts(newest) == [f'line {i}' for i in range(15, 25)] and newest['more'] and newest['scanned'] == 10
    assert newest['lines'][0] == {'c': newest['prev'], 't': web.journal.all[15].us // 1000, 'p': 6, 's': 'stdout',
                                  'm': 'line 15', 'n': 42, 'cut': 0}
    before = page(web, limit=10, cursor=newest['prev'])
    assert texts(before) == [f'line {i}' for i in range(5, 15)] and before['more']
    first = page(web, limit=10, cursor=before['prev'], dir='back')
    assert texts(first) == [f'line {i}' for i in range(5)] and not first['more']
    assert page(web, cursor=first['prev'])['lines'] == []
    assert texts(page(web, limit=10, cursor=first['next'], dir='fwd')) == [f'line {i}' for i in range(5, 15)]
    assert texts(page(web, limit=3, dir='fwd')) == ['line 0', 'line 1', 'line 2']
    last = page(web, cursor=newest['next'], dir='fwd')
    assert last == {'lines': [], 'next': newest['next'], 'prev': newest['next'], 'more': False, 'scanned': 0}
    web.journal.say('one more')
    assert texts(page(web, cursor=newest['next'], dir='fwd')) == ['one more']


def test_a_unit_that_said_nothing_has_an_empty_page(web):
    assert page(web) == {'lines': [], 'next': None, 'prev': None, 'more': False, 'scanned': 0}


def test_filters_by_level_stream_and_time(web):
    base = 1700000000
    for i in range(8):
        web.journal.say(f'level {i}', level=i, us=(base + i) * 1000000 + 500000)
    assert texts(page(web, level=3)) == [f'level {i}' for i in range(4)]
    assert texts(page(web, level=6)) == [f'level {i}' for i in range(7)]
    assert texts(page(web, stream='stderr')) == [f'level {i}' for i in range(4)]
    assert texts(page(web, stream='stdout', limit=2)) == ['level 6', 'level 7']
    assert texts(page(web, since=base + 2, until=base + 5)) == ['level 2', 'level 3', 'level 4']
    assert texts(page(web, until=base + 5, limit=1)) == ['level 4']
    middle = page(web, until=base + 5, limit=1)['next']
    assert texts(page(web, since=base + 2, cursor=middle)) == ['level 2', 'level 3']
    assert texts(page(web, until=base + 7, cursor=middle, dir='fwd')) == ['level 5', 'level 6']
    assert page(web, until=0)['lines'] == []
    web.journal.say('no level', level=None)
    assert page(web, level=6)['lines'][-1]['p'] == 6


def test_searches_words_and_patterns_over_a_range(web):
    web.journal.say(*[f'GET /things/{i} took {i} ms' for i in range(1000)])
    web.journal.say('Connection REFUSED by höst', '100% [sure]')
    found = page(web, q='/THINGS/99', limit=5)
    assert texts(found) == [f'GET /things/{i} took {i} ms' for i in range(995, 1000)] and found['more']
    assert found['scanned'] == 7 and found['next'] == web.journal.all[-1].cursor
    older = page(web, q='/THINGS/99', limit=100, cursor=found['prev'])
    assert texts(older) == [f'GET /things/{i} took {i} ms' for i in (99, 990, 991, 992, 993, 994)] and not older['more']
    assert texts(page(web, q=r'took (7|8)\d{2} ms$', regex=1, dir='fwd', limit=1)) == ['GET /things/700 took 700 ms']
    assert texts(page(web, q=r'(?i)refused.*h.st$', regex=1)) == ['Connection REFUSED by höst']
    assert texts(page(web, q='refused', regex=1)) == []
    assert texts(page(web, q='[sure]')) == ['100% [sure]']
    refused = page(web, 422, q='a(', regex=1)
    assert refused == {'error': "'q' has a ( without its )", 'field': 'q'}


def test_a_request_reads_so_much_and_tells_where_to_go_on(web):
    web.journal.say('x')
    cursor = page(web)['next']
    (web.folder / 'entry').write_text(f'__CURSOR={cursor}\n__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=endless')
    (web.folder / 'journalctl').write_text(f'#!/bin/sh\nexec yes "$(cat {web.folder}/entry)\n"\n')
    began = time.monotonic()
    for query in ({'q': 'needle'}, {'q': '(a+)+$', 'regex': 1}, {'stream': 'stderr', 'dir': 'fwd'}):
        found = page(web, **query)
        assert found['lines'] == [] and found['more'] and 50000 < found['scanned'] <= 200000
        assert found['next'] == found['prev'] == cursor and not children(web)
    assert time.monotonic() - began < 15
    assert len(page(web, limit=1000)['lines']) == 1000


def test_hostile_lines_are_text(web):
    odd = [b'caf\xe9 latin', b'a\x00b', '\x1b[31mred\x1b[0m "quoted" \\ \t', '</script><b>', '❤' * 3, b'\xff' * 5,
           'two\nlines', '', None]
    web.journal.say(*odd)
    got = page(web)['lines']
    assert [line['m'] for line in got] == ['caf\ufffd latin', 'a\u2400b', '\x1b[31mred\x1b[0m "quoted" \\ \t', '</script><b>',
                                           '❤❤❤', '\ufffd' * 5, 'two\nlines', '', '']
    assert all(line['cut'] == 0 for line in got)
    web.journal.say('é' * 524288)
    long = page(web, limit=1)['lines'][0]
    assert long['m'] == 'é' * 16384 and long['cut'] == 1048576 - 32768
    web.journal.say(*[b'\x01' * 40000] * 100)
    heavy = web.get(PAGE, params={'limit': 1000})
    assert len(heavy.content) < 5 << 20 and heavy.json()['more'] and len(heavy.json()['lines']) < 100
    assert texts(page(web, q='caf\ufffd')) == ['caf\ufffd latin']


@pytest.mark.parametrize('query, status, field', [
    ('limit=0', 400, 'limit'), ('limit=1001', 400, 'limit'), ('limit=x', 400, 'limit'), ('level=8', 400, 'level'),
    ('since=-1', 400, 'since'), ('until=1e9', 400, 'until'), ('stream=both', 400, 'stream'), ('dir=up', 400, 'dir'),
    ('regex=yes', 400, 'regex'), ('deploy=../../etc', 400, 'deploy'), ('cursor=a%00b', 422, 'cursor'),
    ('cursor=--since%3Dx', 422, 'cursor'), ('cursor=%24(reboot)', 422, 'cursor'), ('cursor=bogus', 422, 'cursor'),
    ('cursor=' + 'x' * 401, 422, 'cursor'), ('q=' + 'x' * 513, 422, 'q'), ('q=(a&regex=1', 422, 'q'),
    ('deploy=00000000-0000-4000-8000-000000000000', 404, None)])
def test_wrong_queries_are_refused_by_name(web, query, status, field):
    web.journal.say('x')
    answer = web.get(f'{PAGE}?{query}')
    if query == 'cursor=a%00b' and answer.status_code == 200:
        pytest.fail(answer.text)
    assert (answer.status_code, answer.json().get('field')) == (status, field), answer.text


def test_an_app_may_keep_its_log_to_itself(web):
    for path in ('/v1/apps/quiet/logs', '/v1/apps/quiet/logs/stream'):
        assert web.get(path).status_code == 409
    assert web.get('/v1/apps/nobody/logs').status_code == 404


def test_nothing_of_a_request_is_an_option_of_journalctl(web):
    web.journal.say('x')
    cursor = page(web)['next']
    page(web, cursor=cursor, q='--vacuum-time=1s', since=1)
    assert all(re.fullmatch(r'(-\S+ )*-q -o export --output-fields=MESSAGE,PRIORITY,_PID -u web\.service( -\S+)*', call)
               for call in web.journal.calls)


def test_a_journal_that_cannot_be_read_is_said_so(web):
    program = web.folder / 'journalctl'
    kept = program.read_text()
    program.write_text('#!/bin/sh\necho "No journal files were opened due to insufficient permissions." >&2\nexit 1\n')
    answer = web.get(PAGE)
    assert answer.status_code == 503 and 'insufficient permissions' in answer.json()['error']
    program.write_text('#!/bin/sh\nprintf "MESSAGE\\n\\377\\377\\377\\377\\377\\377\\377\\377"; exec sleep 60\n')
    answer = web.get(PAGE)
    assert answer.status_code == 503 and 'cannot be read' in answer.json()['error']
    program.unlink()
    assert web.get(PAGE).status_code == 503
    program.write_text(kept)
    program.chmod(0o755)
    web.journal.say('back')
    assert texts(page(web)) == ['back'] and children(web) == []


# ---- streams

def test_a_stream_tells_each_line_as_it_comes(web):
    web.journal.say('before')
    stream = Events(web, STREAM)
    assert stream.status == 200 and stream.headers['Content-Type'] == 'text/event-stream'
    web.journal.say('one')
    first = stream.next()
    assert texts(first['data']) == ['one'] and first['id'] == web.journal.all[-1].cursor
    web.journal.say('two', 'three')
    assert texts(read(stream, 'three')[0]) == ['two', 'three']
    stream.close()
    wait(lambda: not children(web), 'the follower to end with its last stream')


def test_a_burst_of_lines_comes_in_batches_and_whole(web):
    stream = Events(web, STREAM)
    wait(lambda: children(web), 'a follower')
    web.journal.burst(20000)
    got, events = [], 0
    while len(got) < 20000:
        event = stream.next()
        assert len(event['data']) <= 256
        got += texts(event['data'])
        events += 1
    assert got == [str(i) for i in range(20000)] and events < 400


def test_streams_have_filters_of_their_own(web):
    bad, words, late = Events(web, f'{STREAM}?level=3'), Events(web, f'{STREAM}?q=NEEDLE'), Events(web, f'{STREAM}?stream=stdout')
    web.journal.say('plain', 'error', level=6)
    web.journal.say('bad', level=3)
    web.journal.say('a needle')
    assert texts(read(bad, 'bad')[0]) == ['bad']
    assert texts(read(words, 'a needle')[0]) == ['a needle']
    assert texts(read(late, 'a needle')[0]) == ['plain', 'error', 'a needle']
    assert len(children(web)) == 1


def test_a_stream_goes_on_where_another_ended(web):
    """Again and again in the middle of a burst: each line once."""
    web.journal.say('begin')
    last, got = page(web)['next'], []
    for part in range(6):
        web.journal.say(*[f'{part}.{i}' for i in range(500)])
        stream = Events(web, STREAM, last=last)
        while len(got) < part * 500 + 250:
            event = stream.next()
            last = event['id']
            got += texts(event['data'])
        stream.close()
    stream = Events(web, f'{STREAM}?cursor=bogus', last=last)  # the header counts
    got += texts(read(stream, '5.499')[0])
    assert got == [f'{part}.{i}' for part in range(6) for i in range(500)]


def test_one_that_is_behind_joins_the_others_without_a_seam(web):
    web.journal.say(*[f'old {i}' for i in range(3000)])
    live = Events(web, STREAM)
    web.journal.say('now')
    read(live, 'now')
    behind = [Events(web, STREAM, last=web.journal.all[k].cursor) for k in (10, 1500, 2998)]
    web.journal.say(*[f'new {i}' for i in range(2000)])
    whole = [f'old {i}' for i in range(3000)] + ['now'] + [f'new {i}' for i in range(2000)]
    for stream, k in zip(behind, (10, 1500, 2998)):
        assert texts(read(stream, 'new 1999')[0]) == whole[k + 1:]
    assert texts(read(live, 'new 1999')[0]) == whole[3001:]
    wait(lambda: len(children(web)) == 1, 'one child for all')


def test_since_begins_a_stream_in_the_past(web):
    base = int(time.time()) - 100
    for i in range(5):
        web.journal.say(f'{i}', us=(base + i) * 1000000)
    live = Events(web, STREAM)
    old = Events(web, f'{STREAM}?since={base + 3}')
    web.journal.say('end')
    assert texts(read(old, 'end')[0]) == ['3', '4', 'end']
    assert texts(read(live, 'end')[0]) == ['end']


def test_a_child_that_is_killed_is_begun_again_from_its_last_line(web):
    stream = Events(web, STREAM)
    web.journal.say('0')
    read(stream, '0')
    (web.folder / 'die').write_text('700')
    old = children(web)
    web.journal.say(*[str(i) for i in range(1, 1000)])
    assert texts(read(stream, '999')[0]) == [str(i) for i in range(1, 1000)]
    os.kill(children(web)[0], 9)
    web.journal.say('after')
    assert texts(read(stream, 'after')[0]) == ['after'] and children(web) != old
    assert web.get('/v1/state').status_code == 200


def test_what_was_vacuumed_is_a_gap(web):
    web.journal.say(*[str(i) for i in range(100)])
    old, newer = web.journal.all[5].cursor, web.journal.all[50].cursor
    web.journal.vacuum(40)
    stream = Events(web, STREAM, last=old)
    lines, others = read(stream, '99')
    assert texts(lines) == [str(i) for i in range(40, 100)]
    assert [(o['event'], o['data']) for o in others] == [('gap', {'lines': None})]
    stream.close()
    wait(lambda: not children(web), 'the follower to end')
    lines, others = read(Events(web, STREAM, last=newer), '99')
    assert texts(lines) == [str(i) for i in range(51, 100)] and not others


def test_a_rotated_journal_is_followed(web):
    stream = Events(web, STREAM)
    web.journal.say('1', '2', '3')
    read(stream, '3')
    web.journal.vacuum(2)
    web.journal.say('4')
    assert texts(read(stream, '4')[0]) == ['4']


def test_a_cursor_that_is_none_begins_now_with_a_gap(web):
    stream = Events(web, STREAM, last='s=what;nonsense')
    assert stream.next()['event'] == 'gap'
    wait(lambda: len(web.journal.calls) > 1 and children(web), 'another follower')
    web.journal.say('now')
    assert texts(read(stream, 'now')[0]) == ['now']
    assert web.get(STREAM, headers={'Last-Event-ID': '--flush'}).status_code == 422


def memory(pid):
    return int(re.search(r'VmRSS:\s+(\d+)', pathlib.Path(f'/proc/{pid}/status').read_text()).group(1)) / 1024


def test_slow_readers_cost_bounded_memory_and_hold_up_nobody(web):
    quick = Events(web, STREAM)
    slow = [Events(web, STREAM, clamp=4096) for _ in range(5)]
    web.journal.say('0')
    read(quick, '0')
    before = memory(web.process.pid)
    for part in range(5):
        web.journal.burst(4000, f'{part}.%d ' + 'x' * 500)
        web.journal.say(f'end {part}')
        read(quick, f'end {part}')
    grown = memory(web.process.pid) - before
    sanitized = b'__asan_init' in (web.build / 'agent/tocsin-agent').read_bytes()
    assert sanitized or grown < 12, f'{grown:.1f} MiB for 5 clients that read nothing of 12 MB'
    lines, others = read(slow[0], 'end 4')  # it reads after all, and has all of it
    wanted = ['0'] + [m for part in range(5) for m in [*[f'{part}.{i} ' + 'x' * 500 for i in range(4000)], f'end {part}']]
    assert texts(lines) == wanted and not others
    for stream in slow + [quick]:
        stream.close()
    wait(lambda: not children(web), 'all children to end')


def test_who_is_too_far_behind_gets_a_gap_that_counts(web):
    quick, slow = Events(web, STREAM), Events(web, STREAM, clamp=4096)
    web.journal.say('begin')
    read(quick, 'begin')
    for part in range(13):
        web.journal.burst(10000, f'{part}.%d')
        read(quick, f'{part}.9999')
    lines = 0
    while (event := slow.next()).get('event') != 'gap':
        lines += len(event['data'])
    lost = event['data']['lines']
    web.journal.say('end')
    rest = len(read(slow, 'end')[0])
    assert lost > 0 and lines + lost + rest == 130002


def test_so_many_streams_of_an_app_and_no_more(web):
    streams = [Events(web, STREAM) for _ in range(32)]
    assert all(s.status == 200 for s in streams)
    over = web.get(STREAM)
    assert over.status_code == 503 and over.headers['Retry-After'] == '5' and 'too many' in over.json()['error']
    others = [Events(web, '/v1/apps/other/logs/stream') for _ in range(16)]
    assert all(s.status == 200 for s in others)
    over = web.get('/v1/apps/other/logs/stream')
    assert over.status_code == 503 and 'this host' in over.json()['error']
    web.journal.say('to all')
    assert all(texts(s.next()['data']) == ['to all'] for s in streams)
    assert len(children(web)) == 2
    streams.pop().close()
    wait(lambda: Events(web, STREAM).status == 200, 'a place to be free')


def test_no_child_outlives_the_agent(web):
    web.journal.say('x')
    held = [Events(web, STREAM), Events(web, '/v1/apps/other/logs/stream')]
    pids = wait(lambda: len(found := children(web)) == 2 and found, 'two followers')
    web.stop()
    assert not [p for p in pids if os.path.exists(f'/proc/{p}')]
    assert held[0].next() is None


def test_a_client_that_leaves_a_page_ends_its_reading(web):
    (web.folder / 'hang').write_text('')
    with web.connect() as sock:
        sock.sendall(f'GET {PAGE} HTTP/1.1\r\nHost: a\r\n\r\n'.encode())
        wait(lambda: children(web), 'a child')
    wait(lambda: not children(web), 'it to end with its client')
    (web.folder / 'hang').unlink()
    assert page(web)['lines'] == []



# ---- deploys

def test_the_output_of_a_deploy_ends_with_it(agent, folder):
    one = agent(WEB, f'deploys = {folder}/deploys\n')
    one.journal = Journal(one, 'tocsin-deploy@web.service')
    kept, key, began = folder / 'deploys/web', str(uuid.uuid4()), int(time.time())
    kept.mkdir(parents=True)

    def report(state, **more):
        def text(at):
            return time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(at))
        said = {'id': key, 'state': state, 'ref': 'main', 'started_at': text(began), 'ended_at': None}
        said.update({k: text(v) for k, v in more.items()})
        (kept / 'new').write_text(json.dumps(said))
        (kept / 'new').rename(kept / f'{key}.json')
    one.journal.say('of another deploy', us=(began - 60) * 1000000)
    with open(kept / 'lock', 'w') as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        report('running')
        one.journal.say('fetching')
        stream = Events(one, f'{STREAM}?deploy={key}')
        one.journal.say('building', 'done')
        assert texts(read(stream, 'done')[0]) == ['fetching', 'building', 'done']
        report('succeeded', ended_at=began + 5)
    assert stream.next()['event'] == 'end' and stream.next() is None
    one.journal.say('of the next deploy', us=(began + 60) * 1000000)
    assert texts(page(one, deploy=key)) == ['fetching', 'building', 'done']
    again = Events(one, f'{STREAM}?deploy={key}')
    assert texts(read(again, 'done')[0]) == ['fetching', 'building', 'done'] and again.next()['event'] == 'end'
    assert one.get(PAGE, params={'deploy': str(uuid.uuid4())}).status_code == 404
    wait(lambda: not children(one), 'the follower to end')
