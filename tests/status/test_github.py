"""Incidents and maintenance out of GitHub issues, against a server that plays GitHub."""
import json
import os
import pathlib
import re
import subprocess

import pytest

from status.github import NOW, GitHub, answers, limited

WINDOW = '---\nstart: {}\nend: {}\nsystems: [api]\n---\n\nWords.\n'


@pytest.fixture
def hub():
    hub = GitHub()
    yield hub
    hub.stop()


@pytest.fixture
def tocsin(build, hub, tmp_path):
    """Runs `tocsin status-data COMMAND` in a folder of its own; .dir is its data."""
    def run(command, *flags, code=0, token=hub.token, as_of=NOW, **env):
        words = [str(build / 'cli/tocsin'), 'status-data', command, '--output-dir', 'data', '--as-of', as_of,
                 '--retry-delay', '1', *flags]
        known = {k: v for k, v in os.environ.items() if not k.startswith(('GITHUB_', 'GH_')) and k != 'STATUS_LABEL'}
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60,
                              env={**known, 'GITHUB_API_URL': hub.url, 'GITHUB_REPOSITORY': 'acme/site',
                                   **({'GITHUB_TOKEN': token} if token else {}), **env})
        assert done.returncode == code, done.stderr
        assert hub.token not in done.stdout + done.stderr, 'the token is told'
        return done
    run.dir = tmp_path / 'data'
    run.read = lambda name: json.loads((run.dir / name).read_text())
    return run


@pytest.fixture(scope='session')
def build(request):
    return pathlib.Path(os.environ.get('TOCSIN_BUILD') or request.config.getoption('--build')).resolve()


def numbers(notes):
    return [n['id'] for n in notes]


# ---- sync

def test_issues_become_incidents_and_windows(hub, tocsin):
    hub.issue(1, 'API is slow', ['status', 'minor', 'major', 'system:api', 'bug'], 'Slow since **ten**.')
    hub.comment(1, 'We look into it', at='2025-11-03T11:00:00Z', author='carol')
    hub.comment(1, 'nobody said this', at='2025-11-03T12:00:00Z', author=None)
    hub.issue(2, 'Everything fails', ['Status', 'CRITICAL', 'web'], closed='2025-11-04T10:00:00Z')
    hub.issue(3, 'Upgrade', ['maintenance', 'status', 'critical'], WINDOW.format('2025-11-15T02:00:00Z', '2025-11-15T04:00:00+01:00'))
    hub.issue(4, 'Somebody’s question', ['question'])
    done = tocsin('sync', '--system-labels', 'api,web')
    incidents = tocsin.read('incidents.json')
    assert numbers(incidents) == [2, 1] or numbers(incidents) == [1, 2]
    one = next(i for i in incidents if i['id'] == 1)
    assert (one['severity'], one['status'], one['systems'], one['affectedSystems']) == ('major', 'open', ['api'], ['api'])
    assert one['url'] == 'https://github.com/acme/site/issues/1' and one['closedAt'] is None
    assert [(c['author'], c['body']) for c in one['comments']] == [('carol', 'We look into it'), ('ghost', 'nobody said this')]
    two = next(i for i in incidents if i['id'] == 2)
    assert two['severity'] == 'critical' and two['closedAt'].startswith('2025-11-04T10:00:00') and two['systems'] == ['web']
    window, = tocsin.read('maintenance.json')
    assert (window['id'], window['status'], window['systems']) == (3, 'upcoming', ['api'])
    assert window['start'].startswith('2025-11-15T02:00:00') and window['end'].startswith('2025-11-15T03:00:00')
    assert '---' not in window['body'] and 'Words.' in window['body']
    assert '2 incidents (1 open), 1 maintenance windows, 0 left out' in done.stdout


