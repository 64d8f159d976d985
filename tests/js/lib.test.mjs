// The pure functions of the pages.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

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

const zone = await lib('zone');
const cron = await lib('cron');
const recur = await lib('recur');
const month = await lib('month');
const window_ = await lib('window');
const contrast = await lib('contrast');
const sections = await lib('sections');
const statuspage = await lib('statuspage');

const plan = (over) => ({ zone: 'Europe/Berlin', wall: zone.parseWall('2027-03-14 02:30'), duration: 3600, repeat: 'weekly', rule: {}, until: null, ...over });
const starts = (p, now, most = 5) => recur.occurrences(p, Date.parse(now), most).map((o) => `${new Date(o.starts).toISOString().slice(0, 16)}${o.odd ? ` ${o.odd}` : ''}`);

test('spans as people type them', () => table(time.parseSpan, [
    [['90 min'], 5400], [['2 h'], 7200], [['1h30m'], 5400], [['1 h 30 min'], 5400], [['45'], 2700], [['2 d'], 172800], [['0.5h'], 1800], [[''], null], [['soon'], null], [['2 moons'], null], [['-1 h'], null],
]));
test('wall clocks: a time that is skipped comes later, one that comes twice is the first', () => {
    const at = (text, where) => { const { at: t, odd } = zone.instantOf(zone.parseWall(text), where); return [new Date(t).toISOString().slice(0, 16), odd]; };
    table(at, [
        [['2027-03-28 02:30', 'Europe/Berlin'], ['2027-03-28T01:30', 'skipped']], [['2026-10-25 02:30', 'Europe/Berlin'], ['2026-10-25T00:30', 'twice']],
        [['2026-10-25 03:00', 'Europe/Berlin'], ['2026-10-25T02:00', '']], [['2026-11-21 02:00', 'Asia/Kolkata'], ['2026-11-20T20:30', '']], [['2026-04-05 01:45', 'Australia/Lord_Howe'], ['2026-04-04T14:45', 'twice']],
    ]);
    table(zone.parseWall, [[['2026-02-30 10:00'], null], [['2026-11-21 24:00'], null], [['21.11.2026'], null], [[''], null]]);
    assert.match(zone.zoneProblem('Mars/Phobos'), /no such time zone/);
    assert.equal(zone.offsetText(Date.parse('2026-11-21T00:00Z'), 'America/St_Johns'), '−03:30');
});
test('occurrences keep the wall clock across the change of clocks', () => {
    assert.deepEqual(starts(plan(), '2027-03-10T00:00Z'), ['2027-03-14T01:30', '2027-03-21T01:30', '2027-03-28T01:30 skipped', '2027-04-04T00:30', '2027-04-11T00:30']);
    assert.deepEqual(starts(plan({ rule: { every: 2, days: [7, 1] } }), '2027-03-10T00:00Z', 4), ['2027-03-14T01:30', '2027-03-22T01:30', '2027-03-28T01:30 skipped', '2027-04-05T00:30']);
    assert.deepEqual(starts(plan({ until: Date.parse('2027-03-22T00:00Z') }), '2027-03-10T00:00Z'), ['2027-03-14T01:30', '2027-03-21T01:30']);
    assert.deepEqual(starts(plan({ repeat: 'once' }), '2027-03-14T02:00Z'), ['2027-03-14T01:30']);
    assert.deepEqual(starts(plan({ repeat: 'once' }), '2027-03-14T02:30Z'), []);
    assert.deepEqual(starts(plan({ wall: null }), '2027-03-14T02:30Z'), []);
});
test('months: by number, at the end of a shorter one, and by the day of the week', () => {
    const end = plan({ repeat: 'monthly', wall: zone.parseWall('2027-01-31 12:00'), zone: 'UTC', rule: { day: 31 } });
    assert.deepEqual(starts(end, '2027-01-01T00:00Z', 4), ['2027-01-31T12:00', '2027-02-28T12:00', '2027-03-31T12:00', '2027-04-30T12:00']);
    assert.deepEqual(starts({ ...end, rule: { week: -1, weekday: 5 } }, '2027-01-31T13:00Z', 2), ['2027-02-26T12:00', '2027-03-26T12:00']);
    assert.deepEqual(starts({ ...end, rule: { week: 2, weekday: 2, every: 2 } }, '2027-01-31T13:00Z', 2), ['2027-03-09T12:00', '2027-05-11T12:00']);
});
test('cron: lists, steps, names, both days; what is none says so; old rules cost nothing', () => {
    const rule = (expression, wall = '2026-11-21 00:00') => plan({ repeat: 'cron', zone: 'UTC', wall: zone.parseWall(wall), rule: { expression } });
    assert.deepEqual(starts(rule('*/20 2 * * mon-fri'), '2026-11-21T00:00Z', 4), ['2026-11-23T02:00', '2026-11-23T02:20', '2026-11-23T02:40', '2026-11-24T02:00']);
    assert.deepEqual(starts(rule('0 4 1 * 7'), '2026-11-21T00:00Z', 3), ['2026-11-22T04:00', '2026-11-29T04:00', '2026-12-01T04:00']);
    assert.deepEqual(starts(rule('0 0 29 2 *'), '2026-11-21T00:00Z', 1), ['2028-02-29T00:00']);
    assert.deepEqual(starts(rule('@daily'), '2026-11-21T12:00Z', 1), ['2026-11-22T00:00']);
    assert.equal(starts(rule('* * * * *', '2001-01-01 00:00'), '2026-11-21T00:00Z', 1).length, 1);
    for (const bad of ['', '1 2 3', '60 * * * *', '* 24 * * *', '* * 0 * *', '* * * 13 *', '5-1 * * * *', '*/0 * * * *', 'a * * * *', '* * * * 8']) assert.ok(cron.parseCron(bad).problem, bad);
    assert.equal(cron.cronWords(cron.parseCron('0 2 * * 7').cron), 'on Sunday at 02:00');
    assert.equal(cron.cronWords(cron.parseCron('30 1,13 1 jan,jul *').cron), 'on day 1 of the month at 01:30 and 13:30 in January and July');
    assert.equal(cron.cronWords(cron.parseCron('*/5 * * * *').cron), 'every day minute 0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50 and 55 of every hour');
});
test('rules in words', () => {
    assert.equal(recur.ruleWords(plan({ rule: { every: 2, days: [4, 1] } })), 'every 2 weeks on Monday and Thursday at 02:30');
    assert.equal(recur.ruleWords(plan({ repeat: 'monthly', rule: { week: -1, weekday: 5 } })), 'every month on the last Friday at 02:30');
    assert.equal(recur.ruleWords(plan({ repeat: 'monthly', rule: { day: 31 } })), 'every month on day 31 at 02:30, or the last one');
});
test('a window is upcoming, in progress and completed by the clock alone', () => {
    const next = { starts_at: '2026-11-21T10:00:00Z', ends_at: '2026-11-21T11:00:00Z' };
    const says = (at, over = {}) => recur.stateNow({ state: 'upcoming', repeat: 'once', next, ...over }, Date.parse(at));
    table(says, [[['2026-11-21T09:59:59Z'], 'upcoming'], [['2026-11-21T10:00:00Z'], 'in-progress'], [['2026-11-21T11:00:00Z'], 'completed'], [['2026-11-21T11:00:00Z', { repeat: 'weekly' }], 'upcoming'], [['2026-11-21T10:30:00Z', { state: 'cancelled' }], 'cancelled'], [['2026-11-21T10:30:00Z', { next: null }], 'completed']]);
});
test('the form of a window: what it holds, what is wrong, what is sent', () => {
    const item = { title: 'Patches', description: '', zone: 'Europe/Berlin', starts_at: '2027-03-14T01:30:00Z', duration: 5400, repeat: 'weekly', rule: { every: 1, days: [7] }, until: null, everything: false, monitors: [3], tags: [], groups: [], silence: true, pause: false, show: true, tell: true, tell_before: null };
    const v = window_.valuesOf(item, 0, 'UTC');
    assert.equal(v.starts, '2027-03-14 02:30');
    assert.deepEqual(window_.problems(v), {});
    assert.deepEqual(window_.bodyOf(v), { ...item, starts_at: '2027-03-14T01:30:00.000Z' });
    assert.deepEqual(Object.keys(window_.problems({ ...v, title: ' ', starts: 'soon', lasts: 'long', zone: 'Nowhere', days: [], monitors: [] })).sort(), ['duration', 'monitors', 'rule', 'starts_at', 'title', 'zone']);
    assert.deepEqual(window_.withStart(v, '2027-03-15 02:30'), { starts: '2027-03-15 02:30', days: [1], weekday: 1, day: 15 });
    assert.deepEqual(window_.withStart({ ...v, days: [2, 4] }, '2027-03-15 02:30').days, undefined);
});
test('months as weeks, and days that a span touches', () => {
    assert.deepEqual([month.weeksOf('2026-11').length, month.weeksOf('2026-11')[0][0], month.weeksOf('2026-11').at(-1)[6]], [6, '2026-10-26', '2026-12-06']);
    assert.deepEqual([month.addMonths('2026-01-31', 1), month.addMonths('2026-01-31', -1), month.addDays('2026-02-28', 1)], ['2026-02-28', '2025-12-31', '2026-03-01']);
    assert.deepEqual(month.daysOf(Date.parse('2026-11-21T23:00Z'), Date.parse('2026-11-22T00:00Z'), 'UTC'), ['2026-11-21']);
    assert.deepEqual(month.daysOf(Date.parse('2026-11-21T22:30Z'), Date.parse('2026-11-23T00:00Z'), 'Europe/Berlin'), ['2026-11-21', '2026-11-22', '2026-11-23']);
});
test('an accent that can be read', () => {
    assert.equal(Math.round(contrast.contrast('#000000', '#ffffff') * 10) / 10, 21);
    assert.match(statuspage.accentProblem('#ffcc00', 'light'), /Too weak on light: 1\.\d\d:1/);
    assert.equal(statuspage.accentProblem('#2563eb', 'system'), '');
    assert.match(statuspage.accentProblem('#2563eb', 'dark'), /Too weak on dark/);
    assert.match(statuspage.accentProblem('blue', 'light'), /A colour like/);
    for (const ground of ['#ffffff', '#0f172a']) for (const hex of ['#ffcc00', '#2563eb', '#000000', '#FFFFFF', '#777777']) assert.ok(contrast.contrast(contrast.readable(hex, ground), ground) >= 4.5, `${hex} on ${ground}`);
});
test('components move within sections and across them, and keep their numbers', () => {
    const list = sections.toSections(['a A', 'a B', 'b C'].map((text, i) => ({ id: i + 1, section: text[0], kind: 'monitor', monitor: i + 1, group: null, name: text[2], description: '', show_ms: true, show_uptime: true })));
    const order = (some) => some.map((s) => `${s.name}:${s.items.map((i) => i.name).join('')}`).join(' ');
    const key = (name) => list.flatMap((s) => s.items).find((i) => i.name === name).key;
    table((name, by) => order(sections.moveItem(list, key(name), by)), [[['A', 1], 'a:BA b:C'], [['B', 1], 'a:A b:BC'], [['C', -1], 'a:ABC b:'], [['A', -1], 'a:AB b:C'], [['C', 1], 'a:AB b:C']]);
    assert.equal(order(sections.moveSection(list, list[1].key, -1)), 'b:C a:AB');
    assert.equal(sections.placeWords(list, key('B')), 'B: position 2 of 2 in a');
    assert.deepEqual(sections.toComponents(list).map((c) => [c.id, c.section]), [[1, 'a'], [2, 'a'], [3, 'b']]);
    const more = sections.addItem(list, list[1].key, { key: sections.newKey(), id: null, kind: 'group', monitor: null, group: 'G', name: 'G', description: '', show_ms: false, show_uptime: true });
    const later = sections.dropItem(more, key('A'));
    assert.deepEqual(sections.withIds(later, more, [1, 2, 3, 9].map((id) => ({ id }))).flatMap((s) => s.items).map((i) => i.id), [2, 3, 9]);
});
test('words for addresses', () => table(statuspage.suggestSlug, [[['Example Status'], 'example-status'], [['  Äpfel & Birnen!'], 'a-pfel-birnen'], [['***'], '']]));
test('the form checks an accent on the grounds that the server checks it on', () => {
    const sql = readFileSync(new URL('../../sql/shared/page.sql', import.meta.url), 'utf8').split('page_background(theme text)')[1].split('$$;')[0];
    for (const ground of Object.values(statuspage.GROUND)) assert.ok(sql.includes(`'${ground}'`), ground);
});
