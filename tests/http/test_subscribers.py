"""Subscribers of status pages: asked, confirmed by mail or challenge, told, and gone with one click."""
import csv
import io
import json
import re

import pytest

from watching import create, refused

FORM = {'Content-Type': 'application/x-www-form-urlencoded', 'Origin': 'https://status.example.com',
        'Sec-Fetch-Site': 'cross-site', 'Accept': 'text/html,*/*;q=0.8'}


class World:
    """A page with two components, API and Web, of paused monitors; ann owns it."""

    def __init__(self, s, slug, **settings):
        self.s, self.slug, self.ann = s, slug, s.user()
        self.monitors = [create(self.ann, name=name, paused=True) for name in ('api', 'web')]
        answer = self.ann.api('POST', '/pages', json={
            'title': 'Acme Status', 'slug': slug,
            'components': [{'monitor': m['id'], 'name': m['name'].title()} for m in self.monitors], **settings})
        assert answer.status_code == 201, answer.text
        self.page = answer.json()
        self.api, self.web = [c['id'] for c in self.page['components']]

    def path(self, rest=''):
        return f"/pages/{self.page['id']}/subscribers{rest}"

    def listed(self):
        return {x['address']: x for x in self.ann.api('GET', self.path()).json()['items']}

    def ask(self, address, who=None, **more):
        return (who or self.s.anyone()).api('POST', f'/public/pages/{self.slug}/subscriptions',
                                            json={'address': address, **more})

    def add(self, *rows):
        """Confirmed ones: (address, components)."""
        answer = self.ann.api('POST', self.path('/import?confirmed=true'),
                              json={'rows': [{'address': a, 'components': ' '.join(map(str, c))} for a, c in rows]})
        assert answer.status_code == 200 and answer.json()['added'] == len(rows), answer.text

    def incident(self, *monitors, **settings):
        answer = self.ann.api('POST', '/incidents', json={
            'title': 'inside', 'public_title': 'API is slow', 'severity': 'major', 'monitors': [m['id'] for m in monitors], **settings})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def say(self, i, **said):
        answer = self.ann.api('POST', f"/incidents/{i['id']}/updates", json=said)
        assert answer.status_code == 200, answer.text


@pytest.fixture(scope='module')
def acme(stack):
    return World(stack, 'acme')


def text(mail):
    return mail.get_content()


def link(mail, last=''):
    found = re.search(r'http://\S+/api/v1(/subscriptions/[A-Za-z0-9_-]{43}' + last + r')\s', text(mail) + ' ')
    assert found, text(mail)
    return found.group(1)


def settled(s, address):
    """All that is owed to an address has gone, one way or the other."""
    s.wait(lambda: not s.db("select 1 from tocsin.outbox o join tocsin.subscriber x on x.id = o.subscriber "
                            "where x.address = %s and o.state = 'pending'", address), 15)


# ---- to be subscribed