def test_lists_are_read_to_their_end_without_pull_requests(hub, tocsin):
    for n in range(1, 251):
        hub.issue(n, f'Incident {n}', ['status'], updated=f'2025-11-01T10:{n % 60:02}:00Z')
    hub.issue(251, 'A change', ['status'], pull_request={'url': 'https://api.github.com/repos/acme/site/pulls/251'})
    tocsin('sync')
    assert sorted(numbers(tocsin.read('incidents.json'))) == list(range(1, 251))


def test_each_maintenance_label_counts_alone(hub, tocsin):
    hub.issue(1, 'One', ['maintenance'], WINDOW.format('2025-11-15', '2025-11-16'))
    hub.issue(2, 'Two', ['scheduled-maintenance'], WINDOW.format('2025-11-15', '2025-11-16'))
    hub.issue(3, 'Three', ['downtime'], WINDOW.format('2025-11-15', '2025-11-16'))
    tocsin('sync')
    assert sorted(numbers(tocsin.read('maintenance.json'))) == [1, 2]
    tocsin('sync', '--maintenance-label', 'downtime,maintenance')
    assert sorted(numbers(tocsin.read('maintenance.json'))) == [1, 3]


def test_a_closed_incident_stays_thirty_days_a_window_sixty(hub, tocsin):
    hub.issue(1, 'Old', ['status'], created='2025-09-01T00:00:00Z', closed='2025-10-06T11:59:00Z')
    hub.issue(2, 'Kept', ['status'], created='2025-09-01T00:00:00Z', closed='2025-10-06T12:01:00Z')
    hub.issue(3, 'Never closed', ['status'], created='2024-01-01T00:00:00Z')
    hub.issue(4, 'Gone', ['maintenance'], WINDOW.format('2025-09-06T10:00:00Z', '2025-09-06T11:59:00Z'), created='2025-09-01T00:00:00Z')
    hub.issue(5, 'Kept', ['maintenance'], WINDOW.format('2025-09-06T10:00:00Z', '2025-09-06T12:01:00Z'), created='2025-09-01T00:00:00Z')
    tocsin('sync')
    assert sorted(numbers(tocsin.read('incidents.json'))) == [2, 3]
    assert numbers(tocsin.read('maintenance.json')) == [5]
    assert tocsin.read('maintenance.json')[0]['status'] == 'completed'


def test_human_dates_stand_still(hub, tocsin):
    hub.issue(1, 'Tomorrow', ['maintenance'], WINDOW.format('@tomorrow 2am UTC', 'tomorrow at 4am'), created='2025-11-04T10:00:00Z')
    for as_of, state in (('2025-11-04T11:00:00Z', 'upcoming'), ('2025-11-05T03:00:00Z', 'in-progress'),
                         ('2025-11-05T05:00:00Z', 'completed'), ('2025-11-09T05:00:00Z', 'completed')):
        tocsin('sync', as_of=as_of)
        window, = tocsin.read('maintenance.json')
        assert window['start'].startswith('2025-11-05T02:00:00') and window['end'].startswith('2025-11-05T04:00:00')
        assert window['status'] == state


@pytest.mark.parametrize('start, end, why', [
    ('2025-11-15T04:00:00Z', '2025-11-15T02:00:00Z', 'end: is not after the start'),
    ('2025-02-30T04:00:00Z', '2025-11-15T02:00:00Z', "start: '2025-02-30T04:00:00Z': there is no 30 February"),
    ('2025-11-15 2am XYZ', '2025-11-15T03:00:00Z', "'XYZ' is no time zone"),
    ('2025-11-15', 'some day', "end: 'some day'"),
    ('&a 2025-11-15', '*a', 'front matter: line 1: anchors'),
])
def test_a_window_that_makes_no_sense_is_named_and_left_out(hub, tocsin, start, end, why):
    hub.issue(7, 'Bad \x1b[31mwindow', ['maintenance'], WINDOW.format(start, end))
    hub.issue(8, 'Good', ['maintenance'], WINDOW.format('2025-11-15', '2025-11-16'))
    done = tocsin('sync')
    assert "issue #7 'Bad ?[31mwindow' is left out: " in done.stderr and why in done.stderr
    assert numbers(tocsin.read('maintenance.json')) == [8]


