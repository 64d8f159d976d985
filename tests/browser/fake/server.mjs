// A stand-in for httpd and the API, for what a real stack will not do on demand: fail, be slow,
// be empty, hold ten thousand monitors. It serves the site with the headers of conf/tocsin.conf.
//   node tests/browser/fake/server.mjs [SITE]   shows it, to look at
import { createServer } from 'node:http';
import { readFileSync, existsSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { world } from './data.mjs';
import { logStreams } from './fleet.mjs';
import { routes } from './routes.mjs';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.map': 'application/json', '.webmanifest': 'application/manifest+json' };
export const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/** @param {{site: string, base?: string, monitors?: number, setup?: boolean}} options */
export async function fake({ site, base = '/', ...options }) {
    const w = world(options);
    const streams = new Set();
    /** Set by stories: fail(method, path) may give {status, problem, headers}, {drop} or {hang}; stream and logStream may be 'open', 'refused' or 204. */
    const control = { fail: (_method, _path) => null, delay: 0, stream: 'open', logStream: 'open', hits: [] };
    const logs = logStreams(w, control);
    let eventId = 1;
    const tell = (kind, data) => { for (const res of streams) res.write(`id: ${++eventId}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`); };

    const server = createServer(async (req, res) => {
        const url = new URL(req.url, 'http://x');
        res.setHeader('Content-Security-Policy', CSP);
        res.setHeader('X-Content-Type-Options', 'nosniff');
        if (!url.pathname.startsWith(base)) return end(res, 404, 'not here');
        const path = `/${url.pathname.slice(base.length)}`;
        if (/^\/status\/.*\.svg$/.test(path)) return end(res, 200, '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="20"><title>status: up</title><rect width="90" height="20" rx="3" fill="#1c8a63"/></svg>', 'image/svg+xml');
        if (!path.startsWith('/api/v1/')) return file(res, site, path);
        const method = req.method;
        const route = path.slice('/api/v1'.length);
        control.hits.push(`${method} ${route}`);
        if (control.delay) await new Promise((done) => setTimeout(done, control.delay));
        if (route === '/events') return stream(req, res);
        const forced = control.fail(method, route);
        if (forced?.drop) return req.socket.destroy();
        if (forced?.hang) return undefined;
        if (forced) return json(res, forced.status, { title: 'Forced', detail: 'A story wants this.', request_id: 'fake-req-1', ...forced.problem }, forced.headers);
        if (w.user && logs.take(req, res, url)) return undefined;
        const open = ['/bootstrap', '/setup', '/session', '/signup', '/session/refresh'].includes(route);
        if ((!w.user || w.expired) && !open) return json(res, 401, { title: 'Sign in first' });
        return answer(req, res, { w, method, route, url, tell });
    });
    function stream(req, res) {
        if (control.stream === 204) return end(res, 204, '');
        if (control.stream === 'refused' || !w.user) return json(res, w.user ? 503 : 401, { title: 'No' });
        res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
        res.write(': hello\n\nevent: ping\ndata: {}\n\n');
        // it keeps no events: whoever comes back reads all again
        if (req.headers['last-event-id'] || req.url.includes('after=')) res.write(`id: ${eventId}\nevent: resync\ndata: {}\n\n`);
        streams.add(res);
        req.on('close', () => streams.delete(res));
    }
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    const port = server.address().port;
    server.unref(); // a test that failed does not wait for it
    return {
        w, control, tell, streams, logs, port, url: `http://127.0.0.1:${port}${base}`,
        /** The server is gone: connections end, nothing listens. */
        async stop() { for (const res of streams) res.destroy(); logs.drop(); server.closeAllConnections(); await new Promise((done) => server.close(done)); },
        async start() { await new Promise((done) => server.listen(port, '127.0.0.1', done)); server.unref(); },
    };
}

async function answer(req, res, { w, method, route, url, tell }) {
    let text = '';
    for await (const chunk of req) text += chunk;
    if (!/json/.test(req.headers['content-type'] ?? '')) text = '';
    for (const [verb, pattern, fn] of routes) {
        const match = verb === method && pattern.exec(route);
        if (!match) continue;
        const id = /^\d+$/.test(match[1] ?? '') ? Number(match[1]) : undefined;
        const result = fn({ w, id, key: match[1], verb: match[2], body: text ? JSON.parse(text) : {}, query: url.searchParams, tell, ifMatch: (req.headers['if-match'] ?? '').replace(/"|-.*$/g, ''), raw: (req.headers['if-match'] ?? '').replace(/"/g, '') });
        if (result === null || result === undefined) return end(res, 204, '');
        if (result.html) {
            res.setHeader('Content-Security-Policy', "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'self'; sandbox allow-same-origin");
            return end(res, 200, result.html, 'text/html; charset=utf-8');
        }
        if (result.problem) return json(res, result.status, result.problem);
        if (result.status && result.body) return json(res, result.status, result.body);
        return json(res, 200, result);
    }
    return json(res, 404, { title: `No such route: ${method} ${route}` });
}

function file(res, site, path) {
    let full = resolve(join(site, path));
    if (!full.startsWith(resolve(site)) || path.endsWith('/')) full = join(full, 'index.html');
    if (!existsSync(full)) return end(res, 404, 'not found');
    const type = TYPES[extname(full)];
    if (!type) return end(res, 404, 'not found');
    res.setHeader('Cache-Control', 'no-cache');
    return end(res, 200, readFileSync(full), type);
}
function json(res, status, body, headers = {}) {
    for (const [key, value] of Object.entries(headers)) res.setHeader(key, value);
    end(res, status, JSON.stringify(body), status >= 400 ? 'application/problem+json' : 'application/json');
}
function end(res, status, body, type = 'text/plain') {
    if (status !== 204) res.setHeader('Content-Type', type);
    res.statusCode = status;
    res.end(body);
}

if (import.meta.url === `file://${process.argv[1]}`) {
    const shown = await fake({ site: process.argv[2] ?? 'htdocs/site' });
    console.log(shown.url);
    process.stdin.resume(); // until it is ended
}
