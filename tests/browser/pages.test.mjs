// A status page from its first word to what the public reads, and an incident told on it, on a real
// httpd, tocsind and PostgreSQL.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { browser, settled, signedIn, site, started, visit, watched } from './lib.mjs';

const LONG = { timeout: 20000 };
let b;
let stack;
let target;
let page;
let api;
let address;

before(async () => {
    site();
    target = await watched();
    [b, stack] = await Promise.all([browser(), started('--admin')]);
    page = await b.context.newPage();
    page.setDefaultTimeout(10000);
    api = await signedIn(page, stack);
    for (const name of ['Shop', 'Search']) await api('POST', '/monitors', { type: 'http', url: `${target.url}${name}`, name, interval: 5 });
});
after(async () => {
    await b?.close();
    target?.close();
    await stack?.close();
});

/** Reads the public page, or a file of it, anew until it holds `text`: the publisher works beside us. */
async function told(text, path = '') {
    let html = '';
    for (const end = Date.now() + LONG.timeout; !html.includes(text) && Date.now() < end;) html = await (await page.request.get(address + path)).text();
    assert.ok(html.includes(text), text);
    return html;
}

test('a page is made, filled, looked at before anybody reads it, and published', async () => {
    await page.goto(`${stack.url}pages/?new=page`);
    await page.getByLabel('Title', { exact: true }).fill('Example Status');
    await page.getByRole('button', { name: 'Make it' }).click();
    await page.getByRole('heading', { name: 'Components' }).waitFor();
    const find = page.getByRole('combobox', { name: 'Add a monitor or a group' });
    await find.fill('shop');
    await page.keyboard.press('Enter');
    await find.fill('search');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Change Shop' }).click();
    await page.getByLabel('Name on the page').fill('The shop');
    const preview = page.frameLocator('.page-preview iframe');
    await preview.getByText('The shop').first().waitFor(LONG);
    await page.getByRole('button', { name: 'Save and publish' }).click();
    await page.locator('.toast', { hasText: 'Published' }).waitFor(LONG);
    address = await page.getByRole('link', { name: 'Open the page' }).getAttribute('href');
    await told('The shop');
    await page.goto(address);
    assert.match(await page.title(), /Example Status/);
    await page.getByText('The shop').first().waitFor();
    await page.goBack();
    await settled(page);
});

test('moved by keys alone; the focus stays on the button, and the order is the public’s', async () => {
    await page.getByRole('button', { name: 'Add a section' }).click();
    await page.getByRole('textbox', { name: 'Name of the section' }).last().fill('Tools');
    const down = page.getByRole('button', { name: 'Move The shop down' });
    await down.focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Move The shop down');
    await page.getByText('The shop: position 1 of 1 in Tools').waitFor({ state: 'attached' });
    await page.keyboard.press('Control+s');
    await page.locator('.toast', { hasText: 'Published' }).first().waitFor(LONG);
    await page.getByText('not saved yet').waitFor({ state: 'detached' });
    const { components } = await api('GET', `/pages/${new URL(page.url()).searchParams.get('id')}`);
    assert.deepEqual(components.map((c) => [c.section, c.name]), [['', 'Search'], ['Tools', 'The shop']]);
});