def test_what_has_not_changed_costs_nothing(hub, tocsin):
    for n in range(1, 131):
        hub.issue(n, f'Incident {n}', ['status'])
    hub.comment(130, 'first')
    hub.issue(200, 'Closed', ['status'], closed='2025-11-04T10:00:00Z')
    hub.comment(200, 'last')
    tocsin('sync')
    first, asked, left = (tocsin.dir / 'incidents.json').read_bytes(), len(hub.log), hub.remaining
    done = tocsin('sync')
    assert hub.remaining == left, 'a page that has not changed was sent again'
    assert (tocsin.dir / 'incidents.json').read_bytes() == first
    again = hub.log[asked:]
    assert 'unchanged' in done.stdout and len(again) < asked and not [p for _, p in again if '/200/comments' in p]
    hub.comment(130, 'second', at='2025-11-05T10:00:00Z')
    tocsin('sync')
    last = next(i for i in tocsin.read('incidents.json') if i['id'] == 130)
    assert [c['body'] for c in last['comments']] == ['first', 'second']
    (tocsin.dir / '.github-cache.json').write_text('{"version": 1, "pages": [')
    tocsin('sync')
    assert len(tocsin.read('incidents.json')) == 131


@pytest.mark.parametrize('trouble, why', [
    ([answers(404, 'Not Found')], 'no such repository'),
    ([answers(403, 'Resource not accessible by integration')], 'the token may not do this'),
    ([answers(500)] * 4, 'answered 500'),
    ([answers(200, '')], 'no list'),
    ([limited(reset=1800)], 'rate limit is used up until 20'),
    ([limited(seconds=3600)], 'rate limit is used up until 20'),
    ([limited(seconds=0)] * 9, 'rate limit'),
    ([None, None, answers(502)] + [answers(502)] * 3, 'answered 502'),
])
def test_an_error_never_overwrites_good_data(hub, tocsin, trouble, why):
    hub.issue(1, 'Kept', ['status'])
    tocsin('sync')
    good = (tocsin.dir / 'incidents.json').read_bytes()
    hub.issue(2, 'New', ['status'])
    hub.trouble = list(trouble)
    done = tocsin('sync', '--max-wait', '2s', code=1)
    assert why in done.stderr and 'the files are as they were' in done.stderr
    assert (tocsin.dir / 'incidents.json').read_bytes() == good
    assert not (tocsin.dir / 'maintenance.json').exists() or tocsin.read('maintenance.json') == []


def test_a_wrong_token_is_said_and_never_shown(hub, tocsin):
    done = tocsin('sync', '--verbose', token='ghp_othersecret', code=1)
    assert '401: the token is not valid (Bad credentials)' in done.stderr and 'ghp_othersecret' not in done.stderr
    assert 'no token is set' in tocsin('sync', token=None, code=1).stderr
    assert 'holds a character' in tocsin('sync', token='a\nX-Other: b', code=2).stderr


def test_trouble_that_passes_is_waited_for(hub, tocsin):
    hub.issue(1, 'Kept', ['status'])
    hub.trouble = [answers(500), answers(503), None, limited(seconds=1), None, limited(reset=1)]
    tocsin('sync')
    assert numbers(tocsin.read('incidents.json')) == [1]


def test_a_next_page_elsewhere_gets_no_token(hub, tocsin):
    other = GitHub()
    hub.page = lambda path, query, found: ([], {'Link': f'<{other.url}/repos/acme/site/issues?page=2>; rel="next"'})
    done = tocsin('sync', code=1)
    assert 'elsewhere' in done.stderr and other.log == []
    other.stop()


