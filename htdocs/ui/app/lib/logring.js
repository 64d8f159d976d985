// The lines of a log that a page holds: the newest so many, each with a number that stays its
// own while older ones leave at the front.

/**
 * c: its cursor; t: unix ms; p: priority 0-7; s: stream; m: text; n: pid; cut: bytes that the server left out.
 * mark: not a line of the log but a note about it, such as a gap.
 * @typedef {{c: string, t: number, p: number, s?: string, m: string, n?: number|null, cut?: number, mark?: boolean}} Line
 */

export const MOST = 100000;
const SLACK = 20000; // so many slots at the front may be empty before the rest moves up

/** @param {number} [most] @param {number} [from] the first number: high, so that older lines have none below zero */
export function logRing(most = MOST, from = 1e9) {
    /** @type {(Line|undefined)[]} */
    let lines = [];
    let start = 0;
    let first = from; // the number of lines[start]

    function trim() {
        const over = lines.length - start - most;
        if (over <= 0) return 0;
        lines.fill(undefined, start, start + over);
        start += over;
        first += over;
        if (start > SLACK) {
            lines = lines.slice(start);
            start = 0;
        }
        return over;
    }
    return {
        /** The number of the oldest line. */
        get first() { return first; },
        /** The number after the newest. */
        get end() { return first + lines.length - start; },
        get size() { return lines.length - start; },
        get full() { return lines.length - start >= most; },
        /** @param {number} n @returns {Line|undefined} */
        at: (n) => lines[start + n - first],
        /** Newer lines; how many old ones left for them. @param {Line[]} list */
        push(list) {
            for (const line of list) lines.push(line);
            return trim();
        },
        /** Older lines, as far as there is room; how many were taken. @param {Line[]} list */
        prepend(list) {
            const room = Math.max(0, most - (lines.length - start));
            const taken = room ? list.slice(-room) : [];
            lines = [...taken, ...lines.slice(start)];
            start = 0;
            first -= taken.length;
            return taken.length;
        },
        clear() {
            first += lines.length - start;
            lines = [];
            start = 0;
        },
        /** The number of the line with this cursor, or -1. @param {string} c */
        find(c) {
            for (let i = lines.length - 1; i >= start; i--) if (lines[i]?.c === c) return first + i - start;
            return -1;
        },
    };
}

/** @typedef {ReturnType<typeof logRing>} Ring */

/** What of a batch is new, when it may begin before the last line that is known. @param {Line[]} batch @param {string} last */
export function fresh(batch, last) {
    if (!last) return batch;
    for (let i = batch.length - 1; i >= 0; i--) if (batch[i].c === last) return batch.slice(i + 1);
    return batch;
}

export const LEVELS = /** @type {[string, string][]} */ ([['7', 'all levels'], ['6', 'info and worse'], ['5', 'notice and worse'], ['4', 'warnings and worse'], ['3', 'errors and worse'], ['2', 'critical']]);
const NAMES = ['EMERG', 'ALERT', 'CRIT', 'ERROR', 'WARN', 'NOTE', 'INFO', 'DEBUG'];

/** @param {number} p */
export const levelName = (p) => NAMES[p] ?? '';

const SHOWN = 4096;

/** A long line is cut until it is asked for. @param {Line} line @param {boolean} whole */
export function visible(line, whole) {
    return !whole && line.m.length > SHOWN ? line.m.slice(0, SHOWN) : line.m;
}
/** @param {Line} line how many characters and bytes are not shown */
export const hidden = (line) => Math.max(0, line.m.length - SHOWN) + (line.cut ?? 0);

/** A line that is JSON, in lines to read; null when it is none. @param {string} text */
export function pretty(text) {
    const from = text.indexOf('{');
    if (from < 0 || from > 200 || !text.trimEnd().endsWith('}')) return null;
    try {
        return JSON.stringify(JSON.parse(text.slice(from)), null, 2).split('\n').slice(0, 400);
    } catch {
        return null;
    }
}
/** Whether it is worth trying. @param {string} text */
export const looksJson = (text) => /^[^{]{0,200}\{\s*"/.test(text) && text.trimEnd().endsWith('}');
