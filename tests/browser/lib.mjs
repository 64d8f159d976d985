// What every browser story needs: Chromium, the built site, a page that remembers its errors.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const top = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const WAIT_MS = 10000;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** The site to show: what was built, or built now. */
export function site({ raw = false } = {}) {
    const out = process.env[raw ? 'TOCSIN_SITE_RAW' : 'TOCSIN_SITE'] ?? join(top, 'htdocs', raw ? 'raw' : 'site');
    const made = spawnSync('sh', [join(top, 'htdocs/build/make-site'), top, out, ...(raw ? ['--raw'] : [])], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`the site cannot be built: ${made.stderr}`);
    return out;
}

/** The build tree that real stacks are made of. */
export const build = resolve(process.env.TOCSIN_BUILD ?? join(top, 'build'));

/** A real httpd, tocsind and PostgreSQL, until `close`. @param {...string} words of tests/stack */
export async function started(...words) {
    const child = spawn('/usr/bin/python3', ['-B', '-m', 'stack', '--build', build, '--stdin', ...words], { cwd: join(top, 'tests'), stdio: ['pipe', 'pipe', 'inherit'] });
    const line = await new Promise((done, failed) => {
        createInterface({ input: child.stdout }).once('line', done);
        child.once('exit', (code) => failed(new Error(`the stack ended with ${code}`)));
    });
    const said = JSON.parse(line);
    return {
        ...said, url: `${said.url.replace(/\/$/, '')}/`,
        async close() { child.stdin.end(); await new Promise((done) => child.once('exit', done)); },
    };
}

/** A site that can be taken away and brought back, at the same port. */
export async function watched() {
    const server = createServer((_req, res) => res.end('all is well'));
    const listen = (port) => new Promise((done) => server.listen(port, '127.0.0.1', done));
    await listen(0);
    const { port } = server.address();
    return {
        url: `http://127.0.0.1:${port}/`,
        stop: () => new Promise((done) => { server.closeAllConnections(); server.close(done); }),
        start: () => listen(port),
        close: () => { server.closeAllConnections(); server.close(); },
    };
}

/** Somebody who is signed in on a real stack, by the API. @param {import('playwright-core').Page} page @param {{url: string, email: string, password: string}} stack */
export async function signedIn(page, stack) {
    const api = `${stack.url}api/v1`;
    const answer = await page.request.post(`${api}/session`, { data: { email: stack.email, password: stack.password, remember: false } });
    if (!answer.ok()) throw new Error(`sign-in: ${answer.status()} ${await answer.text()}`);
    const { csrf } = await (await page.request.get(`${api}/bootstrap`)).json();
    return async (method, path, data) => {
        const response = await page.request.fetch(api + path, { method, data, headers: { 'X-CSRF-Token': csrf } });
        if (!response.ok()) throw new Error(`${method} ${path}: ${response.status()} ${await response.text()}`);
        return response.status() === 204 ? null : response.json();
    };
}

/** A browser with a profile of its own, so that tabs share locks and channels as real ones do. */
export async function browser(options = {}) {
    const dir = mkdtempSync(join(tmpdir(), 'tocsin-browser.'));
    const context = await chromium.launchPersistentContext(dir, {
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: FLAGS,
        viewport: { width: 1440, height: 900 }, ...options,
    });
    const troubles = [];
    const watch = (page) => {
        page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
        // in the sandboxed frame of a preview neither what a test puts into every frame may run nor its reload
        const own = /^(Blocked script execution in|Refused to execute the redirect).*\/preview\//;
        page.on('console', (message) => { if (message.type() === 'error' && !own.test(`${message.text()} ${message.location().url}`)) troubles.push(`console: ${message.text()} ${message.location().url}`); });
    };
    context.on('page', watch);
    context.pages().forEach(watch);
    return {
        context, troubles,
        /** A page for one test, gone with it. @param {import('node:test').TestContext} t */
        async page(t) {
            const page = await context.newPage();
            page.setDefaultTimeout(WAIT_MS);
            t.after(() => page.close());
            return page;
        },
        async close() { await context.close(); rmSync(dir, { recursive: true, force: true }); },
    };
}

/** Axe, put in by the debugger's protocol: the content security policy rightly refuses a script tag. */
export async function axe(page) {
    const client = await page.context().newCDPSession(page);
    if (!await page.evaluate(() => 'axe' in window)) await client.send('Runtime.evaluate', { expression: readFileSync(join(top, 'node_modules/axe-core/axe.min.js'), 'utf8') });
    const { result, exceptionDetails } = await client.send('Runtime.evaluate', {
        awaitPromise: true, returnByValue: true,
        expression: `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
            .then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.slice(0, 3).map((n) => n.target.join(' ') + ' [' + (n.any[0] ?? n.all[0] ?? n.none[0])?.message + ']').join(' | ')))`,
    });
    await client.detach();
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
}

/** Every address that the console has, for what is checked on all of them. */
export const SCREENS = [
    'dash/', 'monitors/', 'monitors/?id=1', 'monitors/?id=1&edit=1', 'monitors/?new=http', 'incidents/', 'incidents/?id=1&state=all', 'incidents/?id=2&state=all', 'incidents/?new=incident', 'maintenance/', 'maintenance/?tab=calendar', 'maintenance/?id=3', 'maintenance/?new=once', 'hosts/', 'hosts/?id=101', 'apps/', 'apps/?id=201&tab=logs', 'apps/?id=201&tab=env', 'notify/', 'notify/?tab=log',
    'notify/?new=webhook', 'pages/', 'pages/?new=page', 'pages/?id=1', 'pages/?id=1&tab=branding', 'pages/?id=1&tab=address', 'pages/?id=2&tab=access', 'pages/?id=1&tab=subscribers', 'pages/?id=1&tab=badges', 'admin/', 'admin/?tab=monitors', 'admin/?tab=health', 'admin/?tab=audit', 'settings/', 'settings/?tab=prefs', 'settings/?tab=sessions', 'settings/?tab=tokens',
];
export const OPEN_SCREENS = ['', 'signin/', 'signup/', 'setup/'];

/** Goes on within the console, as a link in it does: what was loaded stays. @param {import('playwright-core').Page} page @param {string} url */
export async function visit(page, url) {
    await page.evaluate((to) => {
        const link = Object.assign(document.createElement('a'), { href: to });
        document.body.append(link);
        link.click();
        link.remove();
    }, url);
    await page.waitForFunction((to) => location.href === to, url);
    await settled(page);
}

/** Waits until a page shows what it has: no skeleton, and its heading there. */
export async function settled(page) {
    await page.waitForSelector('h1:not(.sr)');
    await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
}
