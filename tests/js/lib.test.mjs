// The pure functions of the pages.
import { test } from 'node:test';
import assert from 'node:assert/strict';

const lib = (name) => import(`../../htdocs/ui/app/lib/${name}.js`);
const number = await lib('number');
const time = await lib('time');
const status = await lib('status');
const search = await lib('search');
const rules = await lib('rules');
const range = await lib('range');
const merge = await lib('merge');
const markdown = await lib('markdown');
const { agentName } = await lib('agent');

/** @param {Function} fn @param {[unknown[], unknown][]} cases */
const table = (fn, cases) => { for (const [args, want] of cases) assert.deepEqual(fn(...args), want, `${fn.name}(${JSON.stringify(args)})`); };

test('uptime is cut, never rounded up, and a dash without data', () => table(number.percent, [
    [[99.996], '99.99 %'], [[99.999999], '99.99 %'], [[100], '100 %'], [[0], '0.00 %'], [[97.2], '97.20 %'], [[99.95], '99.95 %'], [[null], '—'], [[undefined], '—'], [[NaN], '—'],
]));
test('times in milliseconds turn into seconds at one second', () => table(number.ms, [
    [[0.94], '0.9 ms'], [[145.4], '145 ms'], [[999.4], '999 ms'], [[1000], '1.00 s'], [[10000], '10.00 s'], [[null], '—'],
]));
test('counts have thin spaces', () => table(number.count, [[[1240], '1\u202f240'], [[7], '7'], [[null], '—']]));
test('sizes', () => table(number.bytes, [[[999], '999 B'], [[1.2e9], '1.2 GB'], [[13e6], '13 MB']]));
test('plurals', () => table(number.plural, [[[1, 'check'], '1 check'], [[2, 'check'], '2 checks'], [[2, 'try', 'tries'], '2 tries']]));

test('spans have two units at most', () => table(time.span, [
    [[0], '0 s'], [[252], '4 min 12 s'], [[7200], '2 h'], [[86400 * 12 + 5], '12 d'], [[86400 + 3600], '1 d 1 h'], [[61, 1], '1 min'], [[null], '—'], [[-5], '0 s'],
]));
test('relative times', () => table(time.ago, [[[0, 1000], 'now'], [[0, 180000], '3 min ago'], [[60000, 0], 'in 1 min'], [[2000, 0], 'now']]));
test('every absolute time has its zone', () => {
    const at = Date.parse('2026-11-21T14:02:10Z');
    assert.equal(time.absolute(at, 'UTC'), '21 Nov 2026, 14:02:10 UTC');
    assert.match(time.absolute(at, 'Asia/Kolkata'), /19:32:10 (IST|GMT\+5:30)$/);
    assert.equal(time.short(at, 'UTC', at + 1000), '14:02:10');
    assert.equal(time.short(at, 'UTC', at + 864e5), '21 Nov, 14:02');
    assert.equal(time.instant(''), null);
    assert.equal(time.instant('no'), null);
});

test('a check that is overdue makes the status unknown, whatever it was', () => {
    const up = { status: 'up', checkedAt: 0, interval: 60 };
    table(status.shown, [
        [[up, 150000, false], { status: 'up', known: null }],
        [[up, 150001, false], { status: 'unknown', known: 'up' }],
        [[up, 1000, true], { status: 'up', known: 'up' }],
        [[{ ...up, status: 'paused' }, 1e9, true], { status: 'paused', known: null }],
        [[{ ...up, checkedAt: null }, 1e9, false], { status: 'up', known: null }],
    ]);
});
test('the worst status of a group', () => table(status.worst, [[[['up', 'degraded', 'unknown']], 'degraded'], [[['up', 'down', 'maintenance']], 'down'], [[['up', 'paused']], 'up'], [[[]], 'paused']]));

test('search words and tokens', () => {
    const row = { text: 'api-1\nhttps://api.eu\nproduction\nprod', type: 'http', tags: ['prod'], group: 'Production', owner: '7' };
    const hit = (text) => search.matches(search.parse(text), row, 'down');
    for (const text of ['', 'api', 'API eu', 'is:down', 'tag:prod', '-tag:edge', 'group:prod', 'type:http', 'is:d', '"api-1"', 'https://api', 'owner:7']) assert.ok(hit(text), text);
    for (const text of ['web', 'is:up', '-api', 'tag:edge', 'type:dns', 'foo:bar']) assert.ok(!hit(text), text);
});
test('fuzzy finding prefers whole words', () => {
    assert.ok(search.fuzzy('shop', 'my shop') > search.fuzzy('shop', 'workshop'));
    assert.equal(search.fuzzy('xyz', 'shop'), -1);
    assert.ok(search.fuzzy('mnt', 'monitors') > 0 - 1);
});

