// Every address loads directly, at the root of a host and below it, and keeps to its origin.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { browser, OPEN_SCREENS, SCREENS, settled, site, visit } from './lib.mjs';
import { fake } from './fake/server.mjs';

const ANN = { id: 1, email: 'ann@example.com', name: 'Ann Operator', role: 'admin' };
let b;
before(async () => { b = await browser(); });
after(() => b.close());

for (const base of ['/', '/ops/tocsin/']) {
    test(`all pages load at ${base} without an error, a policy report or a foreign request`, async (t) => {
        const api = await fake({ site: site(), base });
        const page = await b.page(t);
        const foreign = [];
        page.on('request', (request) => { if (!request.url().startsWith(api.url) && !request.url().startsWith('data:')) foreign.push(request.url()); });
        await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)));
        // below a path every page, at the root one of each kind
        const screens = base === '/' ? SCREENS.filter((screen) => !screen.includes('tab=')) : SCREENS;
        for (const screen of [...screens, ...OPEN_SCREENS]) {
            api.w.user = OPEN_SCREENS.includes(screen) ? null : ANN;
            await page.goto(api.url + screen);
            await settled(page);
            assert.notEqual(await page.title(), '', screen);
        }
        assert.deepEqual(b.troubles.splice(0), []);
        assert.deepEqual(foreign, []);
    });
}

test('a viewer sees no way to write, and is refused what needs more', async (t) => {
    const api = await fake({ site: site() });
    api.w.user = { ...ANN, role: 'viewer' };
    const page = await b.page(t);
    await page.goto(`${api.url}monitors/`);
    await settled(page);
    assert.equal(await page.getByText('Add monitor').count(), 0);
    assert.equal(await page.getByRole('link', { name: 'Admin' }).count(), 0);
    for (const [screen, need] of [['admin/', 'admin'], ['monitors/?new=http', 'member']]) {
        await page.goto(api.url + screen);
        await page.getByText(`This page needs the role “${need}”`).waitFor();
    }
});

test('links inside change the page without loading it again; back returns to the place', async (t) => {
    const api = await fake({ site: site(), monitors: 300 });
    const page = await b.page(t);
    await page.goto(`${api.url}monitors/`);
    await settled(page);
    await page.evaluate(() => { window.still = true; scrollTo(0, 4000); });
    await page.waitForFunction(() => document.querySelector('tr[data-i="90"]'));
    await page.locator('tr[data-i="90"] a').click();
    await page.waitForURL('**/monitors/?id=*');
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
    await page.goBack();
    await page.waitForFunction(() => scrollY > 3000);
    assert.equal(await page.evaluate(() => window.still), true);
});

for (const width of [390, 320]) {
    test(`nothing is wider than a window of ${width} px`, async (t) => {
        const api = await fake({ site: site() });
        const page = await b.page(t);
        await page.setViewportSize({ width, height: 800 });
        const fits = async (screen) => assert.equal(await page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth)), 0, screen);
        api.w.user = null;
        for (const screen of OPEN_SCREENS) {
            await page.goto(api.url + screen);
            await settled(page);
            await fits(screen);
        }
        api.w.user = ANN;
        await page.goto(api.url + SCREENS[0]);
        for (const screen of SCREENS) {
            await visit(page, api.url + screen);
            await fits(screen);
        }
    });
}

test('text at 200 % fits as well', async (t) => {
    const api = await fake({ site: site() });
    const page = await b.page(t);
    await page.setViewportSize({ width: 720, height: 900 });
    await page.goto(api.url + SCREENS[0]);
    await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
    for (const screen of SCREENS) {
        await visit(page, api.url + screen);
        assert.equal(await page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth)), 0, screen);
    }
});

test('source and release draw the same', async (t) => {
    const sites = [];
    for (const raw of [true, false]) sites.push({ api: await fake({ site: site({ raw }) }), page: await b.page(t) });
    // times and what follows from them differ between two moments
    const drawn = (page) => page.evaluate(() => document.querySelector('#app').innerHTML.replace(/<time.*?<\/time>/g, '').replace(/\d[\d.,:\u202f]*|id="[^"]*"|(aria-[a-z]+|for|popovertarget|list)="P?[^"]*"| (now|now ago|in|ago|s|min|h)\b/g, ''));
    for (const screen of ['signin/', 'monitors/?new=http', 'incidents/', 'maintenance/', 'notify/', 'settings/']) {
        for (const { api, page } of sites) {
            api.w.user = screen === 'signin/' ? null : ANN;
            await page.goto(api.url + screen);
            await settled(page);
        }
        // what is asked for beside the page (counts, names to choose from) comes when it comes
        let both = [];
        for (const end = Date.now() + 5000; both.length < 2 || (both[0] !== both[1] && Date.now() < end);) both = await Promise.all(sites.map(({ page }) => drawn(page)));
        assert.equal(both[0], both[1], screen);
    }
    assert.deepEqual(b.troubles.splice(0), []);
});
