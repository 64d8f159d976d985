// Wall clocks: what a clock in a zone shows at an instant, and the instant of what it shows.
// A wall time is written as the milliseconds that it would be in UTC.

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();
const DAY = 864e5;

/** @param {string} zone */
export function zoneProblem(zone) {
    try {
        new Intl.DateTimeFormat('en', { timeZone: zone });
        return '';
    } catch {
        return 'There is no such time zone. Names are like Europe/Berlin.';
    }
}

/** @param {number} at @param {string} zone */
export function wallOf(at, zone) {
    let format = formats.get(zone);
    if (!format) {
        format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
        formats.set(zone, format);
    }
    /** @type {Record<string, number>} */
    const p = {};
    for (const { type, value } of format.formatToParts(at)) p[type] = Number(value);
    return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second);
}

/**
 * A time that the clock skips moves forward by what is skipped; one that it shows twice is the first.
 * @param {number} wall @param {string} zone @returns {{at: number, odd: ''|'skipped'|'twice'}}
 */
export function instantOf(wall, zone) {
    const before = wall - (wallOf(wall - DAY, zone) - (wall - DAY));
    const after = wall - (wallOf(wall + DAY, zone) - (wall + DAY));
    const good = [before, after].filter((at) => wallOf(at, zone) === wall);
    if (!good.length) return { at: before, odd: 'skipped' };
    return { at: Math.min(...good), odd: good.length > 1 && before !== after ? 'twice' : '' };
}

/** "2026-11-21T02:00" of a date and time field. @param {string} text @returns {number|null} */
export function parseWall(text) {
    const m = /^\s*(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)\s*$/.exec(text);
    if (!m) return null;
    const [y, mo, d, h, mi] = m.slice(1).map(Number);
    const wall = Date.UTC(y, mo - 1, d, h, mi);
    return mo >= 1 && mo <= 12 && h < 24 && mi < 60 && new Date(wall).getUTCDate() === d ? wall : null;
}

/** @param {number} wall */
export const wallText = (wall) => new Date(wall).toISOString().slice(0, 16);
/** @param {number} wall */
export const dayText = (wall) => new Date(wall).toISOString().slice(0, 10);

/** "+01:00" @param {number} at @param {string} zone */
export function offsetText(at, zone) {
    const minutes = Math.round((wallOf(at, zone) - at) / 60000);
    const abs = Math.abs(minutes);
    return `${minutes < 0 ? '−' : '+'}${String(Math.floor(abs / 60)).padStart(2, '0')}:${String(abs % 60).padStart(2, '0')}`;
}
