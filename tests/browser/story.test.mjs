// The whole of it, on a real httpd, tocsind and PostgreSQL: from the set-up code to an outage on
// the open page and its end. TOCSIN_BUILD is the build tree.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { browser, build, settled, site, started, watched } from './lib.mjs';

const ADMIN = { email: 'ann@example.org', password: 'correct horse battery' };
const LONG = { timeout: 20000 };
let b;
let stack;
let url;
let target;
let page;

before(async () => {
    site();
    target = await watched();
    [b, stack] = await Promise.all([browser(), started()]);
    url = stack.url;
    page = await b.context.newPage();
    page.setDefaultTimeout(10000);
});
after(async () => {
    await b?.close();
    target?.close();
    await stack?.close();
});

test('a new server asks for its set-up, and the code of the installer lets in', async () => {
    await page.goto(url);
    await page.waitForURL('**/setup/');
    await settled(page);
    const code = execFileSync(join(build, 'cli/tocsin'), ['setup-code', '--database', stack.database], { encoding: 'utf8' }).trim().split(/\s+/).at(-1);
    await page.getByLabel('Set-up code').fill(code);
    await page.getByLabel('E-mail').fill(ADMIN.email);
    await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByLabel('Name of this instance').fill('Tocsin');
    await page.getByRole('button', { name: 'Create the administrator' }).click();
    await page.getByLabel('Address to watch').waitFor(LONG);
    await page.getByRole('link', { name: 'Skip' }).click();
    await page.waitForURL('**/dash/');
});

test('set-up happens once', async (t) => {
    const other = await b.page(t);
    await other.goto(`${url}setup/`);
    await other.getByText('This server is set up already').waitFor();
});

