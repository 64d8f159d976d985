// site: makes the folder that httpd serves.
//   node site.mjs OUT          release: bundled, split per page, under ui/<hash>/, with .gz files
//   node site.mjs --raw OUT    the modules as they are in the source, for work on them
// The release carries source maps with the readable source inside.
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { vendor } from './vendor.mjs';
import { shared } from './shared.mjs';
import { shells } from './shells.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const source = resolve(here, '../ui');
const modules = resolve(here, '../../node_modules');
const STATIC = ['theme.js', 'icon'];
const GZIP_FROM = 512; // bytes; smaller files gain nothing

/** What a page runs before it shows anything of its own: the first one is in its shell. */
const entries = (route) => ['app/main.js', ...(route.frame ? ['app/part/frame.js'] : []), `app/screen/${route.screen}.js`];

const args = process.argv.slice(2);
const raw = args[0] === '--raw';
const out = args[raw ? 1 : 0];
if (!out) {
    console.error('usage: site.mjs [--raw] OUT');
    process.exit(2);
}
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await (raw ? rawSite(out) : releaseSite(out));

/** Every module that `file` needs before it can run, itself first. */
function graph(file, dir, seen = []) {
    if (seen.includes(file)) return seen;
    seen.push(file);
    const text = readFileSync(join(dir, file), 'utf8');
    for (const [, spec] of text.matchAll(/^\s*(?:import|export)\b[^;]*?from\s*['"](\.[^'"]+)['"]/gm)) {
        graph(relative(dir, resolve(dir, dirname(file), spec)), dir, seen);
    }
    return seen;
}

async function rawSite(site) {
    const ui = join(site, 'ui');
    cpSync(source, ui, { recursive: true });
    vendor(modules, ui);
    shells(site, {
        ui: 'ui', css: 'style/app.css', main: 'app/main.js',
        preload: (route) => entries(route).reduce((seen, file) => graph(file, ui, seen), /** @type {string[]} */ ([])).slice(1),
    });
}

async function releaseSite(site) {
    const work = join(site, '.work');
    cpSync(source, work, { recursive: true });
    vendor(modules, work);
    const options = {
        entryPoints: { main: join(work, 'app/main.js'), app: join(work, 'style/app.css') },
        bundle: true, splitting: true, minify: true, format: 'esm', target: ['chrome120', 'firefox128', 'safari17'],
        entryNames: '[name]', chunkNames: '[name]-[hash]', sourcemap: true, metafile: true,
        write: false, outdir: join(site, 'ui/x'), legalComments: 'linked', logLevel: 'warning',
    };
    const result = await build({ ...options, plugins: [await shared(work, options)] });
    const files = result.outputFiles.map((file) => ({ name: relative(join(site, 'ui/x'), file.path), bytes: file.contents }));
    for (const name of STATIC) files.push(...read(work, name));
    const hash = createHash('sha256');
    for (const file of files.sort((a, b) => (a.name < b.name ? -1 : 1))) hash.update(file.name).update(file.bytes);
    const ui = `ui/${hash.digest('hex').slice(0, 12)}`;
    for (const file of files) put(join(site, ui, file.name), file.bytes);

    const outputs = new Map(Object.entries(result.metafile.outputs).map(([path, info]) => [path.replace(/^.*ui\/x\//, ''), info]));
    shells(site, {
        ui, css: 'app.css', main: 'main.js',
        preload: (route) => {
            const wanted = new Set();
            const follow = (name) => {
                if (wanted.has(name)) return;
                wanted.add(name);
                for (const part of outputs.get(name)?.imports ?? []) {
                    if (part.kind === 'import-statement') follow(part.path.replace(/^.*ui\/x\//, ''));
                }
            };
            for (const entry of entries(route)) follow([...outputs].find(([, info]) => info.entryPoint?.endsWith(entry))[0]);
            wanted.delete('main.js');
            return [...wanted];
        },
    });
    rmSync(work, { recursive: true });
}

function read(dir, name) {
    const path = join(dir, name);
    if (/\.\w+$/.test(name)) return [{ name, bytes: readFileSync(path) }];
    return readdirSync(path).flatMap((entry) => read(dir, join(name, entry)));
}

function put(path, bytes) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    if (/\.(js|css|svg)$/.test(path) && bytes.length >= GZIP_FROM) writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
}
