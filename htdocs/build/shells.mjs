// shells: writes one small static index.html per route, all from shell.html. Every address in
// them is relative, so the site works under any path without rewriting.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROUTES } from './routes.mjs';

const TEMPLATE = join(dirname(fileURLToPath(import.meta.url)), 'shell.html');

/**
 * @param {string} out the site's folder
 * @param {{ui: string, css: string, main: string, preload: (screen: string) => string[]}} assets
 */
export function shells(out, assets) {
    const template = readFileSync(TEMPLATE, 'utf8');
    for (const route of ROUTES) {
        const up = route.path ? '../' : './';
        const preload = assets.preload(route.screen)
            .map((file) => `<link rel="modulepreload" href="${up}${assets.ui}/${file}">\n`).join('');
        const title = route.path ? `${route.title} – Tocsin` : 'Tocsin';
        const text = template.replaceAll('@TITLE@', title).replaceAll('@UP@', up)
            .replaceAll('@UI@', assets.ui).replace('@CSS@', assets.css).replace('@MAIN@', assets.main)
            .replace('@PRELOAD@', preload);
        mkdirSync(join(out, route.path), { recursive: true });
        writeFileSync(join(out, route.path, 'index.html'), text);
    }
}
