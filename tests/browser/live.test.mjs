// What happens while pages are open: news, silence, refusals, and other people.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { browser, settled, site } from './lib.mjs';
import { fake } from './fake/server.mjs';

let b;
before(async () => { b = await browser(); });
after(() => b.close());

/** A server and a page on it. @param {import('node:test').TestContext} t */
async function stage(t, where, options = {}) {
    const api = await fake({ site: site(), ...options });
    options.prepare?.(api);
    const page = await b.page(t);
    t.after(() => { b.troubles.splice(0); return api.stop().catch(() => {}); });
    await page.goto(api.url + where);
    if (options.settle !== false) await settled(page);
    return { api, page };
}
const seconds = () => Math.floor(Date.now() / 1000);
const live = (page, kind) => page.waitForFunction((k) => document.documentElement.dataset.live === k, kind);

test('one check changes the cells of one row and nothing else', async (t) => {
    const { api, page } = await stage(t, 'monitors/');
    await live(page, 'live');
    await page.evaluate(() => {
        window.touched = new Set();
        new MutationObserver((list) => { for (const m of list) { const tr = (m.target.nodeType === 1 ? m.target : m.target.parentElement).closest('tr'); if (tr) window.touched.add(tr.dataset.id); } })
            .observe(document.querySelector('tbody'), { subtree: true, childList: true, characterData: true, attributes: true });
    });
    api.tell('checks', [[3, 1, 4321, seconds(), 1]]);
    await page.locator('tr[data-id="3"]').getByText('4.32 s').waitFor();
    assert.deepEqual(await page.evaluate(() => [...window.touched]), ['3']);
});

test('a site that goes down changes its row, the counts and the title; the row keeps its place', async (t) => {
    const { api, page } = await stage(t, 'dash/');
    await live(page, 'live');
    const before = await page.locator('tr[data-id="3"]').getAttribute('data-i');
    api.tell('status', { id: 3, status: 'down', at: new Date().toISOString(), reason: 'connect_refused' });
    await page.locator('tr[data-id="3"]').getByText('down', { exact: true }).waitFor();
    assert.equal(await page.locator('tr[data-id="3"]').getAttribute('data-i'), before);
    assert.match(await page.title(), /^\(2 down\)/);
    await page.getByRole('button', { name: /changed, sort again/ }).click();
    assert.ok(Number(await page.locator('tr[data-id="3"]').getAttribute('data-i')) < 2);
    api.tell('status', { id: 3, status: 'up', at: new Date().toISOString() });
    await page.locator('tr[data-id="3"]').getByText('up', { exact: true }).waitFor();
});

test('eight tabs share one stream; when the leading one closes another takes over and misses nothing', async (t) => {
    const { api, page } = await stage(t, 'monitors/');
    await live(page, 'live');
    const others = [];
    for (let i = 0; i < 7; i++) {
        const tab = await b.page(t);
        await tab.goto(`${api.url}monitors/`);
        await settled(tab);
        await live(tab, 'live');
        others.push(tab);
    }
    assert.equal(api.streams.size, 1);
    api.tell('checks', [[3, 1, 2222, seconds(), 1]]);
    for (const tab of [page, ...others]) await tab.locator('tr[data-id="3"]').getByText('2.22 s').waitFor();
    await page.close();
    // while nobody listens
    Object.assign(api.w.monitors.get(3), { response_ms: 3333, checked_at: new Date(Date.now() + 1000).toISOString(), seq: ++api.w.seq });
    const began = Date.now();
    await others[3].locator('tr[data-id="3"]').getByText('3.33 s').waitFor();
    assert.ok(Date.now() - began < 2000, `took over after ${Date.now() - began} ms`);
    assert.equal(api.streams.size, 1);
});

test('the server is gone: banner, last known, title; it returns: all is read again', async (t) => {
    const { api, page } = await stage(t, 'monitors/');
    await live(page, 'live');
    await api.stop();
    await page.getByText('Connection lost.').waitFor({ timeout: 20000 });
    assert.match(await page.title(), /^⚠/);
    await page.locator('tr[data-id="3"]').getByText('last known').waitFor();
    api.w.monitors.get(3).status = 'down';
    api.w.monitors.get(3).seq = ++api.w.seq;
    await api.start();
    await page.getByText('Connection lost.').waitFor({ state: 'detached', timeout: 40000 });
    await page.locator('tr[data-id="3"]').getByText('down', { exact: true }).waitFor();
    assert.doesNotMatch(await page.title(), /^⚠/);
});

