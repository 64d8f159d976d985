import { html } from '../html.js';
import { get, post } from '../api.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { href } from '../base.js';
import { ms, plural } from '../lib/number.js';
import { instant } from '../lib/time.js';
import { resource } from '../store/resource.js';
import { can } from '../store/session.js';
import { toast, toastProblem } from '../store/toasts.js';
import { Button } from './button.js';
import { Dialog, openDialog } from './dialog.js';
import { Failed } from './states.js';
import { Badge } from './status.js';
import { Time } from './time.js';

/** @type {Record<string, [import('../lib/status.js').Status, string]>} */
const STATES = { sent: ['up', 'sent'], pending: ['unknown', 'being sent'], dead: ['down', 'given up'], cancelled: ['paused', 'cancelled'] };

/** Messages and what became of them. @param {{list: any[], reload: () => unknown, brief?: boolean}} props */
export function DeliveryTable({ list, reload, brief }) {
    return html`<table class="table stackable"><thead><tr><th scope="col">Time</th><th scope="col">State</th><th scope="col">Event</th>${!brief && html`<th scope="col">Monitor</th>`}<th scope="col">Channel</th><th scope="col">To</th><th scope="col">Answer</th><th scope="col" class="num">Tries</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
        <tbody>${list.map((item) => html`<${Row} key=${item.id} item=${item} reload=${reload} brief=${brief}/>`)}</tbody></table>`;
}

/** @param {{item: any, reload: () => unknown, brief?: boolean}} props */
function Row({ item, reload, brief }) {
    const [status, word] = STATES[item.state] ?? ['unknown', item.state];
    async function resend() {
        try {
            await post(`/deliveries/${item.id}/resend`);
            toast('It is sent again');
            reload();
        } catch (error) {
            toastProblem(error, 'It could not be sent again');
        }
    }
    return html`<tr><td data-label="Time"><${Time} at=${instant(item.created_at ?? item.at)} exact/></td><td data-label="State"><${Badge} status=${status} word=${word}/></td><td data-label="Event">${item.event}</td>
        ${!brief && html`<td data-label="Monitor">${item.monitor ? html`<a href=${href(`monitors/?id=${item.monitor.id}`)}>${item.monitor.name}</a>` : '—'}</td>`}
        <td data-label="Channel">${item.channel?.name ?? '—'}</td><td data-label="To" class="cut-cell">${item.recipient || '—'}</td>
        <td data-label="Answer">${item.error ? html`<span class="soft">${item.error}</span>` : item.code ? `${item.code}${item.duration_ms !== null && item.duration_ms !== undefined ? `, ${ms(item.duration_ms)}` : ''}` : '—'}</td>
        <td data-label="Tries" class="num">${item.attempts}</td>
        <td data-label="Actions"><span class="row-actions"><${Button} small kind="quiet" onClick=${() => openDialog(() => html`<${Detail} id=${item.id}/>`)} label=${`Details of message ${item.id}`}>Details<//>
            ${can('member') && item.state !== 'pending' && html`<${Button} small onClick=${resend} label=${`Resend message ${item.id}`}>Resend<//>`}</span></td></tr>`;
}

/** @param {{id: number}} props */
function Detail({ id }) {
    const data = useMemo(() => resource(() => get(`/deliveries/${id}`)), [id]);
    useEffect(() => { data.load(); }, [data]);
    const d = data.data.value;
    const tries = /** @type {any[]} */ (d?.attempts_made ?? d?.tries ?? []);
    return html`<${Dialog} title=${`Message ${id}`} wide><${Failed} error=${data.error.value} what="The message" retry=${data.load}/>
        ${d && html`<p>${plural(tries.length, 'try', 'tries')}${d.key ? html`, key <code>${d.key}</code>` : ''}</p>${tries.map((one) => html`<div class=${`result s-${one.ok ? 'up' : 'down'}`} key=${one.at}>
            <div class="row"><${Badge} status=${one.ok ? 'up' : 'down'} word=${one.ok ? 'delivered' : 'failed'}/><${Time} at=${instant(one.at)} exact/><span>${one.recipient}</span>${one.code ? html`<b>${one.code}</b>` : ''}${one.duration_ms !== null && html`<span>${ms(one.duration_ms)}</span>`}</div>
            ${one.error && html`<p>${one.error}</p>`}${one.excerpt && html`<pre class="excerpt">${one.excerpt}</pre>`}</div>`)}`}<//>`;
}
