// What the stand-in API holds: monitors with a day of results, incidents, channels, people.
import { fleetWorld } from './fleet.mjs';
import { publicWorld } from './public.mjs';

const CODES = { unknown: 0, up: 1, degraded: 2, down: 3, maintenance: 4, paused: 5 };
export const WORDS = Object.keys(CODES);
export const code = (word) => CODES[word];

/** The same numbers every time. */
export function random(seed) {
    let s = seed;
    return () => {
        s = (s * 1664525 + 1013904223) >>> 0;
        return s / 4294967296;
    };
}

const NAMES = ['api', 'www', 'shop', 'mail', 'docs', 'auth', 'cdn', 'search', 'billing', 'status'];
const PLACES = ['eu', 'us', 'ap'];

export function monitor(id, now, over = {}) {
    const rnd = random(id * 7919);
    const name = over.name ?? `${NAMES[id % NAMES.length]}-${Math.ceil(id / NAMES.length)}.${PLACES[id % 3]}`;
    const status = over.status ?? (rnd() < 0.01 ? 'down' : rnd() < 0.02 ? 'degraded' : rnd() < 0.02 ? 'paused' : 'up');
    const bars = Array.from({ length: 24 }, (_, i) => (i === 23 ? code(status) : rnd() < 0.04 ? 3 : rnd() < 0.05 ? 2 : 1)).join('');
    return {
        id, version: 1, type: 'http', name, url: `https://${name.toLowerCase().replaceAll(' ', '-')}.example.com/health`, method: 'GET', headers: { Authorization: null }, body: '',
        expect: '200-399', keyword: '', keyword_absent: false, interval: 60, timeout: 10, retries: 1, recheck: 5, degraded_above: 2000, redirects: 10,
        verify_tls: true, tags: id % 4 ? ['prod'] : ['prod', 'edge'], group: ['Production', 'Website', 'Internal'][id % 3], channels: [1],
        paused: status === 'paused', slug: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`, owner: 1, owner_email: 'ann@example.com',
        created_at: new Date(now - 40 * 864e5).toISOString(), status, since: new Date(now - Math.round(rnd() * 12 * 864e5)).toISOString(),
        reason: status === 'down' ? 'connect_timeout' : null, message: status === 'down' ? 'connecting to 203.0.113.9:443 took longer than 10 s' : '',
        code: status === 'down' ? null : 200, checked_at: new Date(now - Math.round(rnd() * 50000)).toISOString(), response_ms: Math.round(40 + rnd() * 300),
        phases: { dns: 4, connect: 12, tls: 31, ttfb: 90, transfer: 8 }, tls_not_after: new Date(now + 61 * 864e5).toISOString(),
        next_check_at: new Date(now + 20000).toISOString(), incident: status === 'down' ? 1 : null, up24: 97.2049, up7: 99.61, up30: 99.915, up90: 99.9749,
        bars24: bars, deleted_at: null, ...over,
    };
}

const SPECIAL = [
    { name: 'Checkout', status: 'down', since: 4.2 * 60e3 }, { name: 'Search API', status: 'degraded', since: 26 * 60e3 },
    { name: 'Website', status: 'up', since: 12 * 864e5 }, { name: 'Mail gateway', status: 'paused', since: 3 * 864e5 },
    { name: 'Backup target', status: 'unknown', since: 6 * 60e3 }, { name: 'Migration window', status: 'maintenance', since: 40 * 60e3 },
];

/** @param {{monitors?: number, setup?: boolean}} options */
export function world({ monitors = 24, setup = false } = {}) {
    const now = Date.now();
    const map = new Map();
    for (let id = 1; id <= monitors; id++) {
        const special = SPECIAL[id - 1];
        map.set(id, monitor(id, now, special && { name: special.name, status: special.status, paused: special.status === 'paused', since: new Date(now - special.since).toISOString(),
            // as the database does: what is paused or unknown has no fresh check
            ...(special.status === 'unknown' ? { checked_at: new Date(now - 6 * 60e3).toISOString() } : {}) }));
    }
    const iso = (ago) => new Date(now - ago).toISOString();
    return {
        setup, now, seq: 1, monitors: map, ...publicWorld(now, !monitors), ...fleetWorld(now, !monitors),
        user: setup ? null : { id: 1, email: 'ann@example.com', name: 'Ann Operator', role: 'admin' }, password: 'correct horse battery', prefs: {},
        incidents: monitors ? [
            { id: 1, version: 1, title: 'Checkout is down', severity: 'major', state: 'open', auto: true, started_at: iso(4.2 * 60e3), acked_at: null, acked_by: null, resolved_at: null, monitor: 1, monitor_name: 'Checkout', url: 'https://checkout.example.com/health', status: 'down', duration_s: 252, cause: '', phase: 'investigating', public_title: '', published_at: null, postmortem: null, pages: [{ id: 1, slug: 'example', title: 'Example Status', subscribers: 3 }], monitors: [{ id: 1, name: 'Checkout', url: 'https://checkout.example.com/health', status: 'down' }],
                events: [{ id: 1, at: iso(4.2 * 60e3), actor: '', kind: 'opened', body: 'connecting to 203.0.113.9:443 took longer than 10 s' }, { id: 2, at: iso(4 * 60e3), actor: '', kind: 'notified', body: 'ops mail' }] },
            { id: 2, version: 1, title: 'Website was down', severity: 'minor', state: 'resolved', auto: true, started_at: iso(864e5), acked_at: iso(864e5 - 60e3), acked_by: 'ann', resolved_at: iso(864e5 - 38e4), monitor: 3, monitor_name: 'Website', url: 'https://website.example.com/health', status: 'up', duration_s: 380, cause: 'expired certificate', phase: 'resolved', public_title: 'Website unreachable', published_at: iso(864e5 - 12e4), postmortem: { revision: 2, published_at: null }, pages: [{ id: 1, slug: 'example', title: 'Example Status', subscribers: 3 }], monitors: [{ id: 3, name: 'Website', url: 'https://website.example.com/health', status: 'up' }],
                events: [{ id: 3, at: iso(864e5), actor: '', kind: 'opened', body: 'certificate has expired' }, { id: 5, at: iso(864e5 - 12e4), actor: 'ann', kind: 'update', phase: 'identified', body: 'The **certificate** is being renewed.', public: true }, { id: 4, at: iso(864e5 - 38e4), actor: '', kind: 'resolved', body: '' }] },
        ] : [],
        channels: monitors ? [
            { id: 1, version: 1, type: 'email', name: 'ops mail', config: { to: ['ops@example.com'] }, events: ['down', 'up', 'degraded'], is_default: true, enabled: true, disabled_reason: null, monitors, last: { ok: true, at: iso(4e5), error: null }, created_at: iso(4e9) },
            { id: 2, version: 1, type: 'webhook', name: 'pager', config: { url: 'https://pager.example.com/hook', secret: { set: true } }, events: ['down', 'up'], is_default: false, enabled: true, disabled_reason: null, monitors: 3, last: { ok: false, at: iso(6e5), error: 'HTTP 500' }, created_at: iso(4e9) },
        ] : [],
        deliveries: monitors ? [
            { id: 1, event: 'down', state: 'sent', attempts: 1, monitor: { id: 1, name: 'Checkout' }, channel: { id: 1, name: 'ops mail', type: 'email' }, created_at: iso(25e4), done_at: iso(249e3), error: null, recipient: 'ops@example.com', code: 250, duration_ms: 84, attempts_made: [{ at: iso(249e3), attempt: 1, ok: true, recipient: 'ops@example.com', code: 250, duration_ms: 84, error: null, excerpt: '2.0.0 Ok' }] },
            { id: 2, event: 'down', state: 'dead', attempts: 8, monitor: { id: 1, name: 'Checkout' }, channel: { id: 2, name: 'pager', type: 'webhook' }, created_at: iso(25e4), done_at: iso(1e5), error: 'HTTP 500', recipient: 'https://pager.example.com/hook', code: 500, duration_ms: 120, attempts_made: [{ at: iso(1e5), attempt: 8, ok: false, recipient: 'https://pager.example.com/hook', code: 500, duration_ms: 120, error: 'HTTP 500', excerpt: 'Internal Server Error' }] },
        ] : [],
        users: [
            { id: 1, email: 'ann@example.com', name: 'Ann Operator', role: 'admin', created_at: iso(4e9), seen_at: iso(5e3), disabled: false, disabled_at: null, monitors },
            { id: 2, email: 'bob@example.com', name: 'Bob', role: 'member', created_at: iso(3e9), seen_at: iso(9e6), disabled: false, disabled_at: null, monitors: 0 },
        ],
        invites: [], sessions: [
            { id: '11111111-1111-4111-8111-111111111111', current: true, address: '192.0.2.4', agent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0', created_at: iso(9e6), used_at: iso(1e3), expires_at: iso(-9e8) },
            { id: '22222222-2222-4222-8222-222222222222', current: false, address: '198.51.100.7', agent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari', created_at: iso(9e7), used_at: iso(9e6), expires_at: iso(-9e8) },
        ],
        tokens: [{ id: 1, name: 'prometheus', scopes: ['metrics'], created_at: iso(9e8), expires_at: null, used_at: iso(2e4) }],
        audit: [{ id: 1, at: iso(6e4), actor: 1, actor_name: 'ann@example.com', address: '192.0.2.4', request: 'abc', action: 'monitor.update', type: 'monitor', object: '3', before: { interval: 30 }, after: { interval: 60 } }],
    };
}
