"""The description of the API and the API say the same."""
import re

import pytest

METHODS = {'get', 'post', 'put', 'patch', 'delete'}


@pytest.fixture(scope='module')
def s(quiet):
    return quiet


@pytest.fixture(scope='module')
def doc(s):
    answer = s.anyone().api('GET', '/openapi.json')
    assert answer.status_code == 200 and answer.headers['Content-Type'] == 'application/json'
    return answer.json()


def operations(doc):
    for path, item in doc['paths'].items():
        for method, op in item.items():
            yield method, path, op


def concrete(path):
    return (path.replace('{id}', '999999999').replace('{sub}', '999999998')
            .replace('{uuid}', '123e4567-e89b-12d3-a456-426614174000')
            .replace('{key}', 'nothing').replace('{name}', 'nothing'))


def resolve(doc, ref):
    node = doc
    for part in ref.removeprefix('#/').split('/'):
        node = node[part]
    return node


def test_it_is_openapi(doc):
    assert doc['openapi'] == '3.1.0' and doc['info']['title'] == 'Tocsin' and doc['servers']
    ids = [op['operationId'] for _, _, op in operations(doc)]
    assert len(ids) == len(set(ids)) >= 20
    for method, path, op in operations(doc):
        assert method in METHODS and path.startswith('/')
        assert op['summary'].endswith('.'), (method, path)
        assert op['tags'], (method, path)
        named = set(re.findall(r'{(\w+)}', path))
        assert {p['name'] for p in op['parameters'] if p['in'] == 'path'} == named
        assert '$ref' in op['responses']['default']
        for status, answer in op['responses'].items():
            assert status == 'default' or 200 <= int(status) < 600
            if '$ref' in answer:
                assert 'application/problem+json' in resolve(doc, answer['$ref'])['content']
        for p in op['parameters']:
            assert p['schema'].get('description') or p['in'] == 'path', (method, path, p['name'])
        body = op.get('requestBody')
        if body and 'application/json' in body['content']:
            schema = body['content']['application/json']['schema']
            assert schema['additionalProperties'] is False
            for name, field in schema['properties'].items():
                assert field.get('description', '').endswith(('.', ')')), (method, path, name)


def test_every_route_is_there_and_says_which_methods(s, doc):
    for path, item in doc['paths'].items():
        answer = s.anyone().api('OPTIONS', concrete(path))
        assert answer.status_code == 204, path
        allowed = {m.strip().lower() for m in answer.headers['Allow'].split(',')} - {'head', 'options'}
        assert allowed == set(item), path


def test_every_guarded_route_refuses_strangers_and_low_roles(s, doc):
    stranger, clients = s.anyone(), {r: s.user(r) for r in ('viewer', 'member', 'operator')}
    rank = ['viewer', 'member', 'operator', 'admin']
    guarded = 0
    for method, path, op in operations(doc):
        if 'x-role' not in op:
            assert op['security'] == []
            continue
        guarded += 1
        answer = stranger.api(method.upper(), concrete(path))
        assert answer.status_code == 401, (method, path, answer.text)
        assert answer.headers['WWW-Authenticate'].startswith('Bearer')
        need = rank.index(op['x-role'])
        if need:
            answer = clients[rank[need - 1]].api(method.upper(), concrete(path))
            assert answer.status_code == 403, (method, path, answer.text)
    assert guarded >= 15


def test_unknown_parameters_and_fields_are_refused_everywhere(s, doc):
    client = s.user('admin')
    for method, path, op in operations(doc):
        if 'x-role' not in op:
            continue
        answer = client.api(method.upper(), concrete(path) + '?definitely_unknown=1')
        assert answer.status_code == 422 and answer.json()['errors'].get('definitely_unknown') == 'is not known', (method, path, answer.text)
        assert '422' in op['responses']
        if method != 'get':
            answer = client.api(method.upper(), concrete(path), json={'definitely_unknown': 1})
            assert answer.status_code == 422 and answer.json()['errors']['definitely_unknown'] == 'is not known', (method, path)


def test_required_fields_and_bounds_are_true(s, doc):
    """What the description requires is required, and a value beyond a bound is refused."""
    client = s.user('admin')
    seen = 0
    for method, path, op in operations(doc):
        fields = [(p['name'], p['schema'], 'query') for p in op['parameters'] if p['in'] == 'query']
        body = op.get('requestBody', {}).get('content', {}).get('application/json', {}).get('schema')
        if body and 'x-role' in op:
            answer = client.api(method.upper(), concrete(path), json={})
            if body.get('required'):
                assert answer.status_code == 422 and set(body['required']) <= set(answer.json()['errors']), (method, path, answer.text)
            fields += [(n, f, 'body') for n, f in body['properties'].items()]
        if 'x-role' not in op:
            continue
        for name, schema, where in fields:
            kind = schema['type'] if isinstance(schema['type'], str) else schema['type'][0]
            if kind == 'integer' and 'maximum' in schema:
                value = schema['maximum'] + 1
            elif 'enum' in schema:
                value = 'not-one-of-them'
            elif kind == 'string' and 'maxLength' in schema and schema['maxLength'] < 20000:
                value = 'x' * (schema['maxLength'] + 1)
            elif kind == 'boolean':
                value = 'perhaps'
            else:
                continue
            if where == 'query' and len(str(value)) > 6000:
                continue
            kw = {'params': {name: value}} if where == 'query' else {'json': {name: value}}
            answer = client.api(method.upper(), concrete(path), **kw)
            assert answer.status_code == 422 and name in answer.json()['errors'], (method, path, name, answer.text)
            seen += 1
    assert seen >= 20


def test_every_route_has_an_sql_function_that_answers(s, doc):
    """No route may answer 500, whatever is asked of it with good manners."""
    client = s.user('admin')
    for method, path, op in operations(doc):
        if path in ('/events',):
            continue
        answer = client.api(method.upper(), concrete(path), json={} if method in ('post', 'put', 'patch') else None)
        assert answer.status_code != 500, (method, path, answer.text)
        if 'x-role' in op:
            assert str(answer.status_code) in op['responses'], (method, path, answer.status_code)
        if path == '/session' and method == 'delete':
            client = s.user('admin')
