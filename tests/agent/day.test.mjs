// The day of who looks after machines, in a browser, on real machines: add hosts, see states, follow
// a log, edit an env file, deploy, see a deploy fail and roll back, see a crash end by itself, read
// who did what; and the same with a container. test_browser.py has the machines behind DAY.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { browser, settled } from '../browser/lib.mjs';

const day = JSON.parse(process.env.DAY);
const LONG = { timeout: 30000 };
let b;
let page;

/** Something done on a machine, or asked of who has them. */
async function ask(path, body) {
    const answer = await fetch(`${day.door}/${path}`, { method: body === undefined ? 'GET' : 'POST', body });
    const text = await answer.text();
    assert.ok(answer.ok, `${path}: ${text}`);
    return text;
}
const sh = (machine, script) => ask(`sh/${machine}`, script);
const commit = (version, subject) => ask('commit', JSON.stringify({ version, subject }));
const messages = async (event, name) => JSON.parse(await ask('told')).filter((m) => m.type.endsWith(`.${event}`) && m.data.monitor?.name?.includes(name));

/** The page of an app, by its row in the list. */
async function open(app, host, tab) {
    await page.goto(`${day.url}/apps/`);
    await settled(page);
    const row = page.getByRole('row', { name: new RegExp(`${app}.*${host}`) });
    await row.getByRole('link').first().click();
    await page.locator('h1', { hasText: app }).waitFor(LONG);
    if (tab) {
        await page.goto(`${page.url().replace(/[&#].*/, '')}&tab=${tab}`);
        await settled(page);
    }
}

before(async () => {
    b = await browser();
    page = await b.context.newPage();
    page.setDefaultTimeout(15000);
});
after(() => b?.close());

