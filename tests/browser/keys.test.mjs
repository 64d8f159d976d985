// Whole journeys without a pointer, and the parts that speak for pictures.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { browser, settled, site } from './lib.mjs';
import { fake } from './fake/server.mjs';

let b;
before(async () => { b = await browser(); });
after(() => b.close());

async function stage(t, where, prepare = () => {}) {
    const api = await fake({ site: site() });
    prepare(api);
    const page = await b.page(t);
    t.after(() => api.stop());
    await page.goto(api.url + where);
    await settled(page);
    return { api, page };
}
const press = async (page, ...keys) => { for (const key of keys) await page.keyboard.press(key); };
const palette = async (page) => { await press(page, 'Control+k'); await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'combobox'); };
const focused = (page) => page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.getAttribute('aria-label') || document.activeElement?.tagName);

test('sign in, add a monitor, test it, save it, acknowledge, sign out: by keys alone', async (t) => {
    const { api, page } = await stage(t, 'signin/', (a) => { a.w.user = null; });
    await page.waitForFunction(() => document.activeElement?.name === 'email');
    await page.keyboard.type('ann@example.com');
    await press(page, 'Tab');
    await page.keyboard.type('correct horse battery');
    await press(page, 'Enter');
    await page.waitForURL('**/dash/');
    await settled(page);
    await page.locator('h1', { hasText: 'Dashboard' }).waitFor();
    await press(page, 'n');
    await page.waitForFunction(() => document.activeElement?.name === 'url');
    await page.keyboard.type('https://keys.example.com/');
    await press(page, 'Control+Shift+Enter');
    await page.locator('.result.s-up').waitFor();
    await press(page, 'Control+Enter');
    await page.waitForURL('**/monitors/?id=*');
    assert.equal([...api.w.monitors.values()].at(-1).url, 'https://keys.example.com/');
    await page.locator('h1', { hasText: 'keys.example.com' }).waitFor();
    await press(page, 'g', 'i');
    await page.waitForURL('**/incidents/');
    await page.locator('.pick').first().waitFor();
    await press(page, 'j', 'Enter');
    await page.waitForURL('**/incidents/?id=1');
    await page.getByRole('button', { name: 'Acknowledge' }).waitFor();
    await press(page, 'a');
    await page.getByText('acknowledged by Ann Operator').first().waitFor();
    await palette(page);
    await page.keyboard.type('sign out');
    await press(page, 'Enter');
    await page.waitForURL('**/signin/');
    assert.equal(api.w.user, null);
});

test('the palette finds monitors, pages and commands, and gives the focus back', async (t) => {
    const { page } = await stage(t, 'dash/');
    await page.getByRole('link', { name: 'Add monitor' }).focus();
    await palette(page);
    await page.keyboard.type('websi');
    await page.locator('#palette-0', { hasText: 'Website' }).waitFor();
    await press(page, 'Escape');
    assert.equal(await focused(page), 'Add monitor');
    await palette(page);
    await page.keyboard.type('websi');
    await page.locator('#palette-0', { hasText: 'Website' }).waitFor();
    await press(page, 'Enter');
    await page.waitForURL('**/monitors/?id=3');
    await palette(page);
    await page.keyboard.type('theme dark');
    await page.locator('#palette-0', { hasText: 'Theme: dark' }).waitFor();
    await press(page, 'Enter');
    await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
    await page.reload();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
});

test('the palette opens again in the very moment that it closes, and what is typed at once is not lost', async (t) => {
    const { page } = await stage(t, 'dash/');
    await palette(page);
    await page.evaluate(() => {
        document.querySelector('dialog:modal').close(); // as Esc does; the event that tells of it comes later
        document.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true, bubbles: true, cancelable: true }));
    });
    await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'combobox');
    await press(page, 'Escape', 'Control+k');
    await page.keyboard.type('websi');
    await page.locator('#palette-0', { hasText: 'Website' }).waitFor();
});

test('menus: arrows, letters, Esc, and the focus returns to the button', async (t) => {
    const { page } = await stage(t, 'dash/');
    await page.getByRole('button', { name: /^Account of/ }).focus();
    await press(page, 'Enter');
    await page.waitForFunction(() => document.activeElement?.role === 'menuitem');
    await press(page, 'ArrowDown');
    assert.match(await focused(page), /^Keyboard shortcuts/);
    await press(page, 's');
    assert.equal(await focused(page), 'Sign out');
    await press(page, 'Home');
    assert.equal(await focused(page), 'Settings');
    await press(page, 'Escape');
    assert.equal(await focused(page), 'A');
});

test('single keys can be switched off', async (t) => {
    const { page } = await stage(t, 'settings/?tab=prefs');
    await page.getByLabel('Single-key shortcuts').uncheck();
    await page.locator('h1').click();
    await press(page, 'g', 'm', 'n', '?');
    assert.match(page.url(), /settings/);
    assert.equal(await page.getByRole('dialog').count(), 0);
    await press(page, 'Control+k');
    await page.getByRole('dialog', { name: 'Search or run a command' }).waitFor();
});

test('keys do nothing while somebody types', async (t) => {
    const { page } = await stage(t, 'monitors/');
    await press(page, '/');
    await page.keyboard.type('gm np?');
    assert.equal(await page.getByLabel('Search monitors').inputValue(), 'gm np?');
});