def test_a_list_without_end_ends(hub, tocsin):
    hub.page = lambda path, query, found: ([], {'Link': f'<{hub.url}{path}?page=1>; rel="next"'})
    assert 'has no end' in tocsin('sync', code=1).stderr


def test_hostile_words_stay_words(hub, tocsin):
    body = ('<script>alert(1)</script>\n![x](javascript:alert(1))\n\x1b[2J \u202e `\n' + '# ' * 20000 + '\ud83d\ude00 \U0001f600'.encode(
        'utf-16', 'surrogatepass').decode('utf-16'))
    hub.issue(1, '"><img src=x onerror=alert(1)>\n::error::x', ['status', '__proto__', '../../etc/passwd', 'system:'], body)
    hub.comment(1, body, author='<b>')
    hub.issue(2, '', ['status'], None)
    hub.issue(3, 'x' * 256, ['maintenance'], '---\n' + 'a: ' * 9000)
    done = tocsin('sync', '--system-labels', '__proto__')
    one = next(i for i in tocsin.read('incidents.json') if i['id'] == 1)
    assert '<script>' in one['body'] and one['systems'] == ['__proto__'] and one['comments'][0]['author'] == '<b>'
    assert '\n::error' not in done.stderr + done.stdout


def test_flags_environment_and_the_old_name(hub, tocsin, tmp_path):
    hub.issue(1, 'Incident', ['outage', 'api'])
    (tmp_path / '.monitorrc.json').write_text('{"systems": [{"system": "api-1", "displayName": "API", "url": "x"}]}')
    tocsin('update-status', '--write-incidents', '--verbose', STATUS_LABEL='outage')
    assert tocsin.read('incidents.json')[0]['systems'] == ['api-1'] and not (tocsin.dir / 'maintenance.json').exists()
    tocsin('sync', '--write-maintenance', '--owner', 'acme', '--repo', 'site', '--status-label', 'outage', GITHUB_REPOSITORY='')
    assert (tocsin.dir / 'maintenance.json').exists()
    assert "unknown flag '--write-incident'" in tocsin('sync', '--write-incident', code=2).stderr
    assert 'which repository' in tocsin('sync', code=2, GITHUB_REPOSITORY='').stderr
    assert 'no name of a repository' in tocsin('sync', '--repo', 'a/../b', code=2).stderr
    assert 'no http' in tocsin('sync', '--api', 'file:///etc', code=2).stderr
    output = tmp_path / 'output'
    hub.issue(2, 'Worse', ['status', 'critical', 'api'])
    tocsin('sync', GITHUB_OUTPUT=str(output))
    assert 'commit_message=🟥 Systems down: api-1 [skip ci]\nincidents_open=1\ncritical=true\n' == output.read_text()


def test_what_is_made_of_the_files_follows(hub, tocsin, checks):
    checks(api='uuu')
    (tocsin.dir / 'status/v1').mkdir(parents=True)
    (tocsin.dir / 'status/v1/summary.json').write_text('{}')
    hub.issue(1, 'Slow', ['status', 'major', 'system:api'])
    tocsin('sync')
    assert tocsin.read('status.json')['items'][0]['name'] == 'api'
    assert tocsin.read('status/v1/summary.json')['incidents']['open'][0]['issueNumber'] == 1


def test_commit_holds_the_files_and_only_them(hub, tocsin, tmp_path):
    def git(*words):
        return subprocess.run(['git', '-c', 'safe.directory=*', *words], cwd=tmp_path, check=True, capture_output=True, text=True,
                              env={**os.environ, 'HOME': str(tmp_path)}).stdout
    git('init', '-q', '.')
    (tmp_path / 'other').write_text('staged')
    git('add', 'other')
    hub.issue(1, 'Slow; $(touch pwned)', ['status', 'major', 'system:api'])
    tocsin('sync', '--commit', HOME=str(tmp_path))
    assert git('log', '-1', '--format=%s').strip() == '🟨 Systems degraded: api [skip ci]'
    assert git('show', '--name-only', '--format=', 'HEAD').split() == ['data/incidents.json', 'data/maintenance.json']
    tocsin('sync', '--commit', HOME=str(tmp_path))
    assert git('rev-list', '--count', 'HEAD').strip() == '1', 'nothing had changed'


