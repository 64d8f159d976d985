// The stand-in's fleet: hosts, apps, logs, env files, deploys. Values move by a seed, so that a
// picture looks the same each time.
import { random } from './data.mjs';

const iso = (at) => new Date(at).toISOString();
const page = (items) => ({ items, next: null });
const fail = (status, extra = {}) => ({ status, problem: { type: `about:blank${extra.kind ? `#${extra.kind}` : ''}`, title: extra.title ?? `Status ${status}`, detail: extra.detail ?? '', errors: extra.errors, request_id: 'fake-2', status } });
const CODE = { unknown: 0, up: 1, degraded: 2, down: 3, maintenance: 4, paused: 5 };
const MASK = '••••••••';
const GB = 1e9;

function host(id, now, over) {
    const rnd = random(id * 31);
    const silent = over.status === 'unknown';
    return {
        version: 1, id, name: `vm-${id}`, address: `10.0.0.${id}:7443`, status: 'up', since: iso(now - 41 * 864e5), reason: null, message: '', labels: id % 2 ? ['prod'] : ['prod', 'eu'], owner: 1, created_at: iso(now - 60 * 864e5), enrolled_at: iso(now - 60 * 864e5), trusted: true,
        agent: { version: '1.4.2', cert_not_after: iso(now + 3000 * 864e5), update: id === 102 ? '1.5.0' : null }, os: 'Debian GNU/Linux 12', arch: id % 2 ? 'arm64' : 'amd64', kernel: '6.1.0-28', cores: 4, boot_at: iso(now - 41 * 864e5), uptime_s: 41 * 86400, reboot_needed: id === 102,
        seen_at: iso(now - (silent ? 6 * 60e3 : 2e3)), error: null, error_at: null, poll_s: 30, cpu: 0.1 + rnd() * 0.3, mem_pct: 40 + rnd() * 40, disk_pct: 30 + rnd() * 50, load: [0.42, 0.38, 0.3], net: { rx: 1.2e6, tx: 3e5 }, rtt_ms: 3,
        memory: { total: 8 * GB, used: 5 * GB, cache: 2 * GB, swap_total: 0, swap_used: 0 }, disks: [], nets: [], thresholds: { disk: 90, inodes: 90, memory: 95, load: 4 }, channels: [1], incident: null, up24: 100, up7: 100, up30: 99.97, up90: 99.9, bars24: '1'.repeat(24), rights: { developer: true, operator: true }, ...over,
    };
}

function app(id, hostId, key, now, over = {}) {
    return {
        version: 1, id, name: key, key, host: hostId, type: 'systemd', unit: `${key}.service`, container: null, status: 'up', since: iso(now - 6 * 864e5), reason: null, message: '', state: 'running', sub: 'running', state_since: iso(now - 6 * 864e5), exit: null, restarts: 0, gone_at: null, seen_at: iso(now - 2e3), owner: 1, created_at: iso(now - 50 * 864e5),
        health: { ok: true, ms: 12, message: '200 OK', at: Math.floor(now / 1000) }, cpu: 0.031, memory: 212e6, memory_max: 1e9, fds: 31, tasks: 9, pid: 4711, commit: '3f2c1a9d0b7e', branch: 'main', ports: [8080], env: ['main'], deploy: true, wanted: 'running', wanted_by: null, retries: 1, auto_restart: true, guard: { done: 0, most: 3, window_s: 600, gave_up: false },
        running_action: null, running_deploy: null, last_deploy: null, incident: null, channels: [1], up24: 100, up7: 99.9, up30: 99.97, up90: 99.9, bars24: '1'.repeat(24), bars30: '1'.repeat(30), rights: { developer: true, operator: true }, ...over,
    };
}

const ENV = `# the shop's settings\nexport PORT=8080  # behind nginx\nNAME="The shop"\nDATABASE_URL=${MASK}\nSTRIPE_KEY=${MASK}\n\n# caches\nCACHE_TTL=300\nDEBUG=no\n`;

export function fleetWorld(now, empty) {
    if (empty) return { hosts: new Map(), apps: new Map(), actions: [], enrolments: [], grants: [], envs: new Map(), logs: new Map(), fleetEvents: [], fleetAudit: [] };
    const hosts = new Map([
        host(101, now, { name: 'vm-1', address: '10.0.0.4:7443', cpu: 0.12, mem_pct: 63, disk_pct: 81 }),
        host(102, now, { name: 'vm-2', address: '10.0.0.5:7443', status: 'degraded', since: iso(now - 26 * 60e3), reason: 'disk', message: '/var is 94 % full', disk_pct: 94 }),
        host(103, now, { name: 'vm-7', address: '10.0.0.9:7443', status: 'unknown', since: iso(now - 5 * 60e3), reason: 'silent', error: 'no connection to 10.0.0.9:7443 within 2 s' }),
    ].map((h) => [h.id, h]));
    const apps = new Map([
        app(201, 101, 'myspendo', now), app(202, 101, 'worker', now, { type: 'docker', unit: null, container: 'worker', status: 'down', since: iso(now - 4 * 60e3), state: 'failed', sub: 'exited', reason: 'exited', message: 'exited with code 137', exit: { code: 137, signal: null }, restarts: 3, guard: { done: 3, most: 3, window_s: 600, gave_up: true }, health: null, cpu: null, memory: null, pid: null, incident: 1, up30: 99.2 }),
        app(203, 101, 'reports', now, { status: 'paused', state: 'stopped', sub: 'dead', wanted: 'stopped', wanted_by: 'ann@example.com', message: 'stopped by ann@example.com', reason: 'stopped', deploy: false, env: [] }),
        app(204, 102, 'api', now, { status: 'degraded', health: { ok: false, ms: 5000, message: 'no answer within 5 s', at: Math.floor(now / 1000) }, reason: 'health', message: 'the health check had no answer within 5 s' }),
        app(205, 103, 'mail', now, { status: 'unknown', reason: 'silent', seen_at: iso(now - 6 * 60e3) }),
    ].map((a) => [a.id, a]));
    const deploy = (id, over) => ({ id, uuid: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`, app: 201, host: 101, kind: 'deploy', state: 'succeeded', ref: 'main', from: '9e8d7c6b5a49', to: '3f2c1a9d0b7e', subjects: ['Show totals in the basket', 'Fix the time zone of receipts'], steps: [['fetch', 900], ['checkout', 120], ['build', 14200], ['restart', 2100], ['health', 3000]].map(([name, ms]) => ({ name, state: 'succeeded', ms })), step: null, error: null, by: 'ann@example.com', reason: '', rollback_of: null, asked_at: iso(now - 6 * 864e5), started_at: iso(now - 6 * 864e5), ended_at: iso(now - 6 * 864e5 + 21e3), cancelling: false, output_bytes: 900, ...over });
    return {
        hosts, apps, enrolments: [], grants: [{ id: 1, account: 2, email: 'bob@example.com', name: 'Bob', role: 'developer', on: 'host', monitor: 101 }],
        actions: [deploy(11), deploy(12, { state: 'rolled-back', ref: 'v2.1', from: '3f2c1a9d0b7e', to: 'aa11bb22cc33', subjects: ['Try the new cache'], error: 'it was not healthy within 30 s', asked_at: iso(now - 2 * 864e5), started_at: iso(now - 2 * 864e5), ended_at: iso(now - 2 * 864e5 + 61e3) })],
        envs: new Map([['201 main', { text: ENV, secrets: { DATABASE_URL: 'postgres://shop:pw@db/shop', STRIPE_KEY: 'sk_live_1' }, version: 1, backups: [{ name: 'main.2026-11-20T10-00-00Z', at: iso(now - 864e5), size: 201, text: ENV.replace('300', '60') }] }]]),
        logs: new Map(), logSeq: 0,
        fleetEvents: [[now - 5 * 36e5, 'deploy', 201, 'ann@example.com', 'main 3f2c1a9'], [now - 3 * 36e5, 'env', 201, 'ann@example.com', 'main: CACHE_TTL'], [now - 3 * 36e5 + 4e4, 'restart', 201, 'ann@example.com', ''], [now - 36e5, 'crash', 202, null, 'exit code 137'], [now - 35e5, 'gave-up', 202, null, 'after 3 restarts']]
            .map(([at, kind, id, actor, text], i) => ({ id: i + 1, at: iso(at), kind, app: id, app_name: apps.get(id)?.name, actor, action: null, text })),
        fleetAudit: [{ id: 3, at: iso(now - 3 * 36e5), actor: 'ann@example.com', address: '192.0.2.4', request: 'r3', action: 'app.env.write', before: { CACHE_TTL: '60' }, after: { CACHE_TTL: '300', keys: { changed: ['CACHE_TTL'] } } }, { id: 2, at: iso(now - 5 * 36e5), actor: 'ann@example.com', address: '192.0.2.4', request: 'r2', action: 'app.deploy', before: null, after: { ref: 'main', state: 'succeeded' } }, { id: 1, at: iso(now - 9 * 36e5), actor: 'bob@example.com', address: '198.51.100.7', request: 'r1', action: 'app.restart', before: null, after: { state: 'failed', error: 'timed out' } }],
    };
}

function hostColumns(w) {
    const now = Date.now();
    const list = [...w.hosts.values()].filter((h) => !h.deleted_at);
    const pick = (fn) => list.map(fn);
    const age = (text) => (text ? Math.round((now - Date.parse(text)) / 1000) : null);
    return { rev: String(++w.seq), now: iso(now), id: pick((h) => h.id), name: pick((h) => h.name), address: pick((h) => h.address), labels: pick((h) => h.labels), status: pick((h) => CODE[h.status]), since: pick((h) => age(h.since)), reason: pick((h) => h.reason), seen: pick((h) => age(h.seen_at)), poll_s: pick((h) => h.poll_s), os: pick((h) => h.os), arch: pick((h) => h.arch), uptime_s: pick((h) => h.uptime_s), thresholds: pick((h) => h.thresholds), agent: pick((h) => h.agent.version),
        cpu: pick((h) => h.cpu), mem: pick((h) => h.mem_pct), disk: pick((h) => h.disk_pct), load: pick((h) => h.load[0]), rx: pick((h) => h.net.rx), tx: pick((h) => h.net.tx), apps: pick((h) => [...w.apps.values()].filter((a) => a.host === h.id).length), bad: pick(() => 0), up30: pick((h) => h.up30), bars24: pick((h) => h.bars24), gone: [...w.hosts.values()].filter((h) => h.deleted_at).map((h) => h.id) };
}
function appColumns(w) {
    const now = Date.now();
    const list = [...w.apps.values()].filter((a) => !w.hosts.get(a.host)?.deleted_at);
    const pick = (fn) => list.map(fn);
    const age = (text) => Math.round((now - Date.parse(text)) / 1000);
    return { rev: String(++w.seq), now: iso(now), id: pick((a) => a.id), name: pick((a) => a.name), key: pick((a) => a.key), host: pick((a) => a.host), host_name: pick((a) => w.hosts.get(a.host).name), type: pick((a) => a.type), unit: pick((a) => a.unit ?? a.container), state: pick((a) => a.state), status: pick((a) => CODE[a.status]), since: pick((a) => age(a.since)), seen: pick((a) => age(a.seen_at)), reason: pick((a) => a.reason), healthy: pick((a) => a.health?.ok ?? null),
        cpu: pick((a) => a.cpu), memory: pick((a) => a.memory), restarts: pick((a) => a.restarts), commit: pick((a) => a.commit), wanted: pick((a) => a.wanted), doing: pick((a) => a.running_action?.kind ?? null), left: pick((a) => Boolean(a.gone_at)), up24: pick((a) => a.up24), up30: pick((a) => a.up30), bars24: pick((a) => a.bars24), gone: [] };
}

function axis(query, n = 200) {
    const to = Math.floor((Date.parse(query.get('to')) || Date.now()) / 1000);
    const from = Math.floor((Date.parse(query.get('from')) || (to - 21600) * 1000) / 1000);
    const step = Math.max(1, Math.floor((to - from) / n));
    return { from: iso(from * 1000), to: iso(to * 1000), step_s: step, t: Array.from({ length: n }, (_, i) => from + i * step) };
}
function hostSeries(h, query) {
    const a = axis(query);
    const rnd = random(h.id);
    const wave = (base, swing, i, noise) => Math.max(0, base + swing * Math.sin(i / 14) + (rnd() - 0.5) * noise);
    const col = (fn) => a.t.map((_, i) => (i > 60 && i < 66 ? null : fn(i)));
    return { ...a, cpu: { user: col((i) => wave(0.2, 0.1, i, 0.05) + (i > 150 && i < 156 ? 0.5 : 0)), sys: col((i) => wave(0.05, 0.02, i, 0.02)), io: col((i) => wave(0.02, 0.01, i, 0.02)), steal: col(() => 0.003) },
        mem: { total: col(() => 8 * GB), used: col((i) => wave(4.6 * GB, 0.3 * GB, i, 2e8)), cache: col((i) => wave(2 * GB, 0.2 * GB, i, 1e8)), swap: col(() => 0) }, load: { 1: col((i) => wave(1.4, 0.8, i, 0.6)), 5: col((i) => wave(1.2, 0.5, i, 0.2)), 15: col((i) => wave(1, 0.3, i, 0.1)) },
        disks: [{ name: '/', used_pct: col((i) => 61 + i * 0.01), read: col((i) => wave(4e5, 2e5, i, 3e5)), write: col((i) => wave(9e5, 4e5, i, 5e5)) }, { name: '/var', used_pct: col((i) => 78 + i * 0.03), read: col((i) => wave(1e5, 5e4, i, 1e5)), write: col((i) => wave(2e5, 1e5, i, 1e5)) }],
        nets: [{ name: 'eth0', rx: col((i) => wave(1.2e6, 4e5, i, 3e5)), tx: col((i) => wave(3e5, 1e5, i, 1e5)) }], pressure: { cpu: col((i) => wave(2, 1, i, 1)), memory: col(() => 0), io: col((i) => wave(1, 1, i, 1)) } };
}
function appSeries(a, query) {
    const x = axis(query);
    const rnd = random(a.id);
    const col = (fn) => x.t.map((_, i) => fn(i));
    return { ...x, cpu: col((i) => Math.max(0, 0.04 + 0.02 * Math.sin(i / 9) + rnd() * 0.02)), mem: col((i) => 2e8 + i * 1e5), fds: col(() => 31), tasks: col(() => 9), restarts: col((i) => (i > 120 ? 1 : 0)), health_ms: col(() => 8 + rnd() * 10) };
}

// ---------------------------------------------------------------- logs

const WORDS = ['GET /orders status=200', 'GET /basket status=304', 'POST /pay status=201', 'cache miss for key=shop:17', 'slow query 412 ms', 'worker 3 took job 8812'];
export function makeLine(w, at, over = {}) {
    const n = ++w.logSeq;
    return { c: `s=1;i=${n}`, t: at, p: n % 97 === 0 ? 3 : n % 41 === 0 ? 4 : 6, s: n % 97 === 0 ? 'stderr' : 'stdout', m: `request ${n} ${WORDS[n % WORDS.length]}`, n: 4711, ...over };
}
function logOf(w, id) {
    if (!w.logs.has(id)) {
        const now = Date.now();
        const lines = Array.from({ length: 1500 }, (_, i) => makeLine(w, now - (1500 - i) * 900));
        const n = lines.length;
        Object.assign(lines[n - 4], { m: '\u001b[32mINFO\u001b[0m ready in \u001b[1;33m412 ms\u001b[0m \u0007', p: 6 });
        Object.assign(lines[n - 3], { m: '{"level":"info","msg":"order made","order":{"id":17,"total":"12.50"}}', p: 6 });
        Object.assign(lines[n - 2], { m: `payload ${'x'.repeat(6000)}`, p: 6, cut: 70000 });
        Object.assign(lines[n - 1], { m: '\u001b[31mERROR\u001b[0m connection to the database refused', p: 3, s: 'stderr' });
        w.logs.set(id, lines);
    }
    return w.logs.get(id);
}
function logPage(w, id, query) {
    let lines = logOf(w, id);
    const q = query.get('q');
    const all = lines.length;
    if (q) { const re = new RegExp(query.get('regex') ? q : q.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i'); lines = lines.filter((l) => re.test(l.m)); }
    if (query.get('level')) lines = lines.filter((l) => l.p <= Number(query.get('level')));
    if (query.get('since')) lines = lines.filter((l) => l.t >= Number(query.get('since')) * 1000);
    if (query.get('deploy')) lines = [];
    const limit = Math.min(1000, Number(query.get('limit')) || 200);
    const cursor = query.get('cursor');
    const at = cursor ? lines.findIndex((l) => l.c === cursor) : -1;
    const some = cursor ? (query.get('dir') === 'back' ? lines.slice(Math.max(0, at - limit), Math.max(0, at)) : lines.slice(at + 1, at + 1 + limit)) : query.get('dir') === 'fwd' ? lines.slice(0, limit) : lines.slice(-limit);
    const more = query.get('dir') === 'fwd' ? some.length > 0 && some.at(-1) !== lines.at(-1) : some.length > 0 && some[0] !== lines[0];
    return { lines: some, next: some.at(-1)?.c ?? cursor ?? '', prev: some[0]?.c ?? cursor ?? '', more, scanned: all };
}

/** Streams of logs: `say` writes lines to those of an app. */
export function logStreams(w, control) {
    const open = new Set();
    return {
        open,
        take(req, res, url) {
            const match = /\/apps\/(\d+)\/(?:logs|deploys\/(\d+))\/stream$/.exec(url.pathname);
            if (!match) return false;
            if (control.logStream === 204) { res.statusCode = 204; res.end(); return true; }
            if (control.logStream === 'refused') { res.statusCode = 502; res.end(); return true; }
            res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
            res.write(': hello\nretry: 200\n\n');
            const id = match[2] ? `deploy ${match[2]}` : Number(match[1]);
            const from = req.headers['last-event-id'] ?? url.searchParams.get('cursor');
            if (!match[2]) {
                const lines = logOf(w, id);
                const at = lines.findIndex((l) => l.c === from);
                if (at >= 0 && at + 1 < lines.length) send(res, lines.slice(at + 1));
            }
            const one = { id, res };
            open.add(one);
            req.on('close', () => open.delete(one));
            return true;
        },
        /** @param {number|string} id of the app, or `deploy ID` @param {any[]} lines */
        say(id, lines) {
            if (typeof id === 'number') logOf(w, id).push(...lines);
            for (const one of open) if (one.id === id) for (let i = 0; i < lines.length; i += 256) send(one.res, lines.slice(i, i + 256));
        },
        drop() { for (const one of open) one.res.destroy(); open.clear(); },
    };
}
const send = (res, lines) => res.write(`id: ${lines.at(-1).c}\ndata: ${JSON.stringify(lines)}\n\n`);

// ---------------------------------------------------------------- env

const KEY = /^(?:export\s+)?([A-Za-z_]\w*)=(.*)$/;
function entriesOf(env, reveal) {
    return env.text.split('\n').flatMap((raw, i) => {
        const match = KEY.exec(raw);
        if (!match) return [];
        const secret = match[1] in env.secrets;
        return [{ key: match[1], value: secret ? (reveal?.includes(match[1]) ? env.secrets[match[1]] : null) : match[2], masked: secret, line: i + 1, export: raw.startsWith('export'), quote: '' }];
    });
}
function writeEnv(w, env, body, ifMatch) {
    if (ifMatch !== `e${env.version}`) return fail(412, { title: 'The file was changed meanwhile' });
    const bad = body.text.split('\n').findIndex((line) => line.trim() && !line.startsWith('#') && !KEY.test(line));
    if (bad >= 0) return fail(422, { title: 'The file breaks a rule', detail: `line ${bad + 1}: there is no =`, errors: { text: 'there is no =', line: String(bad + 1) } });
    const [a, b] = [env.text.split('\n'), body.text.split('\n')];
    const keys = (lines) => new Map(lines.map((l) => KEY.exec(l)).filter(Boolean).map((m) => [m[1], m[2]]));
    const [had, has] = [keys(a), keys(b)];
    const diff = [...a.filter((l) => !b.includes(l)).map((text) => ({ op: 'del', line: a.indexOf(text) + 1, text })), ...b.filter((l) => !a.includes(l)).map((text) => ({ op: 'add', line: b.indexOf(text) + 1, text }))];
    const answer = { etag: `e${env.version + (body.dry_run ? 0 : 1)}`, backup: body.dry_run ? null : 'main.new', diff, keys: { added: [...has.keys()].filter((k) => !had.has(k)), removed: [...had.keys()].filter((k) => !has.has(k)), changed: [...has.keys()].filter((k) => had.has(k) && had.get(k) !== has.get(k)) } };
    if (body.dry_run) return answer;
    env.backups.unshift({ name: `main.v${env.version}`, at: iso(Date.now()), size: env.text.length, text: env.text });
    for (const key of answer.keys.changed) if (key in env.secrets && has.get(key) !== MASK) env.secrets[key] = has.get(key);
    env.text = body.text;
    env.version++;
    return answer;
}

// ---------------------------------------------------------------- routes

const withHost = (w, a) => ({ ...a, host: { id: a.host, name: w.hosts.get(a.host).name, status: w.hosts.get(a.host).status } });
const lower = (w, a) => (w.fleetRights ? { ...a, rights: w.fleetRights } : a);
const proof = (w) => (w.needProof ? fail(403, { kind: 'reauth', title: 'Confirm that it is you' }) : w.demo ? fail(403, { kind: 'demo', title: 'Forbidden', detail: 'Demo: nothing is saved here' }) : null);
function act(w, id, kind, body, tell) {
    const refused = proof(w);
    if (refused) return refused;
    const a = w.apps.get(id);
    const x = { id: 100 + w.actions.length, uuid: 'u', app: id, host: a.host, kind, state: 'asked', auto: false, by: 'ann@example.com', reason: body.reason ?? '', asked_at: iso(Date.now()), started_at: null, done_at: null, ms: null, attempts: 0, error: null };
    w.actions.push(x);
    a.running_action = x;
    const say = (state, more) => { Object.assign(x, { state, ...more }); tell('action', { id: x.id, app: id, kind, state, error: null }); };
    setTimeout(() => say('running', { started_at: iso(Date.now()), attempts: 1 }), 60);
    setTimeout(() => {
        a.running_action = null;
        Object.assign(a, kind === 'stop' ? { status: 'paused', state: 'stopped', wanted: 'stopped', wanted_by: 'ann@example.com', message: 'stopped by ann@example.com' } : { status: 'up', state: 'running', sub: 'running', wanted: 'running', message: '', reason: null, exit: null, since: iso(Date.now()) });
        say('done', { done_at: iso(Date.now()), ms: 1210 });
        tell('app', { id, state: a.state, status: a.status, cpu: 0.02, mem: 2e8 });
    }, 200);
    return { status: 202, body: x };
}

/** @type {[string, RegExp, (c: any) => any][]} */
export const fleetRoutes = [
    ['POST', /^\/session\/proof$/, ({ w, body }) => { if (body.password !== w.password) return fail(422, { title: 'Not confirmed', errors: { password: 'is not your password' } }); w.needProof = false; return {}; }],
    ['GET', /^\/hosts$/, ({ w }) => hostColumns(w)],
    ['GET', /^\/apps$/, ({ w }) => appColumns(w)],
    ['POST', /^\/hosts\/enrolments$/, ({ w, body, tell }) => {
        const refused = proof(w);
        if (refused) return refused;
        const e = { id: w.enrolments.length + 1, token_id: 'abc', state: 'open', name: body.name ?? '', labels: body.labels ?? [], host: null, host_name: null, used: false, seen: false, expires_at: iso(Date.now() + (body.ttl_s ?? 3600) * 1000) };
        w.enrolments.push(e);
        w.enrol = () => {
            const h = host(150, Date.now(), { name: e.name || 'vm-new', status: 'unknown', labels: e.labels });
            w.hosts.set(h.id, h);
            Object.assign(e, { state: 'used', used: true, host: h.id, host_name: h.name });
            tell('enrolled', { id: h.id, enrolment: e.id, name: h.name });
            setTimeout(() => { Object.assign(h, { status: 'up', seen_at: iso(Date.now()) }); e.seen = true; tell('host', { id: h.id, status: 'up', cpu: 0.1, mem: 40, load: 0.1, seen: iso(Date.now()) }); tell('enrolled', { id: h.id, enrolment: e.id }); }, 150);
        };
        return { status: 201, body: { ...e, token: 'tce_abc.SECRET.PIN', command: 'curl -fsSL https://tocsin.example/agent/install.sh | sudo sh -s -- --url https://tocsin.example --token tce_abc.SECRET.PIN' } };
    }],
    ['GET', /^\/hosts\/enrolments\/(\d+)$/, ({ w, id }) => w.enrolments.find((e) => e.id === id) ?? fail(404)],
    ['DELETE', /^\/hosts\/enrolments\/(\d+)$/, () => null],
    ['GET', /^\/hosts\/(\d+)$/, ({ w, id }) => { const h = w.hosts.get(id); return h ? { ...h, apps: [...w.apps.values()].filter((a) => a.host === id).map((a) => ({ id: a.id, name: a.name, key: a.key, type: a.type, status: a.status, state: a.state, gone: false })) } : fail(404); }],
    ['PATCH', /^\/hosts\/(\d+)$/, ({ w, id, body, ifMatch, tell }) => { const h = w.hosts.get(id); if (ifMatch && ifMatch !== String(h.version)) return fail(412); Object.assign(h, body, { version: h.version + 1 }); tell('host', { id, change: 'updated' }); return h; }],
    ['DELETE', /^\/hosts\/(\d+)$/, ({ w, id, tell }) => { w.hosts.get(id).deleted_at = iso(Date.now()); tell('host', { id, change: 'deleted' }); return null; }],
    ['POST', /^\/monitors\/(10\d)\/restore$/, ({ w, id }) => { delete w.hosts.get(id).deleted_at; return {}; }],
    ['GET', /^\/hosts\/(\d+)\/series$/, ({ w, id, query }) => hostSeries(w.hosts.get(id), query)],
    ['GET', /^\/hosts\/(\d+)\/events$/, ({ w, id }) => page(w.fleetEvents.filter((e) => w.apps.get(e.app)?.host === id))],
    ['GET', /^\/(?:hosts|apps)\/(\d+)\/grants$/, ({ w }) => page(w.grants)],
    ['POST', /^\/(?:hosts|apps)\/(\d+)\/grants$/, ({ w, id, body }) => { if (!/@/.test(body.email)) return fail(422, { errors: { email: 'does not exist' } }); w.grants.push({ id: w.grants.length + 1, email: body.email, name: '', role: body.role, monitor: id }); return { status: 201, body: {} }; }],
    ['DELETE', /^\/(?:hosts|apps)\/\d+\/grants\/(\d+)$/, ({ w, id }) => { w.grants = w.grants.filter((g) => g.id !== id); return null; }],
    ['GET', /^\/apps\/(\d+)$/, ({ w, id }) => { const a = w.apps.get(id); return a ? lower(w, withHost(w, a)) : fail(404); }],
    ['PATCH', /^\/apps\/(\d+)$/, ({ w, id, body }) => { const a = w.apps.get(id); Object.assign(a, body, { version: a.version + 1 }); return withHost(w, a); }],
    ['GET', /^\/apps\/(\d+)\/series$/, ({ w, id, query }) => appSeries(w.apps.get(id), query)],
    ['GET', /^\/apps\/(\d+)\/events$/, ({ w, id }) => page(w.fleetEvents.filter((e) => e.app === id))],
    ['GET', /^\/apps\/(\d+)\/audit$/, ({ w }) => page(w.fleetAudit)],
    ['GET', /^\/apps\/(\d+)\/uptime$/, ({ w, id }) => { const a = w.apps.get(id); return { days: 30, status: a.status, since: a.since, since_s: 518400, bars: '11111111131111111211111111111' + CODE[a.status], up_s: 2590000, degraded_s: 600, down_s: 840, maintenance_s: 0, unknown_s: 0, paused_s: 560, percent: 99.9675, incidents: 1, mttr_s: 840, mtbf_s: 1e6, outages: [{ id: 2, title: `${a.name} was down`, cause: '', started_at: iso(Date.now() - 20 * 864e5), resolved_at: iso(Date.now() - 20 * 864e5 + 84e4), duration_s: 840, in_window_s: 840 }] }; }],
    ['POST', /^\/apps\/(\d+)\/(start|stop|restart)$/, ({ w, id, verb, body, tell }) => act(w, id, verb, body, tell)],
    ['GET', /^\/apps\/\d+\/actions\/(\d+)$/, ({ w, id }) => w.actions.find((x) => x.id === id) ?? fail(404)],
    ['GET', /^\/apps\/(\d+)\/logs$/, ({ w, id, query }) => logPage(w, id, query)],
    ['GET', /^\/apps\/(\d+)\/logs\/download$/, () => ({ html: 'log' })],
    ['GET', /^\/apps\/(\d+)\/refs$/, ({ w, id }) => ({ head: w.apps.get(id).commit, branch: 'main', ahead: 2, allowed: 'main release/* v*', refs: [{ name: 'main', sha: 'bb77aa66cc55', at: Math.floor(Date.now() / 1000) - 3600, subject: 'Faster search' }, { name: 'v2.1', sha: 'aa11bb22cc33', at: Math.floor(Date.now() / 1000) - 86400, subject: 'Try the new cache' }] })],
    ['GET', /^\/apps\/(\d+)\/deploys$/, ({ w, id }) => page(w.actions.filter((x) => x.kind === 'deploy' && x.app === id).reverse())],
    ['POST', /^\/apps\/(\d+)\/deploys$/, ({ w, id, body, tell }) => {
        const refused = proof(w);
        if (refused) return refused;
        if (!/^(main|v[\d.]+|release\/.+|[0-9a-f]{7,})$/.test(body.ref)) return fail(422, { title: 'Not allowed', errors: { ref: 'is not allowed by the list of the host' } });
        const d = { ...w.actions[0], id: 100 + w.actions.length, uuid: '99999999-0000-4000-8000-000000000000', state: 'running', ref: body.ref, from: w.apps.get(id).commit, to: 'bb77aa66cc55', subjects: ['Faster search'], steps: ['fetch', 'checkout', 'build', 'restart', 'health'].map((name, i) => ({ name, state: i ? 'waiting' : 'running', ms: null })), error: null, reason: body.reason ?? '', asked_at: iso(Date.now()), started_at: iso(Date.now()), ended_at: null };
        w.actions.push(d);
        w.deployStep = (state) => {
            const now = d.steps.findIndex((s) => s.state === 'running');
            if (state) Object.assign(d, { state, ended_at: iso(Date.now()) });
            if (now >= 0) Object.assign(d.steps[now], { state: state === 'failed' ? 'failed' : 'succeeded', ms: 800 });
            if (!state && d.steps[now + 1]) d.steps[now + 1].state = 'running';
            tell('deploy', { id: d.id, app: id, state: d.state, step: d.steps[now + 1]?.name });
        };
        return { status: 202, body: d };
    }],
    ['GET', /^\/apps\/\d+\/deploys\/(\d+)$/, ({ w, id }) => { const d = w.actions.find((x) => x.id === id); return d ? { ...d, output: 'fetching origin\nHEAD is now at 3f2c1a9\nbuild ok\n' } : fail(404); }],
    ['POST', /^\/apps\/\d+\/deploys\/(\d+)\/(cancel|rollback)$/, ({ w, id, verb, tell }) => { const d = w.actions.find((x) => x.id === id); if (verb === 'cancel') { Object.assign(d, { state: 'cancelled', ended_at: iso(Date.now()) }); tell('deploy', { id, app: d.app, state: 'cancelled' }); return { status: 202, body: {} }; } const r = { ...d, id: 100 + w.actions.length, ref: d.from, rollback_of: d.id, state: 'succeeded' }; w.actions.push(r); return { status: 202, body: r }; }],
    ['GET', /^\/apps\/(\d+)\/env$/, ({ w, id }) => ({ files: w.apps.get(id).env.map((key) => ({ key, path: `/srv/${w.apps.get(id).key}/.env`, size: 201, mtime: Math.floor(Date.now() / 1000) - 9000, etag: 'e1', exists: true, writable: true })) })],
    ['GET', /^\/apps\/(\d+)\/env\/main$/, ({ w, id, query }) => {
        const env = w.envs.get(`${id} main`) ?? w.envs.get('201 main');
        const reveal = query.get('reveal');
        if (reveal && w.needProof) return fail(403, { kind: 'reauth' });
        if (reveal) w.revealed = [...(w.revealed ?? []), reveal];
        return { etag: `e${env.version}`, lines: env.text.split('\n').length, text: env.text, entries: entriesOf(env, reveal ? reveal.split(',') : null), problems: [] };
    }],
    ['PUT', /^\/apps\/(\d+)\/env\/main$/, ({ w, id, body, ifMatch, raw }) => proof(w) ?? writeEnv(w, w.envs.get(`${id} main`), body, raw ?? ifMatch)],
    ['GET', /^\/apps\/(\d+)\/env\/main\/backups$/, ({ w, id }) => w.envs.get(`${id} main`).backups.map(({ text: _, ...b }) => b)],
    ['GET', /^\/apps\/201\/env\/main\/backups\/([^/]+)$/, ({ w, key }) => ({ text: w.envs.get('201 main').backups.find((b) => b.name === key)?.text ?? '' })],
    ['POST', /^\/apps\/201\/env\/main\/backups\/([^/]+)\/restore$/, ({ w, key }) => { const env = w.envs.get('201 main'); env.text = env.backups.find((b) => b.name === key).text; env.version++; return { etag: `e${env.version}` }; }],
];
