import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { useSignal } from '../../vendor/signals.js';
import { differences, words } from '../lib/merge.js';
import { instant } from '../lib/time.js';
import { pager } from '../store/pager.js';
import { Button } from './button.js';
import { Empty, Failed, Skeleton } from './states.js';
import { Time } from './time.js';

/** Who did what, newest first. */
export function Audit() {
    const q = useSignal('');
    const list = useMemo(() => pager('/admin/audit', () => ({ q: q.peek() })), []);
    useEffect(() => {
        const timer = setTimeout(list.load, q.value ? 250 : 0);
        return () => clearTimeout(timer);
    }, [q.value]);
    const items = list.items.value;
    return html`<div class="row"><input class="input search-line" type="search" data-search aria-label="Search the audit log" placeholder="Who, what, which" value=${q} onInput=${(/** @type {any} */ e) => { q.value = e.currentTarget.value; }}/></div>
        <${Failed} error=${list.error.value} what="The audit log" retry=${list.load} old=${Boolean(items)}/>
        ${!items ? !list.error.value && html`<${Skeleton} label="Loading the audit log"/>` : html`<div class="card">${items.length === 0 ? html`<${Empty} icon="list" title="Nothing matches"/>` : html`<table class="table stackable"><thead><tr><th scope="col">Time</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">Object</th><th scope="col">Change</th><th scope="col">From</th></tr></thead>
            <tbody>${items.map((item) => html`<tr key=${item.id}><td data-label="Time"><${Time} at=${instant(item.at)} exact/></td><td data-label="Who">${item.actor_name || 'Tocsin'}</td><td data-label="What">${item.action}</td>
                <td data-label="Object">${item.type} ${item.object}</td><td data-label="Change" class="cut-cell">${change(item)}</td><td data-label="From" class="mono">${item.address ?? '—'}</td></tr>`)}</tbody></table>`}
            ${list.next.value && html`<div class="card-body"><${Button} small onClick=${list.more}>Older entries<//></div>`}</div>`}`;
}

/** @param {any} item */
function change(item) {
    const before = item.before ?? {};
    const after = item.after ?? {};
    const all = { ...Object.fromEntries(Object.keys(after).map((key) => [key, null])), ...Object.fromEntries(Object.keys(before).map((key) => [key, null])) };
    const list = differences(all, { ...all, ...before }, { ...all, ...after }).slice(0, 4);
    return list.length ? list.map((d) => html`<div key=${d.name}>${d.name}: ${item.before ? html`<del>${words(d.mine)}</del> → ` : ''}${words(d.theirs)}</div>`) : '—';
}
