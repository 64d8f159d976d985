// What the lists of hosts and apps have in common: the line of filters, sorting, the keys.
import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { href } from '../base.js';
import { count, plural } from '../lib/number.js';
import { rank, WORST } from '../lib/status.js';
import { parse } from '../lib/search.js';
import { addShortcuts } from '../store/keys.js';
import { go, path, query, setQuery } from '../store/route.js';
import { Icon } from './icon.js';
import { NoMatch } from './states.js';
import { useVirtual } from './virtual.js';

/** @typedef {import('../store/fleet.js').Row} Row */

const KEYS = ['q', 'status', 'label', 'host', 'sort'];
const text = () => query.value.get('q') ?? '';
/** @param {string} key */
export const chosen = (key) => query.value.get(key) ?? '';
export const clear = () => setQuery(Object.fromEntries(KEYS.filter((key) => key !== 'sort').map((key) => [key, ''])));

/**
 * The rows that pass the filters, in order. Worst first, then by name, unless a column is asked for.
 * @param {Row[]} rows @param {Record<string, (a: Row, b: Row) => number>} orders @param {(row: Row) => boolean} [more]
 */
export function useShown(rows, orders, more = () => true) {
    const status = chosen('status');
    const sort = chosen('sort');
    const terms = parse(text());
    const list = rows.filter((row) => (!status || row.status.value === status) && more(row)
        && terms.every(({ key, value, not }) => (key === 'is' ? row.status.value.startsWith(value) : row.text.includes(value)) !== not));
    const compare = orders[sort.replace('-', '')] ?? ((a, b) => rank(a.status.peek()) - rank(b.status.peek()));
    list.sort((a, b) => compare(a, b) || a.name.localeCompare(b.name));
    return sort.startsWith('-') ? list.reverse() : list;
}

/** @param {{label: string, place: string, filters: [string, string, [string, string][]][], shown: number, all: number, children?: any}} props filters: key, label, options */
export function FleetBar({ label, place, filters, shown, all, children }) {
    const filtered = KEYS.some((key) => key !== 'sort' && chosen(key));
    return html`<div class="toolbar" role="search" aria-label=${label}><div class="search"><${Icon} name="search"/><input class="input" type="search" data-search aria-label=${`Search ${label.toLowerCase()}`} placeholder=${place} value=${text()}
            onInput=${(/** @type {any} */ e) => setQuery({ q: e.currentTarget.value })} onKeyDown=${(/** @type {any} */ e) => { if (e.key === 'Escape') { clear(); e.currentTarget.blur(); } }}/></div>
        ${filters.filter(([, , options]) => options.length > 0).map(([key, name, options]) => html`<select key=${key} class="input" aria-label=${name} onChange=${(/** @type {any} */ e) => setQuery({ [key]: e.currentTarget.value })}>
            <option value="" selected=${!chosen(key)}>${name}: all</option>${options.map(([value, words]) => html`<option value=${value} selected=${chosen(key) === value}>${words}</option>`)}</select>`)}
        <span class="meta" role="status">${filtered ? `${count(shown)} of ${count(all)}` : ''}</span>${children}</div>`;
}
export const STATUSES = /** @type {[string, string][]} */ (WORST.map((word) => [word, word]));

/** @param {{what: string}} props */
export const Nothing = ({ what }) => html`<div class="card"><${NoMatch} text=${text() ? `No ${what} matches “${text()}”` : `No ${what} matches these filters`} onClear=${clear}/></div>`;

/**
 * A table that draws the rows in the window only, sorted by its heads, walked with j and k.
 * @param {{label: string, rows: Row[], head: [string, string, string][], cells: (row: Row) => any, to: (row: Row) => string}} props head: sort key or '', text, class
 */
export function FleetTable({ label, rows, head, cells, to }) {
    const { body, spans, after, focus, current } = useVirtual(rows.length);
    const sort = chosen('sort');
    const list = useMemo(() => ({ rows }), []);
    list.rows = rows;
    useEffect(() => {
        const move = (/** @type {number} */ step) => { const last = list.rows.length - 1; if (last >= 0) focus(Math.max(0, Math.min(last, current() < 0 ? 0 : current() + step))); };
        return addShortcuts(label, [{ keys: 'j', text: 'Next row', run: () => move(1) }, { keys: 'k', text: 'Row before', run: () => move(-1) }, { keys: 'o', text: 'Open the row', run: () => { const row = list.rows[current()]; if (row) go(to(row)); } }]);
    }, []);
    useEffect(() => addShortcuts('Filters', [...['down', 'degraded', 'unknown', 'maintenance', 'up', 'paused'].map((status, i) => ({ keys: String(i + 1), text: `Only ${status}`, run: () => setQuery({ status: chosen('status') === status ? '' : status }) })), { keys: 'Escape', text: 'Clear filters', run: clear }]), []);
    const by = (/** @type {string} */ key) => setQuery({ sort: sort === key ? `-${key}` : sort === `-${key}` ? '' : key });
    return html`<div class="card virtual fleet"><table class="table" role="table" aria-label=${label} aria-rowcount=${rows.length + 1}>
        <thead role="rowgroup"><tr role="row" aria-rowindex="1">${head.map(([key, words, cls]) => html`<th key=${words} role="columnheader" class=${cls} aria-sort=${key && sort.replace('-', '') === key ? (sort.startsWith('-') ? 'descending' : 'ascending') : undefined}>
            ${key ? html`<button type="button" class="sort" onClick=${() => by(key)}>${words}${sort.replace('-', '') === key && html`<span aria-hidden="true">${sort.startsWith('-') ? '▾' : '▴'}</span>`}</button>` : words}</th>`)}</tr></thead>
        <tbody role="rowgroup" ref=${body}>${spans.map(({ from, to: end, before }) => html`${before > 0 && html`<${Pad} key=${`pad ${from}`} height=${before}/>`}${rows.slice(from, end).map((row, k) => html`<${One} key=${row.id} row=${row} i=${from + k} cells=${cells}/>`)}`)}
            ${after > 0 && html`<${Pad} key="after" height=${after}/>`}</tbody></table></div>`;
}
/** @param {{row: Row, i: number, cells: (row: Row) => any}} props */
function One({ row, i, cells }) {
    row.beat.value;
    return html`<tr role="row" aria-rowindex=${i + 2} data-i=${i} data-id=${row.id}>${cells(row)}</tr>`;
}
/** @param {{height: number}} props */
const Pad = ({ height }) => html`<tr class="pad" aria-hidden="true"><td colspan="12" style=${{ height: `${height}px` }}></td></tr>`;

/** @param {{counts: Record<string, number>, what: string}} props */
export const Summary = ({ counts, what }) => html`<p class="meta">${WORST.filter((s) => counts[s]).map((s, i) => html`${i ? ' · ' : ''}<a href=${href(`${path.value}?status=${s}`)}>${plural(counts[s], what)} ${s}</a>`)}</p>`;