test('out and in again, with the way back to where one wanted to go', async () => {
    await page.getByRole('button', { name: /^Account of/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.waitForURL('**/signin/');
    await page.goto(`${url}monitors/?new=http`);
    await page.waitForURL('**/signin/?next=*');
    await page.getByLabel('E-mail').fill(ADMIN.email);
    await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/monitors/?new=http', LONG);
});

test('a wrong password is refused with one sentence', async (t) => {
    const stranger = await browser();
    t.after(() => stranger.close());
    const other = await stranger.page(t);
    await other.goto(`${url}signin/`);
    await other.getByLabel('E-mail').fill(ADMIN.email);
    await other.getByLabel('Password', { exact: true }).fill('not this one at all');
    await other.getByRole('button', { name: 'Sign in' }).click();
    await other.getByRole('alert').waitFor(LONG);
    assert.match(other.url(), /signin/);
});

test('an address is tried, saved, and up within seconds', async () => {
    await page.getByLabel('Address').fill(target.url);
    await page.getByLabel('Name', { exact: true }).fill('Watched');
    await page.getByLabel('Check every').selectOption('5');
    await page.getByLabel('Down after').selectOption('1');
    await page.getByLabel('Again after a failure').fill('1');
    await page.getByRole('button', { name: 'Test now' }).click();
    await page.locator('.result.s-up').waitFor(LONG).catch(async (error) => { throw new Error(`${await page.locator('main').innerText()}\n${error.message}`); });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.waitForURL('**/monitors/?id=*');
    await page.locator('.detail-head.s-up').waitFor(LONG);
});

test('the site stops: the open page says so without a reload, and the incident is there', async () => {
    await page.goto(`${url}dash/`);
    await settled(page);
    await page.waitForFunction(() => document.documentElement.dataset.live === 'live', null, LONG);
    await page.evaluate(() => { window.still = true; });
    await page.locator('tr[data-id]').getByText('up', { exact: true }).waitFor(LONG);
    await target.stop();
    await page.locator('tr[data-id]').getByText('down', { exact: true }).waitFor({ timeout: 30000 });
    await page.locator('section', { has: page.getByRole('heading', { name: 'Open incidents' }) }).getByRole('link', { name: /^#\d+/ }).waitFor(LONG);
    assert.match(await page.title(), /^\(1 down\)/);
    assert.equal(await page.evaluate(() => window.still), true);
});

test('somebody takes it on and writes what is known', async () => {
    await page.locator('section', { has: page.getByRole('heading', { name: 'Open incidents' }) }).getByRole('link', { name: /^#\d+/ }).click();
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByText(`acknowledged by ${ADMIN.email}`).first().waitFor();
    await page.getByLabel('Comment').fill('**Found it.** <b>The cable.</b>');
    await page.getByRole('button', { name: 'Comment' }).click();
    await page.locator('.quote strong', { hasText: 'Found it.' }).waitFor();
    assert.equal(await page.locator('.quote b').count(), 0);
});

test('the site is back: up, the incident is over, all on the open page', async () => {
    await target.start();
    await page.getByText('resolved by itself').waitFor({ timeout: 30000 });
    await page.getByRole('link', { name: 'Dashboard' }).first().click();
    await page.locator('tr[data-id]').getByText('up', { exact: true }).waitFor(LONG);
});

test('paused, resumed; deleted, and back by Undo', async () => {
    await page.getByRole('button', { name: 'Pause Watched' }).click();
    await page.locator('tr[data-id]').getByText('paused').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.locator('tr[data-id]').getByText('up', { exact: true }).waitFor(LONG);
    await page.getByRole('button', { name: 'More about Watched' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByText('Nothing is watched yet').waitFor();
    await page.getByRole('button', { name: 'Undo' }).last().click();
    await page.locator('tr[data-id]').getByText('Watched').waitFor(LONG);
});

test('two editors: the second sees the first one’s change and loses nothing', async (t) => {
    const id = await page.locator('tr[data-id]').getAttribute('data-id');
    const other = await b.page(t);
    for (const tab of [page, other]) {
        await tab.goto(`${url}monitors/?id=${id}&edit=1`);
        await settled(tab);
    }
    await other.getByLabel('Name', { exact: true }).fill('Theirs');
    await other.getByRole('button', { name: 'Save', exact: true }).click();
    await other.locator('h1', { hasText: 'Theirs' }).waitFor();
    await page.getByLabel('Group', { exact: false }).fill('Mine');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('dialog', { name: 'Somebody else changed this meanwhile' }).getByRole('cell', { name: 'Theirs' }).waitFor();
    await page.getByRole('button', { name: 'Keep mine' }).click();
    await page.locator('h1', { hasText: 'Watched' }).waitFor();
    b.troubles.splice(0); // the 412 is one in the console
});

test('an invitation makes a member; an administrator makes them a viewer, who then sees no way to write', async (t) => {
    await page.goto(`${url}admin/`);
    await page.getByRole('button', { name: 'Invite' }).click();
    const dialog = page.getByRole('dialog', { name: 'Invite' });
    await dialog.getByRole('button', { name: 'Make the link' }).click();
    const link = await page.getByRole('dialog', { name: 'Invitation link' }).locator('code').textContent();
    await page.keyboard.press('Escape');
    const guest = await browser();
    t.after(() => guest.close());
    const other = await guest.page(t);
    await other.goto(`${url}signup/${new URL(link).hash}`);
    await other.getByLabel('E-mail').fill('bob@example.org');
    await other.getByLabel('Password', { exact: true }).fill('another long password');
    await other.getByRole('button', { name: 'Create the account' }).click();
    await other.waitForURL('**/dash/', LONG);
    await other.getByRole('link', { name: 'Add monitor' }).waitFor();
    await page.reload();
    await page.getByLabel('Role of bob@example.org').selectOption('viewer');
    await page.getByText('bob@example.org is viewer now').waitFor();
    await other.reload();
    await settled(other);
    assert.equal(await other.getByRole('link', { name: 'Add monitor' }).count(), 0);
    await page.getByLabel(`Role of ${ADMIN.email}`).selectOption('member');
    await page.getByText(/was not changed/).waitFor();
});

test('a channel is made, tested, and its mail arrives', async () => {
    await page.goto(`${url}notify/?new=email`);
    await page.getByLabel('Name', { exact: true }).fill('ops');
    await page.getByLabel('To', { exact: true }).fill('ops@example.org');
    await page.getByRole('button', { name: 'Send test' }).click();
    await page.locator('.result').getByText('delivered').waitFor(LONG);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('cell', { name: 'ops', exact: false }).or(page.getByRole('rowheader', { name: 'ops' })).first().waitFor();
});

test('system health and the audit log tell of it', async () => {
    await page.goto(`${url}admin/?tab=health`);
    await page.getByRole('rowheader', { name: 'checker' }).first().waitFor();
    await page.goto(`${url}admin/?tab=audit`);
    await page.getByRole('cell', { name: 'monitor.create' }).first().waitFor();
});

test('there was no error in any page', () => {
    assert.deepEqual(b.troubles.filter((text) => !/status of (401|409|412|422)/.test(text)), []);
});
