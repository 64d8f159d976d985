"""Status pages: their settings, what stands on them, and who may change that."""
import pytest

from watching import create, refused


@pytest.fixture
def ann(quiet):
    return quiet.user()


def page(who, **settings):
    answer = who.api('POST', '/pages', json={'title': f'Status of {who.email}', **settings})
    assert answer.status_code == 201, answer.text
    assert answer.headers['Location'].endswith(f"/pages/{answer.json()['id']}")
    return answer.json()


def test_a_page_is_made_read_changed_and_deleted(quiet, ann):
    made = page(ann, title='My Shop: Status!', slug='shop-one')
    assert (made['slug'], made['title'], made['lang'], made['zone'], made['theme'], made['accent']) == \
        ('shop-one', 'My Shop: Status!', 'en', 'UTC', 'system', '#2563eb')
    assert (made['access'], made['publish'], made['publish_after'], made['robots'], made['components']) == \
        ('public', 'after', 120, True, [])
    assert made['address'] == f'{quiet.url}/status/shop-one/' and made['published_at'] is None and not made['logo']
    path = f"/pages/{made['id']}"
    got = ann.api('GET', path)
    assert got.json() == made and got.headers['ETag'].startswith('"1-')
    changed = ann.api('PATCH', path, json={'title': 'Shop', 'zone': 'Europe/Berlin', 'lang': 'de', 'url': 'https://status.shop.example'},
                      headers={'If-Match': got.headers['ETag']}).json()
    assert (changed['title'], changed['zone'], changed['lang'], changed['url'], changed['version']) == \
        ('Shop', 'Europe/Berlin', 'de', 'https://status.shop.example/', 2)
    assert changed['address'] == changed['url']
    assert ann.api('PATCH', path, json={'title': 'x'}, headers={'If-Match': got.headers['ETag']}).status_code == 412
    assert [p['id'] for p in ann.api('GET', '/pages').json()['items']] == [made['id']]
    assert ann.api('GET', '/pages?q=SHOP').json()['items'][0]['components'] == 0
    assert ann.api('DELETE', path).status_code == 204 and ann.api('GET', path).status_code == 404
    assert [r[0] for r in quiet.db("select action from tocsin.audit where object_type = 'page' and object_id = %s order by id",
                                   str(made['id']))] == ['page.create', 'page.update', 'page.delete']