test('the strip of days: one stop, and every day has words', async (t) => {
    const { page } = await stage(t, 'monitors/?id=3&tab=days');
    const strip = page.getByRole('slider', { name: 'Day' });
    await strip.focus();
    const says = () => strip.getAttribute('aria-valuetext');
    const today = await says();
    await press(page, 'ArrowLeft');
    assert.notEqual(await says(), today);
    await press(page, 'Home');
    assert.match(await says(), /no data$/);
    await press(page, 'n');
    assert.match(await says(), /(down|degraded), \d+\.\d\d % up, .* down, 1 incident$/);
    await press(page, 'PageUp', 'End');
    assert.equal(await says(), today);
});

test('the chart: a cursor that is read out, and a table with the same numbers as the API', async (t) => {
    const { api, page } = await stage(t, 'monitors/?id=3');
    const chart = page.getByRole('application');
    await chart.focus();
    assert.match(await chart.getAttribute('aria-label'), /^Response time: median \d+ ms, 95 % below/);
    await press(page, 'End', 'ArrowLeft');
    await page.locator('[role=status]', { hasText: 'in all, DNS' }).waitFor();
    const answer = await page.evaluate(async (url) => (await fetch(`${url}api/v1/monitors/3/series?points=600&fields=phases`)).json(), api.url);
    await press(page, 't');
    const table = page.getByRole('region', { name: 'The chart’s numbers' });
    await table.waitFor();
    const rows = await table.locator('tbody tr').count();
    assert.ok(rows > 50 && rows <= 200, `${rows} rows`);
    const first = await table.locator('tbody tr').first().locator('td').allTextContents();
    assert.equal(parseFloat(first[4]), Math.round(answer.columns.ttfb[0]));
    await page.getByRole('button', { name: 'Numbers' }).click();
    await chart.focus();
    await press(page, '+');
    await page.waitForURL('**range=*');
    await page.getByRole('application').focus();
    await press(page, 'Escape');
    await page.waitForFunction(() => !location.search.includes('range='));
});

test('a chart that leaves the page leaves no watcher behind', async (t) => {
    const { page } = await stage(t, 'monitors/?id=3');
    b.troubles.splice(0);
    await page.locator('.chart-plot canvas').waitFor();
    await press(page, 'g', 'm');
    await page.locator('tr[data-id]').first().waitFor();
    await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
    assert.deepEqual(b.troubles.splice(0), []);
});

test('the zone changes tables, tooltips and the chart together', async (t) => {
    const { page } = await stage(t, 'monitors/?id=3');
    await page.getByRole('button', { name: /^Time zone/ }).waitFor();
    await page.goto(page.url().replace(/monitors.*/, 'settings/?tab=prefs'));
    await page.getByLabel('Time zone', { exact: true }).selectOption('Asia/Tokyo');
    await page.goto(page.url().replace(/settings.*/, 'monitors/?id=3'));
    await settled(page);
    const title = await page.locator('tbody time').first().getAttribute('title');
    assert.match(title, /(JST|GMT\+9)$/);
    await page.getByText(/longest .* at \d\d:\d\d/).first().waitFor();
});

test('filters and spans outlive a reload and the back button', async (t) => {
    const { page } = await stage(t, 'monitors/');
    await page.getByLabel('Search monitors').fill('tag:edge');
    await page.waitForURL('**q=tag*');
    await page.getByLabel('Status').selectOption('up');
    await page.waitForURL('**status=up*');
    const n = await page.locator('tr[data-id]').count();
    await page.reload();
    await settled(page);
    assert.equal(await page.locator('tr[data-id]').count(), n);
    assert.equal(await page.getByLabel('Search monitors').inputValue(), 'tag:edge');
});

test('without movement nothing moves', async (t) => {
    const { page } = await stage(t, 'dash/');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const moving = await page.evaluate(() => [...document.querySelectorAll('*')].filter((node) => { const s = getComputedStyle(node); return parseFloat(s.transitionDuration) > 0 || (s.animationName !== 'none' && parseFloat(s.animationDuration) > 0); }).length);
    assert.equal(moving, 0);
});

test('every target is at least 24 by 24, links in text aside', async (t) => {
    const { api, page } = await stage(t, 'dash/');
    for (const where of ['dash/', 'monitors/', 'monitors/?id=3', 'maintenance/?tab=calendar', 'maintenance/?id=2&edit=1', 'pages/?id=1', 'pages/?id=1&tab=branding', 'notify/', 'admin/', 'settings/?tab=prefs']) {
        await page.goto(api.url + where);
        await settled(page);
        const small = await page.evaluate(() => [...document.querySelectorAll('button, select, input, .btn, summary, [role=tab]')].filter((node) => node.checkVisibility() && !node.classList.contains('sr') && !['checkbox', 'radio'].includes(node.type))
            .map((node) => [node.outerHTML.slice(0, 80), node.getBoundingClientRect()]).filter(([, box]) => box.width > 1 && (box.width < 24 || box.height < 23.9)).map(([text, box]) => `${text} ${box.width}x${box.height}`));
        assert.deepEqual(small, [], where);
    }
});
