// The public status page: complete without a script, honest about its age, within reach of
// everybody. TOCSIN_BUILD is the build tree.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { axe, browser, top } from './lib.mjs';
import { httpd, now, silhouettes, stranger } from './pages.mjs';

const KINDS = ['sample', 'up', 'empty', 'hostile', 'rtl', 'many', 'great'];
const NOON = Date.UTC(2026, 10, 21, 11, 15) / 1000; // for what hangs on the hour
const STATES = ['Operational', 'Degraded', 'Down', 'Maintenance', 'Unknown', 'Paused'];
let web, b, plain;
const url = {};

before(async () => {
    [web, b, plain] = await Promise.all([httpd(), browser(), browser({ javaScriptEnabled: false })]);
    for (const kind of KINDS) url[kind] = folder(web.page(kind, now(), kind === 'rtl' ? 'ar' : 'en'));
    url.noon = folder(web.page('noon', NOON)); // any other word is a sample
});
after(async () => { await Promise.all([b?.close(), plain?.close(), web?.close()]); });

const folder = (address) => address.replace(/\?.*/, '');
const quiet = () => assert.deepEqual(b.troubles.splice(0), []);
const wide = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test('without a script everything is there', async (t) => {
    const page = await plain.page(t);
    await page.goto(url.noon);
    assert.match(await page.locator('#banner').innerText(), /Partial outage\s+API is down since \d\d:\d\d CET/);
    assert.equal(await page.locator('.comp').count(), 8);
    assert.equal(await page.locator('.strip[role=img] svg').count(), 8);
    assert.match(await page.locator('#c-100 .strip').getAttribute('aria-label'), /^API: The last 90 days: 99\.\d\d % uptime\. Days with problems: 4\.$/);
    await page.locator('#c-100 summary').click();
    assert.equal(await page.locator('#c-100 tbody tr').count(), 4);
    assert.match(await page.locator('#c-100 tbody tr').nth(3).innerText(), /Down\s+Down 1 h 30 min\s+9\d\.\d\d %/);
    assert.match(await page.locator('#i-900').innerText(), /Requests to the API fail[\s\S]*Identified[\s\S]*Investigating/);
    assert.equal(await page.locator('.past article').count(), 2);
    assert.match(await page.locator('#m-500').innerText(), /Database minor release\s+In progress/);
    assert.equal(await page.locator('#subscribe form').first().getAttribute('method'), 'post');
    assert.equal(await page.locator('#subscribe input[type=email]').count(), 1);
    assert.deepEqual(await page.locator('.legend li').allInnerTexts(), STATES);
    assert.match(await page.locator('#updated').innerText(), /Updated \d+ \w+ 20\d\d, \d\d:\d\d CET?.*Rewritten every minute; if this time is older than 5 minutes, the status is unknown\./);
    assert.equal(await page.locator('head noscript meta[http-equiv=refresh]').count(), 1);
    assert.deepEqual(await page.evaluate(() => document.querySelectorAll('[style], style, script:not([src])').length).catch(() => 0), 0);
});

test('old information says so, and is not called healthy', async (t) => {
    const page = await b.page(t);
    await page.goto(web.page('up', now() - 6 * 60)); // nobody has written for six minutes
    await page.getByRole('heading', { name: 'Status information is 6 min old' }).waitFor();
    assert.equal(await page.locator('#banner').getAttribute('class'), 'banner s0');
    await page.goto(`${url.up}embed/`);
    await page.getByRole('heading', { name: 'Status information is 6 min old' }).waitFor();
    await page.goto(web.page('up'));
    await page.getByText('All systems operational').waitFor();
    quiet();
});

