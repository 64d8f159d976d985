// What of a log is shown: filters, search, follow and pause, and what each person likes of it.
import { signal, effect } from '../../vendor/signals.js';
import { root } from '../base.js';
import { plain } from '../lib/ansi.js';
import { looksJson, pretty, visible } from '../lib/logring.js';
import { cells, layout, wrapped } from '../lib/loglayout.js';
import { atOrAfter, finder, pattern } from '../lib/logsearch.js';

/** @typedef {import('../lib/logring.js').Line} Line @typedef {{wrap: boolean, time: 'clock'|'full'|'none', level: string, stream: string, announce: 'off'|'errors'|'all'}} Liking */

const SLICE_MS = 8;
export const WRAP_MOST = 20000;
/** @type {Liking} */
const LIKING = { wrap: false, time: 'clock', level: '7', stream: '', announce: 'off' };

/** @param {import('./logs.js').Source} source @param {string} name under which the likings are kept */
export function logView(source, name) {
    const { ring } = source;
    const key = `tocsin.log ${root.pathname} ${name}`;
    /** @returns {Partial<Liking>} */
    const stored = () => { try { return JSON.parse(localStorage.getItem(key) ?? '{}'); } catch { return {}; } };
    const liking = signal(/** @type {Liking} */ ({ ...LIKING, ...stored() }));
    const follow = signal(true);
    const paused = signal(false);
    /** What is typed; what is searched follows a moment later. */
    const typed = signal('');
    const query = signal('');
    const only = signal(false);
    /** The hit or line that is the current one, by number. */
    const current = signal(-1);
    /** From and to, by number; null: nothing is chosen. */
    const chosen = signal(/** @type {[number, number]|null} */ (null));
    /** Grows when what is shown changed but the ring did not. */
    const change = signal(0);
    const open = /** @type {Set<number>} */ (new Set()); // lines laid out as JSON, or shown whole
    /** Heights that were measured, when they are not as computed. @type {Map<number, number>} */
    const measured = new Map();
    let wanted = filter(liking.peek());
    /** @type {import('../lib/logsearch.js').Pattern|null} */
    let p = null;
    /** @type {ReturnType<typeof finder>|null} */
    let find = null;
    let searching = false;
    let frozen = 0; // while paused, nothing from here on is shown
    let seenEnd = ring.end; // the end when following stopped

    /** Numbers of what is shown; null: all. @type {number[]|null} */
    let rows = null;
    /** Numbers that pass the filters, up to `filteredTo`. @type {number[]} */
    let filtered = [];
    let filteredTo = -Infinity;
    const places = layout();
    let laid = { first: 0, upto: 0, columns: 0, key: '' };

    function filter(/** @type {Liking} */ l) {
        const worst = Number(l.level);
        return (/** @type {Line} */ line) => Boolean(line.mark) || (line.p <= worst && (!l.stream || line.s === l.stream));
    }
    function unlist() {
        filtered = [];
        filteredTo = -Infinity;
    }
    const all = () => liking.peek().level === '7' && !liking.peek().stream;
    const end = () => (paused.peek() ? Math.min(frozen, ring.end) : ring.end);

    effect(() => {
        const l = liking.value;
        wanted = filter(l);
        unlist();
        measured.clear();
        seek();
        try { localStorage.setItem(key, JSON.stringify(l)); } catch { /* a private window: as long as the page lasts */ }
        change.value = change.peek() + 1;
    });
    effect(() => {
        query.value;
        seek();
    });

    function seek() {
        p = pattern(query.peek());
        find = p && !p.error ? finder(ring, p, wanted) : null;
        current.value = -1;
        slice();
    }
    /** Searches on in slices until all has been looked at. */
    function slice() {
        if (searching || !find) return;
        searching = true;
        const run = () => {
            const f = find;
            if (!f) { searching = false; return; }
            const done = f.step(performance.now() + SLICE_MS, () => performance.now());
            change.value = change.peek() + 1;
            if (done || f !== find) searching = false;
            if (!done) { searching = true; setTimeout(run); } else if (f !== find) slice();
        };
        setTimeout(run);
    }

    /** Brings the list of rows up to date; called before each drawing. @param {number} columns of a wrapped line */
    function update(columns) {
        if (find && !find.done) slice();
        if (only.peek() && find) rows = find.hits;
        else if (all()) rows = null;
        else {
            if (filtered.length && filtered[0] < ring.first) filtered = filtered.slice(atOrAfter(filtered, ring.first));
            for (let n = Math.max(filteredTo, ring.first); n < ring.end; n++) { const line = ring.at(n); if (line && wanted(line)) filtered.push(n); }
            filteredTo = ring.end;
            rows = filtered;
        }
        lay(columns);
    }
    /** Older lines came: what is listed from the front is listed anew. */
    function older() {
        unlist();
        find?.older();
        laid.key = '';
        slice();
    }
    const count = () => (rows ? atOrAfter(rows, end()) : Math.max(0, end() - ring.first));
    const numberAt = (/** @type {number} */ i) => (rows ? rows[i] : ring.first + i);
    const placeOf = (/** @type {number} */ n) => (rows ? atOrAfter(rows, n) : n - ring.first);

    /** How many lines a row takes. @param {number} n @param {number} columns */
    function height(n, columns) {
        const line = ring.at(n);
        if (!line || line.mark) return 1;
        const had = measured.get(n);
        if (had) return had;
        const shown = visible(line, open.has(n));
        let lines = liking.peek().wrap || (open.has(n) && line.m.length > 4096) ? wrapped(cells(plain(shown)), columns) : 1;
        if (open.has(n) && looksJson(line.m)) lines += pretty(line.m)?.length ?? 0;
        return lines;
    }
    function lay(/** @type {number} */ columns) {
        const wrap = liking.peek().wrap;
        const name = `${columns} ${wrap} ${[...open].join()} ${measured.size} ${rows ? `r${rows[0]}` : ring.first}`;
        const n = count();
        if (laid.key !== name || laid.upto > n) {
            places.clear();
            laid = { first: ring.first, upto: 0, columns, key: name };
        }
        if (wrap) for (let i = Math.max(laid.upto, n - WRAP_MOST); i < n; i++) places.tell(i, height(numberAt(i), columns));
        else if (laid.upto === 0) for (const k of [...open].sort((a, b) => a - b)) { const i = placeOf(k); if (i >= 0 && i < n && numberAt(i) === k) places.tell(i, height(k, columns)); }
        laid.upto = n;
    }

    return {
        source, ring, liking, follow, paused, typed, query, only, current, chosen, change, open, measured, places, update, older, count, numberAt, placeOf,
        get pattern() { return p; },
        get hits() { return find?.hits ?? []; },
        get searching() { return Boolean(find && !find.done); },
        /** @param {string} text */
        search(text) { typed.value = query.value = text; },
        /** @param {Partial<Liking>} some */
        like(some) { liking.value = { ...liking.peek(), ...some }; },
        /** @param {boolean} on */
        pause(on) {
            frozen = ring.end;
            paused.value = on;
            if (!on) follow.value = true;
        },
        /** @param {boolean} on */
        setFollow(on) {
            if (follow.peek() === on) return;
            seenEnd = ring.end;
            follow.value = on;
        },
        /** Lines that came and are not shown, or not yet. */
        get waiting() { return paused.peek() ? ring.end - frozen : follow.peek() ? 0 : Math.max(0, ring.end - Math.max(seenEnd, ring.first)); },
        /** To the next or previous match; its number. @param {1|-1} step */
        walk(step) {
            const hits = find?.hits ?? [];
            if (!hits.length) return -1;
            const from = current.peek();
            const i = from < 0 ? (step > 0 ? 0 : hits.length - 1) : step > 0 ? atOrAfter(hits, from + 1) : atOrAfter(hits, from) - 1;
            current.value = hits[(i + hits.length) % hits.length];
            return current.peek();
        },
        /** The next line that is an error, after the current one. */
        nextError() {
            const from = current.peek() < ring.first ? ring.first : current.peek() + 1;
            for (let k = 0; k < ring.size; k++) {
                const n = ring.first + ((from - ring.first + k) % ring.size);
                const line = ring.at(n);
                if (line && !line.mark && line.p <= 3) { current.value = n; return n; }
            }
            return -1;
        },
        /** A line is laid out, or shown whole, or as it was. @param {number} n */
        flip(n) {
            if (open.has(n)) open.delete(n);
            else open.add(n);
            measured.delete(n);
            change.value++;
        },
    };
}

/** @typedef {ReturnType<typeof logView>} View */
