// The table of monitors: virtual, sortable, driven by keys as well.
import { html } from '../html.js';
import { useEffect, useRef } from '../../vendor/hooks.js';
import { signal } from '../../vendor/signals.js';
import { count } from '../lib/number.js';
import { choose, column, descending, selected, shown, sortBy } from '../store/view.js';
import { addShortcuts } from '../store/keys.js';
import { checkNow, pause } from '../store/actions.js';
import { go } from '../store/route.js';
import { can } from '../store/session.js';
import { MonitorRow } from './monitorrow.js';
import { useVirtual } from './virtual.js';

/** On a phone the boxes show only while choosing. */
export const choosing = signal(false);
/** @type {[import('../store/view.js').Column|'', string, string, string][]} */
const HEAD = [['name', 'Name', 'c-name', ''], ['status', 'Status', 'c-status', ''], ['ms', 'Response', 'c-ms num', ''], ['', 'Last 24 hours', 'c-bars', ''],
    ['up24', '24 h', 'c-up num', 'Uptime of 24 hours'], ['up30', '30 d', 'c-up num opt', 'Uptime of 30 days'], ['seen', 'Last check', 'c-seen opt', '']];

/** @param {{label: string, choose?: boolean}} props */
export function MonitorTable({ label, choose: choice = false }) {
    const list = shown.value;
    const { body, spans, after, focus, current } = useVirtual(list.length);
    useRowKeys(focus, current);
    const all = list.length > 0 && selected.value.size >= list.length && list.every((row) => selected.value.has(row.id));
    const boxes = choice && can('member');
    // while the list is the same a row is the same node, and scrolling compares nothing
    const drawn = useRef({ list, boxes, nodes: new Map() });
    if (drawn.current.list !== list || drawn.current.boxes !== boxes) drawn.current = { list, boxes, nodes: new Map() };
    const { nodes } = drawn.current;
    const node = (/** @type {import('../store/monitors.js').Row} */ row, /** @type {number} */ i) => {
        if (!nodes.has(row.id)) nodes.set(row.id, html`<${MonitorRow} key=${row.id} row=${row} i=${i} boxes=${boxes}/>`);
        return nodes.get(row.id);
    };
    return html`<div class=${`card virtual ${choosing.value ? 'choosing' : ''}`}><table class="table" role="table" aria-label=${label} aria-rowcount=${list.length + 1}>
        <thead role="rowgroup"><tr role="row" aria-rowindex="1">
            ${boxes && html`<th role="columnheader" class="c-check"><input type="checkbox" aria-label=${`Select all ${count(list.length)} in this list`} checked=${all}
                onChange=${(/** @type {any} */ e) => { selected.value = e.currentTarget.checked ? new Set(list.map((row) => row.id)) : new Set(); }}/></th>`}
            ${HEAD.map(([key, text, cls, title]) => html`<th key=${text} role="columnheader" class=${cls} title=${title || undefined} aria-sort=${key && key === column.value ? (descending.value ? 'descending' : 'ascending') : undefined}>
                ${key ? html`<button type="button" class="sort" onClick=${() => sortBy(key)}>${text}${key === column.value && html`<span aria-hidden="true">${descending.value ? '▾' : '▴'}</span>`}</button>` : text}</th>`)}
            <th role="columnheader" class="c-menu"><span class="sr">Actions</span></th></tr></thead>
        <tbody role="rowgroup" ref=${body}>${spans.map(({ from, to, before }) => html`${before > 0 && html`<${Pad} key=${`pad ${from}`} height=${before}/>`}
            ${list.slice(from, to).map((row, k) => node(row, from + k))}`)}
            ${after > 0 && html`<${Pad} key="after" height=${after}/>`}</tbody></table></div>`;
}

/** @param {{height: number}} props */
const Pad = ({ height }) => html`<tr class="pad" aria-hidden="true"><td colspan="9" style=${{ height: `${height}px` }}></td></tr>`;

/** j and k walk, the other keys act on the row that has the focus. @param {(i: number) => void} focus @param {() => number} current the row that has it, or -1 */
function useRowKeys(focus, current) {
    useEffect(() => {
        const at = () => shown.peek()[current()];
        const move = (/** @type {number} */ step) => {
            const last = shown.peek().length - 1;
            if (last >= 0) focus(Math.max(0, Math.min(last, current() < 0 ? 0 : current() + step)));
        };
        const act = (/** @type {(row: import('../store/monitors.js').Row) => void} */ fn) => () => { const row = at(); if (row) fn(row); };
        return addShortcuts('Monitors', [
            { keys: 'j', text: 'Next row', run: () => move(1) },
            { keys: 'k', text: 'Row before', run: () => move(-1) },
            { keys: 'o', text: 'Open the row', run: act((row) => go(`monitors/?id=${row.id}`)) },
            ...(can('member') ? [
                { keys: 'x', text: 'Select the row', run: act((row) => choose(current(), !selected.peek().has(row.id), false)) },
                { keys: 'e', text: 'Edit', run: act((row) => go(`monitors/?id=${row.id}&edit=1`)) },
                { keys: 'p', text: 'Pause or resume', run: act((row) => pause([row.id], row.status.peek() !== 'paused')) },
                { keys: 't', text: 'Check now', run: act((row) => checkNow(row.id)) },
            ] : []),
        ]);
    }, []);
}