def test_a_reader_subscribes_by_form_confirms_and_chooses(stack, acme):
    reader = stack.anyone()
    stack.wait(lambda: (stack.status_dir / 'acme/index.html').exists(), 15)
    form = re.search(r'action="(http[^"]+/subscriptions)"', (stack.status_dir / 'acme/index.html').read_text())
    asked = reader.request('POST', form.group(1), headers=FORM,
                           data=f'type=email&address=Bob%2Bx%40Example.org&components={acme.api}&submit=1')
    assert asked.status_code == 202 and asked.headers['Content-Type'].startswith('text/html')
    assert 'Look into your mailbox' in asked.text and '/status/acme/' in asked.text
    policy = asked.headers['Content-Security-Policy']
    assert "default-src 'none'" in policy and "'unsafe" not in policy and 'script' not in asked.text
    assert asked.headers['Referrer-Policy'] == 'no-referrer' and asked.headers['Cache-Control'] == 'no-store'

    mail, = stack.smtp.wait(1, to='bob+x@example.org')
    assert mail['Subject'] == 'Confirm your subscription to Acme Status' and mail['From'].startswith('Acme Status <')
    assert mail['List-Unsubscribe'] is None and 'within 48 hours' in text(mail)
    path = link(mail, '/confirm')
    looked = stack.anyone().api('GET', path)
    assert looked.status_code == 200 and 'Confirm your subscription' in looked.text and 'bob+x@example.org' in looked.text
    assert acme.listed()['bob+x@example.org']['state'] == 'asked', 'looking at a link confirms nothing'
    done = reader.api('POST', path, headers=FORM, data='do=confirm')
    assert done.status_code == 200 and 'You are subscribed' in done.text
    mine = acme.listed()['bob+x@example.org']
    assert mine['state'] == 'confirmed' and mine['components'] == [acme.api] and mine['confirmed_at']
    assert reader.api('POST', path, headers=FORM, data='do=confirm').status_code == 404, 'once'

    action = re.search(r'action="\.\./([\w-]{43})"', done.text).group(1)
    assert f'value="{acme.api}" checked' in done.text and f'value="{acme.web}">' in done.text
    both = reader.api('POST', f'/subscriptions/{action}', headers=FORM,
                      data=f'components={acme.api}&components={acme.web}&do=save')
    assert both.status_code == 200 and acme.listed()['bob+x@example.org']['components'] is None, 'all is also what comes later'
    none = reader.api('POST', f'/subscriptions/{action}', headers=FORM, data='do=save')
    assert none.status_code == 422 and 'Choose at least one' in none.text
    gone = reader.api('POST', f'/subscriptions/{action}', headers=FORM, data='do=unsubscribe')
    assert gone.status_code == 200 and 'You are unsubscribed' in gone.text
    assert 'bob+x@example.org' not in acme.listed()
    late = reader.api('GET', f'/subscriptions/{action}')
    assert late.status_code == 404 and 'This link is not valid' in late.text


def test_the_answer_tells_nobody_who_is_known(stack, acme):
    acme.add(('known@example.org', []))
    new, known = acme.ask('new@example.org'), acme.ask('known@example.org')
    assert (new.status_code, new.text) == (known.status_code, known.text) == (202, new.text)
    mail, = stack.smtp.wait(1, to='known@example.org')
    assert mail['Subject'] == 'You are subscribed to Acme Status' and mail['List-Unsubscribe']
    settled(stack, 'new@example.org')
    again = acme.ask('new@example.org')
    assert again.text == new.text and again.status_code == 202
    assert acme.listed()['known@example.org']['state'] == 'confirmed'
    assert stack.db("select count(*) from tocsin.outbox o join tocsin.subscriber s on s.id = o.subscriber "
                    "where s.address = 'new@example.org'")[0][0] == 1, 'one mail an hour to an address'
    body = stack.db("select body::text from tocsin.outbox where event = 'confirm' and state = 'sent'")
    assert body and all('token' not in b for b, in body), 'the link is not kept'
    assert all(d['event'] != 'confirm' for d in acme.ann.api('GET', '/deliveries').json()['items'])


def test_a_link_that_is_two_days_old_is_over(stack, acme):
    acme.ask('late@example.org')
    path = link(stack.smtp.wait(1, to='late@example.org')[0], '/confirm')
    stack.db("update tocsin.subscriber set mailed_at = now() - interval '49 hours' where address = 'late@example.org'")
    assert stack.anyone().api('GET', path).status_code == 404
    assert stack.anyone().api('POST', path, json={}).status_code == 404
    acme.ask('other@example.org')
    assert 'late@example.org' not in acme.listed(), 'who did not answer is forgotten'


@pytest.mark.parametrize('said, field', [
    ({'address': 'nobody'}, 'address'), ({'address': 'a@b\r\nBcc: c@d'}, 'address'), ({}, 'address'),
    ({'address': 'x' * 250 + '@example.org'}, 'address'), ({'address': 'a@example.org', 'type': 'fax'}, 'type'),
    ({'address': 'a@example.org', 'components': [999999]}, 'components'), ({'address': 'a@example.org', 'admin': True}, 'admin'),
    ({'address': 'http://user:pw@example.org/', 'type': 'webhook'}, 'address'), ({'address': 'ftp://x/', 'type': 'webhook'}, 'address'),
    ({'address': 'http://169.254.169.254/', 'type': 'webhook'}, 'address'),
])
def test_what_makes_no_sense_is_refused_by_its_field(stack, acme, said, field):
    refused(stack.anyone().api('POST', '/public/pages/acme/subscriptions', json=said), field)


