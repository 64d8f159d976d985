// Hosts and apps: their states, live logs and what becomes of them without a stream, env files,
// deploys, a new host. Against the stand-in, which can be in every state.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { axe, browser, settled, site, visit } from './lib.mjs';
import { fake } from './fake/server.mjs';
import { makeLine } from './fake/fleet.mjs';

const PAGES = ['hosts/?view=cards', 'hosts/?id=101&at=now', 'hosts/?id=103&tab=settings', 'hosts/?id=102&tab=alerts', 'apps/?id=202', 'apps/?id=201&tab=env&mode=text', 'apps/?id=201&tab=deploys&deploy=12', 'apps/?id=201&tab=metrics', 'apps/?id=201&tab=uptime', 'apps/?id=201&tab=audit'];
let b;
before(async () => { b = await browser(); });
after(() => b.close());

/** A server and a page on it. @param {import('node:test').TestContext} t */
async function stage(t, where, prepare = () => {}) {
    const api = await fake({ site: site() });
    prepare(api);
    const page = await b.page(t);
    t.after(() => { b.troubles.splice(0); return api.stop().catch(() => {}); });
    await page.goto(api.url + where);
    await settled(page);
    return { api, page };
}
const live = (page, kind) => page.waitForFunction((k) => document.documentElement.dataset.live === k, kind);
const logKind = (page, kind) => page.locator(`.log-kind[data-kind="${kind}"]`).first().waitFor();
/** Puts a word into the list of all that Tocsin says in toasts, once. */
const said = (page, text) => page.locator('.toast', { hasText: text }).first().waitFor();

for (const [scheme, width] of /** @type {const} */ ([['light', 1440], ['dark', 390]])) {
    test(`axe finds nothing on the pages of hosts and apps, ${scheme}, ${width} px, and nothing is wider than the window`, async (t) => {
        const { api, page } = await stage(t, 'hosts/');
        await page.emulateMedia({ colorScheme: scheme });
        await page.setViewportSize({ width, height: 900 });
        const found = [];
        for (const where of PAGES) {
            await visit(page, api.url + where.replace('at=now', `at=${Math.floor(Date.now() / 1000) - 3600}`));
            found.push(...(await axe(page)).map((what) => `${where} ${what}`));
            assert.equal(await page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth)), 0, where);
        }
        assert.deepEqual(found, []);
        assert.deepEqual(b.troubles.splice(0), []);
    });
}

test('the list of hosts: worst first, silent ones say when they were seen, an event changes one row', async (t) => {
    const { api, page } = await stage(t, 'hosts/');
    await live(page, 'live');
    assert.deepEqual(await page.locator('tr[data-id] .c-name a').allTextContents(), ['vm-2', 'vm-7', 'vm-1']);
    await page.locator('tr[data-id="103"]', { hasText: 'silent' }).getByText(/seen/).waitFor();
    assert.match(await page.locator('tr[data-id="102"] .c-meter').nth(2).textContent(), /94 %.*above its threshold/);
    await page.evaluate(() => {
        window.touched = new Set();
        new MutationObserver((list) => { for (const m of list) { const tr = (m.target.nodeType === 1 ? m.target : m.target.parentElement).closest('tr'); if (tr) window.touched.add(tr.dataset.id); } }).observe(document.querySelector('tbody'), { subtree: true, childList: true, characterData: true, attributes: true });
    });
    api.tell('host', { id: 101, status: 'up', cpu: 0.87, mem: 71, load: 3.9, seen: new Date().toISOString() });
    await page.locator('tr[data-id="101"]').getByText('87 %').waitFor();
    assert.deepEqual(await page.evaluate(() => [...window.touched]), ['101']);
    await page.getByRole('searchbox').fill('is:unknown');
    await page.waitForFunction(() => document.querySelectorAll('tr[data-id]').length === 1);
    assert.match(page.url(), /q=is/);
});

