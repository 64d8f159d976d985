// Hosts and apps in words and numbers: lists from columns, series, what is left of a disk.
import { DASH, bytes } from './number.js';
import { instant, span } from './time.js';
import { WORDS } from './status.js';

/** Rows of what the server sends in columns: each column of the length of `id` gives a field. @param {any} columns @returns {any[]} */
export function rowsOf(columns) {
    const keys = Object.keys(columns).filter((key) => Array.isArray(columns[key]) && columns[key].length === columns.id.length && key !== 'gone');
    return columns.id.map((/** @type {number} */ _, /** @type {number} */ i) => Object.fromEntries(keys.map((key) => [key, columns[key][i]])));
}

/** A status as digit or word. @param {unknown} value @returns {import('./status.js').Status} */
export const statusOf = (value) => (typeof value === 'number' ? WORDS[value] : WORDS.find((word) => word === value)) ?? 'unknown';

/** Milliseconds of a time that came as text, or as seconds before `at`. @param {unknown} value @param {number} at */
export const whenOf = (value, at) => (typeof value === 'number' ? at - value * 1000 : instant(/** @type {string} */ (value)));

/** A share as "12 %". @param {number|null|undefined} fraction */
export const share = (fraction) => (fraction === null || fraction === undefined ? DASH : `${fraction < 0.0995 && fraction > 0 ? (fraction * 100).toFixed(1) : Math.round(fraction * 100)} %`);
/** @param {number|null|undefined} n */
export const percentage = (n) => share(n === null || n === undefined ? n : n / 100);
/** @param {number|null|undefined} n bytes a second */
export const rate = (n) => (n === null || n === undefined ? DASH : `${bytes(n)}/s`);
/** @param {number|null|undefined} n */
export const decimal = (n) => (n === null || n === undefined ? DASH : n < 10 ? n.toFixed(2) : n.toFixed(1));
/** @param {(number|null)[]|null|undefined} load */
export const loads = (load) => (load?.some((n) => n !== null) ? load.map(decimal).join(' ') : DASH);

/** How full something is, as a status: what is near its threshold is told before it is crossed. @param {number|null|undefined} pct @param {number|null|undefined} limit */
export const fullness = (pct, limit) => (pct === null || pct === undefined ? 'unknown' : pct >= (limit ?? 90) ? 'degraded' : 'up');

/** What an app does, in words; never "running" when nobody knows. @param {any} app */
export function stateText(app) {
    const status = statusOf(app.status);
    if (status === 'paused') return app.wanted === 'stopped' ? app.message || (app.wanted_by ? `stopped by ${app.wanted_by}` : 'stopped') : 'paused';
    if (app.gone_at) return 'left the host’s list';
    if (status === 'unknown') return app.reason === 'silent' ? 'the host is silent' : app.state && app.state !== 'unknown' ? `last known: ${app.state}` : 'unknown';
    if (app.health && app.health.ok === false) return 'health check fails';
    return `${app.state ?? DASH}${app.sub && !['running', app.state].includes(app.sub) ? ` (${app.sub})` : ''}`;
}

/** When a disk will be full if it goes on so, in unix seconds; null when it does not fill or nobody can tell. @param {number[]} t @param {(number|null)[]} pct */
export function fullAt(t, pct) {
    const points = t.map((at, i) => [at, pct[i]]).filter((p) => p[1] !== null && p[1] !== undefined);
    if (points.length < 8) return null;
    const x0 = /** @type {number} */ (points[0][0]);
    const n = points.length;
    let sx = 0, sy = 0, sxy = 0, sxx = 0;
    for (const [at, value] of /** @type {number[][]} */ (points)) {
        const x = at - x0;
        sx += x; sy += value; sxy += x * value; sxx += x * x;
    }
    const slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
    const last = /** @type {number[]} */ (points[n - 1]);
    const covered = last[0] - x0;
    if (!(slope * covered > 0.5)) return null; // half a per cent in all that is shown is no trend
    const left = (100 - last[1]) / slope;
    return left > 0 && left < covered * 20 ? last[0] + left : null;
}

/** @param {number|null} at unix s @param {number} now ms */
export const fillText = (at, now) => (at === null ? '' : `full in about ${span(at - now / 1000, 1)}`);

/** One column per name from `{name: column}` or from `[{name, …}]`. @param {any} group */
const named = (group) => (Array.isArray(group) ? Object.fromEntries(group.map((item) => [item.mount ?? item.name, item])) : group ?? {});

/** The series of a host by subject, however deep the server put them. @param {any} answer */
export function seriesOf(answer) {
    const c = answer.columns ?? answer;
    return { t: /** @type {number[]} */ (c.t ?? []), cpu: c.cpu ?? {}, mem: c.mem ?? c.memory ?? {}, load: c.load ?? {}, disks: named(c.disks ?? c.disk), nets: named(c.nets ?? c.net), pressure: c.pressure ?? {}, step: answer.step_s ?? c.step_s ?? 30, all: c };
}

/** Sums of columns where all are there. @param {(number|null)[][]} columns */
export const total = (columns) => (columns[0] ?? []).map((_, i) => columns.reduce((/** @type {number|null} */ sum, column) => (sum === null || column?.[i] === null || column?.[i] === undefined ? null : sum + column[i]), 0));

/** @param {any[]|undefined} items @returns {import('./marks.js').Happening[]} */
export const happenings = (items) => (items ?? []).map((item) => ({ ...item, at: instant(item.at) ?? 0 })).filter((item) => item.at);

/** What the flap guard of an app says. @param {any} guard */
export function guardText(guard) {
    if (!guard) return '';
    const { done = 0, most = 3, window_s = 600, gave_up } = guard;
    if (gave_up) return `Gave up after ${most} restarts in ${span(window_s)}.`;
    return `${done} of ${most} in ${span(window_s)}; it stops at ${most}.`;
}

/** Words for an action: what is done, and what was done. @type {Record<string, [string, string, string]>} */
export const ACTIONS = { start: ['Start', 'Starting', 'started'], stop: ['Stop', 'Stopping', 'stopped'], restart: ['Restart', 'Restarting', 'restarted'], deploy: ['Deploy', 'Deploying', 'deployed'], cancel: ['Cancel', 'Cancelling', 'cancelled'] };
/** @param {string} state of an action or deploy */
export const ended = (state) => !['asked', 'running'].includes(state);
/** @param {string} state @returns {import('./status.js').Status} */
export const outcome = (state) => (['done', 'succeeded'].includes(state) ? 'up' : ['failed', 'lost'].includes(state) ? 'down' : ['rolled-back', 'cancelled'].includes(state) ? 'degraded' : 'unknown');
/** @param {string|null|undefined} sha */
export const short = (sha) => (sha ? sha.slice(0, 7) : DASH);
