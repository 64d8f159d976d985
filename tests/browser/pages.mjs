// Status pages without a database, served by a real httpd below a sub-path.
import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { site, top } from './lib.mjs';

const build = resolve(process.env.TOCSIN_BUILD ?? join(top, 'build'));
let count = 0;
export const now = () => Math.floor(Date.now() / 1000);

/** httpd with the modules of the build tree at /ops/tocsin/; PostgreSQL is stopped by `down`. */
export async function httpd() {
    site();
    const child = spawn('/usr/bin/python3', ['-B', '-m', 'stack', '--build', build, '--stdin', '--no-tocsind', '--path', '/ops/tocsin'],
        { cwd: join(top, 'tests'), stdio: ['pipe', 'pipe', 'inherit'] });
    const line = await new Promise((done, failed) => {
        createInterface({ input: child.stdout }).once('line', done);
        child.once('exit', (code) => failed(new Error(`the stack ended with ${code}`)));
    });
    const { url, root } = JSON.parse(line);
    return {
        root, url: `${url.replace(/\/$/, '')}/`,
        /** A page of that kind, as it was at a time; the address of its folder. */
        page(kind, at = now(), lang = 'en') {
            execFileSync(join(build, 'tests/unit/make_page'), [root, kind, String(at), lang]);
            return `${url.replace(/\/$/, '')}/status/${kind}/?${count++}`; // not what a cache has
        },
        folder: (kind) => join(root, 'status', kind),
        async close() {
            child.stdin.end();
            await new Promise((done) => child.once('exit', done));
        },
    };
}

/** Somebody else's site, with a page that frames an address. */
export async function stranger(framed) {
    const server = createServer((_req, res) => {
        res.setHeader('Content-Type', 'text/html');
        res.end(`<!doctype html><title>Elsewhere</title><iframe src="${framed}" width="600" height="64"></iframe>`);
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    return { url: `http://127.0.0.1:${server.address().port}/`, close: () => { server.closeAllConnections(); server.close(); } };
}

/** What is dark in a picture: of so many points in each row, as a string a row. */
export async function silhouettes(context, pictures) {
    const page = await context.newPage();
    try {
        return await page.evaluate(async (all) => Promise.all(all.map(async (data) => {
            const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
            const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
            const draw = canvas.getContext('2d');
            draw.drawImage(bitmap, 0, 0);
            const pixels = draw.getImageData(0, 0, bitmap.width, bitmap.height).data;
            const grey = (x, y) => { const i = (y * bitmap.width + x) * 4; return 0.299 * pixels[i] + 0.587 * pixels[i + 1] + 0.114 * pixels[i + 2]; };
            const ground = grey(0, 0);
            const rows = [];
            for (let y = 0; y < bitmap.height; y++) {
                let row = '';
                for (let x = 0; x < bitmap.width; x++) row += Math.abs(grey(x, y) - ground) > 40 ? '#' : '.';
                rows.push(row);
            }
            return rows.join('\n');
        })), pictures.map((p) => p.toString('base64')));
    } finally { await page.close(); }
}
