// The stand-in's API: the contract's shapes over world(), nothing more.
import { code, monitor, random, WORDS } from './data.mjs';
import { fleetRoutes } from './fleet.mjs';
import { publicRoutes } from './public.mjs';

const page = (items) => ({ items, next: null });
const fail = (status, extra = {}) => ({ status, problem: { type: extra.type ?? 'about:blank', title: extra.title ?? `Status ${status}`, detail: extra.detail ?? '', errors: extra.errors, request_id: 'fake-1', status } });

function columns(w, list, gone) {
    const now = Date.now();
    const age = (text) => (text ? Math.round((now - Date.parse(text)) / 1000) : null);
    const pick = (fn) => list.map(fn);
    return {
        rev: String(++w.seq), now: new Date(now).toISOString(), id: pick((m) => m.id), name: pick((m) => m.name), url: pick((m) => m.url), type: pick((m) => m.type),
        group: pick((m) => m.group), tags: pick((m) => m.tags), status: pick((m) => code(m.status)), since: pick((m) => age(m.since)), checked_at: pick((m) => age(m.checked_at)),
        interval: pick((m) => m.interval), ms: pick((m) => m.response_ms), up24: pick((m) => m.up24), up30: pick((m) => m.up30), bars24: pick((m) => m.bars24),
        enabled: pick((m) => !m.paused), owner: pick((m) => m.owner), reason: pick((m) => m.reason), gone,
    };
}

function overview(w) {
    const list = [...w.monitors.values()].filter((m) => !m.deleted_at);
    const counts = { total: list.length };
    for (const word of WORDS) counts[word] = list.filter((m) => m.status === word).length;
    return {
        counts, lag_ms: 120, up30: 99.97,
        attention: list.filter((m) => ['down', 'degraded', 'unknown'].includes(m.status)).slice(0, 20).map((m) => ({ kind: 'monitor', id: m.id, name: m.name, status: m.status, since: m.since, reason: m.reason, message: m.message, incident: m.incident })),
        incidents: w.incidents.filter((i) => !i.resolved_at).map(({ events: _, ...i }) => i),
        changes: list.slice(0, 4).map((m) => ({ monitor: m.id, name: m.name, from: 'up', to: m.status, at: m.since, message: m.message, lasted_s: 900 })),
        expiring: list.length ? [{ id: 3, kind: 'tls', name: 'Website', days: 9, not_after: new Date(Date.now() + 9 * 864e5).toISOString() }] : [], groups: [],
        fleet: fleetCounts(w),
    };
}

function fleetCounts(w) {
    const count = (list) => list.reduce((c, x) => ({ ...c, [x.status]: (c[x.status] ?? 0) + 1 }), {});
    return { hosts: count([...w.hosts.values()]), apps: count([...w.apps.values()]) };
}

function series(id, query) {
    const to = Math.floor((Date.parse(query.get('to')) || Date.now()) / 1000);
    const from = Math.floor((Date.parse(query.get('from')) || (to - 86400) * 1000) / 1000);
    const n = Math.min(Number(query.get('points')) || 300, 300);
    const step = Math.max(1, Math.floor((to - from) / n));
    const rnd = random(id);
    const out = { t: [], dns: [], connect: [], tls: [], ttfb: [], transfer: [], total: [], min: [], max: [], p50: [], p95: [], p99: [], n: [], down: [] };
    for (let i = 0; i < n; i++) {
        const gap = i > n * 0.3 && i < n * 0.33;
        const wave = 60 + 30 * Math.sin(i / 18) + rnd() * 40 + (rnd() < 0.02 ? 300 : 0);
        const row = gap ? {} : { dns: 3 + rnd() * 3, connect: 10 + rnd() * 6, tls: 25 + rnd() * 10, ttfb: wave, transfer: 4 + rnd() * 4, n: 1, down: 0 };
        const total = gap ? null : row.dns + row.connect + row.tls + row.ttfb + row.transfer;
        const all = { t: from + i * step, ...row, total, min: total && total * 0.8, max: total && total * 1.4, p50: total, p95: total && total * 1.2, p99: total && total * 1.35 };
        for (const key of Object.keys(out)) if (Array.isArray(out[key])) out[key].push(all[key] === undefined ? null : typeof all[key] === 'number' && key !== 't' ? Math.round(all[key] * 10) / 10 : all[key]);
    }
    return { from: new Date(from * 1000).toISOString(), to: new Date(to * 1000).toISOString(), step_s: step, fields: query.get('fields') ?? 'phases', columns: out };
}

