// What the server tells as it happens. One tab of a browser holds the event stream (Web Locks
// elects it) and hands every event to the others (BroadcastChannel). Events are applied once
// per animation frame.
import { signal, computed, batch } from '../../vendor/signals.js';
import { root } from '../base.js';
import { second } from './clock.js';
import { openStream } from './stream.js';

/**
 * connecting: not yet; live: the stream is there; reconnecting: it broke; polling: the server gives no
 * stream, so we ask every five seconds; paused: the user stopped it.
 * @typedef {'connecting'|'live'|'reconnecting'|'polling'|'paused'} Kind
 * @typedef {{kind: Kind, at: number, retryAt: number}} State
 * @typedef {(data: any, event: string) => void} Handler
 */

const LOST_AFTER_MS = 10000;
const POLL_MS = 5000;

export const state = signal(/** @type {State} */ ({ kind: 'connecting', at: Date.now(), retryAt: 0 }));
/** When the last event (or ping) came, in our clock. */
export const lastEvent = signal(Date.now());
export const eventCount = signal(0);
export const paused = signal(false);
/** When polling failed last, or 0. */
const pollFailed = signal(0);

/** Since when nothing is known any more, or 0: what is shown then is the last known. */
export const lostSince = computed(() => {
    const { kind, at } = state.value;
    if (kind === 'paused' || kind === 'live') return 0;
    if (kind === 'polling') return pollFailed.value;
    return second.value && Date.now() - at > LOST_AFTER_MS ? lastEvent.value : 0; // read each second
});

/** @type {Map<string, Set<Handler>>} */
const handlers = new Map();

/** Calls `fn` for each event of this kind; 'resync' means: read again what is on the page. @param {string} event @param {Handler} fn */
export function on(event, fn) {
    let set = handlers.get(event);
    if (!set) handlers.set(event, set = new Set());
    set.add(fn);
    return () => { set.delete(fn); };
}

/** @type {[string, any][]} */
let queue = [];
let frame = 0;

function flush() {
    frame = 0;
    const events = queue;
    queue = [];
    batch(() => {
        for (const [event, data] of events) {
            for (const fn of handlers.get(event) ?? []) fn(data, event);
        }
    });
}

function arrive(/** @type {string} */ event, /** @type {any} */ data) {
    lastEvent.value = Date.now();
    if (event === 'ping') return;
    eventCount.value++;
    if (paused.peek()) return;
    queue.push([event, data]);
    // no frame is drawn in a hidden tab, but its title and counts go on
    frame ||= document.hidden ? Number(setTimeout(flush, 1000)) : requestAnimationFrame(flush);
}

const channel = new BroadcastChannel(`tocsin ${root.pathname}`);
let leading = false;

/** @param {{hello?: true, state?: State, event?: string, data?: any, retry?: true}} message */
function heard(message) {
    if (message.state && !leading) become(message.state);
    if (message.event) arrive(message.event, message.data);
    if (message.hello && leading) channel.postMessage({ state: state.peek() });
    if (message.retry && leading) stream?.retry();
}
channel.onmessage = (event) => heard(event.data);

function become(/** @type {State} */ next) {
    const before = state.peek().kind;
    const at = next.kind === before ? state.peek().at : next.at;
    state.value = { ...next, at, kind: paused.peek() ? 'paused' : next.kind };
    if (next.kind === 'live' || before === 'connecting') lastEvent.value = Date.now();
    if (next.kind === 'polling' && before !== 'polling') poll();
    document.documentElement.dataset.live = state.peek().kind;
}

/** @type {ReturnType<typeof openStream>|null} */
let stream = null;

/** Starts once, after sign-in. */
export function start() {
    if (stream || leading) return;
    channel.postMessage({ hello: true });
    const lead = () => new Promise(() => {
        const took = state.peek().kind !== 'connecting'; // another tab led before us
        leading = true;
        document.documentElement.dataset.leader = 'yes';
        stream = openStream({
            state: (next) => { become(next); channel.postMessage({ state: next }); },
            event: (event, data) => { arrive(event, data); channel.postMessage({ event, data }); },
            resync: took,
        });
    });
    if (navigator.locks) navigator.locks.request(`tocsin ${root.pathname}`, lead);
    else lead();
}

export function retry() {
    if (leading) stream?.retry();
    else channel.postMessage({ retry: true });
}

/** The user stops or restarts what the page shows; the stream itself goes on. */
export function togglePause() {
    paused.value = !paused.peek();
    become({ ...state.peek(), kind: paused.peek() ? 'paused' : 'live' });
    if (!paused.peek()) arrive('resync', {});
}

/** Set by stores: what polling asks for. @type {Set<() => Promise<void>>} */
export const polls = new Set();

async function poll() {
    if (state.peek().kind !== 'polling') return;
    const results = await Promise.allSettled([...polls].map((fn) => fn()));
    const failed = results.length > 0 && results.every((r) => r.status === 'rejected');
    if (failed) pollFailed.value ||= lastEvent.peek();
    else {
        pollFailed.value = 0;
        lastEvent.value = Date.now();
    }
    setTimeout(poll, POLL_MS);
}
