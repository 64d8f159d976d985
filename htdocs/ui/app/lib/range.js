// Spans of time as people type them: "24h", "-6h", "2026-11-20 14:00 - 15:30".

const UNIT = { m: 60, h: 3600, d: 86400, w: 604800 };
/** @type {[string, number][]} */
export const RANGES = [['1h', 3600], ['24h', 86400], ['7d', 604800], ['30d', 2592000], ['90d', 7776000]];

/**
 * @param {string} text @param {number} now seconds
 * @returns {{from: number, to: number, open: boolean}|null} seconds; open: the right edge is now and moves on
 */
export function parseRange(text, now) {
    const t = text.trim();
    const short = /^-?(\d+)\s*([mhdw])$/.exec(t);
    if (short) return { from: now - Number(short[1]) * UNIT[/** @type {'m'} */ (short[2])], to: now, open: true };
    const fixed = /^(\d+)-(\d+)$/.exec(t);
    if (fixed && Number(fixed[1]) < Number(fixed[2])) return { from: Number(fixed[1]), to: Number(fixed[2]), open: false };
    const dates = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)\s*(?:-|–|to)\s*(?:(\d{4}-\d\d-\d\d)[ T])?(\d\d:\d\d)$/.exec(t);
    if (!dates) return null;
    const from = Date.parse(`${dates[1]}T${dates[2]}:00`) / 1000;
    const to = Date.parse(`${dates[3] ?? dates[1]}T${dates[4]}:00`) / 1000;
    return from < to ? { from, to, open: false } : null;
}

/** The step of a table that shows at most `most` of `n` rows. @param {number} n @param {number} most */
export const everyNth = (n, most) => Math.max(1, Math.ceil(n / most));

/** Sums from below, for areas on areas; a gap stays a gap. @param {(number|null)[][]} columns */
export function stack(columns) {
    const sums = /** @type {(number|null)[][]} */ ([]);
    for (const [k, column] of columns.entries()) {
        sums.push(column.map((value, i) => {
            const below = k ? sums[k - 1][i] : 0;
            return value === null || below === null ? null : below + value;
        }));
    }
    return sums;
}

/** @param {(number|null)[]} values @param {number} q from 0 to 1 */
export function quantile(values, q) {
    const sorted = /** @type {number[]} */ (values.filter((v) => v !== null)).sort((a, b) => a - b);
    return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] : null;
}