test('a silent host: its apps are unknown, never running; charts and a spike tell what changed', async (t) => {
    const { page } = await stage(t, 'hosts/?id=103');
    await page.getByText('The agent is silent.').waitFor();
    await page.getByRole('row', { name: /mail/ }).getByText('the host is silent').waitFor();
    assert.equal(await page.getByRole('row', { name: /mail/ }).getByText('running').count(), 0);
    await page.goto(page.url().replace('103', '101'));
    await settled(page);
    const chart = page.getByRole('application', { name: /^CPU:/ });
    await chart.focus();
    await page.keyboard.press('End');
    for (let i = 0; i < 3; i++) await page.keyboard.press('Shift+ArrowLeft');
    await page.getByText(/% in all, user/).first().waitFor();
    assert.ok(await page.locator('.readout', { hasText: 'used' }).count() > 0, 'the other charts follow the cursor');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /^What changed around/ }).waitFor();
    await page.locator('.what-changed').getByText('crashed').waitFor();
    await page.getByRole('button', { name: '24h' }).click();
    await page.waitForURL('**range=24h**');
});

test('a restart: the password anew, then it runs and is told; without the grant there is no button', async (t) => {
    const { api, page } = await stage(t, 'apps/?id=202', (a) => { a.w.needProof = true; });
    await live(page, 'live');
    await page.getByRole('button', { name: 'Start' }).click();
    const dialog = page.getByRole('dialog', { name: 'Start worker on vm-1?' });
    await dialog.getByLabel('Reason').fill('it crashed');
    await dialog.getByRole('button', { name: 'Start' }).click();
    const proof = page.getByRole('dialog', { name: 'Confirm that it is you' });
    await proof.getByLabel('Password', { exact: true }).fill('wrong');
    await proof.getByRole('button', { name: 'Go on' }).click();
    await proof.getByText('is not your password').waitFor();
    await proof.getByLabel('Password', { exact: true }).fill('correct horse battery');
    await proof.getByRole('button', { name: 'Go on' }).click();
    const progress = page.getByRole('dialog', { name: 'Starting worker on vm-1' });
    await progress.getByText('worker is started').waitFor();
    await progress.getByText('Asked by ann@example.com').waitFor();
    await progress.getByText('running', { exact: true }).waitFor();
    assert.equal(api.w.actions.at(-1).reason, 'it crashed');
    await progress.getByRole('button', { name: 'Close' }).last().click();
    await page.locator('.detail-head.s-up').waitFor();
    api.w.fleetRights = { developer: false, operator: false };
    await page.goto(`${api.url}apps/?id=201&tab=env`);
    await settled(page);
    await page.getByText('Env files are not shown to you').waitFor();
    assert.equal(await page.getByRole('button', { name: /Restart|Stop|Deploy/ }).count(), 0);
    assert.ok(!api.control.hits.includes('GET /apps/201/env'));
});

test('a log is followed live; a burst of 20 000 lines keeps the page quick; pause, scroll, search', async (t) => {
    const { api, page } = await stage(t, 'apps/?id=201&tab=logs');
    const log = page.getByRole('log');
    await logKind(page, 'live');
    await log.getByText('connection to the database refused').waitFor();
    assert.equal(await log.locator('.a-1', { hasText: 'ERROR' }).count(), 1);
    await page.evaluate(() => {
        window.long = [];
        new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.long.push(entry.duration); }).observe({ type: 'longtask' });
    });
    const at = Date.now();
    const lines = Array.from({ length: 20000 }, (_, i) => makeLine(api.w, at + i, { m: `burst ${i} status=200` }));
    for (let i = 0; i < 20000; i += 2000) {
        api.logs.say(201, lines.slice(i, i + 2000));
        await new Promise((done) => setTimeout(done, 50));
    }
    await log.getByText('burst 19999 ').waitFor();
    const long = await page.evaluate(() => window.long);
    t.diagnostic(`long tasks: ${long.map(Math.round).join(', ') || 'none'}`);
    assert.ok(long.filter((ms) => ms > 100).length === 0, `long tasks ${long}`);
    assert.match(await page.locator('.log-bar').innerText(), /20\u202f500 lines/);
    assert.ok(await log.locator('.log-row').count() < 120);
    // pause: lines are kept and counted
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    api.logs.say(201, Array.from({ length: 412 }, (_, i) => makeLine(api.w, Date.now(), { m: `later ${i}` })));
    await page.getByRole('button', { name: 'Paused +412' }).waitFor();
    assert.equal(await log.getByText('later 411').count(), 0);
    await page.getByRole('button', { name: 'Jump to newest (412)' }).click();
    await log.getByText('later 411').waitFor();
    // scrolling up stops following
    await log.evaluate((node) => { node.scrollTop -= 2000; });
    await page.getByRole('button', { name: /^Jump to newest/ }).waitFor();
    const top = await log.evaluate((node) => node.scrollTop);
    api.logs.say(201, [makeLine(api.w, Date.now(), { m: 'while reading' })]);
    await page.getByRole('button', { name: 'Jump to newest (1)' }).waitFor();
    assert.equal(await log.evaluate((node) => node.scrollTop), top);
    // search with a pattern
    const search = page.getByRole('searchbox', { name: 'Search the log' });
    await search.fill('/burst \\d*999 /');
    await page.getByText(/^–\/20$/).waitFor();
    await search.press('Enter');
    await page.getByText('1/20').waitFor();
    await log.locator('.log-row.current mark', { hasText: 'burst 999 ' }).waitFor();
    await page.getByRole('button', { name: 'Only matches' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.log-room .log-row').length === 20);
    await search.fill('/(/');
    await page.getByText('no pattern').waitFor();
    await search.fill('');
});

