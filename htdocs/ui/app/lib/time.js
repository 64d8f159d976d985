// Spans and points of time as text. Every absolute time carries its zone.
import { DASH } from './number.js';

const UNITS = /** @type {[number, string][]} */ ([[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']]);

/** At most two units: "4 min 12 s", "2 h", "12 d". @param {number|null|undefined} seconds @param {number} [parts] */
export function span(seconds, parts = 2) {
    if (seconds === null || seconds === undefined) return DASH;
    let rest = Math.max(0, Math.round(seconds));
    if (rest === 0) return '0 s';
    const first = UNITS.findIndex(([size]) => rest >= size);
    const out = [];
    for (const [size, name] of UNITS.slice(first, first + parts)) {
        const n = Math.floor(rest / size);
        rest -= n * size;
        if (n) out.push(`${n} ${name}`);
    }
    return out.join(' ');
}

/** @param {number} then @param {number} now both in ms */
export function ago(then, now) {
    const s = (now - then) / 1000;
    if (s < 0) return s > -15 ? /* lists look at the clock each ten seconds */ 'now' : `in ${span(-s, 1)}`;
    return s < 2 ? 'now' : `${span(s, 1)} ago`;
}

/** Milliseconds of an RFC 3339 text, or null. @param {string|null|undefined} text */
export function instant(text) {
    const t = text ? Date.parse(text) : NaN;
    return Number.isNaN(t) ? null : t;
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

function format(/** @type {string} */ zone, /** @type {string} */ shape, /** @type {Intl.DateTimeFormatOptions} */ options) {
    const key = `${zone} ${shape}`;
    let f = formats.get(key);
    if (!f) {
        f = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: zone, hourCycle: 'h23' });
        formats.set(key, f);
    }
    return f;
}

/** "21 Nov 2026, 14:02:10 UTC" @param {number} at @param {string} zone */
export function absolute(at, zone) {
    const text = format(zone, 'full', { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(at);
    return `${text} ${zoneName(zone, at)}`;
}

/** "14:02:10" today, "20 Nov, 14:02" otherwise. @param {number} at @param {string} zone @param {number} now */
export function short(at, zone, now) {
    if (day(at, zone) === day(now, zone)) return clockTime(at, zone);
    return format(zone, 'dm', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }).format(at);
}

/** "14:02:10" @param {number} at @param {string} zone */
export function clockTime(at, zone) {
    return format(zone, 'hms', { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(at);
}

/** "21 Nov 2026" @param {number} at @param {string} zone */
export const day = (at, zone) => format(zone, 'day', { day: 'numeric', month: 'short', year: 'numeric' }).format(at);

/** "UTC", "CET", "GMT+5:30" @param {string} zone @param {number} [at] */
export function zoneName(zone, at = Date.now()) {
    if (zone === 'UTC') return 'UTC';
    const part = format(zone, 'name', { timeZoneName: 'short' }).formatToParts(at).find((p) => p.type === 'timeZoneName');
    return part ? part.value : zone;
}

export const browserZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

/** The parts that a chart's axis needs. @param {number} at ms @param {string} zone @param {boolean} dates */
export function axis(at, zone, dates) {
    return dates
        ? format(zone, 'axd', { day: 'numeric', month: 'short' }).format(at)
        : format(zone, 'axh', { hour: '2-digit', minute: '2-digit' }).format(at);
}

/** How often a check may run, for menus: seconds as text, and in words. @type {[string, string][]} */
export const INTERVALS = [5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 21600, 86400].map((s) => [String(s), span(s)]);

const SPAN_UNITS = /** @type {Record<string, number>} */ ({ s: 1, m: 60, h: 3600, d: 86400, w: 604800 });

/** Seconds of "90 min", "2 h", "1h30m", "2 d"; a bare number is minutes; null when it is none. @param {string} text */
export function parseSpan(text) {
    const t = text.trim().toLowerCase();
    if (/^\d+$/.test(t)) return Number(t) * 60;
    if (!/^(\d+(\.\d+)?\s*[a-z]+[\s,]*)+$/.test(t)) return null;
    let sum = 0;
    for (const [, n, unit] of t.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)) {
        if (!/^(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?|w|weeks?)$/.test(unit)) return null;
        sum += Number(n) * SPAN_UNITS[unit[0]];
    }
    return Math.round(sum);
}

/** "Sat 21 Nov 2026, 02:00" @param {number} at @param {string} zone */
export const dayAndTime = (at, zone) => format(zone, 'dat', { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' }).format(at);
/** "02:00" @param {number} at @param {string} zone */
export const hourMinute = (at, zone) => axis(at, zone, false);