function checks(m, query) {
    const before = Number(query.get('after')) || Date.now();
    const rnd = random(m.id + Math.floor(before / 6e4));
    const items = Array.from({ length: Math.min(Number(query.get('limit')) || 50, 100) }, (_, i) => {
        const bad = m.status === 'down' && i < 5;
        return { at: new Date(before - (i + 1) * m.interval * 1000).toISOString(), status: bad ? 'down' : 'up', reason: bad ? 'connect_timeout' : 'ok', message: bad ? m.message : '', code: bad ? null : 200, ms: bad ? 10000 : Math.round(90 + rnd() * 90), phases: bad ? {} : m.phases, region: 'local' };
    });
    return { items, next: String(before - items.length * m.interval * 1000) };
}

function daily(m) {
    const rnd = random(m.id);
    const items = Array.from({ length: 90 }, (_, i) => {
        const down = rnd() < 0.05 ? Math.round(rnd() * 4000) : 0;
        return { day: new Date(Date.now() - (89 - i) * 864e5).toISOString().slice(0, 10), up_s: i < 8 ? 0 : 86400 - down, degraded_s: 0, down_s: down, maintenance_s: 0, unknown_s: 0, paused_s: 0, percent: i < 8 ? null : Math.floor((1 - down / 86400) * 1e4) / 100, checks: 1440, failed: Math.round(down / 60), incidents: down ? 1 : 0 };
    });
    return { items };
}

