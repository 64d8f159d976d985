"""Messages: they arrive whole and signed, once each in order, again when they must, and a
bad receiver is nobody else's trouble."""
import base64
import hashlib
import hmac
import json
import ssl
import subprocess
import time
import uuid

import pytest
from aiosmtpd.smtp import AuthResult

from stack import Stack
from stack.doubles import Smtp


@pytest.fixture(scope='module')
def ann(stack):
    return stack.user()


def channel(who, kind='webhook', **config):
    answer = who.api('POST', '/channels', json={'type': kind, 'name': f'to {kind}', 'config': config})
    assert answer.status_code == 201, answer.text
    return answer.json()


def monitor(stack, who, name='Shop'):
    """One that nobody checks: paused."""
    return stack.db("insert into tocsin.monitor (owner, name, url, paused_at) values (%s, %s, %s, now()) returning id",
                    who.id, name, f'https://{uuid.uuid4()}.example.org/')[0][0]


def owe(stack, who, to, about, event='down', seq=1, **body):
    """A message as settling writes it; returns its id."""
    said = {'event': event, 'monitor': {'id': about, 'name': 'Shop', 'url': 'https://shop.example.org/'},
            'status': event, 'previous': 'up', 'at': '2026-11-21T03:00:00.000Z', 'reason': 'http_code',
            'reason_text': 'an unexpected status code', 'message': 'answered 503', 'code': 503, **body}
    return stack.db("insert into tocsin.outbox (key, owner, channel, monitor, seq, event, body) "
                    "values (%s, %s, %s, %s, %s, %s, %s) returning id",
                    f'k-{uuid.uuid4()}', who.id, to['id'], about, seq, event, json.dumps(said))[0][0]


def ended(stack, who, message, timeout=15):
    """The delivery, when it is neither pending nor to be tried again soon."""
    return stack.wait(lambda: (d := who.api('GET', f'/deliveries/{message}').json())['state'] != 'pending' and d,
                      timeout, f'the end of message {message}')


def tried(stack, who, message, times=1):
    return stack.wait(lambda: len((d := who.api('GET', f'/deliveries/{message}').json())['tries']) >= times and d,
                      15, f'attempt {times} of message {message}')


def now(stack, *messages):
    """Do not wait for the next attempt."""
    stack.db('update tocsin.outbox set next_at = now() where id = any(%s)', list(messages))


def headers(request):
    return {name.lower(): value for name, value in request['headers'].items()}


def verified(secret, request):
    h = headers(request)
    said = f"{h['webhook-id']}.{h['webhook-timestamp']}.".encode() + request['body']
    mac = hmac.new(base64.b64decode(secret.removeprefix('whsec_')), said, hashlib.sha256).digest()
    return h['webhook-signature'].split() == ['v1,' + base64.b64encode(mac).decode()]


# ---------------------------------------------------------------- what arrives

def test_webhook_arrives_signed(stack, ann):
    hook = stack.hook()
    c = channel(ann, url=hook.url + 'in?x=1', headers={'X-Token': 'hush'})
    m = monitor(stack, ann)
    message = owe(stack, ann, c, m)
    d = ended(stack, ann, message)
    assert d['state'] == 'sent' and d['attempts'] == 1 and d['code'] == 200
    request = hook.wait(1)[0]
    h = headers(request)
    assert h['webhook-id'] == d['key'] and h['x-token'] == 'hush' and h['content-type'] == 'application/json'
    assert abs(int(h['webhook-timestamp']) - time.time()) < 60
    assert verified(c['signing_secret'], request)
    assert not verified(c['signing_secret'], {**request, 'body': request['body'] + b' '})
    doc = json.loads(request['body'])
    assert doc['type'] == 'monitor.down' and doc['timestamp'] == '2026-11-21T03:00:00.000Z'
    assert doc['data']['monitor'] == {'id': m, 'name': 'Shop', 'url': 'https://shop.example.org/'}
    assert (doc['data']['reason'], doc['data']['code']) == ('http_code', 503)
    assert doc['data']['link'] == f'{stack.url}/monitors/?id={m}'
    assert d['tries'][0]['excerpt'] == 'ok' and d['tries'][0]['recipient'] == hook.url + 'in'


