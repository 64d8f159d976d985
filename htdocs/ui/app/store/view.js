// Which monitors a list shows and in which order: from the query string, so that every view is
// a link. A row whose status changes keeps its place until the user asks, or looks away.
import { signal, computed, effect } from '../../vendor/signals.js';
import { matches, parse } from '../lib/search.js';
import { rank } from '../lib/status.js';
import { flips, monitors } from './monitors.js';
import { path, query, setQuery } from './route.js';

/** @typedef {import('./monitors.js').Row} Row */
/** @typedef {'status'|'name'|'ms'|'up24'|'up30'|'seen'} Column */

const WRITE_MS = 300;
const CALM_MS = 10000;

/** What is typed; the address follows a moment later. */
export const text = signal('');
export const column = computed(() => /** @type {Column} */ ((query.value.get('sort') ?? 'status').replace('-', '')));
export const descending = computed(() => (query.value.get('sort') ?? '').startsWith('-'));
/** @type {(key: 'status'|'tag'|'group'|'type') => string} */
export const filter = (key) => query.value.get(key) ?? '';

export const selected = signal(/** @type {ReadonlySet<number>} */ (new Set()));

/** Grows when the order is made anew. */
const epoch = signal(0);
let orderedAt = 0;

const low = (/** @type {number|null} */ n) => (n === null ? -1 : n);
/** @type {Record<Column, (a: Row, b: Row) => number>} */
const ORDER = {
    status: (a, b) => rank(a.status.peek()) - rank(b.status.peek()) || b.since - a.since,
    name: (a, b) => (a.text < b.text ? -1 : 1),
    ms: (a, b) => low(b.ms) - low(a.ms),
    up24: (a, b) => (a.up24 ?? 101) - (b.up24 ?? 101),
    up30: (a, b) => (a.up30 ?? 101) - (b.up30 ?? 101),
    seen: (a, b) => (b.checkedAt ?? 0) - (a.checkedAt ?? 0),
};

const ordered = computed(() => {
    epoch.value;
    orderedAt = Date.now();
    const compare = ORDER[column.value] ?? ORDER.status;
    const list = [...monitors.value].sort(compare);
    return descending.value ? list.reverse() : list;
});

export const shown = computed(() => {
    const terms = parse(text.value);
    for (const key of /** @type {const} */ (['status', 'type'])) {
        if (filter(key)) terms.push({ key: key === 'status' ? 'is' : key, value: filter(key), not: false });
    }
    const tag = filter('tag');
    const group = filter('group');
    const list = ordered.value;
    if (!terms.length && !tag && !group) return list;
    return list.filter((row) => (!tag || row.tags.includes(tag)) && (!group || row.group === group)
        && matches(terms, row, row.status.peek()));
});

export const filtered = computed(() => Boolean(text.value || filter('status') || filter('tag') || filter('group') || filter('type')));

/** How many rows are not where their status wants them. */
export const moved = computed(() => {
    flips.value;
    if (column.value !== 'status' && !filter('status')) return 0;
    return ordered.value.reduce((n, row) => n + Number(row.movedAt > orderedAt), 0);
});

export const resort = () => { epoch.value++; };
export const wasMoved = (/** @type {Row} */ row) => row.movedAt > orderedAt;

/** The list puts itself in order when nobody points at it or types in it. */
setInterval(() => {
    if (!moved.peek() || document.hidden) return;
    const newest = monitors.peek().reduce((at, row) => Math.max(at, row.movedAt), 0);
    const table = document.querySelector('.virtual');
    if (Date.now() - newest > CALM_MS && !table?.matches(':hover, :focus-within')) resort();
}, 2000);

/** @type {ReturnType<typeof setTimeout>|undefined} */
let writing;
/** @param {string} value */
export function search(value) {
    text.value = value;
    clearTimeout(writing);
    writing = setTimeout(() => setQuery({ q: value }), WRITE_MS);
}
// the address may change by a link or the back button
effect(() => {
    const q = query.value.get('q') ?? '';
    if (path.value === 'monitors/' || path.value === 'dash/') text.value = q;
});

export function clearFilters() {
    text.value = '';
    clearTimeout(writing);
    setQuery({ q: '', status: '', tag: '', group: '', type: '' });
}

/** @param {Column} name */
export function sortBy(name) {
    const again = column.peek() === name && !descending.peek();
    setQuery({ sort: again ? `-${name}` : name === 'status' ? '' : name });
    resort();
}

/** What the menus of the filters offer. */
export const choices = computed(() => {
    const tags = new Set();
    const groups = new Set();
    for (const row of monitors.value) {
        row.tags.forEach((tag) => tags.add(tag));
        if (row.group) groups.add(row.group);
    }
    return { tags: /** @type {string[]} */ ([...tags].sort()), groups: /** @type {string[]} */ ([...groups].sort()) };
});

/** Where a shift-click's range begins. */
let anchor = 0;

/** @param {number} i @param {boolean} on @param {boolean} range */
export function choose(i, on, range) {
    const list = shown.peek();
    const next = new Set(selected.peek());
    const [from, to] = range ? [Math.min(anchor, i), Math.max(anchor, i)] : [i, i];
    for (let k = from; k <= to; k++) {
        if (on) next.add(list[k].id);
        else next.delete(list[k].id);
    }
    anchor = i;
    selected.value = next;
}