test('levels, wrapped lines, JSON laid out, long lines, a link to a line, older lines, the server’s search', async (t) => {
    const { api, page } = await stage(t, 'apps/?id=201&tab=logs');
    const log = page.getByRole('log');
    await logKind(page, 'live');
    await log.getByRole('button', { name: 'as JSON' }).click();
    await log.getByText('"total": "12.50"').waitFor();
    await log.getByRole('button', { name: /^show 72 kB/ }).click();
    await log.getByText(/were left out by the host/).waitFor({ state: 'attached' });
    await page.getByLabel('Level').selectOption('3');
    await page.waitForFunction(() => [...document.querySelectorAll('.log-room .log-p')].every((node) => node.textContent.startsWith('ERROR')));
    await page.reload();
    await settled(page);
    assert.equal(await page.getByLabel('Level').inputValue(), '3', 'kept for this app');
    await page.getByLabel('Level').selectOption('7');
    await page.getByLabel('Level').selectOption('6');
    await page.waitForFunction(() => document.querySelector('.log').scrollHeight > 5000);
    const reads = () => page.waitForFunction(() => {  // the rows are drawn after the scrolling
        const box = document.querySelector('.log').getBoundingClientRect();
        return document.elementFromPoint(box.left + 300, box.top + 30).closest('.log-row')?.dataset.n;
    }).then((row) => row.jsonValue());
    await log.evaluate((node) => { node.scrollTop = 100; });
    const before = await reads();
    await page.waitForFunction(() => /1\u202f500 lines/.test(document.querySelector('.log-bar').innerText));
    assert.equal(await reads(), before, 'older lines came above what is read');
    await page.getByLabel('Level').selectOption('7');
    await page.getByRole('button', { name: 'How the log is shown' }).click();
    await page.getByRole('menuitem', { name: 'Search on the server…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Search on the server' });
    await dialog.getByLabel('Search for').fill('/request 17 /');
    await dialog.getByRole('button', { name: 'Search' }).click();
    await dialog.getByText('1 line found').waitFor();
    await dialog.locator('.log-results button').click();
    await log.locator('.log-row.current', { hasText: 'request 17 ' }).waitFor();
    await log.locator('.log-row', { hasText: 'request 20 ' }).locator('.log-t').click();
    assert.match(page.url(), /#c=s%3D1%3Bi%3D20$/);
    const link = page.url();
    const other = await b.page(t);
    await other.goto(link);
    await other.locator('.log-row.chosen', { hasText: 'request 20 ' }).waitFor();
    assert.ok(api.control.hits.length);
});

test('no stream: the log is asked for every five seconds and says so, and nothing else changes; a broken one goes on where it stopped', async (t) => {
    const { api, page } = await stage(t, 'apps/?id=201&tab=logs', (a) => { a.control.logStream = 204; });
    await logKind(page, 'polling');
    await page.getByText('Polling, 5 s').first().waitFor();
    api.logs.say(201, [makeLine(api.w, Date.now(), { m: 'by polling' })]);
    api.control.logStream = 'open';
    await page.getByRole('log').getByText('by polling').waitFor();
    await logKind(page, 'live');
    api.logs.drop();
    await page.waitForFunction(() => document.querySelector('.log-mark'));
    api.logs.say(201, [makeLine(api.w, Date.now(), { m: 'after the break' })]);
    await page.getByRole('log').getByText('after the break').waitFor();
    assert.equal(await page.getByRole('log').getByText('by polling').count(), 1, 'no line twice');
});

test('env: masked, shown on demand, changed, compared, saved and restarted', async (t) => {
    const { api, page } = await stage(t, 'apps/?id=201&tab=env');
    await live(page, 'live');
    assert.ok(!(await page.content()).includes('sk_live_1'));
    await page.getByRole('button', { name: 'Show STRIPE_KEY' }).click();
    await page.getByText('sk_live_1').waitFor();
    assert.deepEqual(api.w.revealed, ['STRIPE_KEY']);
    await page.getByRole('button', { name: 'Hide STRIPE_KEY' }).click();
    await page.getByRole('textbox', { name: 'Value of CACHE_TTL' }).fill('600');
    await page.getByRole('textbox', { name: 'New key', exact: true }).fill('FEATURE');
    await page.getByRole('textbox', { name: 'Value of the new key', exact: true }).fill('two words');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('button', { name: 'Remove DEBUG' }).click();
    await page.getByRole('tab', { name: 'Overview' }).click();
    await page.getByRole('heading', { name: 'State' }).waitFor();
    await page.getByRole('tab', { name: 'Env' }).click();
    await page.getByText('Not saved yet').waitFor();
    await page.getByRole('button', { name: 'Review and save…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Save main of myspendo on vm-1?' });
    await dialog.getByText('2 lines added, 2 removed').waitFor();
    await dialog.getByText('Changed: CACHE_TTL').waitFor();
    await dialog.getByText("FEATURE='two words'").waitFor();
    assert.deepEqual(await axe(page), [], 'the difference');
    assert.match(api.w.envs.get('201 main').text, /CACHE_TTL=300/, 'nothing is written yet');
    await dialog.getByRole('button', { name: 'Save and restart' }).click();
    const restart = page.getByRole('dialog', { name: 'Restart myspendo on vm-1?' });
    assert.match(await restart.getByLabel('Reason').inputValue(), /^main changed: /);
    await restart.getByRole('button', { name: 'Restart' }).click();
    await page.getByText('myspendo is restarted').waitFor();
    const text = api.w.envs.get('201 main').text;
    assert.match(text, /^# the shop's settings\nexport PORT=8080 {2}# behind nginx\nNAME="The shop"\nDATABASE_URL=••••••••\n/);
    assert.match(text, /CACHE_TTL=600\nFEATURE='two words'\n$/);
});

test('env: somebody else saved first: both differences, put together, nothing lost; a wrong line is named', async (t) => {
    const { api, page } = await stage(t, 'apps/?id=201&tab=env&mode=text');
    const env = api.w.envs.get('201 main');
    const area = page.getByRole('textbox', { name: 'Text of main' });
    await area.fill(`${env.text.replace('CACHE_TTL=300', 'CACHE_TTL=600')}no sign\n`);
    await page.getByRole('button', { name: 'Line 10' }).waitFor();
    await page.getByRole('button', { name: 'Review and save…' }).click();
    await page.getByRole('dialog').getByText('there is no =').first().waitFor();
    await page.getByRole('button', { name: 'Back to the text' }).click();
    await area.fill(env.text.replace('CACHE_TTL=300', 'CACHE_TTL=600'));
    Object.assign(env, { text: env.text.replace('PORT=8080', 'PORT=9090'), version: 2 });
    await page.getByRole('button', { name: 'Review and save…' }).click();
    const meet = page.getByRole('dialog', { name: 'Somebody else changed this meanwhile' });
    await meet.getByText('you changed other lines than they did', { exact: false }).or(meet.getByText('You changed other lines')).first().waitFor();
    await meet.getByRole('region', { name: /What they changed/ }).getByText('9090').waitFor();
    await meet.getByRole('region', { name: /What you changed/ }).getByText('600').waitFor();
    await meet.getByRole('button', { name: 'Put both together' }).click();
    const dialog = page.getByRole('dialog', { name: /^Save main/ });
    await dialog.getByText('Changed: CACHE_TTL').waitFor();
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await said(page, 'main saved');
    assert.match(env.text, /PORT=9090[\s\S]*CACHE_TTL=600/);
    await page.getByText('Backups').click();
    await page.getByRole('button', { name: 'Compare main.2026-11-20T10-00-00Z' }).click();
    await page.getByRole('dialog').getByText('CACHE_TTL=').first().waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click();
    await said(page, 'The backup is put back');
    assert.match(env.text, /CACHE_TTL=60\n/);
});

test('a deploy: what it will run, its steps and output as they come, somebody else sees who is at it, rolled back', async (t) => {
    const { api, page } = await stage(t, 'apps/?id=201');
    await live(page, 'live');
    await page.getByRole('button', { name: 'Deploy…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Deploy myspendo on vm-1' });
    await dialog.getByText('2 newer commits').waitFor();
    await dialog.getByText('Will run').waitFor();
    await dialog.getByLabel('Branch or tag').fill('evil');
    await dialog.getByRole('button', { name: 'Deploy' }).click();
    await dialog.getByText('is not allowed by the list of the host').waitFor();
    await dialog.getByLabel('Branch or tag').fill('main');
    await dialog.getByText('Faster search').waitFor();
    await dialog.getByRole('button', { name: 'Deploy' }).click();
    await page.getByRole('heading', { name: /^Deploy #\d+: main/ }).waitFor();
    await page.getByText('ann@example.com is deploying main.').waitFor();
    await logKind(page, 'live');
    const id = api.w.actions.at(-1).id;
    api.logs.say(`deploy ${id}`, [makeLine(api.w, Date.now(), { m: 'fetching origin' }), makeLine(api.w, Date.now(), { m: 'built in 14 s' })]);
    await page.getByRole('log').getByText('built in 14 s').waitFor();
    await page.locator('.deploy-steps [aria-current]', { hasText: 'fetch' }).waitFor();
    api.w.deployStep();
    await page.locator('.deploy-steps [aria-current]', { hasText: 'checkout' }).waitFor();
    api.w.deployStep('failed');
    await page.locator('.result.s-down').waitFor();
    await page.getByRole('button', { name: `Roll back to before #${id}` }).click();
    const back = page.getByRole('dialog', { name: 'Roll myspendo on vm-1 back?' });
    await back.getByRole('button', { name: 'Roll back' }).click();
    await page.getByText(`back to before #${id}`).waitFor();
});

test('a new host: one line with its count-down, and green when the agent has called', async (t) => {
    const { api, page } = await stage(t, 'hosts/');
    await live(page, 'live');
    await page.keyboard.press('n');
    const dialog = page.getByRole('dialog', { name: 'Add host' });
    await dialog.getByLabel('Name').fill('vm-9');
    await dialog.getByRole('button', { name: 'Make the line' }).click();
    await dialog.getByText('waiting for the agent').waitFor();
    await dialog.getByText('--token tce_abc.SECRET.PIN', { exact: false }).first().waitFor();
    await dialog.getByRole('timer').getByText(/^(59|60):\d\d$/).waitFor();
    await dialog.getByRole('button', { name: 'Or by hand, step by step' }).click();
    await dialog.getByText('sha256sum -c', { exact: false }).waitFor();
    assert.deepEqual(await axe(page), [], 'the dialog');
    api.w.enrol();
    await dialog.locator('.result.s-up', { hasText: 'enrolled, and answers' }).waitFor();
    await dialog.getByRole('link', { name: 'vm-9' }).click();
    await page.locator('h1', { hasText: 'vm-9' }).waitFor();
});

test('a demonstration says so on each page, and answers each write with what it would have done', async (t) => {
    const { page } = await stage(t, 'apps/?id=201', (a) => { a.w.demo = true; });
    await page.getByRole('complementary', { name: 'Demonstration' }).waitFor();
    await page.getByRole('button', { name: 'Restart…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click();
    await said(page, 'Demo: would have restarted myspendo');
    assert.equal(await page.getByRole('dialog').count(), 0);
});

test('a host is deleted after its name was typed, and comes back by Undo; what somebody else changed is not lost', async (t) => {
    const { api, page } = await stage(t, 'hosts/?id=102&tab=settings');
    await page.getByLabel('Name', { exact: true }).fill('mine');
    Object.assign(api.w.hosts.get(102), { name: 'theirs', version: 2 });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const conflict = page.getByRole('dialog', { name: 'Somebody else changed this meanwhile' });
    await conflict.getByRole('cell', { name: 'theirs' }).waitFor();
    await conflict.getByRole('button', { name: 'Keep mine' }).click();
    await page.locator('h1', { hasText: 'mine' }).waitFor();
    await page.getByRole('button', { name: 'Delete the host' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete mine?' });
    await dialog.getByRole('textbox').fill('mine');
    await dialog.getByRole('button', { name: 'Delete the host' }).click();
    await page.waitForURL('**/hosts/');
    await page.waitForFunction(() => document.querySelectorAll('tr[data-id]').length === 2);
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.locator('tr[data-id="102"]').waitFor();
});
