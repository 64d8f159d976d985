// The fleet on a real httpd, tocsind and PostgreSQL, below a sub-path, with the double of an agent
// over real TLS. TOCSIN_BUILD is the build tree.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { browser, build, settled, signedIn, site, top } from './lib.mjs';

const LONG = { timeout: 20000 };
let b;
let stack;
let page;
let api;

/** A stack with a fleet; `tell` sends a command to the agent's double. */
async function fleet() {
    const child = spawn('/usr/bin/python3', ['-B', join(top, 'tests/browser/agent.py'), '--build', build, '--path', '/ops/tocsin'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout });
    const wait = [];
    lines.on('line', (line) => wait.shift()?.done(JSON.parse(line)));
    child.once('exit', (code) => wait.splice(0).forEach((w) => w.failed(new Error(`the stack ended with ${code}`))));
    const next = () => new Promise((done, failed) => wait.push({ done, failed }));
    const said = await next();
    return {
        ...said, url: `${said.url.replace(/\/$/, '')}/`,
        tell(command) { const answer = next(); child.stdin.write(`${JSON.stringify(command)}\n`); return answer; },
        async close() { child.stdin.end(); await new Promise((done) => child.once('exit', done)); },
    };
}

before(async () => {
    site();
    [b, stack] = await Promise.all([browser(), fleet()]);
    page = await b.context.newPage();
    page.setDefaultTimeout(10000);
    await page.goto(`${stack.url}signin/`);
    api = await signedIn(page, stack);
});
after(async () => {
    await b?.close();
    await stack?.close();
});

test('the host and its apps are there, alive; a failure of an app comes without a reload, with its incident', async () => {
    await page.goto(`${stack.url}hosts/`);
    await settled(page);
    await page.locator(`tr[data-id="${stack.host}"]`).getByText('up', { exact: true }).waitFor(LONG);
    await page.locator(`tr[data-id="${stack.host}"]`).getByText('25 %').first().waitFor();
    await page.getByRole('link', { name: 'vm-1' }).click();
    await page.getByRole('application', { name: /^CPU: now/ }).waitFor(LONG);
    await page.getByRole('link', { name: 'worker' }).click();
    await page.locator('.detail-head.s-up').waitFor(LONG);
    await stack.tell({ app: 'worker', set: { state: 'failed', exit: { code: 137, signal: null } } });
    await page.locator('.detail-head.s-down').waitFor(LONG);
    await page.getByRole('link', { name: /^Incident #/ }).click();
    await page.locator('h2', { hasText: 'worker' }).first().waitFor();
    await page.getByRole('link', { name: 'worker on vm-1', exact: true }).first().click();
    await page.waitForURL(`**/apps/?id=${stack.worker}**`);
});

test('it is started again: asked, done and told in the dialog', async () => {
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('it had crashed');
    await page.getByRole('dialog').getByRole('button', { name: 'Start' }).click();
    await page.getByRole('dialog').getByText('worker is started').waitFor(LONG);
    await page.getByRole('dialog').getByRole('button', { name: /^Close/ }).last().click();
    await page.locator('.detail-head.s-up').waitFor(LONG);
    const { calls } = await stack.tell({});
    assert.ok(calls.some(([method, path]) => method === 'POST' && path === '/v1/apps/worker/start'));
    await page.getByRole('tab', { name: 'Audit' }).click();
    await page.getByText('it had crashed').first().waitFor();
});

test('the log comes as it is written, through httpd and tocsind', async () => {
    await stack.tell({ log: 'before %d', times: 3 });
    await page.goto(`${stack.url}apps/?id=${stack.web}&tab=logs`);
    await page.getByRole('log').getByText('before 2').waitFor();
    await page.locator('.log-kind[data-kind="live"]').waitFor(LONG);
    await stack.tell({ log: 'line %d', times: 600 });
    await page.getByRole('log').getByText('line 599').waitFor();
    await page.waitForFunction(() => /603 lines/.test(document.querySelector('.log-bar').innerText));
});

test('an env file: masked, shown on demand, saved with the difference; a stale one is met', async () => {
    await page.getByRole('tab', { name: 'Env' }).click();
    await page.getByRole('textbox', { name: 'Value of PORT' }).waitFor();
    assert.ok(!(await page.content()).includes('k-1'));
    await page.getByRole('button', { name: 'Show API_KEY' }).click();
    await page.getByText('k-1', { exact: true }).waitFor();
    await page.getByRole('textbox', { name: 'Value of PORT' }).fill('9090');
    const read = await api('GET', `/apps/${stack.web}/env/main`);
    await page.getByRole('button', { name: 'Review and save…' }).click();
    await page.getByRole('dialog').getByText('Changed: PORT').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
    await page.locator('.toast', { hasText: 'main saved' }).waitFor();
    assert.match((await api('GET', `/apps/${stack.web}/env/main`)).text, /PORT=9090/);
    assert.notEqual(read.etag, undefined);
    const { items } = await api('GET', `/apps/${stack.web}/audit`);
    assert.ok(items.some((item) => /reveal/.test(item.action)) && items.some((item) => /env/.test(item.action) && /PORT/.test(JSON.stringify(item))));
});

test('a deploy from the dialog to its end, and the event of it', async () => {
    await page.getByRole('button', { name: 'Deploy…' }).click();
    await page.getByRole('dialog').getByText('1 newer commit').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Deploy' }).click();
    await page.getByRole('heading', { name: /^Deploy #\d+: main/ }).waitFor();
    await page.locator('.deploy-steps [aria-current]', { hasText: 'fetch' }).waitFor(LONG);
    await page.locator('.log-kind[data-kind="live"]').waitFor(LONG);
    await stack.tell({ log: 'built in %d s' });
    await page.getByRole('log').getByText('built in 0 s').waitFor();
    await stack.tell({ deploy: 'succeeded' });
    await page.locator('.result.s-up').waitFor(LONG);
    await page.getByRole('tab', { name: 'Overview' }).click();
    await page.getByText('deployed').first().waitFor();
});

test('a new host is enrolled with the line of the dialog, and the dialog turns green', async () => {
    await page.goto(`${stack.url}hosts/`);
    await settled(page);
    await page.getByRole('button', { name: 'Add host' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add host' });
    await dialog.getByRole('button', { name: 'Make the line' }).click();
    const token = /--token (\S+)/.exec(await dialog.locator('.secret code').textContent())[1];
    await stack.tell({ enrol: token, name: 'vm-2' });
    await dialog.locator('.result.s-up', { hasText: 'enrolled, and answers' }).waitFor(LONG);
    await dialog.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('link', { name: 'vm-2' }).waitFor(LONG);
});

test('there was no error in any page', () => {
    assert.deepEqual(b.troubles.filter((text) => !/status of (401|403|409|412|422|502|503)/.test(text)), []);
});
