// Rules of the pages' own source, and of what is built from it.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { site, top } from '../browser/lib.mjs';

const app = join(top, 'htdocs/ui/app');
const walk = (dir) => readdirSync(dir).flatMap((name) => (statSync(join(dir, name)).isDirectory() ? walk(join(dir, name)) : [join(dir, name)]));
const sources = walk(app).map((path) => ({ name: relative(app, path), text: readFileSync(path, 'utf8') }));

test('only api.js fetches', () => {
    for (const { name, text } of sources) if (name !== 'api.js') assert.ok(!/\bfetch\(|XMLHttpRequest|sendBeacon/.test(text), name);
});
test('nothing writes HTML or code from text', () => {
    for (const { name, text } of sources) assert.ok(!/innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySet|\beval\(|new Function/.test(text), name);
});
test('no address begins at the root of the host', () => {
    for (const { name, text } of sources) assert.ok(!/(?:href|src|action)=["']\//.test(text), name);
});
test('a module does one thing: at most 250 lines', () => {
    for (const { name, text } of sources) assert.ok(text.split('\n').length <= 251, `${name} has ${text.split('\n').length} lines`);
});
test('lib/ is pure: it knows no page, no store, no network', () => {
    for (const { name, text } of sources) if (name.startsWith('lib/')) assert.ok(!/from '\.\.\/(store|part|screen|api)/.test(text) && !/\bdocument\b/.test(text.replace(/\/\*\*.*?\*\//gs, '')), name);
});

const built = site();
const pages = walk(built).filter((path) => path.endsWith('index.html')).map((path) => ({ path, name: relative(built, path), text: readFileSync(path, 'utf8') }));
const gzip = (path) => gzipSync(readFileSync(path), { level: 9 }).length;

test('shells have no inline script or style, and only relative addresses', () => {
    assert.equal(pages.length, 14);
    for (const { name, text } of pages) {
        assert.ok(!/<style|\sstyle=|\son\w+=/.test(text), name);
        assert.ok(!/<script(?![^>]*\bsrc=)/.test(text), name);
        for (const [, to] of text.matchAll(/(?:href|src|action)="([^"]*)"/g)) assert.match(to, /^\.\.?\//, `${name}: ${to}`);
        assert.ok(gzipSync(text).length <= 2048, `${name} is larger than 2 kB`);
    }
});

/** All scripts that a page's shell asks for before anything shows. */
function firstLoad(name) {
    const page = pages.find((p) => p.name === join(name, 'index.html'));
    const files = [...page.text.matchAll(/(?:href|src)="([^"]*\.js)"/g)].map(([, to]) => join(page.path, '..', to));
    return files.reduce((sum, path) => sum + gzip(path), 0);
}
const BUDGET = { signin: 25, signup: 25, dash: 45, monitors: 45, incidents: 45, maintenance: 45, pages: 45, hosts: 45, apps: 45, notify: 45, admin: 45, settings: 45 };
for (const [name, kilobytes] of Object.entries(BUDGET)) {
    test(`${name}: first-load scripts within ${kilobytes} kB gzip`, (t) => {
        const size = firstLoad(name);
        t.diagnostic(`${name}: ${size} bytes`);
        assert.ok(size <= kilobytes * 1000, `${size} bytes`);
    });
}
test('style within 14 kB, all scripts within 210 kB, gzip', (t) => {
    const files = walk(join(built, 'ui'));
    const css = files.filter((path) => path.endsWith('.css')).reduce((sum, path) => sum + gzip(path), 0);
    const js = files.filter((path) => path.endsWith('.js')).reduce((sum, path) => sum + gzip(path), 0);
    t.diagnostic(`css ${css}, js ${js} bytes`);
    assert.ok(css <= 14000, `css ${css}`);
    assert.ok(js <= 210000, `js ${js}`);
});
test('the release has its source maps, with the source in them, and what is large is compressed beside', () => {
    const files = walk(join(built, 'ui'));
    for (const path of files.filter((p) => p.endsWith('.js') && !p.endsWith('theme.js'))) {
        const map = JSON.parse(readFileSync(`${path}.map`, 'utf8'));
        assert.ok(map.sourcesContent.every((text) => typeof text === 'string'), path);
        if (statSync(path).size >= 512) assert.ok(statSync(`${path}.gz`).size < statSync(path).size, path);
    }
    assert.equal(new Set(files.map((p) => relative(built, p).split('/')[1])).size, 1, 'one folder, named by its content');
    assert.match(relative(built, files[0]).split('/')[1], /^[0-9a-f]{12}$/);
});
test('raw: each page preloads every module it needs at first, within 110 modules', (t) => {
    const raw = site({ raw: true });
    for (const name of ['signin', 'dash', 'monitors']) {
        const text = readFileSync(join(raw, name, 'index.html'), 'utf8');
        const preload = [...text.matchAll(/modulepreload" href="\.\.\/([^"]+)"/g)].map(([, to]) => to);
        const need = new Set();
        const follow = (file) => {
            if (need.has(file)) return;
            need.add(file);
            for (const [, spec] of readFileSync(join(raw, file), 'utf8').matchAll(/^\s*(?:import|export)\b[^;]*?from\s*["'](\.[^"']+)["']/gm)) follow(join(file, '..', spec));
        };
        follow(`ui/app/screen/${name}.js`);
        follow('ui/app/main.js');
        if (name !== 'signin') follow('ui/app/part/frame.js');
        need.delete('ui/app/main.js');
        const missing = [...need].filter((file) => !preload.includes(file) && !file.startsWith('ui/vendor/'));
        assert.deepEqual(missing, [], name);
        t.diagnostic(`${name}: ${preload.length} modules`);
        assert.ok(preload.length <= 110, `${name}: ${preload.length}`);
    }
});
