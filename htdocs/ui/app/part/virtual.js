// Which rows of a long table are drawn: those in the window and a few around, and the one that
// has the focus, wherever it is.
import { useEffect, useRef } from '../../vendor/hooks.js';
import { signal, useSignal, effect } from '../../vendor/signals.js';
import { prefs } from '../store/prefs.js';

const OVERSCAN = 5;
const ALL_BELOW = 60; // so few rows are drawn as they are

/** The height of a row: from the style, which knows density and width. */
export const rowHeight = signal(44);
const measure = () => { rowHeight.value = parseInt(getComputedStyle(document.documentElement).getPropertyValue('--row'), 10) || 44; };
effect(() => { prefs.value.density; queueMicrotask(measure); });
addEventListener('resize', measure);
addEventListener('load', measure);

/**
 * @param {number} count
 * @returns {{body: {current: HTMLTableSectionElement|null}, spans: {from: number, to: number, before: number}[], after: number, focus: (i: number) => void, current: () => number}}
 *   spans of rows to draw, each with the empty height before it, and the empty height after the last
 */
export function useVirtual(count) {
    const body = useRef(/** @type {HTMLTableSectionElement|null} */ (null));
    const first = useSignal(0);
    const room = useSignal(Math.ceil(innerHeight / rowHeight.peek()) + 2 * OVERSCAN);
    const held = useSignal(-1);
    useEffect(() => {
        let frame = 0;
        const update = () => {
            frame = 0;
            if (!body.current) return;
            const h = rowHeight.peek();
            const above = -body.current.getBoundingClientRect().top;
            first.value = Math.max(0, Math.floor(above / h) - OVERSCAN);
            room.value = Math.ceil(innerHeight / h) + 2 * OVERSCAN;
        };
        const later = () => { frame ||= requestAnimationFrame(update); };
        const focused = (/** @type {FocusEvent} */ event) => {
            const row = /** @type {HTMLElement} */ (event.target).closest?.('tr[data-i]');
            held.value = row && body.current?.contains(row) ? Number(/** @type {HTMLElement} */ (row).dataset.i) : -1;
        };
        addEventListener('scroll', later, { passive: true });
        addEventListener('resize', later);
        document.addEventListener('focusin', focused);
        update();
        return () => {
            removeEventListener('scroll', later);
            removeEventListener('resize', later);
            document.removeEventListener('focusin', focused);
            cancelAnimationFrame(frame);
        };
    }, []);

    const h = rowHeight.value;
    const from = count <= ALL_BELOW ? 0 : Math.min(first.value, Math.max(0, count - room.value));
    const to = count <= ALL_BELOW ? count : Math.min(count, from + room.value);
    const keep = held.value >= 0 && held.value < count && (held.value < from || held.value >= to) ? held.value : -1;
    const ranges = [{ from, to }];
    if (keep >= 0) ranges[keep < from ? 'unshift' : 'push']({ from: keep, to: keep + 1 });
    let end = 0;
    const spans = ranges.map((range) => {
        const before = (range.from - end) * h;
        end = range.to;
        return { ...range, before };
    });

    /** Brings a row into view and focuses its link. */
    function focus(/** @type {number} */ i) {
        const top = /** @type {HTMLElement} */ (body.current).getBoundingClientRect().top + scrollY + i * h;
        const head = 150;
        if (top < scrollY + head) scrollTo(0, top - head);
        else if (top + h > scrollY + innerHeight - 90) scrollTo(0, top + h - innerHeight + 90);
        held.value = i;
        const take = () => {
            if (held.peek() !== i) return; // walked on meanwhile
            /** @type {HTMLElement|null|undefined} */ (body.current?.querySelector(`tr[data-i="${i}"] a`))?.focus({ preventScroll: true });
        };
        requestAnimationFrame(() => requestAnimationFrame(take));
    }
    return { body, spans, after: (count - end) * h, focus, current: () => held.peek() };
}
