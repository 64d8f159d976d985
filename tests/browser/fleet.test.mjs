// Hosts and apps: their states, live logs and what becomes of them without a stream, env files,
// deploys, a new host. Against the stand-in, which can be in every state.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { axe, browser, settled, site, visit } from './lib.mjs';
import { fake } from './fake/server.mjs';
import { makeLine } from './fake/fleet.mjs';

const PAGES = ['hosts/', 'hosts/?view=cards', 'hosts/?id=101&at=now', 'hosts/?id=103&tab=settings', 'hosts/?id=102&tab=alerts', 'apps/', 'apps/?id=202', 'apps/?id=201&tab=logs', 'apps/?id=201&tab=env', 'apps/?id=201&tab=env&mode=text', 'apps/?id=201&tab=deploys&deploy=12', 'apps/?id=201&tab=metrics', 'apps/?id=201&tab=uptime', 'apps/?id=201&tab=audit'];
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

for (const [scheme, width] of [['light', 1440], ['dark', 1440], ['light', 390]]) {
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
