// A status page made with nothing but `tocsin probe` again and again, and `status-data publish`:
// a real outage, slow hours and maintenance are on the strip of 90 days, with a script and
// without. Time is told to the commands, not waited for. TOCSIN_BUILD is the build tree.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { axe, browser, top } from './lib.mjs';

const TOCSIN = resolve(process.env.TOCSIN_BUILD ?? join(top, 'build'), 'cli/tocsin');
const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript', '.json': 'application/json', '.svg': 'image/svg+xml' };
const NOW = '2026-03-12T22:30:00Z';
const run = promisify(execFile);
let home, pages, b, plain;

/** A site to watch on a port of its own, that can be switched off. */
async function site() {
    const s = { delay: 0, port: 0, server: undefined };
    s.start = async () => {
        s.server = createServer((_, res) => setTimeout(() => res.end('hello'), s.delay)).listen(s.port, '127.0.0.1');
        await once(s.server, 'listening');
        s.port = s.server.address().port;
    };
    s.stop = () => new Promise((ended) => { s.server.close(ended); s.server.closeAllConnections(); });
    await s.start();
    return s;
}

/** Serves a folder, as any web server does. */
async function serve(dir) {
    const server = createServer((req, res) => {
        const path = new URL(req.url, 'http://x').pathname;
        const file = join(dir, path.endsWith('/') ? `${path}index.html` : path);
        try {
            const body = readFileSync(file);
            res.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream');
            res.end(body);
        } catch {
            res.statusCode = 404;
            res.end();
        }
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { url: `http://127.0.0.1:${server.address().port}/`, close: () => { server.close(); server.closeAllConnections(); } };
}

/** Three days of checks, every two hours. */
async function measure(api) {
    const probe = (at, file) => run(TOCSIN, ['probe', '--as-of', at, '--config', file], { cwd: home });
    for (const day of [10, 11, 12]) {
        for (let hour = 0; hour < 24; hour += 2) {
            const down = day === 11 && (hour === 4 || hour === 6), slow = day === 12 && hour >= 8 && hour < 14;
            if (down) await api.stop();
            api.delay = slow ? 60 : 0;
            await probe(`2026-03-${day}T${String(hour).padStart(2, '0')}:00:00Z`, slow ? 'strict.json' : '.monitorrc.json');
            if (down) await api.start();
        }
    }
}

before(async () => {
    home = mkdtempSync(join(tmpdir(), 'tocsin-files.'));
    const api = await site(), web = await site();
    mkdirSync(join(home, 'status-data'));
    // a busy machine is no slow site: only the hours that are meant are held to a limit it must miss
    const systems = (maxResponseTime) => JSON.stringify({ systems: [
        { system: 'api', url: `http://127.0.0.1:${api.port}/`, displayName: 'The API', section: 'Core', maxResponseTime },
        { system: 'web', url: `http://127.0.0.1:${web.port}/`, displayName: '<b>Web</b>' },
    ] });
    writeFileSync(join(home, '.monitorrc.json'), systems(30000));
    writeFileSync(join(home, 'strict.json'), systems(50));
    writeFileSync(join(home, 'status-data/maintenance.json'), JSON.stringify([
        { id: 5, title: 'Database upgrade', status: 'upcoming', affectedSystems: ['The API'], start: '2026-03-10T08:00:00Z', end: '2026-03-10T14:00:00Z' },
    ]));
    await measure(api);
    await run(TOCSIN, ['status-data', 'publish', '--as-of', NOW, '--title', 'Example status'], { cwd: home });
    await Promise.all([api.stop(), web.stop()]);
    pages = await serve(join(home, 'status-site'));
    [b, plain] = await Promise.all([browser(), browser({ javaScriptEnabled: false })]);
});
after(async () => {
    await Promise.all([b?.close(), plain?.close()]);
    pages?.close();
    rmSync(home, { recursive: true, force: true });
});

/** What the strip and the table of a component say. */
async function told(page, key) {
    const part = page.locator(`#c-${key}`);
    const days = await part.locator('.strip').getAttribute('data-days');
    if (await part.locator('details').count()) await part.locator('details').evaluate((d) => { d.open = true; }).catch(() => part.locator('summary').click());
    return {
        name: await part.locator('h3').textContent(), days: days.slice(-3), before: new Set(days.slice(0, -3)), length: days.length,
        status: (await part.locator('.s').first().textContent()).trim(),
        rows: (await part.locator('tbody tr').allInnerTexts()).map((row) => row.replace(/\s+/g, ' ').trim()),
    };
}

async function holds(page) {
    await page.goto(pages.url);
    await page.waitForURL('**/status/');
    assert.equal(await page.locator('h1').textContent(), 'Example status');
    const api = await told(page, 'api');
    assert.deepEqual({ ...api, rows: undefined }, { name: 'The API', days: '432', before: new Set(['0']), length: 90, status: 'Operational', rows: undefined });
    assert.equal(api.rows.length, 3);
    assert.match(api.rows[0], /^12 Mar 2026 Degraded .*6 h/);
    assert.match(api.rows[1], /^11 Mar 2026 Down Down 4 h 83.33 %$/);
    assert.match(api.rows[2], /^10 Mar 2026 Maintenance Maintenance 6 h 100 %$/);
    const web = await told(page, 'web');
    assert.deepEqual([web.name, web.days, web.status, web.rows], ['<b>Web</b>', '111', 'Operational', []]);
    assert.equal(await page.locator('#c-api .strip path.b3, #c-api .strip path.b2, #c-api .strip path.b4').count(), 3);
}

test('the page tells it without a script', async (t) => {
    const page = await plain.page(t);
    await holds(page);
    assert.match(await page.locator('#banner').innerText(), /All systems operational/);
});

test('the page tells it with a script', async (t) => {
    const page = await b.page(t);
    await page.clock.setFixedTime(new Date(NOW));
    await holds(page);
    assert.deepEqual(await axe(page), []);
    assert.deepEqual(b.troubles, []);
});

test('what is in it for machines says the same', async () => {
    const summary = JSON.parse(readFileSync(join(home, 'status-site/status/summary.json'), 'utf8'));
    const api = summary.components.find((c) => c.id === 'api');
    const day = Object.fromEntries(api.day.map((d) => [d.d, d]));
    assert.equal(day['2026-03-10'].maint_s, 6 * 3600);
    assert.equal(day['2026-03-11'].down_s, 4 * 3600);
    assert.equal(day['2026-03-12'].degraded_s, 6 * 3600);
    assert.equal(day['2026-03-12'].up_s, 16.5 * 3600);
    const daily = JSON.parse(readFileSync(join(home, 'status-data/daily-summary.json'), 'utf8')).services.api;
    assert.deepEqual(daily.map((d) => [d.date, d.checksTotal, d.checksPassed, d.incidentCount]), [['2026-03-12', 12, 9, 0], ['2026-03-11', 12, 10, 1], ['2026-03-10', 12, 12, 0]]);
});
