// The search of a log: words, or /a pattern/, over a hundred thousand lines in slices of a few
// milliseconds, so that the page goes on.
import { plain } from './ansi.js';

const LONGEST = 4096; // of a line is looked at: a pattern on more could hold the page
const EACH = 256; // lines between two looks at the clock

/**
 * @typedef {{test: (text: string) => boolean, parts: (text: string) => [number, number][], error: string}} Pattern
 * @param {string} query @returns {Pattern|null} null: nothing is searched
 */
export function pattern(query) {
    if (!query) return null;
    const own = /^\/(.+)\/([imsu]*)$/.exec(query);
    /** @type {RegExp} */
    let re;
    try {
        re = own ? new RegExp(own[1], `g${own[2].replace('g', '')}`) : new RegExp(query.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi');
    } catch (error) {
        return { test: () => false, parts: () => [], error: String(/** @type {Error} */ (error).message).replace(/^Invalid regular expression: /, '') };
    }
    const cut = (/** @type {string} */ text) => (text.length > LONGEST ? text.slice(0, LONGEST) : text);
    return {
        error: '',
        test(text) { re.lastIndex = 0; return re.test(cut(plain(text))); },
        parts(text) {
            /** @type {[number, number][]} */
            const out = [];
            for (const match of cut(text).matchAll(re)) {
                if (match[0]) out.push([match.index, match.index + match[0].length]);
                if (out.length >= 200) break;
            }
            return out;
        },
    };
}

/** What the server understands of a query. @param {string} query */
export function forServer(query) {
    const own = /^\/(.+)\/([imsu]*)$/.exec(query);
    return own ? { q: (own[2].includes('i') ? '(?i)' : '') + own[1], regex: true } : { q: query, regex: undefined };
}

/**
 * Matches of a pattern in a ring, kept while lines come and go.
 * @param {import('./logring.js').Ring} ring @param {Pattern} p @param {(line: import('./logring.js').Line) => boolean} wanted
 */
export function finder(ring, p, wanted) {
    /** @type {number[]} */
    let hits = [];
    let next = ring.first;
    let low = ring.first; // all from here to next have been looked at
    return {
        get hits() { return hits; },
        get done() { return next >= ring.end; },
        /** Older lines came at the front: all is looked at anew when there are. */
        older() { if (ring.first < low) { hits = []; next = low = ring.first; } },
        /** Looks on until the time is over; true when all has been looked at. @param {number} until by `clock` @param {() => number} clock */
        step(until, clock) {
            if (next < ring.first) next = ring.first;
            if (low < ring.first) low = ring.first;
            let gone = 0;
            while (gone < hits.length && hits[gone] < ring.first) gone++;
            if (gone) hits = hits.slice(gone);
            while (next < ring.end) {
                const end = Math.min(ring.end, next + EACH);
                for (; next < end; next++) {
                    const line = ring.at(next);
                    if (line && !line.mark && wanted(line) && p.test(line.m)) hits.push(next);
                }
                if (clock() >= until) break;
            }
            return next >= ring.end;
        },
    };
}
/** The place of the first number that is not less than `n`. @param {number[]} list rising @param {number} n */
export function atOrAfter(list, n) {
    let low = 0;
    let high = list.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (list[middle] < n) low = middle + 1;
        else high = middle;
    }
    return low;
}
