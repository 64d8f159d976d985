// A maintenance window from its plan to its end, on a real httpd, tocsind and PostgreSQL: what the
// form counts is what the server makes, and the open pages follow the clock.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { browser, settled, signedIn, site, started, visit, watched } from './lib.mjs';

const LONG = { timeout: 20000 };
let b;
let stack;
let target;
let page;
let api;
let monitor;

before(async () => {
    site();
    target = await watched();
    [b, stack] = await Promise.all([browser(), started('--admin')]);
    page = await b.context.newPage();
    page.setDefaultTimeout(10000);
    api = await signedIn(page, stack);
    monitor = await api('POST', '/monitors', { type: 'http', url: target.url, name: 'Shop', interval: 5, tags: ['edge'] });
});
after(async () => {
    await b?.close();
    target?.close();
    await stack?.close();
});

test('a window of a monitor begins now: its open page says so, and again when it is ended', async () => {
    await page.goto(`${stack.url}monitors/?id=${monitor.id}`);
    await page.locator('.detail-head.s-up').waitFor(LONG);
    await page.getByRole('button', { name: 'More', exact: true }).first().click();
    await page.getByRole('menuitem', { name: 'Start maintenance…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Start maintenance now' });
    await dialog.getByLabel('For', { exact: true }).fill('never');
    await dialog.getByRole('button', { name: 'Start', exact: true }).click();
    await dialog.getByText('For example 30 min or 2 h.').waitFor();
    await dialog.getByLabel('For', { exact: true }).fill('10 min');
    await dialog.getByRole('button', { name: 'Start', exact: true }).click();
    await page.locator('.detail-head.s-maintenance').waitFor(LONG);
    const banner = page.locator('.banner.maintenance');
    await banner.getByText('Maintenance of Shop').waitFor();
    await banner.getByRole('button', { name: 'Extend 30 min' }).click();
    await banner.getByText(/^(39 min|40 min)/).waitFor();
    await banner.getByRole('button', { name: 'End now' }).click();
    await page.locator('.detail-head.s-up').waitFor(LONG);
    assert.equal(await banner.count(), 0);
});

test('a weekly window across the change of clocks: the form shows the occurrences that the server then makes', async () => {
    await visit(page, `${stack.url}maintenance/?new=once`);
    await page.getByLabel('Title', { exact: true }).fill('Patches');
    await page.getByLabel('Begins', { exact: true }).fill('2027-03-14 02:30');
    await page.getByLabel('Lasts').fill('1 h 30 min');
    await page.getByLabel('Time zone', { exact: true }).fill('Europe/Berlin');
    await page.getByRole('radio', { name: 'Weekly' }).check();
    const preview = page.getByRole('region', { name: 'Next occurrences' });
    await preview.getByText('Sun, 28 Mar 2027').first().waitFor();
    await preview.getByText('the clock skips this time').waitFor();
    await page.getByText('Every week on Sunday at 02:30, by the clock of Europe/Berlin.').waitFor();
    const shown = await preview.locator('tbody tr td:nth-child(2)').allTextContents();
    await page.getByRole('button', { name: 'Plan it' }).click();
    await page.getByText('Choose what it covers.').waitFor();
    await page.getByRole('combobox', { name: 'Add a monitor' }).fill('shop');
    await page.keyboard.press('Enter');
    await page.getByText('Covers 1 monitor: Shop.').waitFor();
    await page.getByRole('button', { name: 'Plan it' }).click();
    await page.waitForURL('**/maintenance/?id=*');
    await page.getByRole('heading', { name: 'Patches' }).waitFor();
    const { occurrences } = await api('GET', `/maintenance/${new URL(page.url()).searchParams.get('id')}`);
    const utc = (text) => { const at = new Date(text); return `${at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })}, ${at.toISOString().slice(11, 16)}`; };
    assert.ok(occurrences.length >= 1);
    for (const [i, o] of occurrences.slice(0, shown.length).entries()) assert.ok(shown[i].includes(utc(o.starts_at)), `${shown[i]} is not ${o.starts_at}`);
});

test('two planners: the second sees what the first changed; one occurrence is left out; all are cancelled', async (t) => {
    const { id, version } = await api('POST', '/maintenance', { title: 'Patches', starts_at: new Date(Date.now() + 864e5).toISOString(), duration: 3600, repeat: 'weekly', rule: {}, monitors: [monitor.id] });
    const other = await b.page(t);
    for (const tab of [page, other]) {
        await tab.goto(`${stack.url}maintenance/?id=${id}&edit=1`);
        await settled(tab);
    }
    await other.getByLabel('Title', { exact: true }).fill('Patches of all');
    await other.getByRole('button', { name: 'Save', exact: true }).click();
    await other.getByRole('heading', { name: 'Patches of all' }).waitFor();
    await page.bringToFront(); // a tab behind another draws one frame a second
    await page.getByLabel('Lasts').fill('2 h');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('dialog', { name: 'Somebody else changed this meanwhile' }).getByRole('cell', { name: 'Patches of all' }).waitFor();
    await page.getByRole('button', { name: 'Keep mine' }).click();
    await page.waitForURL((url) => !url.search.includes('edit'));
    assert.ok((await api('GET', `/maintenance/${id}`)).version > version + 1);
    await page.getByRole('button', { name: /^Leave out/ }).first().click();
    await page.getByText('cancelled').first().waitFor();
    await page.getByRole('button', { name: 'More', exact: true }).first().click();
    await page.getByRole('menuitem', { name: 'Cancel all that are to come' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the window' }).click();
    await page.locator('.detail-title').getByText('cancelled').waitFor();
});

test('the month by keys: arrows walk the days, and a day tells what is on it', async () => {
    await visit(page, `${stack.url}maintenance/?tab=calendar`);
    const grid = page.getByRole('grid');
    await grid.getByRole('button', { name: /Maintenance of Shop/ }).waitFor();
    const chosen = () => page.evaluate(() => document.activeElement?.closest('[role=gridcell]')?.getAttribute('aria-selected'));
    await page.keyboard.press('Tab'); // a new page keeps the focus at its heading until somebody acts
    await grid.locator('[tabindex="0"]').focus();
    const before = await page.getByRole('heading', { level: 2 }).nth(1).textContent();
    await page.keyboard.press('ArrowDown');
    await page.waitForFunction((text) => document.querySelector('#the-day').textContent !== text, before);
    assert.equal(await chosen(), 'true');
    await page.keyboard.press('ArrowUp');
    await page.getByRole('link', { name: 'Maintenance of Shop' }).waitFor();
    const month = await page.locator('#month').textContent();
    await page.keyboard.press('PageDown');
    await page.waitForFunction((text) => document.querySelector('#month').textContent !== text, month);
    assert.equal(await chosen(), 'true');
});

test('there was no error in any page', () => {
    assert.deepEqual(b.troubles.filter((text) => !/status of (409|412|422)/.test(text)), []);
});