def test_a_form_that_is_wrong_says_so_as_a_page(stack, acme):
    wrong = stack.anyone().api('POST', '/public/pages/acme/subscriptions', headers=FORM, data='address=%3Cscript%3E&type=email')
    assert wrong.status_code == 422 and wrong.headers['Content-Type'].startswith('text/html') and '<script>' not in wrong.text


def test_pages_that_take_no_strangers(stack):
    for settings in ({'subscribe': False}, {'enabled': False}, {'access': 'password', 'password': 'hush hush'},
                     {'access': 'address', 'allow': ['192.0.2.0/24']}):
        w = World(stack, 'closed-' + next(iter(settings)) + str(len(settings)) + settings.get('access', ''), **settings)
        assert w.ask('a@example.org').status_code == 404
    near = World(stack, 'near', access='address', allow=['127.0.0.0/8'])
    assert near.ask('near@example.org').status_code == 202, 'who may read it may subscribe'
    assert stack.anyone().api('POST', '/public/pages/nowhere/subscriptions', json={'address': 'a@b.example'}).status_code == 404


def test_one_client_cannot_ask_for_many(stack, acme):
    reader = stack.anyone()
    answers = [acme.ask(f'many{i}@example.org', reader) for i in range(21)]
    assert [a.status_code for a in answers] == [202] * 20 + [429] and int(answers[-1].headers['Retry-After']) > 0


# ---- to be told

def test_an_incident_is_told_from_begin_to_end_to_whom_it_concerns(stack, acme):
    acme.add(('all@example.org', []), ('api@example.org', [acme.api]), ('web@example.org', [acme.web]))
    i = acme.incident(acme.monitors[0])
    acme.say(i, phase='identified', body='It is the *disk*.\n.\nMore soon.', public=True)
    first = stack.smtp.wait(1, to='api@example.org')[0]
    assert first['Subject'] == '[Acme Status] Identified: API is slow'
    for words in ('API is slow', 'Status:    Identified', 'Severity:  major', 'Affected:  Api', 'It is the *disk*.\n.\nMore soon.',
                  f"/status/acme/incidents/{i['id']}.html"):
        assert words in text(first).replace('\r\n', '\n'), text(first)
    assert first['List-Unsubscribe-Post'] == 'List-Unsubscribe=One-Click'
    assert first['List-Unsubscribe'].strip('<>').endswith(link(first)) and f"status-{acme.page['id']}." in first['List-Id']
    acme.say(i, phase='resolved', body='')
    mails = stack.smtp.wait(2, to='all@example.org')
    assert [m['Subject'] for m in mails] == ['[Acme Status] Identified: API is slow', '[Acme Status] Resolved: API is slow']
    assert mails[0]['Message-ID'] != mails[1]['Message-ID'] and mails[0]['References'] == mails[1]['References']
    settled(stack, 'api@example.org')
    assert not [m for m in stack.smtp.messages if 'web@example.org' in m.rcpt_tos], 'told of what it did not choose'
    rows = stack.db('select body::text from tocsin.outbox where incident = %s', i['id'])
    assert len(rows) >= 4 and all(link(m).split('/')[-1] not in b for m in mails for b, in rows), 'secrets are not kept in messages'
    stack.db('select tocsin.tell_incident(%s, (select max(id) from tocsin.incident_event where incident = %s and public))', i['id'], i['id'])
    assert len(stack.db('select 1 from tocsin.outbox where incident = %s', i['id'])) == len(rows), 'told twice is one message'

    one_click = stack.anyone().request('POST', '/api/v1' + link(mails[0]), data=b'--x\r\nContent-Disposition: form-data; '
                                       b'name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
                                       headers={'Content-Type': 'multipart/form-data; boundary=x'})
    assert one_click.status_code == 200 and 'all@example.org' not in acme.listed()
    by_form = stack.anyone().request('POST', '/api/v1' + link(first), data='List-Unsubscribe=One-Click',
                                     headers={'Content-Type': 'application/x-www-form-urlencoded'})
    assert by_form.status_code == 200 and 'api@example.org' not in acme.listed()