/** @returns {[string, RegExp, (c: {w: any, id: any, body: any, query: URLSearchParams, tell: Function, ifMatch: string}) => any][]} */
export const routes = [
    ...publicRoutes,
    ...fleetRoutes,
    ['GET', /^\/bootstrap$/, ({ w }) => ({ user: w.user, role: w.user?.role ?? null, csrf: 'fake-csrf', demo: Boolean(w.demo), server_time: new Date().toISOString(), version: '1.0.0', instance: 'Tocsin', prefs: w.prefs, features: { signup: 'open', setup_needed: w.setup }, counts: {} })],
    ['POST', /^\/setup$/, ({ w, body }) => (body.code !== 'code-code' ? fail(422, { errors: { code: 'is not the code that was printed' } }) : ((w.setup = false), (w.user = { id: 1, email: body.email, name: body.name, role: 'admin' }), { id: 1 }))],
    ['POST', /^\/session$/, ({ w, body }) => (body.password === w.password ? ((w.user = { id: 1, email: body.email, name: 'Ann Operator', role: w.role ?? 'admin' }), { user: w.user }) : fail(401, { title: 'Sign-in failed', detail: 'The e-mail address or the password is wrong.' }))],
    ['POST', /^\/signup$/, ({ w, body }) => ((w.user = { id: 3, email: body.email, name: body.name, role: 'member' }), w.user)],
    ['DELETE', /^\/session$/, ({ w }) => { w.user = null; return null; }],
    ['POST', /^\/session\/refresh$/, ({ w }) => (w.refreshable ? ((w.expired = false), {}) : fail(401))],
    ['GET', /^\/overview$/, ({ w }) => overview(w)],
    ['GET', /^\/monitors$/, ({ w, query }) => {
        if (query.get('deleted') === 'true') return page([...w.monitors.values()].filter((m) => m.deleted_at));
        const since = query.get('since');
        const all = [...w.monitors.values()];
        const list = all.filter((m) => !m.deleted_at && (!since || (m.seq ?? 0) >= Number(since) || since === '0'));
        return query.get('view') === 'list' ? columns(w, list, all.filter((m) => m.deleted_at).map((m) => m.id)) : page(list.slice(0, 50));
    }],
    ['GET', /^\/admin\/monitors$/, ({ w }) => page([...w.monitors.values()].filter((m) => !m.deleted_at).slice(0, 100))],
    ['POST', /^\/monitors$/, ({ w, body, tell }) => {
        if ([...w.monitors.values()].some((m) => m.url === body.url && !m.deleted_at)) return fail(409, { title: 'This is watched already', errors: { url: 'is watched already' } });
        const id = w.monitors.size + 1;
        const m = monitor(id, Date.now(), { ...body, headers: body.headers ?? {}, channels: body.channels ?? [1], tags: body.tags ?? [], group: body.group ?? '', status: 'unknown', checked_at: null, response_ms: null, since: new Date().toISOString(), bars24: '0'.repeat(24), up24: null, up7: null, up30: null, up90: null, seq: ++w.seq });
        w.monitors.set(id, m);
        tell('monitor', { id, owner: 1, at: new Date().toISOString() });
        setTimeout(() => {
            Object.assign(m, { status: 'up', response_ms: 91, checked_at: new Date().toISOString(), up24: 100, bars24: '0'.repeat(23) + '1', seq: ++w.seq });
            tell('checks', [[id, 1, 91, Math.floor(Date.now() / 1000), 1]]);
            tell('status', { id, status: 'up', at: new Date().toISOString(), owner: 1 });
        }, 300);
        return { status: 201, body: m };
    }],
    ['POST', /^\/monitors\/bulk$/, ({ w, body, tell }) => {
        const ids = body.ids ?? [];
        const matched = ids.filter((id) => w.monitors.has(id));
        if (!body.dry_run) for (const id of matched) apply(w, body.op, id, body.args ?? {});
        if (!body.dry_run) tell('monitor', { id: null });
        return { matched: matched.length, done: body.dry_run ? 0 : matched.length, failed: [] };
    }],
    ['POST', /^\/monitors\/test$/, ({ w }) => { w.test = Date.now(); return { status: 202, body: { id: '33333333-3333-4333-8333-333333333333' } }; }],
    ['GET', /^\/monitors\/test\/.+$/, ({ w }) => (Date.now() - w.test < 250 ? { state: 'pending' } : { state: 'done', result: w.testResult ?? { status: 'up', reason: 'ok', message: '', code: 200, ms: 145, phases: { dns: 4, connect: 12, tls: 31, ttfb: 90, transfer: 8 }, tls: { subject: 'example.com', issuer: 'Example CA', not_after: new Date(Date.now() + 61 * 864e5).toISOString() }, headers: [['content-type', 'application/json']], redirects: 0, failed: null, excerpt: '{"status":"ok"}' } })],
    ['POST', /^\/monitors\/(\d+)\/check$/, ({ w, id, tell }) => {
        const m = w.monitors.get(id);
        setTimeout(() => tell('checks', [[id, code(m.status), 77, Math.floor(Date.now() / 1000), 1]]), 100);
        return { status: 202, body: {} };
    }],
    ['GET', /^\/monitors\/(\d+)$/, ({ w, id }) => w.monitors.get(id) ?? fail(404)],
    ['PATCH', /^\/monitors\/(\d+)$/, ({ w, id, body, ifMatch, tell }) => {
        const m = w.monitors.get(id);
        if (ifMatch && ifMatch !== String(m.version)) return fail(412, { title: 'Changed meanwhile' });
        if (body.paused !== undefined) apply(w, body.paused ? 'pause' : 'resume', id, {});
        Object.assign(m, body, { version: m.version + 1, seq: ++w.seq });
        tell('monitor', { id });
        return m;
    }],
    ['DELETE', /^\/monitors\/(\d+)$/, ({ w, id, tell }) => { apply(w, 'delete', id, {}); tell('monitor', { id }); return null; }],
    ['POST', /^\/monitors\/(\d+)\/restore$/, ({ w, id, tell }) => { apply(w, 'restore', id, {}); tell('monitor', { id }); return w.monitors.get(id); }],
    ['GET', /^\/monitors\/(\d+)\/uptime$/, () => ({ windows: Object.fromEntries([['24h', 97.2, 2419], ['7d', 99.61, 2419], ['30d', 99.91, 2419], ['90d', 100, 0]].map(([k, p, d]) => [k, { up_s: 86400 - d, degraded_s: 0, down_s: d, maintenance_s: 0, unknown_s: 0, paused_s: 0, percent: p, incidents: d ? 6 : 0, mttr_s: d ? 403 : null, mtbf_s: d ? 777600 : null }])) })],
    ['GET', /^\/monitors\/(\d+)\/series$/, ({ id, query }) => series(id, query)],
    ['GET', /^\/monitors\/(\d+)\/checks$/, ({ w, id, query }) => checks(w.monitors.get(id), query)],
    ['GET', /^\/monitors\/(\d+)\/daily$/, ({ w, id }) => daily(w.monitors.get(id) ?? { id })],
    ['GET', /^\/monitors\/(\d+)\/incidents$/, ({ w, id }) => page(w.incidents.filter((i) => i.monitor === id))],
    ['GET', /^\/monitors\/(\d+)\/notifications$/, ({ w, id }) => page(w.deliveries.filter((d) => d.monitor.id === id))],
    ['GET', /^\/incidents$/, ({ w, query }) => page(w.incidents.filter((i) => query.get('state') !== 'unresolved' || !i.resolved_at))],
    ['GET', /^\/incidents\/(\d+)$/, ({ w, id }) => w.incidents.find((i) => i.id === id) ?? fail(404)],
    ['PATCH', /^\/incidents\/(\d+)$/, ({ w, id, body }) => Object.assign(w.incidents.find((i) => i.id === id), body)],
    ['POST', /^\/incidents\/(\d+)\/(ack|comments|resolve)$/, ({ w, id, body, tell, verb }) => {
        const i = w.incidents.find((x) => x.id === id);
        const at = new Date().toISOString();
        if (verb === 'ack') Object.assign(i, { acked_at: at, acked_by: 'Ann Operator', state: 'acknowledged' });
        if (verb === 'resolve') Object.assign(i, { resolved_at: at, state: 'resolved' });
        i.version++;
        i.events.push({ id: ++w.seq, at, actor: 'Ann Operator', kind: { ack: 'acknowledged', comments: 'comment', resolve: 'resolved' }[verb], body: body.body ?? '' });
        tell('incident', { id });
        return i;
    }],
    ['GET', /^\/channels$/, ({ w }) => page(w.channels)],
    ['GET', /^\/channels\/(\d+)$/, ({ w, id }) => w.channels.find((c) => c.id === id) ?? fail(404)],
    ['POST', /^\/channels$/, ({ w, body }) => { const c = { ...w.channels[0], is_default: false, secret: {}, enabled: true, used_by: 0, last: null, ...body, id: w.channels.length + 1, version: 1 }; w.channels.push(c); return { status: 201, body: c }; }],
    ['POST', /^\/channels\/test$/, () => ({ status: 202, body: { id: 1 } })],
    ['POST', /^\/channels\/(\d+)\/test$/, () => ({ status: 202, body: { id: 1 } })],
    ['PATCH', /^\/channels\/(\d+)$/, ({ w, id, body }) => Object.assign(w.channels.find((c) => c.id === id), body)],
    ['DELETE', /^\/channels\/(\d+)$/, ({ w, id }) => { w.channels = w.channels.filter((c) => c.id !== id); return null; }],
    ['GET', /^\/deliveries$/, ({ w }) => page(w.deliveries)],
    ['GET', /^\/deliveries\/(\d+)$/, ({ w, id }) => w.deliveries.find((d) => d.id === id) ?? fail(404)],
    ['POST', /^\/deliveries\/(\d+)\/resend$/, ({ w, id }) => { w.deliveries.find((d) => d.id === id).state = 'pending'; return { status: 202, body: {} }; }],
    ['GET', /^\/admin\/users$/, ({ w }) => page(w.users)],
    ['PATCH', /^\/admin\/users\/(\d+)$/, ({ w, id, body }) => {
        const u = w.users.find((x) => x.id === id);
        if (body.role && u.role === 'admin' && w.users.filter((x) => x.role === 'admin').length === 1) return fail(409, { title: 'The last administrator stays', detail: 'The last administrator cannot be demoted.' });
        const { disabled, ...rest } = body;
        return Object.assign(u, rest, disabled === undefined ? {} : { disabled_at: disabled ? new Date().toISOString() : null });
    }],
    ['DELETE', /^\/admin\/users\/(\d+)$/, ({ w, id }) => { w.users = w.users.filter((u) => u.id !== id); return null; }],
    ['GET', /^\/admin\/invites$/, ({ w }) => page(w.invites)],
    ['POST', /^\/admin\/invites$/, ({ w, body }) => { const i = { id: w.invites.length + 1, ...body, created_at: new Date().toISOString(), expires_at: new Date(Date.now() + 7 * 864e5).toISOString(), used_at: null }; w.invites.push(i); return { status: 201, body: { ...i, token: 'invite-token' } }; }],
    ['DELETE', /^\/admin\/invites\/(\d+)$/, ({ w, id }) => { w.invites = w.invites.filter((i) => i.id !== id); return null; }],
    ['GET', /^\/admin\/audit$/, ({ w }) => page(w.audit)],
    ['GET', /^\/admin\/health$/, () => ({
        at: new Date().toISOString(), monitors: { watched: 24, by_status: {}, overdue: 0, unplaced: 0 }, queue: { buckets: 2, owned: 2, oldest_s: 0.2 }, lag: { p50_ms: 120, p95_ms: 480 },
        outbox: { pending: 2, oldest_s: 14, dead: 1 }, incidents: { open: 1 }, database: { bytes: 1.2e9, connections: 14, connections_max: 100, migration: 1, strays: 0 }, events: { clients: 37, max: 10000 },
        advice: [{ about: 'dead_letters', level: 'warning', text: '1 messages were given up after all tries.' }],
        workers: [['scheduler', 411, {}], ['checker', 412, { checks_s: 212, lag_ms: 90 }], ['notifier', 413, {}]].map(([role, pid, stats]) => ({ id: String(pid), host: 'mon-1', pid, role, region: 'local', version: '1.0.0', started_at: new Date(Date.now() - 864e5).toISOString(), beat_age_s: 0.9, alive: true, share: 2, stats })),
    })],
    ['GET', /^\/me$/, ({ w }) => ({ version: 1, ...w.user, prefs: w.prefs })],
    ['PATCH', /^\/me$/, ({ w, body }) => { if (body.prefs) w.prefs = body.prefs; if (body.name !== undefined) w.user.name = body.name; return { ...w.user }; }],
    ['POST', /^\/me\/password$/, ({ w, body }) => (body.current === w.password ? null : fail(422, { errors: { current: 'is not your password' } }))],
    ['GET', /^\/me\/sessions$/, ({ w }) => page(w.sessions)],
    ['DELETE', /^\/me\/sessions$/, ({ w }) => { w.sessions = w.sessions.filter((s) => s.current); return null; }],
    ['DELETE', /^\/me\/sessions\/(.+)$/, ({ w, key }) => { w.sessions = w.sessions.filter((s) => s.id !== key); return null; }],
    ['GET', /^\/me\/tokens$/, ({ w }) => page(w.tokens)],
    ['POST', /^\/me\/tokens$/, ({ w, body }) => { const t = { id: w.tokens.length + 1, ...body, created_at: new Date().toISOString(), expires_at: null, used_at: null }; w.tokens.push(t); return { status: 201, body: { ...t, token: 'toc_fake_token_shown_once' } }; }],
    ['DELETE', /^\/me\/tokens\/(\d+)$/, ({ w, id }) => { w.tokens = w.tokens.filter((t) => t.id !== id); return null; }],
];

function apply(w, op, id, args) {
    const m = w.monitors.get(id);
    if (op === 'pause') Object.assign(m, { paused: true, status: 'paused' });
    if (op === 'resume') Object.assign(m, { paused: false, status: 'up' });
    if (op === 'delete') m.deleted_at = new Date().toISOString();
    if (op === 'restore') m.deleted_at = null;
    if (op === 'set') Object.assign(m, args);
    Object.assign(m, { version: m.version + 1, seq: ++w.seq });
}