# ---- open-issues

@pytest.fixture
def checks(tocsin):
    """checks(svc='uddd') adds checks of a system, five minutes apart, the last one at NOW."""
    def write(age_min=0, **systems):
        folder = tocsin.dir / 'archives/2025/11'
        folder.mkdir(parents=True, exist_ok=True)
        lines = []
        for svc, states in systems.items():
            for i, c in enumerate(reversed(states)):
                state = {'u': 'up', 'd': 'down', 's': 'degraded', 'm': 'maintenance'}[c]
                lines.append({'t': 1762344000000 - (age_min + 5 * i) * 60000, 'svc': svc, 'state': state,
                              'code': 503 if c == 'd' else 200, 'lat': 145, **({'err': 'HTTP `503` @everyone\n# x'} if c == 'd' else {})})
        (folder / 'history-2025-11-05.jsonl').write_text(''.join(json.dumps(x) + '\n' for x in lines))
    return write


def of_ours(hub, state='open'):
    return [i for i in hub.issues.values() if i['state'] == state and 'automated' in [x['name'] for x in i['labels']]]


def test_an_outage_opens_one_issue_and_recovery_closes_it(hub, tocsin, checks):
    checks(api='uudd', web='uuud', shop='uuss')
    assert 'api: opened #1\n3 systems, 1 opened, 0 closed' in tocsin('open-issues').stdout
    issue, = of_ours(hub)
    assert issue['title'] == '🔴 api is down' and [x['name'] for x in issue['labels']] == ['status', 'critical', 'automated', 'api']
    for words in ('## Incident Report', '**System:** ` api `', '**HTTP Status Code:** ` 503 `', '2025-11-05T12:00:00.000Z'):
        assert words in issue['body']
    assert '` HTTP  503  @everyone # x `' in issue['body'], 'words of a strange server stay code'
    tocsin('open-issues')
    assert len(hub.issues) == 1, 'one open issue a system'
    checks(api='uddu')
    tocsin('open-issues')
    assert issue['state'] == 'open', 'one good check is no recovery'
    checks(api='dsu')
    assert 'api: closed #1' in tocsin('open-issues').stdout
    assert issue['state'] == 'closed' and '## ✅ Resolved' in hub.comments[1][0]['body'] and '145 ms' in hub.comments[1][0]['body']
    checks(api='udd')
    tocsin('open-issues')
    assert [i['number'] for i in of_ours(hub)] == [2], 'the next outage has an issue of its own'


def test_counts_of_confirmation_are_settable(hub, tocsin, checks):
    checks(api='uud')
    tocsin('open-issues', '--confirm-down', '1')
    assert len(of_ours(hub)) == 1
    checks(api='duu')
    tocsin('open-issues', '--confirm-up', '3')
    assert len(of_ours(hub)) == 1
    tocsin('open-issues', '--confirm-up', '1')
    assert not of_ours(hub)
    assert 'between 1 and 100' in tocsin('open-issues', '--confirm-up', '0', code=2).stderr


def test_maintenance_and_old_checks_open_nothing(hub, tocsin, checks):
    checks(api='ddd', web='dmm')
    hub.issue(1, 'Upgrade', ['maintenance'], WINDOW.format('2025-11-05T11:00:00Z', '2025-11-05T13:00:00Z'))
    tocsin('sync')
    assert 'api: is left alone, it is in maintenance' in tocsin('open-issues').stdout
    assert not of_ours(hub)
    (tocsin.dir / 'maintenance.json').write_text('[]')
    checks(age_min=61, api='ddd')
    tocsin('open-issues')
    assert not of_ours(hub)
    tocsin('open-issues', '--max-age', '2h')
    assert len(of_ours(hub)) == 1