def test_what_is_not_public_is_told_to_nobody(stack, acme):
    acme.add(('quiet@example.org', []))
    i = acme.incident(acme.monitors[0])
    acme.say(i, phase='identified', body='only us', public=False)
    assert not stack.db('select 1 from tocsin.outbox where incident = %s', i['id'])


def test_a_german_page_writes_german(stack):
    w = World(stack, 'deutsch', lang='de', title='Störungen: „Acme“', zone='Europe/Berlin')
    w.ask('anna@example.org')
    mail, = stack.smtp.wait(1, to='anna@example.org')
    assert mail['Subject'] == 'Bitte bestätigen: Meldungen von Störungen: „Acme“' and 'Störungen: „Acme“' in str(mail['From'])
    assert 'Bestätigen' in stack.anyone().api('GET', link(mail, '/confirm')).text
    stack.anyone().api('POST', link(mail, '/confirm'), json={'do': 'confirm'})
    w.say(w.incident(w.monitors[0]), phase='monitoring', body='Läuft.', public=True)
    told = stack.smtp.wait(2, to='anna@example.org')[1]
    assert told['Subject'] == '[Störungen: „Acme“] Wird beobachtet: API is slow' and 'Europe/Berlin' in text(told)
    assert 'Abbestellen' in stack.anyone().api('GET', link(told)).text


def test_maintenance_is_told_at_start_and_end(stack):
    w = World(stack, 'works')
    w.add(('ops@example.org', [w.api]), ('web-only@example.org', [w.web]))
    m = w.ann.api('POST', '/maintenance', json={'title': 'New disks', 'description': 'Short.', 'duration': 600,
                                                'monitors': [w.monitors[0]['id']]})
    assert m.status_code == 201, m.text
    stack.db('select work.maintenance_tell()')
    start = stack.smtp.wait(1, to='ops@example.org')[0]
    assert start['Subject'] == '[Acme Status] Maintenance has begun: New disks' and 'UTC' in text(start) and 'Short.' in text(start)
    w.ann.api('POST', f"/maintenance/{m.json()['id']}/end")
    stack.db('select work.maintenance_tell()')
    assert stack.smtp.wait(2, to='ops@example.org')[1]['Subject'] == '[Acme Status] Maintenance is over: New disks'
    assert not [m for m in stack.smtp.messages if 'web-only@example.org' in m.rcpt_tos]


def test_a_webhook_proves_itself_and_is_told(stack):
    w, hook = World(stack, 'hooks'), stack.hook()
    w.ask(hook.url, type='webhook')
    stack.wait(lambda: hook.requests, 15)
    settled(stack, hook.url)
    assert w.listed()[hook.url]['state'] == 'asked', 'an answer without the challenge is none'
    stack.db("update tocsin.subscriber set mailed_at = now() - interval '2 hours' where address = %s", hook.url)
    original = hook.handler

    def handler():
        answer = original()

        def do_post(self):
            post_body = self.rfile.read(int(self.headers['Content-Length']))
            doc = json.loads(post_body)
            hook.requests.append({'path': self.path, 'headers': dict(self.headers), 'body': post_body})
            out = doc['data'].get('challenge', 'ok').encode()
            self.send_response(200)
            self.send_header('Content-Length', str(len(out)))
            self.end_headers()
            self.wfile.write(out)
        answer.do_POST = do_post
        return answer
    hook.handler = handler
    hook.stop()
    hook.start()
    w.ask(hook.url, type='webhook')
    stack.wait(lambda: w.listed()[hook.url]['state'] == 'confirmed', 15)
    asked = json.loads(hook.requests[-1]['body'])
    assert asked['type'] == 'subscription.confirm' and asked['data']['secret'].startswith('whsec_')
    w.say(w.incident(w.monitors[0]), phase='identified', body='disk', public=True)
    stack.wait(lambda: json.loads(hook.requests[-1]['body'])['type'] == 'incident.identified', 15)
    told = hook.requests[-1]
    data = json.loads(told['body'])['data']
    assert data['incident']['title'] == 'API is slow' and data['components'] == ['Api'] and 'lang' not in data
    assert signed(asked['data']['secret'], told)
    assert stack.anyone().request('POST', '/api/v1' + data['unsubscribe'].split('/api/v1')[1], json={'do': 'unsubscribe'},
                                  ).json()['state'] == 'unsubscribed'
    hook.stop()


