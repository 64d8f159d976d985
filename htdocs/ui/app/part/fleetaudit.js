// Who did what with a host or an app: filtered, with what changed, and to take away.
import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { useSignal } from '../../vendor/signals.js';
import { differences, words } from '../lib/merge.js';
import { instant } from '../lib/time.js';
import { pager } from '../store/pager.js';
import { Button } from './button.js';
import { saveCsv } from './csv.js';
import { closeDialog, Dialog, openDialog } from './dialog.js';
import { Icon } from './icon.js';
import { Empty, Failed, Skeleton } from './states.js';
import { Time } from './time.js';

const KINDS = /** @type {[string, string][]} */ ([['', 'Everything'], ['env', 'Env'], ['deploy', 'Deploys'], ['restart', 'Restart'], ['start', 'Start'], ['stop', 'Stop'], ['grant', 'Access'], ['update', 'Settings']]);

/** @param {any} item */
const actor = (item) => item.actor_name || item.actor || item.by || 'Tocsin';

/** @param {any} item */
function changes(item) {
    const before = item.before ?? {};
    const after = item.after ?? {};
    const all = Object.fromEntries([...Object.keys(after), ...Object.keys(before)].map((key) => [key, null]));
    return differences(all, { ...all, ...before }, { ...all, ...after });
}

/** @param {{path: string, name: string, of?: Record<string, string|number>}} props of: which entries, where the path has others as well */
export function FleetAudit({ path, name, of = {} }) {
    const q = useSignal('');
    const kind = useSignal('');
    const list = useMemo(() => pager(path, () => ({ ...of, limit: 100 })), [path]);
    useEffect(() => { list.load(); }, [list]);
    const all = list.items.value;
    const needle = q.value.trim().toLowerCase();
    const items = (all ?? []).filter((item) => (!kind.value || String(item.action).includes(kind.value))
        && (!needle || `${actor(item)} ${item.action} ${item.address ?? ''} ${item.object_name ?? ''}`.toLowerCase().includes(needle)));
    const csv = () => saveCsv(`${name} audit`, [['time', 'who', 'what', 'from', 'before', 'after'], ...items.map((item) => [item.at, actor(item), item.action, item.address, JSON.stringify(item.before ?? ''), JSON.stringify(item.after ?? '')])]);
    return html`<div class="card-body row"><div class="search search-line"><input class="input" type="search" aria-label="Search the audit log" placeholder="Who, what, from where" value=${q} onInput=${(/** @type {any} */ e) => { q.value = e.currentTarget.value; }}/></div>
            <select class="input" aria-label="What" onChange=${(/** @type {any} */ e) => { kind.value = e.currentTarget.value; }}>${KINDS.map(([key, text]) => html`<option value=${key} selected=${kind.value === key}>${text}</option>`)}</select>
            <span class="grow"></span>${items.length > 0 && html`<${Button} small kind="quiet" onClick=${csv}>CSV<//>`}</div>
        <${Failed} error=${list.error.value} what="The audit log" retry=${list.load} old=${Boolean(all)}/>
        ${!all ? !list.error.value && html`<${Skeleton} rows=${4} label="Loading the audit log"/>` : !items.length ? html`<${Empty} icon="list" title=${all.length ? 'Nothing matches' : 'Nothing was done yet'}/>`
            : html`<table class="table stackable"><thead><tr><th scope="col">Time</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">Change</th><th scope="col">From</th></tr></thead>
                <tbody>${items.map((item) => html`<${Entry} key=${item.id} item=${item}/>`)}</tbody></table>`}
        ${list.next.value && html`<div class="card-body"><${Button} small onClick=${list.more}>Older entries<//></div>`}`;
}

/** @param {{item: any}} props */
function Entry({ item }) {
    const list = changes(item);
    const told = list.filter((d) => !['name', 'action'].includes(d.name)).sort((x, y) => Number(y.name === 'reason') - Number(x.name === 'reason'));
    const open = () => openDialog(() => html`<${Dialog} title=${item.action} wide><p><${Time} at=${instant(item.at)} exact/> · ${actor(item)} · <span class="mono">${item.address ?? '—'}</span></p>
        <div class="scroll-x" tabindex="0" role="region" aria-label="Change"><table class="diff"><thead><tr><th scope="col">Field</th><th scope="col">Before</th><th scope="col">After</th></tr></thead><tbody>${list.map((d) => html`<tr key=${d.name}><th scope="row">${d.name}</th><td>${words(d.mine)}</td><td>${words(d.theirs)}</td></tr>`)}</tbody></table></div>
        <footer><${Button} kind="primary" onClick=${closeDialog}>Close<//></footer><//>`);
    const failed = item.after?.error || item.after?.state === 'failed';
    return html`<tr><td data-label="Time"><${Time} at=${instant(item.at)} exact/></td><td data-label="Who">${actor(item)}</td><td data-label="What">${item.action}${failed ? html` <span class="badge s-down"><${Icon} name="close"/><b>failed</b></span>` : ''}</td>
        <td data-label="Change" class="cut-cell"><div>${told.slice(0, 2).map((d) => html`<div key=${d.name}>${d.name}: ${item.before ? html`<del>${words(d.mine).slice(0, 60)}</del> → ` : ''}${words(d.theirs).slice(0, 80)}</div>`)}${list.length > 0 && html`<button type="button" class="linklike" onClick=${open}>${list.length > 2 ? `All ${list.length}` : 'Details'}</button>`}</div></td><td data-label="From" class="mono">${item.address ?? '—'}</td></tr>`;
}