def test_a_dry_run_only_says(hub, tocsin, checks, tmp_path):
    checks(api='dd', web='dd', **{'__proto__': 'uu'})
    hub.issue(5, 'x is down', ['status', 'automated', '__PROTO__'])
    done = tocsin('open-issues', '--dry-run', '--system-labels', 'api,__proto__')
    assert done.stdout == ('api: an issue would be opened\n__proto__: would be closed: #5\n2 systems, 0 opened, 0 closed\n')
    assert {m for m, _ in hub.log} == {'GET'} and list(hub.issues) == [5]


def test_systems_with_odd_names_keep_apart(hub, tocsin, checks):
    names = ['x' * 60 + 'a', 'x' * 60 + 'b', '日本 <!-- --> @team', 'a,b', '../up']
    checks(**{n: 'dd' for n in names})
    tocsin('open-issues')
    assert len(of_ours(hub)) == len(names)
    tocsin('open-issues')
    assert len(of_ours(hub)) == len(names)
    checks(**{names[0]: 'uu', names[1]: 'dd'})
    tocsin('open-issues')
    assert [i['number'] for i in of_ours(hub, 'closed')] == [1]


def test_a_run_that_is_killed_anywhere_is_finished_by_the_next(build, hub, tocsin, checks, tmp_path):
    """Ends the program after each of its requests in turn; nothing is done twice."""
    running = {}

    def kill_at(n):
        count = [0]

        def after(method, path):
            count[0] += 1
            if count[0] == n:
                running['proc'].kill()
        hub.after = after
        running['proc'] = subprocess.Popen(
            [str(build / 'cli/tocsin'), 'status-data', 'open-issues', '--output-dir', 'data', '--as-of', NOW], cwd=tmp_path,
            env={'PATH': os.environ['PATH'], 'GITHUB_API_URL': hub.url, 'GITHUB_REPOSITORY': 'acme/site', 'GITHUB_TOKEN': hub.token},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running['proc'].wait(20)
        hub.after = None

    for n in range(1, 7):
        hub.issues.clear()
        checks(api='dd', web='dd')
        kill_at(n)
        tocsin('open-issues')
        assert sorted(i['title'] for i in of_ours(hub)) == ['🔴 api is down', '🔴 web is down']
        checks(api='uu', web='uu')
        kill_at(n)
        tocsin('open-issues')
        assert not of_ours(hub)
        assert {k: len(v) for k, v in hub.comments.items() if k in hub.issues} == {1: 1, 2: 1}


def test_duplicates_are_all_closed_and_a_person_s_issue_is_left(hub, tocsin, checks):
    checks(api='uu')
    hub.issue(1, 'api is down', ['status', 'api', 'critical', 'automated'])
    hub.issue(2, 'api is down', ['status', 'api', 'critical', 'automated'])
    hub.issue(3, 'The api has odd answers', ['status', 'api'])
    tocsin('open-issues')
    assert [i['number'] for i in hub.issues.values() if i['state'] == 'open'] == [3]


@pytest.mark.parametrize('trouble, why', [
    ([None, answers(403, 'Resource not accessible by integration')], 'the token may not do this'),
    ([None, answers(502)], 'answered 502'),
    ([limited(reset=1800)], 'rate limit'),
])
def test_a_refusal_ends_the_run_and_is_said(hub, tocsin, checks, trouble, why):
    checks(api='dd', web='dd')
    hub.trouble = list(trouble)
    assert why in tocsin('open-issues', code=1).stderr
    assert not hub.issues, 'nothing is sent twice that may have worked'
    hub.trouble = [None, answers(422, 'Validation Failed')]
    assert 'answered 422' in tocsin('open-issues', code=1).stderr and len(hub.issues) == 1
