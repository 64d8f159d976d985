// The pure parts of the fleet's pages: logs, env files, differences, events on charts.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { plain, spans } from '../../htdocs/ui/app/lib/ansi.js';
import { fresh, hidden, logRing, looksJson, pretty, visible } from '../../htdocs/ui/app/lib/logring.js';
import { cells, layout, wrapped } from '../../htdocs/ui/app/lib/loglayout.js';
import { atOrAfter, finder, forServer, pattern } from '../../htdocs/ui/app/lib/logsearch.js';
import { addKey, MASK, parseEnv, quoted, removeKey, setKey } from '../../htdocs/ui/app/lib/envtext.js';
import { counted, diffLines, diffWords, folded, linesOf, merge3 } from '../../htdocs/ui/app/lib/diff.js';
import { wouldHave } from '../../htdocs/ui/app/lib/demo.js';
import { kindOf, marks, near, wordsOf } from '../../htdocs/ui/app/lib/marks.js';

const line = (n, m = `line ${n}`) => ({ c: `c${n}`, t: n, p: 6, m });
const lines = (from, to) => Array.from({ length: to - from }, (_, i) => line(from + i));

test('the ring keeps the newest lines, each under its own number', () => {
    const ring = logRing(100, 0);
    assert.equal(ring.push(lines(0, 80)), 0);
    assert.equal(ring.push(lines(80, 130)), 30);
    assert.deepEqual([ring.first, ring.end, ring.size], [30, 130, 100]);
    assert.equal(ring.at(30).m, 'line 30');
    assert.equal(ring.at(129).m, 'line 129');
    assert.equal(ring.at(29), undefined);
    assert.equal(ring.find('c77'), 77);
    assert.equal(ring.find('c3'), -1);
    ring.clear();
    assert.deepEqual([ring.first, ring.end, ring.size], [130, 130, 0]);
});
test('older lines go to the front as far as there is room', () => {
    const ring = logRing(10, 0);
    ring.push(lines(5, 10));
    assert.equal(ring.prepend(lines(-8, 5).slice(-8)), 5);
    assert.deepEqual([ring.first, ring.end, ring.full], [-5, 5, true]);
    assert.equal(ring.at(-5).m, 'line 0');
    assert.equal(ring.prepend(lines(0, 3)), 0);
});
test('a hundred thousand lines and many more pass through without a copy each time', () => {
    const ring = logRing();
    const began = performance.now();
    for (let i = 0; i < 1000; i++) ring.push(lines(i * 256, i * 256 + 256));
    assert.equal(ring.size, 100000);
    assert.equal(ring.at(ring.end - 1).m, 'line 255999');
    assert.ok(performance.now() - began < 3000);
});
test('a batch that begins before what is known adds only the rest', () => {
    assert.deepEqual(fresh(lines(0, 5), 'c2').map((l) => l.c), ['c3', 'c4']);
    assert.equal(fresh(lines(0, 5), 'elsewhere').length, 5);
    assert.equal(fresh(lines(0, 5), '').length, 5);
});
test('long lines are cut, and say by how much', () => {
    const long = { ...line(1, 'x'.repeat(5000)), cut: 70 };
    assert.equal(visible(long, false).length, 4096);
    assert.equal(visible(long, true).length, 5000);
    assert.equal(hidden(long), 974);
    assert.equal(hidden(line(1)), 0);
});
test('a line that holds JSON is laid out; one that does not is left', () => {
    assert.deepEqual(pretty('INFO {"a":1}'), ['{', '  "a": 1', '}']);
    assert.equal(pretty('{"a":'), null);
    assert.ok(looksJson('x {"a":1}') && !looksJson('{a}') && !looksJson('no'));
});

test('ANSI colours become classes; control characters are shown, nothing turns the text around', () => {
    assert.deepEqual(spans('a\u001b[31mb\u001b[1;32mc\u001b[0md'), [{ text: 'a', cls: '' }, { text: 'b', cls: 'a-1' }, { text: 'c', cls: 'a-2 a-bold' }, { text: 'd', cls: '' }]);
    assert.deepEqual(spans('\u001b[38;5;196mx\u001b[38;2;0;0;255my'), [{ text: 'x', cls: 'a-1' }, { text: 'y', cls: 'a-4' }]);
    assert.equal(spans('plain').length, 1);
    assert.deepEqual(spans('\u0007\u001b[2Jz'), [{ text: '␇␛[2Jz', cls: '' }]);
    assert.equal(plain('\u202eevil\u0085\u007f'), '‹202e›evil‹85›␡');
    assert.equal(plain('\u001b[31mred\u001b[0m\ttab'), 'red\ttab');
});