test('addresses that a form refuses', () => {
    for (const good of ['https://example.com', 'http://127.0.0.1:8080/x?y']) assert.equal(rules.urlProblem(good), '', good);
    for (const bad of ['', 'example.com', 'ftp://x', 'javascript:alert(1)', 'https://a:b@c/']) assert.notEqual(rules.urlProblem(bad), '', bad);
});
test('where sign-in may lead: pages of this site only', () => table(rules.safeNext, [
    [['monitors/?id=4'], 'monitors/?id=4'], [['dash/'], 'dash/'], [['//evil.example'], 'dash/'], [['https://evil.example/'], 'dash/'], [['/etc'], 'dash/'], [['../x'], 'dash/'], [[null], 'dash/'], [['javascript:alert(1)'], 'dash/'],
]));
test('passwords by length', () => {
    assert.notEqual(rules.passwordProblem('short'), '');
    assert.equal(rules.passwordProblem('correct horse battery'), '');
    assert.equal(rules.strength('aaaaaaaaaaaaaaaaaaaaaaa'), 1);
    assert.equal(rules.strength('correct horse battery'), 4);
});
test('expected codes', () => {
    for (const good of ['200', '200-399,401', '200-299, 301']) assert.equal(rules.expectProblem(good), '', good);
    for (const bad of ['', '99', '600', '200-', 'ok']) assert.notEqual(rules.expectProblem(bad), '', bad);
});

test('spans of time as text', () => table(range.parseRange, [
    [['24h', 1e6], { from: 1e6 - 86400, to: 1e6, open: true }], [['-30m', 1e6], { from: 1e6 - 1800, to: 1e6, open: true }],
    [['100-200', 1e6], { from: 100, to: 200, open: false }], [['200-100', 1e6], null], [['yesterday', 1e6], null], [['', 1e6], null],
]));
test('areas are stacked, gaps stay gaps', () => table(range.stack, [[[[[1, null, 2], [3, 4, 5]]], [[1, null, 2], [4, null, 7]]]]));
test('quantiles leave gaps out', () => table(range.quantile, [[[[3, null, 1, 2], 0.5], 2], [[[null], 0.5], null]]));

test('two editors: what differs and what clashes', () => {
    assert.deepEqual(merge.differences({ a: 1, b: 1, c: 1 }, { a: 2, b: 1, c: 1 }, { a: 3, b: 2, c: 1 }), [
        { name: 'a', base: 1, mine: 2, theirs: 3, clash: true }, { name: 'b', base: 1, mine: 1, theirs: 2, clash: false }]);
    assert.equal(merge.words({ Authorization: null, Accept: 'x' }), 'Authorization: ••••, Accept: x');
    assert.equal(merge.words([]), 'none');
});

test('markdown: links to known schemes only, everything else stays text', () => {
    assert.deepEqual(markdown.inline('see [it](javascript:alert(1)) **now**'), ['see ', '[it](javascript:alert(1)', ') ', { tag: 'strong', kids: ['now'] }]);
    assert.deepEqual(markdown.inline('a [b](https://c.example/) `<d>`'), ['a ', { tag: 'a', href: 'https://c.example/', kids: ['b'] }, ' ', { tag: 'code', kids: ['<d>'] }]);
    assert.deepEqual(markdown.blocks('# T\n\n- a\n- b\n\n> q\n\n```\n<b>\n```').map((b) => b.tag), ['h4', 'ul', 'blockquote', 'pre']);
    assert.deepEqual(markdown.blocks('<script>alert(1)</script>'), [{ tag: 'p', kids: ['<script>alert(1)</script>'] }]);
});
test('browsers have short names', () => table(agentName, [
    [['Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0'], 'Firefox on Linux'], [['curl/8.5'], 'curl'], [[''], 'Unknown'], [['Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140'], 'Edge on Windows'],
]));
