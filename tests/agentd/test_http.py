"""What the agent makes of requests, the control plane's and others."""


def test_the_state_is_served(agent):
    answer = agent().get('/v1/state')
    assert answer.status_code == 200
    assert answer.headers['Content-Type'] == 'application/json'


def test_an_app_that_is_not_listed_does_not_exist(agent):
    one = agent('[app web]\nunit = web.service\n')
    answer = one.get('/v1/apps/other/env')
    assert answer.status_code == 404