test('with nobody there to ask, it grows old by itself', async (t) => {
    const page = await b.page(t);
    await page.clock.install({ time: Date.now() });
    await page.goto(web.page('up'));
    await page.route('**/summary.json', (route) => route.abort());
    await page.clock.runFor(61000);
    await page.getByText('Could not refresh since').waitFor();
    await page.getByText('All systems operational').waitFor();
    await page.clock.runFor(300000);
    await page.getByRole('heading', { name: 'Status information is 6 min old' }).waitFor();
    await page.unroute('**/summary.json');
    web.page('up', now() + 360);
    await page.clock.runFor(61000);
    await page.getByText('All systems operational').waitFor();
    assert.equal(await page.locator('#note').textContent(), '');
    b.troubles.splice(0); // a request that fails is one in the console as well
});

test("a reader's wrong clock makes nothing old", async (t) => {
    const page = await b.page(t);
    await page.clock.install({ time: Date.now() + 20 * 60000 });
    const asked = page.waitForResponse('**/summary.json');
    await page.goto(web.page('up'));
    await asked;
    await page.clock.runFor(6000);
    assert.match(await page.locator('#banner').innerText(), /All systems operational[\s\S]*sec/);
    quiet();
});

test('the open page follows what is written, and keeps what is open', async (t) => {
    const page = await b.page(t);
    await page.clock.install({ time: Date.now() });
    await page.goto(web.page('followed')); // a sample that no other story reads: caches keep it for a while
    await page.locator('#c-100 summary').click();
    await page.locator('#c-101 .strip').focus();
    web.page('up');
    cpSync(web.folder('up'), web.folder('followed'), { recursive: true });
    await page.clock.runFor(61000);
    await page.getByText('All systems operational').waitFor();
    assert.equal(await page.locator('#i-900').count(), 0);
    assert.equal(await page.locator('.comp').count(), 2);
    assert.ok(await page.locator('#d-100').evaluate((d) => d.open));
    await page.locator('#c-101 .strip').press('End');
    await page.getByRole('group').getByText('Operational').waitFor();
    quiet();
});

test('each day is read by keyboard', async (t) => {
    const page = await b.page(t);
    await page.goto(url.noon);
    const strip = page.locator('#c-100 .strip');
    const says = (pattern) => page.waitForFunction(([p, s]) => new RegExp(p).test(document.querySelector(s).getAttribute('aria-valuetext')), [pattern, '#c-100 .strip']);
    await strip.focus();
    assert.equal(await strip.getAttribute('role'), 'slider');
    await page.keyboard.press('End');
    await says('Down: 42 min, .*Requests to the API fail');
    await page.keyboard.press('p');
    await says('Degraded, Uptime: 100 %, Degraded: 2 h');
    await page.keyboard.press('ArrowRight');
    assert.equal(await strip.getAttribute('aria-valuenow'), '81');
    await page.keyboard.press('PageDown');
    assert.equal(await strip.getAttribute('aria-valuenow'), '74');
    await page.keyboard.press('Home');
    await says('Operational, Uptime: 100 %');
    await page.keyboard.press('ArrowLeft');
    assert.equal(await strip.getAttribute('aria-valuenow'), '0');
    await page.keyboard.press('n');
    await says('Down: 1 h 30 min');
    assert.deepEqual(await axe(page), []);
    await page.keyboard.press('End');
    await page.locator('#day a').waitFor();
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Requests to the API fail');
    await page.keyboard.press('Escape');
    await page.locator('#day').waitFor({ state: 'detached' });
    assert.ok(await strip.evaluate((s) => s === document.activeElement));
    quiet();
});

