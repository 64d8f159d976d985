// shells: writes one small static index.html per route, all from shell.html. Every address in
// them is relative, so the site works under any path without rewriting.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROUTES } from './routes.mjs';

const TEMPLATE = join(dirname(fileURLToPath(import.meta.url)), 'shell.html');

/** Signing in works without JavaScript: for downloads and pages that httpd guards. */
const FORM = `<form method="post" action="../api/v1/session">
<p><label>E-mail <input name="email" type="email" autocomplete="username" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button>Sign in</button></p>
</form>
`;

/**
 * @param {string} out the site's folder
 * @param {{ui: string, css: string, main: string, preload: (route: typeof ROUTES[0]) => string[]}} assets
 */
export function shells(out, assets) {
    const template = readFileSync(TEMPLATE, 'utf8');
    for (const route of ROUTES) {
        const up = route.path ? '../' : './';
        const preload = assets.preload(route)
            .map((file) => `<link rel="modulepreload" href="${up}${assets.ui}/${file}">\n`).join('');
        const title = route.path ? `${route.title} – Tocsin` : 'Tocsin';
        const text = template.replaceAll('@TITLE@', title).replaceAll('@UP@', up)
            .replaceAll('@UI@', assets.ui).replace('@CSS@', assets.css).replace('@MAIN@', assets.main)
            .replace('@PRELOAD@', preload).replace('@FORM@', route.screen === 'signin' ? FORM : '');
        mkdirSync(join(out, route.path), { recursive: true });
        writeFileSync(join(out, route.path, 'index.html'), text);
    }
}
