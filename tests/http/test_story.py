"""The story Tocsin is for: a site is watched, its outage becomes an incident and messages,
its recovery closes it. Told once, against everything that runs in earnest."""
import base64
import datetime
import hashlib
import hmac
import time

import pytest

from stack import Events, Stack

INTERVAL = 5


@pytest.fixture(scope='module')
def told(build):
    """A stack where nobody has set anything up, with tocsind beside it."""
    with Stack(build, tocsind=True) as s:
        yield s


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()


def verified(secret, request):
    """A webhook's signature by the rules of Standard Webhooks."""
    headers = {name.lower(): value for name, value in request['headers'].items()}
    key = base64.b64decode(secret.removeprefix('whsec_'))
    said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request['body']
    mine = base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
    assert abs(time.time() - int(headers['webhook-timestamp'])) < 60
    return f'v1,{mine}' in headers['webhook-signature'].split()


def first_admin(s):
    """As quickstart does it: a code from the command line, used on the set-up page."""
    from stack import host
    code = host.run(*host.as_user(str(s.build / 'cli/tocsin'), 'setup-code', '--database', s.owner_sql)).strip()
    someone = s.anyone()
    start = someone.api('GET', '/setup')
    assert start.status_code == 200, start.text
    answer = someone.api('POST', '/setup', json={
        'code': code, 'email': 'ann@example.org', 'password': 'a long enough password',
        'name': 'Ann', 'instance': 'Story'}, headers={'Origin': s.httpd.origin})
    assert answer.status_code in (200, 201), answer.text
    someone.sign_in('ann@example.org', 'a long enough password')
    again = s.anyone().api('POST', '/setup', json={
        'code': code, 'email': 'eve@example.org', 'password': 'a long enough password'},
        headers={'Origin': s.httpd.origin})
    assert again.status_code in (403, 404, 409, 410), 'the code works once'
    return someone


def test_outage_and_recovery(told):
    s = told
    ann = first_admin(s)
    site, hook = s.site(), s.hook()
    mail = ann.api('POST', '/channels', json={
        'type': 'email', 'name': 'mail', 'config': {'to': ['ann@example.org']}, 'is_default': True})
    assert mail.status_code == 201, mail.text
    web = ann.api('POST', '/channels', json={
        'type': 'webhook', 'name': 'web', 'config': {'url': hook.url}, 'is_default': True})
    assert web.status_code == 201, web.text
    secret = web.json().get('signing_secret') or web.json()['secret']

    with Events(ann) as events:
        asked = time.time()
        made = ann.api('POST', '/monitors', json={'name': 'site', 'url': site.url, 'interval': INTERVAL,
                                                  'timeout': 2, 'retries': 1, 'recheck': 1})
        assert made.status_code == 201, made.text
        monitor = made.json()['id']

        def now():
            return ann.api('GET', f'/monitors/{monitor}').json()

        # up, with a response time, within 15 s, and the open page is told
        s.wait(lambda: now()['status'] == 'up', 15, 'the site to be seen up')
        assert time.time() - asked < 15
        s.wait(lambda: now()['response_ms'] is not None, 5, 'a response time')
        events.wait(lambda e: e['event'] == 'status', 5)

        # down: one incident from the first failed check on
        before = time.time()
        site.stop()
        events.wait(lambda e: e['event'] == 'status', 20)
        s.wait(lambda: now()['status'] == 'down', 5, 'the site to be seen down')
        incident = ann.api('GET', f"/incidents/{now()['incident']}").json()
        assert incident['resolved_at'] is None
        failed = ann.api('GET', f'/monitors/{monitor}/checks?only=failed&limit=100')
        oldest = s.wait(lambda: ann.api('GET', f'/monitors/{monitor}/checks?only=failed&limit=100').json()['items'],
                        5, failed.text)[-1]
        assert before - 0.5 <= seconds(incident['started_at']) <= before + INTERVAL + 2
        assert abs(seconds(incident['started_at']) - seconds(oldest['at'])) < 0.25
        assert [m for m in s.smtp.wait(1, to='ann@example.org') if 'site' in m['subject']]
        told_down = hook.wait(1)[0]
        assert verified(secret, told_down)

        # up again: closed, and told
        site.start()
        s.wait(lambda: now()['status'] == 'up', 20, 'the site to be seen up again')
        closed = ann.api('GET', f"/incidents/{incident['id']}").json()
        assert closed['resolved_at'] is not None
        assert seconds(closed['resolved_at']) > seconds(closed['started_at'])
        assert len(s.smtp.wait(2, to='ann@example.org')) == 2
        told_up = hook.wait(2)[1]
        assert verified(secret, told_up)

    ids = [{k.lower(): v for k, v in r['headers'].items()}['webhook-id'] for r in hook.requests]
    assert len(set(ids)) == 2, 'each message has a key of its own'
    listed = ann.api('GET', f'/monitors/{monitor}/incidents').json()['items']
    assert [i['id'] for i in listed] == [incident['id']], 'one outage is one incident'
    assert s.db('select count(*) from tocsin.transition where monitor = %s', monitor)[0][0] == 3  # up, down, up