test('on a phone the strip fits, and a day opens by touch', async (t) => {
    const phone = await browser({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    t.after(() => phone.close());
    const page = await phone.page(t);
    await page.goto(url.noon);
    assert.ok(await wide(page) <= 0);
    const strip = page.locator('#c-100 .strip');
    await strip.scrollIntoViewIfNeeded();
    const box = await strip.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 390);
    await page.touchscreen.tap(box.x + box.width - 4, box.y + box.height / 2);
    const sheet = page.locator('#day');
    await sheet.getByText('Down: 42 min').waitFor();
    const place = await sheet.boundingBox();
    assert.ok(place.x === 0 && place.width === 390 && Math.abs(place.y + place.height - 844) < 2);
    const shown = await sheet.locator('time').textContent();
    await sheet.getByRole('button', { name: 'Previous day' }).tap();
    assert.notEqual(await sheet.locator('time').textContent(), shown);
    assert.ok((await sheet.getByRole('button', { name: 'Next day' }).boundingBox()).height >= 44);
    assert.deepEqual(await axe(page), []);
    await sheet.getByRole('button', { name: 'Close' }).tap();
    await sheet.waitFor({ state: 'detached' });
    assert.deepEqual(phone.troubles, []);
});

const MONTH = new Date().toISOString().slice(0, 7);
const others = { 'light 1440': ['hostile/', 'sample/embed/'], 'light 390': [`sample/history/${MONTH}.html`], 'dark 1440': ['sample/incidents/898.html', 'empty/'], 'dark 390': ['rtl/'] };
for (const colorScheme of ['light', 'dark']) {
    for (const width of [1440, 390]) {
        test(`axe finds nothing, ${colorScheme}, ${width} px`, async (t) => {
            const page = await b.page(t);
            await page.emulateMedia({ colorScheme });
            await page.setViewportSize({ width, height: 900 });
            const found = [];
            for (const path of ['sample/', ...others[`${colorScheme} ${width}`]]) {
                await page.goto(`${web.url}status/${path}`);
                await page.evaluate(() => { for (const d of document.querySelectorAll('details')) d.open = true; });
                await page.evaluate(() => new Promise((drawn) => { requestAnimationFrame(() => requestAnimationFrame(drawn)); }));
                found.push(...(await axe(page)).map((what) => `${path} ${what}`));
            }
            assert.deepEqual(found, []);
            quiet();
        });
    }
}

test('four times as great, nothing has to be pushed sideways', async (t) => {
    const page = await b.page(t);
    await page.setViewportSize({ width: 320, height: 256 });
    for (const kind of KINDS) {
        await page.goto(url[kind]);
        await page.evaluate(() => { for (const d of document.querySelectorAll('details')) d.open = true; });
        assert.ok(await wide(page) <= 0, `${kind} is ${await wide(page)} px too wide`);
    }
    await page.goto(url.sample);
    const small = await page.evaluate(() => [...document.querySelectorAll('button, select, input, summary, .tools a, .links a')]
        .map((e) => [e.outerHTML.slice(0, 60), e.getBoundingClientRect()]).filter(([, r]) => r.width && (r.height < 24 || r.width < 24)).map(([e, r]) => `${e} ${r.width}x${r.height}`));
    assert.deepEqual(small.filter((e) => !/checkbox/.test(e)), []);
    quiet();
});

for (const [name, media] of [['in grey', {}], ['in the colours of the system', { forcedColors: 'active' }]]) {
    test(`six states are six shapes ${name}`, async (t) => {
        const page = await b.page(t);
        await page.emulateMedia(media);
        await page.goto(url.sample);
        const pictures = [];
        for (const bar of await page.locator('.legend .bar').all()) pictures.push(await bar.screenshot());
        const icons = [];
        for (const icon of await page.locator('.legend .i').all()) icons.push(await icon.screenshot());
        const shapes = await silhouettes(b.context, pictures);
        const marks = await silhouettes(b.context, icons);
        assert.equal(shapes.length, 6);
        for (const all of [shapes, marks]) {
            assert.ok(all.every((s) => s.includes('#')), 'each is seen');
            assert.equal(new Set(all).size, 6);
        }
        quiet();
    });
}

test('in print no strip is cut, links show where they lead, nothing to press is left', async (t) => {
    const page = await b.page(t);
    await page.goto(url.sample);
    await page.setViewportSize({ width: 700, height: 1000 });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    assert.equal(await page.locator('#c-100 .desc').evaluate((e) => getComputedStyle(e).color), 'rgb(69, 78, 89)', 'dark on white paper');
    const cut = await page.evaluate(() => [...document.querySelectorAll('.strip')].filter((s) => {
        const [own, drawn] = [s.getBoundingClientRect(), s.querySelector('svg').getBoundingClientRect()];
        return drawn.width > own.width + 1 || drawn.left < own.left - 1 || getComputedStyle(s.parentNode).breakInside !== 'avoid';
    }).length);
    assert.equal(cut, 0);
    assert.match(await page.locator('.md a').first().evaluate((a) => getComputedStyle(a, '::after').content), /attr|https:\/\/example\.com\/notes/);
    assert.equal(await page.locator('#tools, #subscribe').filter({ visible: true }).count(), 0);
    const pdf = await page.pdf({ format: 'A4', printBackground: false });
    assert.ok(pdf.subarray(0, 5).toString() === '%PDF-' && pdf.length > 10000);
    quiet();
});

test('times move to another zone together, and back', async (t) => {
    const page = await b.page(t);
    await page.goto(url.sample);
    const before = await page.locator('.facts time').first().innerText();
    assert.match(before, /CES?T$/);
    await page.getByRole('combobox', { name: 'Time zone' }).selectOption('UTC');
    for (const time of await page.locator('main time[datetime*=T]').allInnerTexts()) if (time) assert.match(time, /UTC$/);
    await page.reload();
    await page.waitForFunction(() => /UTC$/.test(document.querySelector('.facts time').textContent));
    await page.getByRole('combobox', { name: 'Time zone' }).selectOption('Europe/Berlin');
    assert.equal(await page.locator('.facts time').first().innerText(), before);
    await page.getByRole('combobox', { name: 'Colours' }).selectOption('dark');
    await page.reload();
    await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
    await page.getByRole('combobox', { name: 'Colours' }).selectOption('system');
    quiet();
});

test('one subscribes without leaving the page', async (t) => {
    const page = await b.page(t);
    const sent = [];
    await page.route('**/subscriptions', (route) => { sent.push(route.request().postData()); return route.fulfill({ status: sent.length > 1 ? 422 : 202, contentType: 'application/json', body: sent.length > 1 ? '{"detail":"That is no address."}' : '{}' }); });
    await page.goto(url.sample);
    await page.getByLabel('E-mail address').fill('ann@example.org');
    await page.getByText('Only about some systems').click();
    await page.getByRole('checkbox', { name: 'Database' }).check();
    await page.getByRole('button', { name: 'Subscribe by e-mail' }).click();
    await page.getByText('Look into your mail').waitFor();
    assert.equal(sent[0], 'type=email&address=ann%40example.org&components=103');
    await page.getByLabel('E-mail address').fill('ann@example.org');
    await page.getByRole('button', { name: 'Subscribe by e-mail' }).click();
    await page.getByText('That is no address.').waitFor();
    b.troubles.splice(0); // the refusal
});

test('hostile words are words', async (t) => {
    const page = await b.page(t);
    let dialogs = 0;
    page.on('dialog', (dialog) => { dialogs++; return dialog.dismiss(); });
    for (const path of ['', 'embed/', 'incidents/900.html', `history/${MONTH}.html`]) {
        await page.goto(url.hostile + path);
        const odd = await page.evaluate(() => [...document.querySelectorAll('*')].filter((e) => e.localName === 'img' || e.localName === 'style' || (e.localName === 'script' && !e.src)
            || [...e.attributes].some((a) => /^on|^style$/.test(a.name) || /^\s*(javascript|data:text)/i.test(a.value) && a.name !== 'value' && !a.name.startsWith('aria'))).map((e) => e.outerHTML.slice(0, 100)));
        assert.deepEqual(odd, [], path);
    }
    await page.goto(url.hostile);
    await page.locator('#c-103 .strip').focus();
    await page.keyboard.press('End');
    await page.locator('#day').waitFor();
    assert.equal(dialogs, 0);
    quiet();
});

test('only the bar may stand in a frame of others', async (t) => {
    const page = await b.page(t);
    const shown = async (address) => {
        const other = await stranger(address);
        t.after(() => other.close());
        await page.goto(other.url);
        return page.frameLocator('iframe').locator('body').innerText().catch(() => '');
    };
    assert.match(await shown(`${url.sample}embed/`), /Partial outage\s+Example Status/);
    assert.doesNotMatch(await shown(url.sample), /Partial outage/);
    assert.doesNotMatch(await shown(`${web.url}signin/`), /Sign in/);
    b.troubles.splice(0); // the refusals
});

test('feeds and badges are what they say they are', () => {
    for (const kind of KINDS) {
        const dir = web.folder(kind);
        execFileSync('xmllint', ['--noout', '--relaxng', join(top, 'tests/schemas/atom.rng'), join(dir, 'feed.atom')], { stdio: 'pipe' });
        const atom = readFileSync(join(dir, 'feed.atom'), 'utf8');
        assert.match(atom, /<link rel="self"/);
        const ids = [...atom.matchAll(/<id>(.*?)<\/id>/g)].map((m) => m[1]);
        assert.equal(new Set(ids).size, ids.length);
        const feed = JSON.parse(readFileSync(join(dir, 'feed.json'), 'utf8'));
        assert.equal(feed.version, 'https://jsonfeed.org/version/1.1');
        assert.equal(typeof feed.title, 'string');
        for (const address of [feed.home_page_url, feed.feed_url]) assert.equal(new URL(address).protocol, 'https:');
        assert.equal(new Set(feed.items.map((i) => i.id)).size, feed.items.length);
        for (const item of feed.items) {
            assert.ok(item.id && typeof item.title === 'string' && item.content_html, 'an item has a name and says something');
            assert.ok(!Number.isNaN(Date.parse(item.date_published)) && Date.parse(item.date_modified) >= Date.parse(item.date_published));
            assert.deepEqual(Object.keys(item).filter((k) => !['id', 'url', 'title', 'content_html', 'date_published', 'date_modified', 'tags'].includes(k)), []);
        }
        const badges = [...readdirSync(dir).filter((f) => f.endsWith('.svg')).map((f) => join(dir, f)), ...readdirSync(join(dir, 'badge')).map((f) => join(dir, 'badge', f))];
        execFileSync('xmllint', ['--noout', ...badges], { stdio: 'pipe' });
        for (const badge of badges) assert.match(readFileSync(badge, 'utf8'), /<title id="t">[^<]+<\/title>/);
    }
});

test('fifty components fit into fifteen kilobytes', async (t) => {
    const size = (path) => gzipSync(readFileSync(path), { level: 6 }).length;
    const assets = join(web.root, 'status/assets');
    const [css, js] = ['.css', '.js'].map((end) => size(join(assets, readdirSync(assets).find((f) => f.endsWith(end)))));
    const html = size(join(web.folder('great'), 'index.html'));
    t.diagnostic(`page ${html}, style ${css}, script ${js} bytes`);
    assert.ok(html <= 15000 && css <= 5000 && js <= 6000, `${html} ${css} ${js}`);
    const page = await b.page(t);
    const asked = [];
    page.on('request', (request) => { if (!request.url().startsWith('data:')) asked.push(request.url()); });
    await page.goto(url.great);
    await page.locator('#c-100 .strip').hover();
    await page.locator('#day').getByText('Checks').waitFor();
    assert.ok(asked.length <= 6 && asked.every((u) => u.startsWith(web.url)), asked.join('\n'));
    await page.goto(url.many);
    assert.equal(await page.locator('.comp').count(), 200);
    quiet();
});
