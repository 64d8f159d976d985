// All monitors that the user may see: read once in columns, then kept by the event stream.
// A row's status and newest check are signals of their own, so that a check redraws one row.
import { signal } from '../../vendor/signals.js';
import { asProblem, get } from '../api.js';
import { WORDS } from '../lib/status.js';
import { now } from './clock.js';
import { counts } from './counts.js';
import { on, polls } from './live.js';

/**
 * @typedef {import('../lib/status.js').Status} Status
 * @typedef {{id: number, name: string, url: string, type: string, group: string, tags: string[], owner: string,
 *   interval: number, text: string, status: import('../../vendor/signals.js').Signal<Status>, beat: import('../../vendor/signals.js').Signal<number>,
 *   since: number, checkedAt: number|null, ms: number|null, up24: number|null, up30: number|null, bars: string, reason: string, movedAt: number}} Row
 */

/** In the server's order; replaced when a monitor comes, goes or is renamed. */
export const monitors = signal(/** @type {Row[]} */ ([]));
export const loaded = signal(false);
export const listError = signal(/** @type {import('../api.js').Problem|null} */ (null));
/** Grows when any status changed: for what counts or sorts by it. */
export const flips = signal(0);

/** @type {Map<number, Row>} */
export const byId = new Map();
let rev = '';

/** @type {Promise<void>|null} */
let loading = null;

/** Reads the list once; `again` reads what has changed since. */
export function loadMonitors(again = false) {
    if (loaded.peek() && !again) return Promise.resolve();
    loading ??= read(loaded.peek() ? rev : '').finally(() => { loading = null; });
    return loading;
}

/** Reads everything, for after a failure. */
export function reloadMonitors() {
    rev = '';
    return loadMonitors(true);
}

async function read(/** @type {string} */ since) {
    try {
        const fresh = since ? 60 : undefined; // checks write no row of the list: ask for the recent ones too
        const columns = await get('/monitors', { view: 'list', since: since || undefined, fresh });
        take(columns, !since);
        listError.value = null;
        loaded.value = true;
    } catch (error) {
        listError.value = asProblem(error);
        throw error;
    }
}

/** @param {any} c the columns @param {boolean} whole not only what changed */
function take(c, whole) {
    const at = Date.parse(c.now) || now();
    let structure = whole;
    if (whole) {
        const there = new Set(c.id);
        for (const id of byId.keys()) if (!there.has(id)) byId.delete(id);
    }
    for (let i = 0; i < c.id.length; i++) structure = column(c, i, at) || structure;
    for (const id of c.gone ?? []) structure = byId.delete(id) || structure;
    rev = c.rev;
    if (structure) monitors.value = [...byId.values()];
    count();
}

/** One row of the columns; true when the list's shape changed. @param {any} c @param {number} i @param {number} at */
function column(c, i, at) {
    const status = WORDS[c.status[i]] ?? 'unknown';
    const name = c.name[i];
    const tags = c.tags[i] ?? [];
    const group = c.group[i] ?? '';
    const fields = {
        id: c.id[i], name, url: c.url[i], type: c.type[i] ?? 'http', group, tags, owner: String(c.owner?.[i] ?? ''),
        interval: c.interval[i] ?? 60, text: `${name}\n${c.url[i]}\n${group}\n${tags.join('\n')}`.toLowerCase(),
        since: at - (c.since[i] ?? 0) * 1000, checkedAt: c.checked_at[i] === null ? null : at - c.checked_at[i] * 1000,
        ms: c.ms[i], up24: c.up24?.[i] ?? null, up30: c.up30?.[i] ?? null, bars: c.bars24?.[i] ?? '', reason: c.reason?.[i] ?? '',
    };
    const row = byId.get(fields.id);
    if (!row) {
        byId.set(fields.id, { ...fields, movedAt: 0, status: signal(status), beat: signal(0) });
        return true;
    }
    const shape = row.name !== name || row.text !== fields.text || row.interval !== fields.interval;
    // a check that came by the stream may be newer than this answer
    if (row.checkedAt !== null && fields.checkedAt !== null && row.checkedAt > fields.checkedAt + 1500) {
        Object.assign(fields, { checkedAt: row.checkedAt, ms: row.ms });
    }
    Object.assign(row, fields);
    setStatus(row, status);
    row.beat.value++;
    return shape;
}

function setStatus(/** @type {Row} */ row, /** @type {Status} */ status) {
    if (row.status.peek() === status) return;
    row.status.value = status;
    row.movedAt = Date.now();
    flips.value++;
}

function count() {
    const c = /** @type {import('./counts.js').Counts} */ ({ total: byId.size, up: 0, degraded: 0, down: 0, maintenance: 0, unknown: 0, paused: 0 });
    for (const row of byId.values()) c[row.status.peek()]++;
    counts.value = c;
}

/** A row's status is changed here first, when the user did it; the server's word follows. @param {number} id @param {Status} status */
export function expect(id, status) {
    const row = byId.get(id);
    if (!row) return;
    setStatus(row, status);
    row.since = now();
    count();
}

/** Takes rows away at once; they come back by `loadMonitors(true)` when they are still there. @param {number[]} ids */
export function forget(ids) {
    for (const id of ids) byId.delete(id);
    monitors.value = [...byId.values()];
    count();
}

// [id, status, ms, unix seconds, this check's verdict] each
on('checks', (list) => {
    const before = flips.peek();
    for (const [id, status, ms, at] of list) {
        const row = byId.get(id);
        if (!row) continue;
        row.ms = ms;
        row.checkedAt = at * 1000;
        const word = WORDS[status];
        if (word) {
            const bars = row.bars || '0'.repeat(24);
            row.bars = bars.slice(0, -1) + String(worseDigit(bars.at(-1) ?? '0', status));
        }
        if (word) {
            if (word !== row.status.peek()) row.since = at * 1000;
            setStatus(row, word);
        }
        row.beat.value++;
    }
    if (flips.peek() !== before) count();
});

/** The last bar is the worst of this hour. @param {string} have @param {number} status */
function worseDigit(have, status) {
    const order = [0, 5, 1, 4, 2, 3]; // unknown < paused < up < maintenance < degraded < down
    return order.indexOf(status) > order.indexOf(Number(have)) ? status : Number(have);
}

on('status', (event) => {
    const row = byId.get(event.id);
    const word = typeof event.status === 'number' ? WORDS[event.status] : event.status;
    if (!row || !word) return;
    row.since = Date.parse(event.since ?? event.at) || now();
    row.reason = event.reason ?? row.reason;
    setStatus(row, word);
    row.beat.value++;
    count();
});

/** @type {ReturnType<typeof setTimeout>|undefined} */
let soon;
/** Several changes at once are read together. */
function again() {
    clearTimeout(soon);
    soon = setTimeout(() => { if (loaded.peek()) loadMonitors(true).catch(() => {}); }, 150);
}
on('monitor', again);
on('resync', again);
polls.add(() => (loaded.peek() ? loadMonitors(true) : Promise.resolve()));
