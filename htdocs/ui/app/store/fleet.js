// Hosts and apps: read once in columns, then kept by the event stream, as the monitors are.
import { signal, computed } from '../../vendor/signals.js';
import { asProblem, del, get, post } from '../api.js';
import { rowsOf, statusOf, whenOf } from '../lib/fleet.js';
import { now } from './clock.js';
import { on, polls } from './live.js';
import { toast, toastProblem } from './toasts.js';

/**
 * @typedef {import('../lib/status.js').Status} Status
 * @typedef {{id: number, name: string, text: string, status: import('../../vendor/signals.js').Signal<Status>, beat: import('../../vendor/signals.js').Signal<number>,
 *   since: number|null, seenAt: number|null, movedAt: number, [field: string]: any}} Row
 */

const SOON_MS = 150;

/** @param {string} path @param {string} event of its rows @param {(row: any) => string} words what is searched @param {(row: any) => any} fit columns by the names that one row has */
function list(path, event, words, fit) {
    /** @type {Map<number, Row>} */
    const byId = new Map();
    const rows = signal(/** @type {Row[]} */ ([]));
    const loaded = signal(false);
    const error = signal(/** @type {import('../api.js').Problem|null} */ (null));
    const flips = signal(0);
    let rev = '';
    /** @type {Promise<void>|null} */
    let loading = null;

    /** @param {any} raw @param {number} at */
    function place(raw, at) {
        const fields = fit(raw);
        const status = statusOf(fields.status);
        const { status: _, since, seen_at, ...rest } = fields;
        const next = { ...rest, since: whenOf(since, at), seenAt: whenOf(seen_at, at), text: words(fields).toLowerCase() };
        const row = byId.get(fields.id);
        if (!row) {
            byId.set(fields.id, { ...next, movedAt: 0, status: signal(status), beat: signal(0) });
            return true;
        }
        const shape = row.text !== next.text;
        Object.assign(row, next);
        become(row, status);
        row.beat.value++;
        return shape;
    }
    function become(/** @type {Row} */ row, /** @type {Status} */ status) {
        if (row.status.peek() === status) return;
        row.status.value = status;
        row.movedAt = Date.now();
        flips.value++;
    }
    async function read(/** @type {string} */ since) {
        try {
            const c = await get(path, { view: 'list', since: since || undefined });
            const at = Date.parse(c.now) || now();
            let shape = !since;
            const all = rowsOf(c);
            if (!since) {
                const there = new Set(c.id);
                for (const id of byId.keys()) if (!there.has(id)) byId.delete(id);
            }
            for (const fields of all) shape = place(fields, at) || shape;
            for (const id of c.gone ?? []) shape = byId.delete(id) || shape;
            rev = c.rev ?? '';
            if (shape) rows.value = [...byId.values()];
            error.value = null;
            loaded.value = true;
        } catch (e) {
            error.value = asProblem(e);
            throw e;
        }
    }
    function load(again = false) {
        if (loaded.peek() && !again) return Promise.resolve();
        loading ??= read(loaded.peek() ? rev : '').finally(() => { loading = null; });
        return loading;
    }
    function reload() {
        rev = '';
        return load(true);
    }
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    let soon;
    function again() {
        clearTimeout(soon);
        soon = setTimeout(() => { if (loaded.peek()) load(true).catch(() => {}); }, SOON_MS);
    }
    on(event, (data) => {
        const row = byId.get(data.id ?? data.ref ?? data[event]);
        if (!row || data.change) return again(); // one that is new, or changed
        const { status, id: _, ref: __, seen, at, ...rest } = data;
        for (const [key, value] of Object.entries(rest)) if (key in row) row[key] = value;
        if (data.mem !== undefined && event === 'host') row.mem_pct = data.mem;
        row.seenAt = whenOf(seen ?? at, now()) ?? now();
        if (status !== undefined) {
            const next = statusOf(status);
            if (next !== row.status.peek()) { row.since = now(); again(); }
            become(row, next);
        }
        row.beat.value++;
    });
    on('status', (data) => {
        const row = byId.get(data.id);
        if (!row || data.status === undefined) return;
        become(row, statusOf(data.status));
        row.since = Date.parse(data.since ?? data.at) || now();
        row.reason = data.reason ?? row.reason;
        row.beat.value++;
        again();
    });
    for (const kind of ['monitor', 'resync', 'enrolled']) on(kind, again);
    polls.add(() => (loaded.peek() ? load(true) : Promise.resolve()));
    const counts = computed(() => {
        flips.value;
        const c = /** @type {Record<Status, number>} */ ({ up: 0, degraded: 0, down: 0, maintenance: 0, unknown: 0, paused: 0 });
        for (const row of rows.value) c[row.status.peek()]++;
        return c;
    });
    return { byId, rows, loaded, error, flips, counts, load, reload };
}

export const hosts = list('/hosts', 'host', (h) => [h.name, h.address, h.os, h.arch, ...(h.labels ?? [])].join('\n'), (h) => ({ ...h, seen_at: h.seen, mem_pct: h.mem, disk_pct: h.disk }));
export const apps = list('/apps', 'app', (a) => [a.name, a.key, a.host_name, a.unit, a.type].join('\n'), (a) => ({ ...a, seen_at: a.seen, gone_at: a.left, health: a.healthy === false ? { ok: false } : null }));

/** Both lists, for pages that want names only: without them they go on with what they have. */
export const loadFleet = () => Promise.all([hosts.load(), apps.load()]).catch(() => {});

/** A host or an app by its number, with the name that it has among monitors. @param {number} id */
export function member(id) {
    const row = hosts.byId.get(id);
    const app = row ? null : apps.byId.get(id);
    return row ?? (app ? { ...app, name: `${app.name} on ${app.host_name}` } : undefined);
}

/** Labels that are in use, to choose from. */
export const hostLabels = () => [...new Set(hosts.rows.value.flatMap((row) => row.labels ?? []))].sort();

/** What a silent agent makes of its row: the last known things are old. @param {Row} row */
export const silent = (row) => row.status.value === 'unknown';

/** @param {{id: number, name: string}} host */
export async function removeHost(host) {
    try {
        await del(`/hosts/${host.id}`);
        hosts.reload().catch(() => {});
        apps.reload().catch(() => {});
        toast(`${host.name} deleted. It is kept for 7 days.`, { undo: () => restoreHost(host) });
        return true;
    } catch (error) {
        toastProblem(error, `${host.name} could not be deleted`);
        return false;
    }
}

/** @param {{id: number, name: string}} host */
export async function restoreHost(host) {
    try {
        await post(`/monitors/${host.id}/restore`);
        await hosts.reload();
        apps.reload().catch(() => {});
        toast(`${host.name} restored. Its agent has to be enrolled anew.`, { kind: 'good' });
    } catch (error) {
        toastProblem(error, 'It could not be restored');
    }
}
