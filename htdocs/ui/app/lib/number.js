// Numbers as people read them. No data is a dash, never a zero.

export const DASH = '—';

/** Uptime is cut, not rounded: 99.996 shows as 99.99, and 100 only when nothing was lost. */
export function percent(/** @type {number|null|undefined} */ value) {
    if (value === null || value === undefined || Number.isNaN(value)) return DASH;
    if (value >= 100) return '100 %';
    return `${(Math.floor(value * 100 + 1e-6) / 100).toFixed(2)} %`;
}

/** @param {number|null|undefined} value milliseconds */
export function ms(value) {
    if (value === null || value === undefined) return DASH;
    if (value < 10) return `${Math.round(value * 10) / 10} ms`;
    if (value < 1000) return `${Math.round(value)} ms`;
    return `${(value / 1000).toFixed(2)} s`;
}

/** @param {number|null|undefined} value */
export function count(value) {
    return value === null || value === undefined ? DASH : value.toLocaleString('en').replaceAll(',', '\u202f');
}

/** @param {number|null|undefined} value */
export function bytes(value) {
    if (value === null || value === undefined) return DASH;
    const units = ['B', 'kB', 'MB', 'GB', 'TB'];
    let unit = 0;
    let n = value;
    while (n >= 1000 && unit < units.length - 1) { n /= 1000; unit++; }
    return `${n < 10 && unit ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}

/** @param {number} n @param {string} one @param {string} [many] */
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
