// The log viewer: a hundred thousand lines of which those in the window are drawn, once a frame.
// Whoever scrolls up stops following; at the end it goes on.
import { html } from '../html.js';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from '../../vendor/hooks.js';
import { levelName } from '../lib/logring.js';
import { plain } from '../lib/ansi.js';
import { ROW } from '../lib/loglayout.js';
import { count } from '../lib/number.js';
import { addShortcuts } from '../store/keys.js';
import { logView, WRAP_MOST } from '../store/logview.js';
import { Button } from './button.js';
import { LogBar } from './logbar.js';
import { LogRow, timeText } from './logrow.js';
import { Empty, Failed } from './states.js';

const OVERSCAN = 12;
const NEAR = 400; // px from the front at which older lines are asked for

/**
 * @param {{source: import('../store/logs.js').Source, name: string, label: string, download?: (query: Record<string, any>) => string, server?: boolean, cursor?: string, empty?: string, tall?: boolean}} props
 * name: under which the settings are kept; cursor: the line to begin at
 */
export function LogView({ source, name, label, download, server, cursor, empty = 'No lines yet', tall = true }) {
    const view = useMemo(() => logView(source, name), [source]);
    const box = useRef(/** @type {any} */ (null));
    const probe = useRef(/** @type {any} */ (null));
    /** y: where it was scrolled to; want: where we scrolled it to; n, off: the row at the top and how much of it is above; again: this row is to be found once more. */
    const at = useRef({ y: 0, want: -1, first: source.ring.first, n: -1, off: 0, again: false });
    const [y, setY] = useState(0);
    const [room, setRoom] = useState({ height: 600, columns: 120 });
    source.beat.value;
    view.change.value;
    const follow = view.follow.value;
    const paused = view.paused.value;
    view.only.value;

    useEffect(() => {
        if (cursor) {
            view.setFollow(false);
            source.around(cursor).then(() => { const n = source.ring.find(cursor); if (n >= 0) { view.chosen.value = [n, n]; show(n); } });
        } else source.start();
        return source.stop;
    }, [source]);
    useEffect(() => {
        const node = box.current;
        const measure = () => { if (node.isConnected && probe.current) setRoom({ height: node.clientHeight, columns: Math.floor((node.clientWidth - probe.current.offsetLeft - 24) / (probe.current.getBoundingClientRect().width / 10)) }); };
        const watch = new ResizeObserver(measure);
        watch.observe(node);
        return () => watch.disconnect();
    }, [view.liking.value.time]);

    const columns = Math.max(20, room.columns);
    view.update(columns);
    const n = view.count();
    const lines = n ? view.places.top(n) : 0;
    // what left at the front leaves above the window: what is read stays where it is
    const gone = source.ring.first - at.current.first;
    const first = n ? Math.max(0, view.places.find(Math.floor(Math.max(0, (follow && !paused ? lines * ROW - room.height : y - Math.max(0, gone) * ROW)) / ROW), n) - OVERSCAN) : 0;
    const last = Math.min(n, first + Math.ceil(room.height / ROW) + 2 * OVERSCAN);

    useLayoutEffect(() => {
        const node = box.current;
        const moved = source.ring.first - at.current.first;
        at.current.first = source.ring.first;
        if (moved < 0) { // older ones came: what passes the filters is listed anew, and drawn at the next turn
            view.older();
            view.update(columns);
            view.change.value++;
        }
        if (follow && !paused) {
            node.scrollTop = node.scrollHeight;
            at.current.want = node.scrollTop;
        } else if ((moved || at.current.again) && at.current.n >= 0 && n) {
            // what is read stays where it is, whatever came or went above it
            node.scrollTop = Math.max(0, view.places.top(Math.max(0, view.placeOf(at.current.n))) * ROW + at.current.off);
            at.current.want = node.scrollTop;
        }
        at.current.again = moved < 0;
        if (!at.current.again) anchor(node);
        if (view.liking.peek().wrap) measureRows(node);
    });
    /** Remembers which row is at the top. */
    function anchor(/** @type {HTMLElement} */ node) {
        if (!n) return;
        const i = view.places.find(Math.floor(node.scrollTop / ROW), n);
        at.current.n = view.numberAt(i);
        at.current.off = node.scrollTop - view.places.top(i) * ROW;
    }
    /** A row that is not as high as was computed is remembered as it is. */
    function measureRows(/** @type {HTMLElement} */ node) {
        let wrong = false;
        for (const row of /** @type {NodeListOf<HTMLElement>} */ (node.querySelectorAll('.log-row.wrap'))) {
            const k = Number(row.dataset.n);
            const i = view.placeOf(k);
            const planned = view.places.top(i + 1) - view.places.top(i);
            const real = Math.max(1, Math.round(row.scrollHeight / ROW));
            if (real !== planned && view.measured.get(k) !== real && view.measured.size < WRAP_MOST) { view.measured.set(k, real); wrong = true; }
        }
        if (wrong) queueMicrotask(() => { view.change.value++; });
    }
    function scrolled() {
        const node = box.current;
        const up = node.scrollTop < at.current.y - 1;
        at.current.y = node.scrollTop;
        const bottom = node.scrollHeight - node.scrollTop - node.clientHeight < 4;
        if (bottom && !paused) { view.setFollow(true); source.newer(); }
        else if (up && Math.abs(node.scrollTop - at.current.want) > 2) view.setFollow(false);
        if (!at.current.again) anchor(node);
        setY(node.scrollTop);
        if (node.scrollTop < NEAR && !view.follow.peek()) source.back();
    }
    /** Brings a line into view. @param {number} number */
    function show(number) {
        if (number < 0) return;
        view.setFollow(false);
        view.update(columns);
        const node = box.current;
        const top = view.places.top(view.placeOf(number)) * ROW;
        if (top < node.scrollTop + ROW || top > node.scrollTop + node.clientHeight - 3 * ROW) {
            // the room for it may be drawn only now
            requestAnimationFrame(() => { node.scrollTop = Math.max(0, top - node.clientHeight / 3); });
        }
        view.change.value++;
    }
    const walk = (/** @type {1|-1} */ step) => show(view.walk(step));
    const newest = () => { if (source.kind.peek() === 'history') source.start(); if (paused) view.pause(false); view.setFollow(true); };
    const nextError = () => show(view.nextError());
    const mark = (/** @type {number} */ number) => (/** @type {MouseEvent} */ event) => {
        event.preventDefault();
        const line = source.ring.at(number);
        const from = view.chosen.peek();
        view.chosen.value = event.shiftKey && from ? [Math.min(from[0], number), Math.max(from[1], number)] : from?.[0] === number && from[1] === number ? null : [number, number];
        view.current.value = number;
        if (!event.shiftKey && line && cursor !== undefined) history.replaceState(history.state, '', view.chosen.peek() ? `#c=${encodeURIComponent(line.c)}` : location.pathname + location.search);
    };
    useEffect(() => addShortcuts(label, [
        { keys: 'f', text: 'Follow the log', run: () => (view.follow.peek() ? view.setFollow(false) : newest()) },
        { keys: 'w', text: 'Wrap long lines', run: () => view.like({ wrap: !view.liking.peek().wrap }) },
        { keys: 'n', text: 'Next match', run: () => walk(1) }, { keys: 'p', text: 'Match before', run: () => walk(-1) },
        { keys: 'x', text: 'Next error', run: nextError },
    ]), [view, columns]);
    const waiting = view.waiting;
    const visible = [];
    for (let i = first; i < last; i++) visible.push(i);
    const error = source.error.value;
    const what = () => {
        const range = view.chosen.peek();
        const text = [];
        for (let i = 0; i < n; i++) {
            const k = view.numberAt(i);
            const line = source.ring.at(k);
            if (line && !line.mark && (!range || (k >= range[0] && k <= range[1]))) text.push(`${timeText(line.t, 'full')} ${levelName(line.p)} ${plain(line.m)}`);
        }
        return text.join('\n');
    };
    return html`<div class=${`log-box ${tall ? 'tall' : ''}`}><${LogBar} view=${view} walk=${walk} newest=${newest} nextError=${nextError} copy=${what} download=${download} server=${server} show=${show} shown=${n}/>
        <${Failed} error=${error} what="The log" retry=${source.start} old=${source.ring.size > 0}/>
        <div class="log-frame"><div class=${`log ${view.liking.value.wrap ? 'wrapped' : ''}`} ref=${box} role="log" aria-live="off" aria-label=${label} tabindex="0" onScroll=${scrolled} aria-busy=${source.kind.value === 'loading' && !error ? 'true' : undefined}>
            <div class="log-row log-probe" aria-hidden="true">${view.liking.value.time !== 'none' && html`<span class="log-t">${timeText(0, view.liking.value.time)}</span>`}<span class="log-p">ERROR</span><span ref=${probe}>0123456789</span></div>
            <div class="log-room" style=${{ height: `${lines * ROW}px` }}><div style=${{ transform: `translateY(${n ? view.places.top(first) * ROW : 0}px)` }}>${visible.map((i) => {
                const k = view.numberAt(i);
                const line = source.ring.at(k);
                return line && html`<${LogRow} key=${k} line=${line} n=${k} view=${view} columns=${columns} wrap=${view.liking.value.wrap && i >= n - WRAP_MOST} onMark=${mark(k)}/>`;
            })}</div></div>
            ${n === 0 && source.kind.value !== 'loading' && html`<${Empty} icon="list" title=${source.ring.size ? 'No line passes the filters' : empty}/>`}</div>
            ${(waiting > 0 || (!follow && !paused && n > 0)) && html`<button type="button" class="btn small primary log-pill" onClick=${newest}>Jump to newest${waiting ? ` (${count(waiting)})` : ''}</button>`}</div>
        <${Announcer} view=${view}/></div>`;
}

/** New lines, said aloud to who asked for it. @param {{view: import('../store/logview.js').View}} props */
function Announcer({ view }) {
    const [said, setSaid] = useState('');
    const from = useRef(view.ring.end);
    const how = view.liking.value.announce;
    useEffect(() => {
        if (how === 'off') return undefined;
        from.current = view.ring.end;
        const timer = setInterval(() => {
            const texts = [];
            for (let n = Math.max(from.current, view.ring.first); n < view.ring.end; n++) {
                const line = view.ring.at(n);
                if (line && !line.mark && (how === 'all' || line.p <= 3)) texts.push(plain(line.m).slice(0, 200));
            }
            from.current = view.ring.end;
            if (texts.length) setSaid(texts.length > 3 ? `${texts.length} new lines. The last: ${texts.at(-1)}` : texts.join('. '));
        }, 2000);
        return () => clearInterval(timer);
    }, [how]);
    return html`<p class="sr" role="status">${said}</p>`;
}