test('no stream to be had (204): the page asks every five seconds and says so', async (t) => {
    const { api, page } = await stage(t, 'monitors/', { prepare: (a) => { a.control.stream = 204; } });
    await page.getByText('Polling, 5 s').first().waitFor();
    Object.assign(api.w.monitors.get(3), { status: 'down', seq: ++api.w.seq });
    await page.locator('tr[data-id="3"]').getByText('down', { exact: true }).waitFor();
    assert.equal(await page.getByText('last known').count(), 0);
});

test('a monitor without a check for too long is unknown, even while the stream is fine', async (t) => {
    const { page } = await stage(t, 'monitors/', { prepare: (a) => { a.w.monitors.get(3).checked_at = new Date(Date.now() - 200e3).toISOString(); } });
    await live(page, 'live');
    await page.locator('tr[data-id="3"]').getByText('last known: up').waitFor();
});

test('the session ends in the middle of a form: sign in again over it, and what was entered is saved', async (t) => {
    const { api, page } = await stage(t, 'monitors/?new=http');
    await page.getByLabel('Address').fill('https://new.example.com/');
    api.w.expired = true;
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Sign in again' });
    await dialog.getByLabel('Password', { exact: true }).fill('correct horse battery');
    api.w.expired = false;
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/monitors/?id=*');
    assert.equal([...api.w.monitors.values()].at(-1).url, 'https://new.example.com/');
});

test('an access token that ran out is renewed without a word', async (t) => {
    const { api, page } = await stage(t, 'settings/');
    api.w.refreshable = true;
    api.w.expired = true;
    await page.getByLabel('Name').fill('Ann B');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('Profile saved').waitFor();
    assert.ok(api.control.hits.includes('POST /session/refresh'));
});

test('somebody else saved first: both versions are shown, mine can be kept', async (t) => {
    const { api, page } = await stage(t, 'monitors/?id=3&edit=1');
    await page.getByLabel('Name', { exact: true }).fill('Mine');
    Object.assign(api.w.monitors.get(3), { name: 'Theirs', interval: 300, version: 2 });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Somebody else changed this meanwhile' });
    await dialog.getByRole('cell', { name: 'Theirs' }).waitFor();
    await dialog.getByRole('cell', { name: 'Mine' }).waitFor();
    await dialog.getByRole('button', { name: 'Keep mine' }).click();
    await page.waitForURL((url) => !url.search.includes('edit'));
    assert.equal(api.w.monitors.get(3).name, 'Mine');
});

test('somebody else saved first: theirs can be taken', async (t) => {
    const { api, page } = await stage(t, 'monitors/?id=3&edit=1');
    await page.getByLabel('Name', { exact: true }).fill('Mine');
    Object.assign(api.w.monitors.get(3), { name: 'Theirs', version: 2 });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('button', { name: 'Take theirs' }).click();
    assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Theirs');
    assert.equal(api.w.monitors.get(3).name, 'Theirs');
});

for (const [where, path, what] of [['monitors/', '/monitors', 'The monitors'], ['incidents/', '/incidents', 'The incidents'], ['notify/', '/channels', 'The channels'], ['admin/', '/admin/users', 'The users'], ['monitors/?id=3', '/monitors/3/uptime', 'The uptime']]) {
    test(`${path} fails: what, why, the request's number, and again`, async (t) => {
        let broken = true;
        const { page } = await stage(t, where, { settle: false, prepare: (a) => { a.control.fail = (_m, route) => (broken && route === path ? { status: 500 } : null); } });
        const alert = page.getByRole('alert').filter({ hasText: `${what} could not be read.` });
        await alert.waitFor();
        await alert.getByText('fake-req-1').waitFor();
        broken = false;
        await alert.getByRole('button', { name: 'Try again' }).click();
        await alert.waitFor({ state: 'detached' });
    });
}

test('a failing refresh leaves the old list in its place', async (t) => {
    const { api, page } = await stage(t, 'monitors/');
    await live(page, 'live');
    api.control.fail = (_m, route) => (route === '/monitors' ? { status: 503 } : null);
    api.tell('resync', {});
    await page.getByText('What you see is from before.').waitFor();
    assert.equal(await page.locator('tr[data-id="3"]').count(), 1);
});

