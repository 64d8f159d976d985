"""Start, stop, restart: done once for each id, whatever happens to the answer."""
import threading
import uuid

import pytest

APPS = '[app web]\nunit = web.service\n[app calm]\nunit = calm.service\nrestart = no\n'


def ask(one, verb, action=None, app='web'):
    return one.post(f'/v1/apps/{app}/{verb}', {'action': action or str(uuid.uuid4())})


def test_a_restart_answers_with_the_app_as_it_is_then(agent):
    one = agent(APPS)
    one.unit('web.service', ActiveState='failed', SubState='failed', ExecMainCode=2, ExecMainStatus=9)
    assert one.get('/v1/state').json()['apps'][0]['exit'] == {'code': None, 'signal': 9}
    answer = ask(one, 'restart').json()
    assert answer['done'] and answer['state']['state'] == 'running' and answer['ms'] >= 0
    # a unit that was restarted too often is reset first
    assert [call.split()[1] for call in one.calls] == ['reset-failed', 'restart']


@pytest.mark.parametrize('verb, state', [('stop', 'stopped'), ('start', 'running')])
def test_each_verb_is_systemds(agent, verb, state):
    one = agent(APPS)
    one.unit('web.service')
    assert ask(one, verb).json()['state']['state'] == state
    assert one.calls[-1] == f'--no-ask-password {verb} -- web.service'


def test_the_same_id_is_done_once(agent):
    one = agent(APPS)
    one.unit('web.service')
    action = str(uuid.uuid4())
    first, second = ask(one, 'restart', action), ask(one, 'restart', action.upper())
    assert first.status_code == second.status_code == 200
    assert first.json()['ms'] == second.json()['ms']
    assert sum(' restart ' in call for call in one.calls) == 1


def test_who_asks_again_meanwhile_gets_the_same_answer(agent):
    one = agent(APPS)
    one.unit('web.service', Slow=1)
    action, answers = str(uuid.uuid4()), []
    threads = [threading.Thread(target=lambda: answers.append(one.client(*one.control).post(
        f'{one.url}/v1/apps/web/restart', json={'action': action}, timeout=30).json())) for _ in range(2)]
    for thread in threads:
        thread.start()
    one.wait(lambda: any(' restart ' in call for call in one.calls))
    other = ask(one, 'stop')
    assert other.status_code == 409 and 'under way' in other.json()['error']
    (one.folder / 'go').touch()
    for thread in threads:
        thread.join()
    assert answers[0] == answers[1] and sum(' restart ' in call for call in one.calls) == 1


def test_a_failure_says_what_systemd_said(agent):
    one = agent(APPS)
    one.unit('web.service', Refuse=1)
    answer = ask(one, 'start')
    assert answer.status_code == 500
    assert 'Job for web.service failed' in answer.json()['error'] and answer.json()['state']['state'] == 'failed'


def test_what_became_of_it_outlives_the_agent(agent):
    one = agent(APPS)
    one.unit('web.service', Slow=1)
    done, lost = str(uuid.uuid4()), str(uuid.uuid4())
    (one.folder / 'go').touch()
    assert ask(one, 'restart', done).status_code == 200
    (one.folder / 'go').unlink()
    thread = threading.Thread(target=lambda: pytest.raises(Exception, ask, one, 'restart', lost))
    thread.start()
    one.wait(lambda: sum(' restart ' in call for call in one.calls) == 2)
    one.kill()
    thread.join()
    (one.folder / 'go').touch()
    one.start()
    again = ask(one, 'restart', done)
    assert again.status_code == 200 and again.json()['done']
    again = ask(one, 'restart', lost)
    assert again.status_code == 409 and again.json()['error'] == 'unknown action outcome'
    assert sum(' restart ' in call for call in one.calls) == 2


def test_a_damaged_memory_is_read_as_far_as_it_goes(agent):
    one = agent(APPS, start=False)
    known = str(uuid.uuid4())
    (one.state_dir / 'actions').write_text(f'{known} web restart begun 0\n{known} web restart done 7\n\0\n{"x" * 900}\nhalf')
    one.unit('web.service')
    one.start()
    assert ask(one, 'restart', known).json()['ms'] == 7
    assert ask(one, 'restart').status_code == 200


def test_a_memory_that_cannot_be_written_keeps_nothing_from_being_done(agent):
    one = agent(APPS, start=False)
    (one.state_dir / 'actions').mkdir()
    one.unit('web.service')
    one.start()
    action = str(uuid.uuid4())
    assert ask(one, 'restart', action).status_code == ask(one, 'restart', action).status_code == 200
    assert sum(' restart ' in call for call in one.calls) == 1
    one.said("cannot write '.*/actions'")


def test_the_memory_does_not_grow(agent):
    one = agent(APPS, start=False)
    lines = ''.join(f'{uuid.uuid4()} web restart done 1\n' for _ in range(2000))
    (one.state_dir / 'actions').write_text(lines)
    one.unit('web.service')
    one.start()
    assert ask(one, 'restart').status_code == 200
    assert len((one.state_dir / 'actions').read_text().splitlines()) <= 300


@pytest.mark.parametrize('app, body, status', [
    ('web', {}, 400), ('web', {'action': 7}, 400), ('web', {'action': '1234'}, 400),
    ('web', {'action': str(uuid.UUID(int=1)) + '0'}, 400), ('calm', {'action': str(uuid.uuid4())}, 423),
    ('other', {'action': str(uuid.uuid4())}, 404),
])
def test_what_is_refused(agent, app, body, status):
    one = agent(APPS)
    assert one.post(f'/v1/apps/{app}/restart', body).status_code == status
    assert one.calls == []


def test_an_id_belongs_to_one_wish(agent):
    one = agent(APPS)
    one.unit('web.service')
    action = str(uuid.uuid4())
    assert ask(one, 'restart', action).status_code == 200
    assert ask(one, 'stop', action).status_code == 409