def test_slack_gets_what_slack_takes(stack, ann):
    hook = stack.hook()
    c = channel(ann, 'slack', url=hook.url + 'services/T0/B0/hush')
    message = owe(stack, ann, c, monitor(stack, ann), monitor={'id': 1, 'name': '<!here> & co', 'url': ''})
    d = ended(stack, ann, message)
    assert d['state'] == 'sent'
    doc = json.loads(hook.wait(1)[0]['body'])
    assert doc['text'] == 'DOWN: &lt;!here&gt; &amp; co'
    assert doc['attachments'][0]['color'].startswith('#') and 'answered 503' in doc['attachments'][0]['text']
    assert 'hush' not in json.dumps(d), 'the address of a Slack channel is its secret'


def test_mail_arrives_whole(stack, ann):
    c = channel(ann, 'email', to=['one@example.org', 'two@example.org'])
    m = monitor(stack, ann)
    incident = stack.db("insert into tocsin.incident (owner, monitor, title, open_seq, started_at) "
                        "values (%s, %s, 'x', 1, now()) returning id", ann.id, m)[0][0]
    name = 'Käse\r\nBcc: all@example.org ' + 'x' * 90
    message = owe(stack, ann, c, m, monitor={'id': m, 'name': name, 'url': 'https://shop.example.org/?a=' + 'b' * 300},
                  incident={'id': incident, 'started_at': '2026-11-21T03:00:00.000Z'})
    stack.db('update tocsin.outbox set incident = %s where id = %s', incident, message)
    assert ended(stack, ann, message)['state'] == 'sent'
    mail = stack.smtp.wait(1, to='two@example.org')[0]
    assert mail.rcpt_tos == ['one@example.org', 'two@example.org'] and mail.mail_from == 'tocsin@example.org'
    assert mail['to'] == 'one@example.org, two@example.org' and mail['bcc'] is None
    assert mail['subject'] == 'DOWN: ' + name.replace('\r\n', '  ')
    assert mail['message-id'].endswith('@example.org>') and mail['auto-submitted'] == 'auto-generated'
    assert mail['references'] == f'<incident-{incident}.tocsin@example.org>'
    assert '<tocsin.example.org>' in mail['list-id'] and mail['date'].endswith('+0000')
    text = mail.get_content()
    assert 'Reason:   answered 503 (an unexpected status code)' in text
    assert 'https://shop.example.org/?a=' + 'b' * 300 in text
    assert f'{stack.url}/monitors/?id={m}' in text
    assert [e[0] for e in stack.db("select body from tocsin.incident_event where incident = %s and kind = 'notified'",
                                   incident)] == ['to email was told: down']


def test_test_messages_are_followed_by_location(stack, ann):
    hook = stack.hook()
    c = channel(ann, url=hook.url)
    for path, body in ((f"/channels/{c['id']}/test", {'event': 'down'}),
                       ('/channels/test', {'type': 'slack', 'config': {'url': hook.url}, 'event': 'up'}),
                       ('/channels/test', {'channel': c['id'], 'config': {'headers': {'X-New': '1'}}})):
        began = time.monotonic()
        answer = ann.api('POST', path, json=body)
        assert answer.status_code == 202, answer.text
        assert answer.headers['Location'].endswith(f"/api/v1/deliveries/{answer.json()['id']}")
        d = ended(stack, ann, answer.json()['id'])
        assert d['state'] == 'sent' and d['event'] == 'test' and d['body']['test'] is True
        assert time.monotonic() - began < 2, 'somebody waits for it'
    assert headers(hook.requests[2])['x-new'] == '1'
    assert verified(c['signing_secret'], hook.requests[2]), 'the stored secret signs'
    stored = stack.db("select target from tocsin.outbox where event = 'test' and owner = %s", ann.id)
    assert all(row[0] is None for row in stored), 'settings of a test are wiped'


def test_failed_test_message_is_not_tried_again(stack, ann):
    hook = stack.hook(status=500)
    answer = ann.api('POST', '/channels/test', json={'type': 'webhook', 'config': {'url': hook.url}})
    d = ended(stack, ann, answer.json()['id'])
    assert d['state'] == 'dead' and d['error'] == 'the receiver answered 500' and len(d['tries']) == 1