test('what the rules forbid is said where it is; two editors lose nothing', async (t) => {
    const url = page.url();
    const other = await b.page(t);
    for (const tab of [page, other]) {
        await tab.goto(`${url}&tab=branding`);
        await settled(tab);
    }
    await page.bringToFront();
    await page.getByLabel('Accent colour', { exact: true }).fill('#ffcc00');
    await page.getByText(/Too weak on light/).waitFor();
    await page.getByRole('button', { name: 'Save and publish' }).click();
    assert.equal(await page.getByLabel('Accent colour', { exact: true }).getAttribute('aria-invalid'), 'true');
    await page.getByRole('button', { name: /^Use #/ }).click();
    await page.setInputFiles('input[type=file]', { name: 'logo.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="80" height="24"><rect width="80" height="24"/></svg>') });
    await page.frameLocator('.page-preview iframe').locator('.brand img').waitFor(LONG);
    await other.bringToFront(); // a tab behind another draws one frame a second
    await other.getByLabel('Language').fill('de');
    await other.getByRole('button', { name: 'Save and publish' }).click();
    await other.locator('.toast', { hasText: 'Published' }).waitFor(LONG);
    await page.bringToFront();
    await page.getByRole('button', { name: 'Save and publish' }).click();
    const dialog = page.getByRole('dialog', { name: 'Somebody else changed this meanwhile' });
    await dialog.getByRole('row', { name: /lang/ }).waitFor();
    await dialog.getByRole('button', { name: 'Take theirs' }).click();
    await page.waitForFunction(() => [...document.querySelectorAll('input')].some((input) => input.value === 'de'));
});

test('subscribers are imported, listed and exported', async () => {
    await visit(page, page.url().replace('branding', 'subscribers'));
    await page.getByText('Nobody has subscribed yet').waitFor();
    await page.getByRole('button', { name: 'Import' }).click();
    const dialog = page.getByRole('dialog', { name: 'Import subscribers' });
    await dialog.getByLabel('E-mail addresses').fill('ann@example.org, bob@example.org nobody');
    await dialog.getByText('2 addresses').waitFor();
    await dialog.getByLabel('They have agreed to it before').check();
    await dialog.getByRole('button', { name: 'Import' }).click();
    await page.getByRole('row', { name: /bob@example.org.*active/ }).waitFor();
    const link = await page.getByRole('link', { name: 'Export CSV' }).getAttribute('href');
    assert.match(await (await page.request.get(new URL(link, stack.url).href)).text(), /"ann@example.org"/);
});

test('an incident by hand: the public reads of it, of its end, and of what was learnt', async () => {
    await visit(page, `${stack.url}incidents/?new=incident`);
    await page.getByLabel('Title', { exact: true }).fill('Orders are slow');
    await page.getByRole('combobox', { name: 'Affected monitors' }).fill('shop');
    await page.keyboard.press('Enter');
    await page.getByLabel('What is known').fill('We are **looking** into it. <script>alert(1)</script>');
    await page.getByRole('button', { name: 'Open the incident' }).click();
    await page.waitForURL('**/incidents/?id=*');
    await page.getByRole('button', { name: 'Publish…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Publish the incident' });
    await dialog.getByText('On Example Status; 2 subscribers will be told.').waitFor();
    await dialog.getByLabel('First update').fill('We look into **slow** orders.');
    await dialog.frameLocator('iframe').getByText('Orders are slow').first().waitFor(LONG);
    await dialog.getByRole('button', { name: 'Publish', exact: true }).click();
    await page.getByText('since').first().waitFor();
    assert.ok(!(await told('Orders are slow')).includes('alert(1)'));
    await page.getByLabel('Phase').selectOption('resolved');
    await page.getByLabel('Update', { exact: true }).fill('The queue is empty again.');
    await page.getByRole('button', { name: 'Post the update' }).click();
    await page.locator('.badge.solid', { hasText: 'resolved' }).waitFor();
    const incident = new URL(page.url()).searchParams.get('id');
    await told('The queue is empty again.', `incidents/${incident}.html`);
    await page.getByRole('button', { name: 'Write it' }).click();
    await page.getByLabel('Text', { exact: true }).fill('## Cause\n\nOne index was missing.');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('button', { name: 'Publish revision 1' }).click();
    await page.locator('.badge', { hasText: 'revision 1 is public' }).waitFor();
    await told('One index was missing.', `incidents/${incident}.html`);
    await page.getByRole('button', { name: 'Take it back' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Take it back' }).click();
    await page.getByText('not public').waitFor();
});

test('there was no error in any page', () => {
    assert.deepEqual(b.troubles.filter((text) => !/status of (409|412|422)/.test(text)), []);
});