def signed(secret, request):
    import base64
    import hashlib
    import hmac
    h = {k.lower(): v for k, v in request['headers'].items()}
    whole = f"{h['webhook-id']}.{h['webhook-timestamp']}.".encode() + request['body']
    key = base64.b64decode(secret.removeprefix('whsec_'))
    return h['webhook-signature'] == 'v1,' + base64.b64encode(hmac.new(key, whole, hashlib.sha256).digest()).decode()


def test_five_mails_that_bounce_end_it(stack):
    w = World(stack, 'bounce')
    w.add(('dead@example.org', []))
    s = stack.db("select id from tocsin.subscriber where address = 'dead@example.org'")[0][0]
    stack.db('update tocsin.subscriber set failures = 3 where id = %s', s)
    stack.smtp.refuse = '550 5.1.1 no such user'
    try:
        i = w.incident(w.monitors[0])
        w.say(i, phase='identified', body='one', public=True)
        stack.wait(lambda: w.listed()['dead@example.org']['failures'] == 4, 15)
        assert w.listed()['dead@example.org']['state'] == 'confirmed'
        w.say(i, phase='monitoring', body='two')
        stack.wait(lambda: w.listed()['dead@example.org']['state'] == 'disabled', 15)
    finally:
        stack.smtp.refuse = None
    w.say(i, phase='resolved', body='three')
    assert len(stack.db('select 1 from tocsin.outbox where subscriber = %s', s)) == 2, 'nothing more is owed'
    items = w.ann.api('GET', '/deliveries?event=incident').json()['items']
    assert {d['subscriber']['address'] for d in items} == {'dead@example.org'} and {d['state'] for d in items} == {'dead'}


def test_what_is_tried_again_stays_in_order_and_ends_with_its_subscriber(stack):
    w = World(stack, 'order')
    w.add(('slow@example.org', []), ('leaves@example.org', []))
    stack.smtp.refuse = '451 4.3.0 later'
    try:
        i = w.incident(w.monitors[0])
        w.say(i, phase='identified', body='one', public=True)
        w.say(i, phase='monitoring', body='two')
        stack.wait(lambda: stack.db("select 1 from tocsin.outbox where incident = %s and attempts > 0 and locked_by is null", i['id'])[1:], 15)
        tried = stack.db("select body->>'body' from tocsin.outbox where incident = %s and attempts > 0", i['id'])
        assert {b for b, in tried} == {'one'}, 'the second waits for the first'
        stack.db("delete from tocsin.subscriber where address = 'leaves@example.org'")
        assert len(stack.db('select 1 from tocsin.outbox where incident = %s', i['id'])) == 2, 'nobody is told who has left'
    finally:
        stack.smtp.refuse = None
    stack.db("update tocsin.outbox set next_at = now() where incident = %s and state = 'pending'", i['id'])
    mails = stack.smtp.wait(2, to='slow@example.org')
    assert ['Identified' in m['Subject'] for m in mails] == [True, False]
    assert w.listed()['slow@example.org']['failures'] == 0


# ---- the owner

