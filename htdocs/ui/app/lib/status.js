// The six states: codes of the database, words, order, shapes.

/** @typedef {'unknown'|'up'|'degraded'|'down'|'maintenance'|'paused'} Status */

/** By code. @type {Status[]} */
export const WORDS = ['unknown', 'up', 'degraded', 'down', 'maintenance', 'paused'];

/** Worst first. @type {Status[]} */
export const WORST = ['down', 'degraded', 'unknown', 'maintenance', 'up', 'paused'];

/** @param {Status} status */
export const rank = (status) => WORST.indexOf(status);

/** @param {Status[]} list @returns {Status} */
export function worst(list) {
    return list.reduce((a, b) => (rank(b) < rank(a) ? b : a), /** @type {Status} */ ('paused'));
}

/** A check is overdue when two intervals and half a minute passed without one. */
export function overdue(/** @type {number|null} */ checkedAt, /** @type {number} */ interval, /** @type {number} */ now) {
    return checkedAt !== null && now - checkedAt > (2 * interval + 30) * 1000;
}

/**
 * What may be said about a monitor now: old news is never shown as the state of today.
 * @param {{status: Status, checkedAt: number|null, interval: number}} monitor
 * @param {number} now @param {boolean} lost the stream of news is gone
 * @returns {{status: Status, known: Status|null}} known: the last known status, when it is not sure any more
 */
export function shown(monitor, now, lost) {
    const { status } = monitor;
    if (status === 'paused' || status === 'unknown') return { status, known: null };
    if (overdue(monitor.checkedAt, monitor.interval, now)) return { status: 'unknown', known: status };
    return { status, known: lost ? status : null };
}
