// Axe finds nothing on any page, in any theme, width and state.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { axe, browser, OPEN_SCREENS, SCREENS, settled, site, visit } from './lib.mjs';
import { fake } from './fake/server.mjs';

const ANN = { id: 1, email: 'ann@example.com', name: 'Ann Operator', role: 'admin' };
const LISTS = ['dash/', 'monitors/', 'incidents/', 'maintenance/', 'hosts/', 'apps/', 'pages/', 'notify/', 'notify/?tab=log', 'admin/', 'admin/?tab=health', 'settings/?tab=tokens', 'monitors/?id=1'];
let b;
before(async () => { b = await browser(); });
after(() => b.close());

for (const colorScheme of ['light', 'dark']) {
    for (const width of [1440, 390]) {
        test(`all pages with data, ${colorScheme}, ${width} px`, async (t) => {
            const api = await fake({ site: site() });
            const page = await b.page(t);
            const found = [];
            await page.emulateMedia({ colorScheme });
            await page.setViewportSize({ width, height: 900 });
            const look = async (screen) => found.push(...(await axe(page)).map((what) => `${screen} ${what}`));
            api.w.user = null;
            for (const screen of OPEN_SCREENS) {
                await page.goto(api.url + screen);
                await settled(page);
                await look(screen);
            }
            api.w.user = ANN;
            await page.goto(api.url + SCREENS[0]);
            for (const screen of SCREENS) {
                await visit(page, api.url + screen);
                await look(screen);
            }
            assert.deepEqual(found, []);
            t.diagnostic(`${SCREENS.length + OPEN_SCREENS.length} pages`);
        });
    }
}

const state = (name, prepare, ready) => test(`lists when ${name}`, async (t) => {
    const api = await fake({ site: site(), monitors: name === 'empty' ? 0 : 24 });
    prepare(api);
    const page = await b.page(t);
    const found = [];
    for (const screen of LISTS) {
        if (name === 'empty' && screen.includes('id=')) continue;
        await page.goto(api.url + screen);
        await ready(page);
        found.push(...(await axe(page)).map((what) => `${screen} ${what}`));
    }
    assert.deepEqual(found, []);
    b.troubles.splice(0); // a forced failure is one in the console as well
});
state('empty', () => {}, settled);
state('failed', (api) => { api.control.fail = (method, route) => (route === '/bootstrap' ? null : { status: 500 }); }, (page) => page.getByRole('alert').first().waitFor());
state('loading', (api) => { api.control.fail = (method, route) => (route === '/bootstrap' ? null : { hang: true }); }, (page) => page.waitForSelector('h1'));

test('what opens: palette, menus, dialogs, notes, the drawer', async (t) => {
    const api = await fake({ site: site() });
    const page = await b.page(t);
    await page.goto(`${api.url}monitors/`);
    await settled(page);
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search or run a command' }).fill('check');
    await page.locator('#palette-list li').first().waitFor();
    assert.deepEqual(await axe(page), [], 'palette');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^Account of/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).waitFor();
    assert.deepEqual(await axe(page), [], 'menu');
    await page.keyboard.press('Escape');
    await page.locator('h1').click();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    assert.deepEqual(await axe(page), [], 'help');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Pause Website' }).click();
    await page.getByText('Website paused').waitFor();
    await page.getByRole('checkbox', { name: 'Select Website' }).click();
    await page.getByRole('region', { name: 'Selection' }).waitFor();
    assert.deepEqual(await axe(page), [], 'notes and selection');
    await page.setViewportSize({ width: 390, height: 800 });
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('dialog', { name: 'Pages' }).waitFor();
    assert.deepEqual(await axe(page), [], 'drawer');
});
