// Ten thousand monitors: the list stays quick, in milliseconds that are measured in the page.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { browser, settled, site } from './lib.mjs';
import { fake } from './fake/server.mjs';

const N = 10000;
let b;
let api;
before(async () => {
    b = await browser();
    api = await fake({ site: site(), monitors: N });
});
after(async () => { await b.close(); await api.stop(); });

const percentile = (list, q) => [...list].sort((x, y) => x - y)[Math.min(list.length - 1, Math.floor(list.length * q))];

/** The main thread's own CPU seconds: other processes of a busy machine do not count. */
async function cpu(page, run) {
    const client = await page.context().newCDPSession(page);
    await client.send('Performance.enable', { timeDomain: 'threadTicks' });
    const read = async () => (await client.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration').value;
    const before_ = await read();
    await run();
    const used = (await read()) - before_;
    await client.detach();
    return used;
}

/** The best of three: other work on the machine spoils its caches, and only ever adds. */
async function least(enough, measure) {
    let best = Infinity;
    for (let i = 0; i < 3 && best > enough; i++) best = Math.min(best, await measure());
    return best;
}

async function list(t) {
    const page = await b.page(t);
    await page.addInitScript(() => {
        window.marks = {};
        const real = window.fetch;
        window.fetch = async (...args) => {
            const response = await real(...args);
            if (!String(args[0]).includes('view=list')) return response;
            const text = await response.text();
            window.marks.answer ??= performance.now();
            return new Response(text, response);
        };
        new MutationObserver(() => { if (document.querySelector('tr[data-id]')) window.marks.rows ??= performance.now(); }).observe(document, { subtree: true, childList: true });
        window.long = 0;
        new PerformanceObserver((entries) => { for (const entry of entries.getEntries()) window.long = Math.max(window.long, entry.duration); }).observe({ type: 'longtask' });
    });
    await page.goto(`${api.url}monitors/`);
    await settled(page);
    await page.waitForSelector('tr[data-id]');
    return page;
}

test('first rows within 300 ms of the answer, in at most 1500 nodes', async (t) => {
    let best = Infinity; // of a few: other work on the machine only ever adds to it
    for (let i = 0; i < 5 && best > 300; i++) {
        const page = await list(t);
        const { answer, rows } = await page.evaluate(() => window.marks);
        const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
        best = Math.min(best, rows - answer);
        t.diagnostic(`first rows ${Math.round(rows - answer)} ms after the answer, ${nodes} nodes`);
        assert.ok(nodes <= 1500, `${nodes} nodes`);
        await page.close();
    }
    assert.ok(best <= 300, `${best} ms`);
});

const TYPED = ['a', 'ap', 'api', 'api-', 'api-9', 'api-99', 'api-9', 'is:down', 'is:down e', 'is:down eu', '', 's', 'sh', 'sho', 'shop', 'shop-1', '-tag:edge', '-tag:edge w', '-tag:edge ww', ''];

test('each keystroke of the filter costs at most 100 ms (p95)', async (t) => {
    const page = await list(t);
    const times = [];
    for (const text of TYPED) {
        times.push(1000 * await cpu(page, () => page.evaluate(async (value) => {
            const input = document.querySelector('[data-search]');
            input.value = value;
            input.dispatchEvent(new InputEvent('input', { bubbles: true }));
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        }, text)));
    }
    t.diagnostic(`keystroke p50 ${Math.round(percentile(times, 0.5))} ms, p95 ${Math.round(percentile(times, 0.95))} ms`);
    assert.ok(percentile(times, 0.95) <= 100, `${percentile(times, 0.95)} ms`);
});

test('500 checks a second take at most a tenth of the main thread', async (t) => {
    const page = await list(t);
    await page.waitForFunction(() => document.documentElement.dataset.live === 'live');
    await page.evaluate(() => { window.long = 0; });
    const SECONDS = 4;
    const used = await least(0.1 * SECONDS, () => cpu(page, async () => {
        for (let i = 0; i < SECONDS * 10; i++) {
            const now = Math.floor(Date.now() / 1000);
            api.tell('checks', Array.from({ length: 50 }, (_, k) => [((i * 50 + k * 197) % N) + 1, 1, 50 + k, now, 1]));
            await new Promise((done) => setTimeout(done, 100));
        }
    }));
    const long = await page.evaluate(() => window.long);
    t.diagnostic(`${((used / SECONDS) * 100).toFixed(1)} % of the main thread, longest task ${Math.round(long)} ms`);
    assert.ok(used / SECONDS <= 0.1, `${used} s in ${SECONDS} s`);
});

test('fast scrolling keeps the rows coming', async (t) => {
    const page = await list(t);
    const FRAMES = 90;
    let shown = 0;
    const used = await least(0.012 * FRAMES, () => cpu(page, async () => {
        shown = await page.evaluate(async (frames) => {
            let seen = 0;
            for (let i = 0; i < frames; i++) {
                scrollBy(0, 7 * 44);
                await new Promise(requestAnimationFrame);
                const at = document.elementFromPoint(innerWidth / 2, innerHeight / 2);
                if (at?.closest('tr[data-id]')) seen++;
            }
            return seen;
        }, FRAMES);
    }));
    t.diagnostic(`${((used / FRAMES) * 1000).toFixed(1)} ms of CPU a frame, rows in ${shown} of ${FRAMES} frames`);
    assert.ok((used / FRAMES) * 1000 <= 16, `${(used / FRAMES) * 1000} ms`);
    assert.ok(shown > FRAMES * 0.8, `${shown} of ${FRAMES}`);
});

test('all can be selected, and the whole selection acted on with one word', async (t) => {
    const page = await list(t);
    await page.getByRole('checkbox', { name: /^Select all/ }).click();
    await page.getByText('10\u202f000 selected').waitFor();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: /^Delete 10/ });
    await dialog.getByText('Type').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    assert.equal([...api.w.monitors.values()].filter((m) => m.deleted_at).length, 0);
});

test('keys walk the list beyond what is drawn, and the focus is never lost', async (t) => {
    const page = await list(t);
    await page.locator('h1').click();
    for (let i = 0; i < 40; i++) await page.keyboard.press('j');
    await page.waitForFunction(() => document.activeElement?.closest('tr')?.dataset.i === '39');
    await page.evaluate(() => scrollTo(0, 200000));
    await page.waitForFunction(() => document.querySelector('tr[data-i="4540"]'));
    assert.equal(await page.evaluate(() => document.activeElement?.closest('tr')?.dataset.i), '39');
});