test('rows of several lines: places and the way back', () => {
    const l = layout();
    l.tell(2, 3);
    l.tell(4, 1);
    l.tell(5, 2);
    assert.deepEqual([0, 1, 2, 3, 4, 5, 6].map(l.top), [0, 1, 2, 5, 6, 7, 9]);
    for (const [y, row] of [[0, 0], [2, 2], [4, 2], [5, 3], [8, 5], [9, 6], [99, 7]]) assert.equal(l.find(y, 8), row, `line ${y}`);
    l.clear();
    assert.equal(l.top(6), 6);
});
test('cells of a text, and how many lines it takes', () => {
    assert.equal(cells('abc'), 3);
    assert.equal(cells('日本'), 4);
    assert.equal(cells('😀'), 2);
    assert.equal(cells('\t'), 8);
    assert.deepEqual([wrapped(0, 80), wrapped(80, 80), wrapped(81, 80)], [1, 1, 2]);
});

test('words and patterns are found; a pattern that is none says so', () => {
    assert.ok(pattern('ERR').test('an error'));
    assert.ok(pattern('a.b').test('a.b') && !pattern('a.b').test('axb'));
    assert.ok(pattern('/a.b/').test('axb') && !pattern('/a.b/').test('AXB') && pattern('/a.b/i').test('AXB'));
    assert.match(pattern('/(/').error, /parenthes|group/i);
    assert.deepEqual(pattern('o').parts('foo'), [[1, 2], [2, 3]]);
    assert.deepEqual(pattern('/x*/').parts('ax'), [[1, 2]]);
    assert.equal(pattern(''), null);
    assert.ok(pattern('red').test('\u001b[31mr\u001b[0med'), 'colours do not hide a word');
    assert.deepEqual(forServer('/a|b/i'), { q: '(?i)a|b', regex: true });
    assert.deepEqual(forServer('/a|b/'), { q: 'a|b', regex: true });
});
test('the search goes in slices, keeps up with new lines and forgets those that left', () => {
    const ring = logRing(1000, 0);
    ring.push(lines(0, 1000));
    let now = 0;
    const f = finder(ring, pattern('/7$/'), () => true);
    let slices = 0;
    while (!f.step(now + 8, () => (now += 5))) slices++;
    assert.ok(slices >= 1, `${slices} slices`);
    assert.equal(f.hits.length, 100);
    ring.push(lines(1000, 1500));
    assert.equal(f.done, false);
    while (!f.step(1e9, () => 0));
    assert.deepEqual([f.hits.length, f.hits[0], f.hits.at(-1)], [100, 507, 1497]);
    assert.equal(atOrAfter(f.hits, 508), 1);
    const levels = finder(ring, pattern('line'), (l) => l.p <= 3);
    levels.step(1e9, () => 0);
    assert.equal(levels.hits.length, 0);
});

const ENV = '# the shop\n\nexport PORT=8080 # for nginx\nNAME="The $hop"\r\nSECRET=\'••••••••\'\nEMPTY=\nURL=http://x/?a=b#c\nbroken line\n1X=3\nOPEN="x\nPORT=9\n';
test('an env file is read: values, quotes, what is masked, twice or wrong', () => {
    const { entries, problems } = parseEnv(ENV);
    assert.deepEqual(entries.map((e) => [e.line, e.key, e.value, e.quote]), [[3, 'PORT', '8080', ''], [4, 'NAME', 'The $hop', '"'], [5, 'SECRET', MASK, "'"], [6, 'EMPTY', '', ''], [7, 'URL', 'http://x/?a=b#c', ''], [10, 'OPEN', '"x', ''], [11, 'PORT', '9', '']]);
    assert.ok(entries[0].exported && entries[0].twice && entries[2].masked);
    assert.deepEqual(problems.map((p) => p.line), [8, 9, 10, 11]);
});
test('a change in the table touches its line alone', () => {
    assert.equal(setKey('# c\r\nexport A=1 # one\r\nB="x y"\r\n', 'A', '2'), '# c\r\nexport A=2 # one\r\nB="x y"\r\n');
    assert.equal(setKey('B="x y"\n', 'B', 'it\'s $5'), 'B="it\'s \\$5"\n');
    assert.equal(setKey("B='x'\n", 'B', "it's"), 'B="it\'s"\n');
    assert.equal(setKey('A=1\nA=2\n', 'A', '3'), 'A=1\nA=3\n');
    assert.equal(setKey('A=1', 'N', 'two words'), "A=1\nN='two words'\n");
    assert.equal(addKey('A=1\r\n', 'N', 'x'), 'A=1\r\nN=x\r\n');
    assert.equal(setKey('A="one\ntwo"\nB=1\n', 'A', 'x'), 'A="x"\nB=1\n');
    assert.equal(removeKey("A='one\ntwo'\nB=1\n", 'A'), 'B=1\n');
    assert.equal(parseEnv('A="one\ntwo" # c\nB=1').entries[0].value, 'one\ntwo');
    assert.equal(removeKey('# a\nA=1\nB=2\nA=3\n', 'A'), '# a\nB=2\n');
});
test('what is written is read back alike', () => {
    for (const value of ['', 'x', 'two words', "it's", 'say "hi"', '$HOME', 'back\\slash', '#no comment', 'a=b', '`id`', ' edge ', 'ü', '"', "'"]) {
        for (const had of ['', '"', "'"]) assert.equal(parseEnv(`K=${quoted(value, had)}`).entries[0].value, value, `${had}${value}`);
    }
    assert.equal(setKey(ENV, 'EMPTY', '1').split('\n').length, ENV.split('\n').length);
});