def test_deliveries_are_paged_filtered_and_the_owners_own(stack):
    bob, boss = stack.user(), stack.user('operator')
    c, m = channel(bob, 'email', to=['x@example.org']), monitor(stack, bob)
    ids = [owe(stack, bob, c, m, seq=n) for n in range(3)]
    for message in ids:
        ended(stack, bob, message)
    first = bob.api('GET', '/deliveries?limit=2').json()
    assert [d['id'] for d in first['items']] == ids[:0:-1]
    rest = bob.api('GET', f"/deliveries?limit=2&after={first['next']}").json()
    assert [d['id'] for d in rest['items']] == ids[:1] and rest['next'] is None

    def found(who, query):
        return [d['id'] for d in who.api('GET', '/deliveries?' + query).json()['items']]
    for query in (f'monitor={m}', f"channel={c['id']}", 'state=sent', 'event=down', f'monitor={m}&state=sent&event=down'):
        assert found(bob, query) == ids[::-1], query
    assert found(bob, 'state=dead') == [] and found(bob, 'event=up') == []
    assert found(stack.user(), f'monitor={m}') == [] and found(boss, '') == []
    assert found(boss, f'monitor={m}') == ids[::-1] and set(ids) <= set(found(boss, 'all=true&limit=200'))
    assert stack.user().api('GET', f'/deliveries/{ids[0]}').status_code == 404
    wrong = bob.api('GET', '/deliveries?state=lost')
    assert wrong.status_code == 422 and 'state' in wrong.json()['errors']


# ---------------------------------------------------------------- again, and no more

def test_failure_is_tried_again_with_the_same_key(stack, ann):
    hook = stack.hook(status=500)
    c = channel(ann, url=hook.url)
    message = owe(stack, ann, c, monitor(stack, ann))
    d = tried(stack, ann, message)
    assert d['state'] == 'pending' and d['error'] == 'the receiver answered 500'
    wait = stack.db('select extract(epoch from next_at - now()) from tocsin.outbox where id = %s', message)[0][0]
    assert 0 < wait <= 6.1
    hook.status = 204
    d = ended(stack, ann, message)  # by its own wait of five seconds
    assert d['state'] == 'sent' and [t['ok'] for t in d['tries']] == [False, True] and d['error'] is None
    assert len({headers(r)['webhook-id'] for r in hook.requests}) == 1


def test_waits_grow_by_the_table(stack):
    said = stack.db("select kind, array(select extract(epoch from tocsin.retry_wait(kind, n))::int "
                    "from generate_series(1, 11) n) from unnest(array['webhook', 'email']) kind")
    waits = dict(said)
    assert waits['webhook'] == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400, None, None]
    assert waits['email'][-1] is None and waits['email'][:10] == sorted(waits['email'][:10])


def test_last_failure_is_a_dead_letter_that_can_be_sent_again(stack, ann):
    hook = stack.hook(status=503)
    c = channel(ann, url=hook.url)
    message = owe(stack, ann, c, monitor(stack, ann))
    stack.db('update tocsin.outbox set attempts = 9 where id = %s', message)
    d = ended(stack, ann, message)
    assert d['state'] == 'dead' and d['error'] == 'the receiver answered 503' and d['attempts'] == 10
    assert ann.api('GET', f"/channels/{c['id']}").json()['last']['state'] == 'dead'
    hook.status = 200
    again = ann.api('POST', f'/deliveries/{message}/resend')
    assert again.status_code == 202 and again.headers['Location'].endswith(f"/deliveries/{again.json()['id']}")
    assert ended(stack, ann, again.json()['id'])['state'] == 'sent'
    assert len({headers(r)['webhook-id'] for r in hook.requests}) == 2, 'by hand it is a new message'
    assert stack.user().api('POST', f'/deliveries/{message}/resend').status_code == 404
    dead = ann.api('GET', f"/deliveries?state=dead&channel={c['id']}").json()['items']
    assert [x['id'] for x in dead] == [message]


def test_retry_after_is_honoured(stack, ann):
    hook = stack.hook(status=429)
    hook.headers = {'Retry-After': '600'}
    message = owe(stack, ann, channel(ann, url=hook.url), monitor(stack, ann))
    tried(stack, ann, message)
    assert 590 < stack.db('select extract(epoch from next_at - now()) from tocsin.outbox where id = %s', message)[0][0] < 601


def test_an_endless_retry_after_has_an_end(stack, ann):
    hook = stack.hook(status=503)
    hook.headers = {'Retry-After': '99999999999999'}
    message = owe(stack, ann, channel(ann, url=hook.url), monitor(stack, ann))
    tried(stack, ann, message)
    assert 0 < stack.db('select extract(epoch from next_at - now()) from tocsin.outbox where id = %s', message)[0][0] < 26 * 3600
    assert len(hook.requests) == 1