test('sign in', async () => {
    await page.goto(`${day.url}/signin/`);
    await page.getByLabel('E-mail').fill(day.email);
    await page.getByLabel('Password', { exact: true }).fill(day.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/dash/', LONG);
});

for (const name of ['web-1', 'web-2', 'web-3', 'box-1']) {
    test(`${name} is added by the line that the page shows, and turns green`, async () => {
        await page.goto(`${day.url}/hosts/`);
        await settled(page);
        await page.getByRole('button', { name: 'Add host' }).first().click();
        const dialog = page.getByRole('dialog', { name: 'Add host' });
        await dialog.getByLabel('Name').fill(name);
        await dialog.getByRole('button', { name: 'Make the line' }).click();
        const line = await dialog.locator('.secret code').first().innerText();
        assert.match(line, /^curl .*\/agent\/install\.sh \| sudo sh -s -- .*--token tce_/);
        await sh(name, name === 'box-1' ? `${line} --docker` : line);
        await dialog.locator('.result.s-up', { hasText: 'enrolled, and answers' }).waitFor(LONG);
        await ask(`allow/${name}`, '');
        await dialog.getByRole('link', { name }).click();
        await page.locator('h1', { hasText: name }).waitFor();
        await page.getByRole('row', { name: name === 'box-1' ? /box/ : /plain/ }).getByText('running').waitFor(LONG);
    });
}

test('states are those of the machines', async () => {
    await page.goto(`${day.url}/hosts/`);
    await settled(page);
    for (const name of ['web-1', 'web-2', 'web-3', 'box-1']) await page.locator('tr[data-id]', { hasText: name }).locator('.s-up').first().waitFor(LONG);
    await open('plain', 'web-2');
    await sh('web-2', 'systemctl stop plain');
    await page.locator('.detail-head.s-down').waitFor(LONG);
    await sh('web-2', 'systemctl start plain');
    await page.locator('.detail-head.s-up').waitFor(LONG);
});

test('a log is followed as it is written', async () => {
    await open('Shop', 'web-1', 'logs');
    await page.locator('.log-kind[data-kind="live"]').first().waitFor(LONG);
    const log = page.getByRole('log');
    await log.getByText('says good morning').first().waitFor();
    await sh('web-1', 'curl -sS http://127.0.0.1:8080/from-the-story');
    await log.getByText('from-the-story').first().waitFor();
});

test('an env file is edited, compared, saved, and the app restarted with it', async () => {
    await open('Shop', 'web-1', 'env');
    assert.ok(!(await page.content()).includes('hunter2'), 'a secret that nobody asked for');
    await page.getByRole('textbox', { name: 'Value of GREETING' }).fill('good evening');
    await page.getByRole('button', { name: 'Review and save…' }).click();
    const dialog = page.getByRole('dialog', { name: /^Save main of Shop/ });
    await dialog.getByText('1 line added, 1 removed').waitFor();
    await dialog.getByText('Changed: GREETING').waitFor();
    await dialog.getByRole('button', { name: 'Save and restart' }).click();
    await page.getByRole('dialog', { name: /^Restart Shop/ }).getByRole('button', { name: 'Restart' }).click();
    await page.getByText('Shop is restarted').waitFor(LONG);
    assert.equal((await sh('web-1', 'curl -fsS --retry 5 --retry-connrefused --retry-delay 1 http://127.0.0.1:8080/index.html')).trim(), 'good evening');
    assert.match(await sh('web-1', 'cat /srv/shop/.env'), /# never shown\n\nLIMIT=10\n$/);
});

/** Asks for a deploy of main, and waits for its end on the page. */
async function deploy(result) {
    await open('Shop', 'web-1');
    await page.locator('.detail-head.s-up').waitFor(LONG);
    await page.getByRole('button', { name: 'Deploy…' }).click();
    const dialog = page.getByRole('dialog', { name: /^Deploy Shop/ });
    // the dialog has the host look at what is new, and nobody waits for that
    await dialog.getByLabel('Branch or tag').fill('main');
    await dialog.getByRole('button', { name: 'Deploy' }).click();
    await page.getByRole('heading', { name: /^Deploy #\d+: main/ }).waitFor();
    await page.locator(result).first().waitFor({ timeout: 20000 });
}

test('a commit of a real repository is deployed, its output read as it comes', async () => {
    await commit('2.0', 'The shop has a window');
    await deploy('.result.s-up');
    await page.getByText('building 2.0').first().waitFor();
    await page.getByText('The shop has a window').first().waitFor();
    assert.equal((await sh('web-1', 'curl -fsS --retry 5 --retry-connrefused --retry-delay 1 http://127.0.0.1:8080/version')).trim(), '2.0');
});

test('a deploy that does not come up is rolled back', async () => {
    await commit('broken', 'The shop breaks');
    await deploy('.result.s-degraded');
    await page.getByText(/rolled back/i).first().waitFor(LONG);
    assert.equal((await sh('web-1', 'curl -fsS --retry 5 --retry-connrefused --retry-delay 1 http://127.0.0.1:8080/version')).trim(), '2.0');
});

for (const [app, host, kill] of [['Shop', 'web-1', 'systemctl kill -s KILL shop'], ['box', 'box-1', 'docker kill box']]) {
    test(`${app} crashes: an incident, a restart by itself, messages, all well again`, async () => {
        await open(app, host);
        const policy = page.getByRole('region', { name: 'Restarts and alerts' });
        await policy.getByLabel('Restart it when it goes down').check();
        await Promise.all([
            page.waitForResponse((r) => r.request().method() === 'PATCH' && r.ok()),
            policy.getByRole('button', { name: 'Save', exact: true }).click(),
        ]);
        await sh(host, kill);
        const downs = async () => (await messages('down', app)).length;
        for (const until = Date.now() + 30000; !await downs(); await new Promise((done) => setTimeout(done, 100))) assert.ok(Date.now() < until, 'no message of the crash');
        for (const until = Date.now() + 30000; !(await messages('up', app)).length; await new Promise((done) => setTimeout(done, 100))) assert.ok(Date.now() < until, 'no message of the recovery');
        assert.equal(await downs(), 1);
        await open(app, host);
        await page.locator('.detail-head.s-up').waitFor(LONG);
        await page.goto(`${day.url}/incidents/?state=all`);
        await settled(page);
        await page.getByText(new RegExp(`${app} on ${host}`)).first().waitFor(LONG);
    });
}

test('the container is followed, restarted and stopped as a service is', async () => {
    await open('box', 'box-1', 'logs');
    await page.getByRole('log').getByText('the box is open').first().waitFor(LONG);
    await page.getByRole('button', { name: 'Restart…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click();
    await page.getByText('box is restarted').waitFor(LONG);
    await open('box', 'box-1');
    assert.equal(await page.getByRole('button', { name: 'Deploy…' }).count(), 0, 'a container is not deployed');
});

test('who did what is written down', async () => {
    await open('Shop', 'web-1', 'audit');
    for (const what of [/env/i, /deploy/i, /restart/i]) await page.getByRole('main').getByText(what).first().waitFor(LONG);
    await page.getByText(day.email).first().waitFor();
    assert.ok(!(await page.content()).includes('hunter2'));
});

test('no page had an error', () => {
    assert.deepEqual(b.troubles.filter((what) => what.startsWith('error:')), []);
});