test('differences by line are the shortest', () => {
    const show = (ops) => ops.map((o) => ({ keep: ' ', add: '+', del: '-' })[o.op] + o.text).join('');
    assert.equal(show(diffLines([...'ABCABBA'], [...'CBABAC'])).replaceAll(/ ./g, '').length, 10);
    assert.equal(show(diffLines(['a', 'b', 'c'], ['a', 'x', 'c'])), ' a-b+x c');
    assert.equal(show(diffLines([], ['a'])), '+a');
    assert.equal(show(diffLines(['a'], [])), '-a');
    const a = Array.from({ length: 5000 }, (_, i) => `A${i}=${i}`);
    const b = a.map((text, i) => (i % 1000 === 500 ? `${text}!` : text));
    assert.deepEqual(counted(diffLines(a, b)), { added: 5, removed: 5 });
    const strange = diffLines(a, a.map((text) => `${text}?`));
    assert.deepEqual(counted(strange), { added: 5000, removed: 5000 });
    let seed = 7;
    const random = () => (seed = (seed * 1664525 + 1013904223) >>> 0) / 4294967296;
    for (let k = 0; k < 200; k++) {
        const word = () => Array.from({ length: k % 12 }, () => 'abc'[Math.floor(random() * 3)]);
        const [x, y] = [word(), word()];
        const ops = diffLines(x, y);
        assert.deepEqual(ops.filter((o) => o.op !== 'add').map((o) => o.text), x);
        assert.deepEqual(ops.filter((o) => o.op !== 'del').map((o) => o.text), y);
    }
});
test('differences by word; runs without a change are folded', () => {
    assert.deepEqual(diffWords('PORT=8080', 'PORT=9090'), { a: [['PORT=', false], ['8080', true]], b: [['PORT=', false], ['9090', true]] });
    const rows = folded(diffLines([...'abcdefghijklmnop'], [...'abcdefghXjklmnop']));
    assert.deepEqual(rows.map((r) => ('fold' in r ? r.fold.length : r.op)), [5, 'keep', 'keep', 'keep', 'del', 'add', 'keep', 'keep', 'keep', 4]);
});
test('two people’s changes become one text; where they meet it is said', () => {
    const base = 'A=1\nB=2\nC=3\nD=4\n';
    assert.deepEqual(merge3(base, 'A=9\nB=2\nC=3\nD=4\n', 'A=1\nB=2\nC=3\nD=5\n'), { text: 'A=9\nB=2\nC=3\nD=5\n', clashes: [] });
    const both = merge3(base, 'A=9\nB=2\nC=3\nD=4\n', 'A=8\nB=2\nC=3\nD=4\nE=5\n');
    assert.equal(both.text, 'A=9\nB=2\nC=3\nD=4\nE=5\n');
    assert.deepEqual(both.clashes, [{ from: 1, to: 1, text: ['A=9'] }]);
    assert.deepEqual(merge3(base, 'A=9\nB=2\nC=3\nD=4\n', 'A=9\nB=2\nC=3\nD=4\n'), { text: 'A=9\nB=2\nC=3\nD=4\n', clashes: [] });
    assert.equal(merge3(base, 'B=2\nC=3\nD=4\n', base).text, 'B=2\nC=3\nD=4\n');
    assert.deepEqual(linesOf('a\n\nb\n'), ['a', '', 'b']);
});

test('events on a chart: near ones are one mark, the gravest gives its shape', () => {
    const list = [{ at: 1000, kind: 'deploy' }, { at: 1010, kind: 'crash' }, { at: 9000, kind: 'env' }, { at: 20000, kind: 'stop' }];
    const got = marks(list, 0, 10000, 500);
    assert.deepEqual(got.map((m) => [Math.round(m.x), m.items.length, kindOf(m)]), [[50, 2, 'crash'], [450, 1, 'env']]);
    assert.deepEqual(near(list, 1020, 100).map((e) => e.kind), ['crash', 'deploy']);
    assert.equal(wordsOf({ at: 0, kind: 'deploy', app: 'web', actor: 'ann', text: 'main 3f2c1a' }), 'web deployed: main 3f2c1a, by ann');
});

test('a demonstration says what it would have done', () => {
    assert.equal(wouldHave('POST', '/apps/3/restart', 'web'), 'Demo: would have restarted web');
    assert.equal(wouldHave('PUT', '/apps/3/env/main', 'web'), 'Demo: would have written the env file of web');
    assert.equal(wouldHave('PATCH', '/hosts/3', ''), 'Demo: would have saved it');
    assert.equal(wouldHave('DELETE', '/monitors/3', 'x'), 'Demo: would have deleted it');
});