def test_gone_disables_the_channel(stack, ann):
    hook = stack.hook(status=410)
    c = channel(ann, url=hook.url)
    first, other = owe(stack, ann, c, monitor(stack, ann)), None
    with stack.events(ann) as events:
        assert ended(stack, ann, first)['state'] == 'dead'
        events.wait(lambda e: e['event'] == 'channel' and e['data'].get('change') == 'disabled')
    read = ann.api('GET', f"/channels/{c['id']}").json()
    assert read['enabled'] is False and read['disabled_reason'] == 'the receiver answered 410 Gone'
    other = ann.api('POST', f'/deliveries/{first}/resend')
    assert other.status_code == 409
    back = ann.api('PATCH', f"/channels/{c['id']}", json={'enabled': True}).json()
    assert back['enabled'] is True and back['disabled_reason'] is None


def test_disabling_cancels_what_waits(stack, ann):
    hook = stack.hook(status=500)
    c = channel(ann, url=hook.url)
    message = owe(stack, ann, c, monitor(stack, ann))
    tried(stack, ann, message)
    ann.api('PATCH', f"/channels/{c['id']}", json={'enabled': False})
    d = ann.api('GET', f'/deliveries/{message}').json()
    assert d['state'] == 'cancelled' and d['error'] == f'disabled by {ann.email}'


def test_messages_of_a_monitor_stay_in_order(stack, ann):
    hook = stack.hook(status=500)
    c = channel(ann, url=hook.url)
    m, n = monitor(stack, ann), monitor(stack, ann)
    down = owe(stack, ann, c, m, seq=1)
    tried(stack, ann, down)
    up, other = owe(stack, ann, c, m, 'up', seq=2), owe(stack, ann, c, n, seq=1)
    tried(stack, ann, other)
    assert ann.api('GET', f'/deliveries/{up}').json()['attempts'] == 0, 'it waits for the one before'
    hook.status = 200
    now(stack, down, other)
    assert ended(stack, ann, up)['state'] == 'sent'
    told = [json.loads(r['body'])['type'] for r in hook.requests
            if json.loads(r['body'])['data']['monitor']['id'] == m]
    assert told[-1] == 'monitor.up' and set(told[:-1]) == {'monitor.down'}


def test_slow_receiver_delays_nobody_else(stack, ann):
    slow, hook = stack.site(), stack.hook()
    slow.delay = 30
    dull = channel(ann, url=slow.url)
    waiting = [owe(stack, ann, dull, monitor(stack, ann)) for _ in range(60)]
    stack.wait(lambda: slow.hits >= 5, 10, 'the slow receiver to be busy')
    quick = [channel(ann, url=hook.url) for _ in range(20)]
    began = time.monotonic()
    messages = [owe(stack, ann, c, monitor(stack, ann)) for c in quick]
    for message in messages:
        assert ended(stack, ann, message)['state'] == 'sent'
    took = time.monotonic() - began
    assert slow.hits <= 5, 'at most five at once to one channel'
    ann.api('DELETE', f"/channels/{dull['id']}")
    slow.go.set()
    assert took < 5 and waiting


# ---------------------------------------------------------------- what must not happen

def test_answers_are_cut_printable_and_without_secrets(stack, ann):
    site = stack.site(status=500, body=b'\x00\x1b[31m hush-hush ' + b'x' * 100000)
    c = channel(ann, url=site.url, headers={'X-Token': 'hush-hush'})
    message = owe(stack, ann, c, monitor(stack, ann))
    d = tried(stack, ann, message)
    excerpt = d['tries'][0]['excerpt']
    assert len(excerpt) < 400 and excerpt.isprintable() and '*********' in excerpt
    assert 'hush-hush' not in json.dumps(d) + stack.tocsind.out.read_text()
    assert c['signing_secret'] not in stack.tocsind.out.read_text()


def test_redirect_is_not_followed(stack, ann):
    hook, site = stack.hook(), stack.site(status=302)
    site.headers = {'Location': hook.url}
    d = tried(stack, ann, owe(stack, ann, channel(ann, url=site.url), monitor(stack, ann)))
    assert 'redirects are not followed' in d['error'] and not hook.requests


def test_special_address_is_refused_when_it_is_dialled(stack, ann):
    c = channel(ann, url='https://hooks.example.org/')
    stack.db("update tocsin.channel set config = %s where id = %s", json.dumps({'url': 'http://10.1.2.3/'}), c['id'])
    d = ended(stack, ann, owe(stack, ann, c, monitor(stack, ann)))
    assert d['state'] == 'dead' and 'may not be connected to' in d['error']


