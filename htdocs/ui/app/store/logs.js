// Where a log's lines come from: a page of the newest, then the stream; where no stream is to be
// had, the same cursor asked for every five seconds. Lines are taken in once per animation frame.
import { signal } from '../../vendor/signals.js';
import { asProblem, get } from '../api.js';
import { apiUrl } from '../base.js';
import { fresh, logRing } from '../lib/logring.js';

/** @typedef {import('../lib/logring.js').Line} Line @typedef {'loading'|'live'|'reconnecting'|'polling'|'history'|'ended'|'stopped'} Kind */

const PAGE = 500;
const POLL_MS = 5000;
const PATIENCE_MS = 10000; // a stream that broke may come back by itself so long
const BEGIN_MS = 1000; // what has an end, as a deploy, may begin after we ask for its log
const LAST_MS = 3000; // after the end, the last lines may still be on their way
const AGAIN_MS = [5000, 15000, 60000]; // while polling, the stream is tried again

/**
 * @param {string} path of the pages, below /api/v1
 * @param {{stream?: string, query?: () => Record<string, any>, over?: () => boolean}} [options] query: of each page; over: nothing more will come
 */
export function logSource(path, { stream = `${path}/stream`, query = () => ({}), over } = {}) {
    const ring = logRing();
    const kind = signal(/** @type {Kind} */ ('loading'));
    const error = signal(/** @type {import('../api.js').Problem|null} */ (null));
    /** Grows with each frame that changed the ring. */
    const beat = signal(0);
    const older = signal({ busy: false, more: false });
    let dropped = 0; // lines that left at the front since somebody asked
    let last = ''; // the cursor after the newest line
    let prev = ''; // and before the oldest
    /** @type {Line[]} */
    let queue = [];
    let frame = 0;
    /** @type {EventSource|null} */
    let source = null;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    let timer;
    let tries = 0;
    let turn = 0; // grows when all begins anew: what was under way then is forgotten
    let away = 0;

    function flush() {
        frame = 0;
        const lines = queue;
        queue = [];
        dropped += ring.push(lines);
        beat.value++;
    }
    function arrive(/** @type {Line[]} */ lines) {
        if (!lines.length) return;
        for (const line of lines) queue.push(line);
        frame ||= document.hidden ? Number(setTimeout(flush, 500)) : requestAnimationFrame(flush);
    }
    const note = (/** @type {string} */ text) => arrive([{ c: '', t: Date.now(), p: 6, m: text, mark: true }]);
    const ask = (/** @type {Record<string, any>} */ more) => get(path, { ...query(), ...more });

    /** Begins anew with the newest lines. */
    async function start() {
        const mine = reset();
        kind.value = 'loading';
        try {
            const page = await ask({ limit: PAGE });
            if (mine !== turn) return;
            take(page);
            open(mine);
        } catch (e) {
            if (mine !== turn) return;
            const problem = asProblem(e);
            const early = problem.status === 404 && over && !over();
            error.value = early ? null : problem;
            timer = setTimeout(() => { if (mine === turn) start(); }, early ? BEGIN_MS : problem.status === 404 || problem.status === 403 ? 60000 : POLL_MS);
        }
    }
    function take(/** @type {any} */ page) {
        error.value = null;
        dropped += ring.push(page.lines);
        last = page.next || page.lines.at(-1)?.c || last;
        prev = page.prev || page.lines[0]?.c || '';
        older.value = { busy: false, more: Boolean(page.more) && Boolean(prev) };
        beat.value++;
    }
    function reset() {
        clearTimeout(timer);
        source?.close();
        source = null;
        queue = [];
        ring.clear();
        last = prev = '';
        tries = away = 0;
        older.value = { busy: false, more: false };
        beat.value++;
        return ++turn;
    }

    function open(/** @type {number} */ mine) {
        if (over?.()) { kind.value = 'ended'; return; }
        clearTimeout(timer);
        const url = new URL(apiUrl(stream), location.href);
        if (last) url.searchParams.set('cursor', last);
        const own = new EventSource(url);
        source = own;
        let opened = false;
        own.onopen = () => {
            clearTimeout(timer);
            if (away && opened) note(`the stream was away for ${Math.max(1, Math.round((Date.now() - away) / 1000))} s and goes on where it stopped`);
            opened = true;
            away = tries = 0;
            error.value = null;
            kind.value = 'live';
        };
        own.onmessage = (event) => {
            if (own !== source) return;
            if (event.lastEventId) last = event.lastEventId;
            try {
                const data = JSON.parse(event.data);
                const lines = fresh(Array.isArray(data) ? data : [data], newest());
                if (!event.lastEventId && lines.length) last = lines[lines.length - 1].c || last;
                arrive(lines);
            } catch { note('a message of the stream could not be read'); }
        };
        own.addEventListener('gap', () => note('gap: some lines are not here'));
        own.addEventListener('end', () => { own.close(); kind.value = 'ended'; });
        own.onerror = () => {
            if (own !== source || mine !== turn) return;
            if (opened && own.readyState === EventSource.CONNECTING) {
                if (!away) {
                    away = Date.now();
                    kind.value = 'reconnecting';
                    timer = setTimeout(() => { own.close(); fallBack(mine); }, PATIENCE_MS);
                }
                return;
            }
            own.close();
            fallBack(mine);
        };
    }
    const newest = () => queue.at(-1)?.c ?? ring.at(ring.end - 1)?.c ?? '';

    /** No stream: asks with the cursor, and from time to time whether there is one after all. */
    function fallBack(/** @type {number} */ mine) {
        if (mine !== turn) return;
        source = null;
        clearTimeout(timer);
        kind.value = 'polling';
        const until = Date.now() + AGAIN_MS[Math.min(tries++, AGAIN_MS.length - 1)];
        const round = async () => {
            try {
                for (let more = true; more && mine === turn;) {
                    const page = await ask({ cursor: last, dir: 'fwd', limit: 1000 });
                    if (mine !== turn) return;
                    error.value = null;
                    arrive(fresh(page.lines, newest()));
                    more = page.more && Boolean(page.next) && page.next !== last; // it may have looked through many and found none
                    last = page.next || last;
                }
            } catch (e) {
                if (mine !== turn) return;
                error.value = asProblem(e);
            }
            if (over?.()) { kind.value = 'ended'; return; }
            if (Date.now() >= until && tries > 0 && !error.peek()) open(mine);
            else timer = setTimeout(round, POLL_MS);
        };
        round();
    }

    /** A page of older lines; how many came. */
    async function back() {
        if (older.peek().busy || !older.peek().more || ring.full) return 0;
        const mine = turn;
        older.value = { busy: true, more: true };
        try {
            const page = await ask({ cursor: prev, dir: 'back', limit: 1000 });
            if (mine !== turn) return 0;
            const was = prev;
            prev = page.prev || page.lines[0]?.c || prev;
            older.value = { busy: false, more: Boolean(page.more) && prev !== was };
            const n = ring.prepend(page.lines);
            beat.value++;
            return n;
        } catch (e) {
            if (mine !== turn) return 0;
            error.value = asProblem(e);
            older.value = { busy: false, more: true };
            return 0;
        }
    }
    /** The lines around one of them; what is newer comes when it is asked for. @param {string} cursor */
    async function around(cursor) {
        const mine = reset();
        kind.value = 'loading';
        try {
            const before = await ask({ cursor, dir: 'back', limit: 200 });
            const from = before.lines.at(-1)?.c;
            const after = await ask(from ? { cursor: from, dir: 'fwd', limit: 300 } : { cursor, dir: 'fwd', limit: 300 });
            if (mine !== turn) return;
            take({ ...before, lines: [...before.lines, ...after.lines], next: after.next, prev: before.prev });
            kind.value = 'history';
            if (!after.more) open(mine);
        } catch (e) {
            if (mine === turn) error.value = asProblem(e);
        }
    }
    let forward = false;
    async function newer() {
        if (kind.peek() !== 'history' || forward) return;
        const mine = turn;
        forward = true;
        try {
            const page = await ask({ cursor: last, dir: 'fwd', limit: 1000 });
            if (mine !== turn) return;
            arrive(page.lines);
            last = page.next || last;
            if (!page.more) open(mine);
        } catch (e) {
            error.value = asProblem(e);
        } finally {
            forward = false;
        }
    }
    /** Nothing more will come: what is on its way still does. */
    function finish() {
        const mine = turn;
        setTimeout(() => {
            if (mine !== turn || kind.peek() === 'history') return;
            source?.close();
            clearTimeout(timer);
            kind.value = 'ended';
        }, LAST_MS);
    }
    function stop() {
        reset();
        kind.value = 'stopped';
        cancelAnimationFrame(frame);
        frame = 0;
    }
    return { ring, kind, error, beat, older, start, stop, finish, back, around, newer, ask, query, taken: () => { const n = dropped; dropped = 0; return n; } };
}

/** @typedef {ReturnType<typeof logSource>} Source */