def test_the_table_goes_out_and_in_without_formulas(stack):
    w = World(stack, 'table')
    w.add(('a@example.org', []), ('=b@example.org', [w.api]), ('+c@example.org', []))
    out = w.ann.api('GET', w.path('?format=csv'))
    assert out.headers['Content-Type'].startswith('text/csv') and 'table-subscribers.csv' in out.headers['Content-Disposition']
    rows = list(csv.DictReader(io.StringIO(out.text)))
    assert [r['address'] for r in rows] == ['a@example.org', "'=b@example.org", "'+c@example.org"]
    other = World(stack, 'table-2')
    table = out.content.replace(f'"{w.api}"'.encode(), f'"{other.api}"'.encode())
    got = other.ann.api('POST', other.path('/import?confirmed=true'), data=b'\xef\xbb\xbf' + table, headers={'Content-Type': 'text/csv'})
    assert got.json() == {'added': 3, 'known': 0, 'failed': []}, got.text
    assert other.listed()['=b@example.org']['components'] == [other.api]
    again = other.ann.api('POST', other.path('/import?confirmed=true'), headers={'Content-Type': 'text/csv'},
                          data='email;type\na@example.org;email\nnobody\n"q""@example.org"\nhttp://x y/;webhook\nz@example.org;fax\n\n')
    assert again.json()['known'] == 1 and [f['line'] for f in again.json()['failed']] == [3, 4, 5, 6]
    asked = other.ann.api('POST', other.path('/import'), data='asked@example.org\n', headers={'Content-Type': 'text/csv'})
    assert asked.json()['added'] == 1 and other.listed()['asked@example.org']['state'] == 'asked'
    stack.smtp.wait(1, to='asked@example.org')
    many = other.ann.api('POST', other.path('/import'), data='x\n' * 5001, headers={'Content-Type': 'text/csv'})
    refused(many, 'rows')
    refused(other.ann.api('POST', other.path('/import'), json={}), 'rows')
    pasted = other.ann.api('POST', other.path('/import'), json={'addresses': ['p@example.org', 'nobody'], 'confirmed': True}).json()
    assert pasted['added'] == 1 and [f['line'] for f in pasted['failed']] == [2]


def test_only_the_owner_sees_and_removes(stack, acme):
    acme.add(('private@example.org', []))
    s = acme.listed()['private@example.org']
    bob = stack.user()
    for method, rest in (('GET', ''), ('GET', '?format=csv'), ('POST', '/import?confirmed=true'), ('DELETE', f"/{s['id']}")):
        body = {'json': {'rows': [{'address': 'x@example.org'}]}} if method == 'POST' else {}
        assert bob.api(method, acme.path(rest), **body).status_code == 404, (method, rest)
        assert stack.anyone().api(method, acme.path(rest), **body).status_code == 401
    assert acme.ann.api('DELETE', acme.path('/999999999')).status_code == 404
    assert acme.ann.api('DELETE', acme.path('/x')).status_code == 404
    assert acme.ann.api('DELETE', acme.path(f"/{s['id']}")).status_code == 204
    assert 'private@example.org' not in acme.listed()
    pages = [acme.ann.api('GET', acme.path('?limit=1')).json()]
    assert len(pages[0]['items']) == 1 and pages[0]['next']
    assert [x['address'] for x in acme.ann.api('GET', acme.path('?q=QUIET')).json()['items']] == ['quiet@example.org']


def test_many_subscribers_do_not_delay_a_channel(stack):
    w = World(stack, 'many')
    stack.db("insert into tocsin.subscriber (page, type, address, unsubscribe, confirmed_at) "
             "select %s, 'email', 'n' || n || '@many.example', tocsin.subscriber_token(), now() from generate_series(1, 2000) n", w.page['id'])
    i = w.incident(w.monitors[0])
    w.say(i, phase='identified', body='all', public=True)
    channel = w.ann.api('POST', '/channels', json={'type': 'email', 'name': 'x', 'config': {'to': ['first@example.org']}}).json()['id']
    w.ann.api('POST', f'/channels/{channel}/test')
    stack.smtp.wait(1, to='first@example.org')
    left = stack.db("select count(*) from tocsin.outbox where incident = %s and state = 'pending'", i['id'])[0][0]
    assert left > 0, 'the channel waited for all subscribers'
    stack.db('delete from tocsin.subscriber where page = %s', w.page['id'])