test('a slow answer: grey rows in the meantime, and nothing jumps', async (t) => {
    const { api, page } = await stage(t, 'monitors/');
    api.control.delay = 1200;
    await page.addInitScript(() => {
        window.shift = 0;
        new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shift += entry.value; }).observe({ type: 'layout-shift', buffered: true });
    });
    await page.reload();
    await page.getByText('Loading the monitors').waitFor({ state: 'attached' });
    await settled(page);
    const shift = await page.evaluate(() => window.shift);
    t.diagnostic(`layout shift ${shift.toFixed(4)}`);
    assert.ok(shift <= 0.02, String(shift));
});

test('too many tries: how long to wait', async (t) => {
    const { page } = await stage(t, 'signin/', { prepare: (a) => { a.w.user = null; a.control.fail = (m, route) => (m === 'POST' && route === '/session' ? { status: 429, problem: { title: 'Too many tries' }, headers: { 'Retry-After': '42' } } : null); } });
    await page.getByLabel('E-mail').fill('ann@example.com');
    await page.getByLabel('Password', { exact: true }).fill('x');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Try again in 42 s.').waitFor();
});

test('hostile names, messages and comments stay text', async (t) => {
    const corpus = ['<img src=x onerror=alert(1)>', '"><script>alert(1)</script>', "javascript:alert(1)", '{{7*7}}', '<svg/onload=alert(1)>', '${alert(1)}', '&lt;b&gt;', '\u202Eevil'];
    const { api, page } = await stage(t, 'signin/', { prepare: (a) => {
        corpus.forEach((text, i) => Object.assign(a.w.monitors.get(i + 1), { name: text, message: text, status: 'down', tags: [text], group: text, url: `https://x.example/${text}` }));
        Object.assign(a.w.incidents[0], { title: corpus[0], monitor_name: corpus[1] });
        a.w.incidents[0].events.push(...corpus.map((body, i) => ({ id: 100 + i, at: new Date().toISOString(), actor: body, kind: 'comment', body: `${body} [x](javascript:alert(1))` })));
        a.w.channels[0].name = corpus[0];
        a.w.users[1].name = corpus[0];
        a.w.audit[0].after = { name: corpus[0] };
        Object.assign(a.w.windows[0], { title: corpus[0], description: corpus.join('\n\n'), tags: [corpus[1]], created_by: corpus[4] });
        Object.assign(a.w.pages[0], { title: corpus[0], description: corpus[1], error: corpus[4] });
        Object.assign(a.w.pages[0].components[0], { name: corpus[0], section: corpus[1], description: corpus[4] });
        a.w.subscribers[0].address = corpus[0];
        a.w.postmortems.set(1, [{ revision: 1, at: new Date().toISOString(), author: corpus[0], body: corpus.join('\n\n'), published_at: null }]);
    } });
    let dialogs = 0;
    page.on('dialog', (dialog) => { dialogs++; dialog.dismiss(); });
    for (const where of ['dash/', 'monitors/', 'monitors/?id=1', 'monitors/?id=1&edit=1', 'incidents/?id=1', 'maintenance/', 'maintenance/?tab=calendar', 'maintenance/?id=1', 'maintenance/?id=1&edit=1', 'pages/', 'pages/?id=1', 'pages/?id=1&tab=subscribers', 'pages/?id=1&tab=badges', 'notify/', 'admin/', 'admin/?tab=monitors', 'admin/?tab=audit']) {
        await page.goto(api.url + where);
        await settled(page);
        assert.equal(await page.locator('#app img:not(.badge-shown img), #app script, #app a[href^="javascript:"], #app [onerror], #app [onload]').count(), 0, where);
    }
    await page.goto(`${api.url}monitors/?q=${encodeURIComponent(corpus[0])}`);
    await page.getByRole('link', { name: corpus[0] }).waitFor();
    assert.equal(dialogs, 0);
});

test('pausing and deleting can be undone; a test shows its phases and stores nothing', async (t) => {
    const { api, page } = await stage(t, 'monitors/?new=http');
    await page.getByLabel('Address').fill('https://new.example.com/');
    await page.getByRole('button', { name: 'Test now' }).click();
    await page.locator('.result').getByText('first byte 90 ms').waitFor();
    assert.equal(api.w.monitors.size, 24);
    page.once('dialog', (dialog) => dialog.accept());
    await page.getByRole('link', { name: 'Monitors' }).first().click();
    await page.getByRole('button', { name: 'Pause Website' }).click();
    await page.locator('tr[data-id="3"]').getByText('paused').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.locator('tr[data-id="3"]').getByText('up', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'More about Website' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.locator('tr[data-id="3"]').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).last().click();
    await page.locator('tr[data-id="3"]').waitFor();
});