def test_mail_server_that_refuses_for_good_ends_it(stack, ann):
    c = channel(ann, 'email', to=['gone@example.org'])
    try:
        stack.smtp.refuse = '550 5.1.1 no such user'
        d = ended(stack, ann, owe(stack, ann, c, monitor(stack, ann)))
        assert d['state'] == 'dead' and '550' in d['error'] and d['code'] == 550
        stack.smtp.refuse = '451 4.3.0 later'
        d = tried(stack, ann, owe(stack, ann, c, monitor(stack, ann)))
        assert d['state'] == 'pending' and '451' in d['error']
    finally:
        stack.smtp.refuse = None


def test_one_bad_address_does_not_take_the_mail_from_the_others(stack, ann):
    async def some(server, session, envelope, address, options):
        if address.startswith('bad'):
            return '550 5.1.1 no such user'
        envelope.rcpt_tos.append(address)
        return '250 OK'
    stack.smtp.handle_RCPT = some
    try:
        c = channel(ann, 'email', to=['bad1@example.org', 'well@example.org', 'bad2@example.org'])
        d = ended(stack, ann, owe(stack, ann, c, monitor(stack, ann)))
        assert d['state'] == 'sent' and d['tries'][0]['excerpt'] == '550 5.1.1 no such user'
        assert stack.smtp.wait(1, to='well@example.org')[0].rcpt_tos == ['well@example.org']
        c = channel(ann, 'email', to=['bad1@example.org'])
        d = ended(stack, ann, owe(stack, ann, c, monitor(stack, ann)))
        assert d['state'] == 'dead' and '550 5.1.1' in d['error']
    finally:
        del stack.smtp.handle_RCPT


# ---------------------------------------------------------------- TLS and signing in to a mail server

@pytest.fixture(scope='module')
def post(build):
    """A stack whose mail server wants STARTTLS and a password."""
    with Stack(build) as s:
        cert, key, word = s.root / 'cert.pem', s.root / 'key.pem', s.root / 'smtp-password'
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                        '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=127.0.0.1',
                        '-addext', 'subjectAltName=IP:127.0.0.1'], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        s.tried = []

        def sign_in(server, session, envelope, mechanism, data):
            s.tried.append((data.login, data.password))
            return AuthResult(success=data.password == b'right-password', handled=False)

        s.post = Smtp(tls_context=context, require_starttls=True, authenticator=sign_in, auth_required=True)
        cert.chmod(0o644)
        word.write_text('right-password\n')
        word.chmod(0o644)
        s.word = word
        s.tocsind.settings.update(smtp_url=s.post.url, smtp_starttls='required', smtp_ca_file=str(cert),
                                  smtp_user='tocsin', smtp_password_file=str(word))
        reload(s)
        yield s
        s.post.stop()


def reload(s):
    seen = s.tocsind.out.read_text().count('reload finished')
    s.tocsind.reload()
    s.wait(lambda: s.tocsind.out.read_text().count('reload finished') > seen, 15, 'the reload')


def test_mail_goes_by_starttls_and_password(post):
    s, ann = post, post.user()
    c = channel(ann, 'email', to=['x@example.org'])
    assert ended(s, ann, owe(s, ann, c, monitor(s, ann)))['state'] == 'sent'
    assert s.post.wait(1)[0].rcpt_tos == ['x@example.org']
    assert s.tried == [(b'tocsin', b'right-password')]


def test_wrong_password_is_said_without_it(post):
    s, ann = post, post.user()
    s.word.write_text('wrong-password\n')
    reload(s)
    c = channel(ann, 'email', to=['x@example.org'])
    d = tried(s, ann, owe(s, ann, c, monitor(s, ann)))
    assert d['state'] == 'pending' and '535' in d['error']
    assert 'wrong-password' not in json.dumps(d) + s.tocsind.out.read_text()
    s.word.write_text('right-password\n')
    reload(s)


def test_own_mail_server_must_be_trusted_and_offer_tls(post):
    s, ann = post, post.user()
    c = channel(ann, 'email', to=['x@example.org'], **{'smtp_url': s.post.url, 'from': 'own@example.net'})
    d = tried(s, ann, owe(s, ann, c, monitor(s, ann)))
    assert 'certificate' in d['error'], 'the administrator trusts it, the system does not'
    ann.api('PATCH', f"/channels/{c['id']}", json={'config': {'smtp_url': s.smtp.url}})
    d = tried(s, ann, owe(s, ann, c, monitor(s, ann)))
    assert 'does not offer TLS' in d['error'] and not s.smtp.messages
    ann.api('PATCH', f"/channels/{c['id']}", json={'config': {'starttls': 'off'}})
    s.smtp.wait(1)
    assert s.smtp.messages[0].mail_from == 'own@example.net'
