// Who is told of incidents and maintenance: list, export, import, and whose mail came back.
import { html } from '../html.js';
import { useEffect, useMemo, useState } from '../../vendor/hooks.js';
import { asProblem, del, post } from '../api.js';
import { apiUrl } from '../base.js';
import { plural } from '../lib/number.js';
import { instant } from '../lib/time.js';
import { pager } from '../store/pager.js';
import { can } from '../store/session.js';
import { toast, toastProblem } from '../store/toasts.js';
import { Button } from './button.js';
import { closeDialog, confirmDialog, Dialog, openDialog } from './dialog.js';
import { Check, Field, FormProblem } from './field.js';
import { Empty, Failed, Skeleton } from './states.js';
import { Badge } from './status.js';
import { Time } from './time.js';

/** @param {import('./pageedit.js').TabProps} props */
export function Subscribers({ page, v, set }) {
    const list = useMemo(() => pager(`/pages/${page.id}/subscribers`), [page.id]);
    useEffect(() => { list.load(); }, [list]);
    const items = list.items.value;
    const error = list.error.value;
    const names = new Map(page.components.map((/** @type {any} */ c) => [c.id, c.name]));
    const drop = (/** @type {any} */ one) => confirmDialog({ title: `Remove ${one.address}?`, text: 'It is told nothing any more. It may subscribe again.', action: 'Remove',
        run: async () => { try { await del(`/pages/${page.id}/subscribers/${one.id}`); toast(`${one.address} removed`); } catch (e) { toastProblem(e); } list.load(); } });
    return html`<div class="card card-body form narrow-page"><${Check} label="Readers may subscribe" checked=${v.subscribe} onChange=${(/** @type {boolean} */ subscribe) => set({ subscribe })} help="By e-mail, after they have confirmed their address, or by webhook. Feeds are there in any case."/></div>
        <section class="card" aria-labelledby="subscribers"><header><h2 id="subscribers">Subscribers</h2>${items && items.length > 0 && html`<a class="btn small" href=${`${apiUrl(`/pages/${page.id}/subscribers`)}?format=csv`} download>Export CSV</a>`}
                ${can('member') && html`<${Button} small icon="add" onClick=${() => openDialog(() => html`<${Import} page=${page} reload=${list.load}/>`)}>Import<//>`}</header>
            <${Failed} error=${error} what="The subscribers" retry=${list.load} old=${Boolean(items)}/>
            ${!items ? !error && html`<${Skeleton} rows=${3} label="Loading the subscribers"/>` : items.length === 0 ? html`<${Empty} icon="user" title="Nobody has subscribed yet"><p>Who subscribes on the page is listed here once the address is confirmed.</p><//>`
            : html`<table class="table stackable"><thead><tr><th scope="col">Address</th><th scope="col">By</th><th scope="col">Of</th><th scope="col">State</th><th scope="col">Since</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
                <tbody>${items.map((one) => { const [status, word] = stateOf(one); return html`<tr key=${one.id}><th scope="row" class="cut-cell">${one.address}</th><td data-label="By">${one.type === 'email' ? 'e-mail' : one.type}</td><td data-label="Of">${one.components?.length ? one.components.map((/** @type {number} */ id) => names.get(id) ?? `component ${id}`).join(', ') : 'everything'}</td>
                    <td data-label="State"><${Badge} status=${status} word=${word}/></td><td data-label="Since"><${Time} at=${instant(one.confirmed_at ?? one.created_at)}/></td>
                    <td data-label="Actions">${can('member') && html`<${Button} small onClick=${() => drop(one)} label=${`Remove ${one.address}`}>Remove<//>`}</td></tr>`; })}</tbody></table>`}
            ${list.next.value && html`<div class="card-body"><${Button} small onClick=${list.more}>More subscribers<//></div>`}</section>`;
}

/** @param {any} one @returns {[import('../lib/status.js').Status, string]} */
function stateOf(one) {
    if (one.disabled_at) return ['paused', 'stopped: it came back too often'];
    if (!one.confirmed_at) return ['unknown', 'not confirmed'];
    return one.failures ? ['degraded', `came back ${plural(one.failures, 'time')}`] : ['up', 'active'];
}

/** @param {{page: any, reload: () => unknown}} props */
function Import({ page, reload }) {
    const [text, setText] = useState('');
    const [sure, setSure] = useState(false);
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const addresses = [...new Set(text.split(/[\s,;]+/).filter((word) => /^[^\s@]+@[^\s@]+$/.test(word)))];
    async function send() {
        if (!addresses.length) return;
        try {
            const answer = await post(`/pages/${page.id}/subscribers/import`, { addresses, confirmed: sure });
            const failed = answer.failed?.length ?? answer.failed ?? 0;
            toast(`${plural(answer.added, 'address', 'addresses')} imported${answer.known ? `, ${answer.known} known already` : ''}${failed ? `, ${failed} refused` : ''}`, { kind: failed ? 'bad' : 'good' });
            closeDialog();
            reload();
        } catch (e) {
            setProblem(asProblem(e));
        }
    }
    return html`<${Dialog} title="Import subscribers" onSubmit=${send} dirty=${() => text !== ''}><${FormProblem} problem=${problem}/>
        <${Field} label="E-mail addresses" rows=${6} value=${text} onInput=${setText} help="With commas, spaces or lines between; other words are passed over." autofocus/>
        <${Check} label="They have agreed to it before" checked=${sure} onChange=${setSure} help="Otherwise each gets a mail and is told of things only after confirming."/>
        <footer><span class="soft grow" role="status">${plural(addresses.length, 'address', 'addresses')}</span><${Button} onClick=${closeDialog}>Cancel<//><${Button} kind="primary" type="submit" reason=${addresses.length ? '' : 'Enter addresses first'}>Import<//></footer><//>`;
}
