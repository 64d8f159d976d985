// "Needs attention": what is wrong now, worst first, from the live list; each with what to do.
import { html } from '../html.js';
import { href } from '../base.js';
import { count } from '../lib/number.js';
import { statusOf } from '../lib/fleet.js';
import { rank, shown } from '../lib/status.js';
import { ago, instant, span } from '../lib/time.js';
import { acknowledge } from '../store/actions.js';
import { tick } from '../store/clock.js';
import { lostSince } from '../store/live.js';
import { flips, loaded, monitors } from '../store/monitors.js';
import { can } from '../store/session.js';
import { Button } from './button.js';
import { Icon, StatusIcon } from './icon.js';
import { Badge, LiveBadge } from './status.js';

const MAX = 8;
const BAD = ['down', 'degraded', 'unknown'];

/** @param {{data: any}} props */
export function Attention({ data }) {
    flips.value;
    if (!loaded.value) return html`<section class="card"><header><h2>Needs attention</h2></header><div class="card-body"><span class="bone" style=${{ width: '60%' }}></span></div></section>`;
    const bad = monitors.value.filter((row) => {
        const now = shown({ status: row.status.peek(), checkedAt: row.checkedAt, interval: row.interval }, tick.value, false);
        return BAD.includes(now.status) && row.checkedAt !== null;
    }).sort((a, b) => rank(a.status.peek()) - rank(b.status.peek()) || b.since - a.since);
    const fleet = lostSince.value ? [] : (data?.attention ?? []).filter((/** @type {any} */ item) => item.kind === 'host' || item.kind === 'app');
    const n = bad.length + fleet.length;
    const facts = new Map((data?.attention ?? []).map((/** @type {any} */ item) => [item.id, item]));
    const incidents = new Map((data?.incidents ?? []).map((/** @type {any} */ item) => [item.monitor, item]));
    return html`<section class="card" aria-labelledby="attention"><header><h2 id="attention">Needs attention</h2>${n > 0 && html`<span class="meta">${count(n)}</span>`}</header>
        ${n === 0 ? html`<${AllWell} data=${data}/>` : html`<ul class="lines">${bad.slice(0, MAX).map((row) => html`<${Trouble} key=${row.id} row=${row} fact=${facts.get(row.id)} incident=${incidents.get(row.id)}/>`)}
            ${fleet.slice(0, MAX).map((/** @type {any} */ item) => html`<${FleetTrouble} key=${`${item.kind} ${item.id}`} item=${item} incident=${incidents.get(item.id)}/>`)}
            ${bad.length > MAX && html`<li><a href=${href('monitors/?status=down')}>${count(bad.length - MAX)} more</a></li>`}</ul>`}</section>`;
}

/** @param {{row: import('../store/monitors.js').Row, fact: any, incident: any}} props */
function Trouble({ row, fact, incident }) {
    row.beat.value;
    const monitor = { status: row.status.value, since: row.since, checkedAt: row.checkedAt, interval: row.interval };
    const why = fact?.message || fact?.reason || row.reason;
    return html`<li><span class="c-trouble"><${LiveBadge} monitor=${monitor}/></span>
        <span class="grow"><a href=${href(`monitors/?id=${row.id}`)}><b>${row.name}</b></a>${why && html` <span class="soft">${String(why).replaceAll('_', ' ')}</span>`}</span>
        ${incident && !incident.acked_at && can('member') && html`<${Button} small onClick=${() => acknowledge(incident.id)} label=${`Acknowledge ${row.name}`}>Acknowledge<//>`}</li>`;
}

/** @param {{item: any, incident: any}} props a host or an app, as the overview has it */
const FleetTrouble = ({ item, incident }) => html`<li><span class="c-trouble"><${Badge} status=${statusOf(item.status)} since=${instant(item.since)}/></span>
    <span class="grow"><a href=${href(`${item.kind}s/?id=${item.id}`)}><b>${item.name}</b></a> <span class="soft">${String(item.message || item.reason || '').replaceAll('_', ' ')}</span></span>
    ${incident && !incident.acked_at && can('member') && html`<${Button} small onClick=${() => acknowledge(incident.id)} label=${`Acknowledge ${item.name}`}>Acknowledge<//>`}</li>`;

/** @param {{data: any}} props */
function AllWell({ data }) {
    const at = instant(data?.changes?.[0]?.at ?? data?.last_change);
    if (lostSince.value) return html`<p class="well"><${Icon} name="clock"/>Nothing was wrong ${span((tick.value - lostSince.value) / 1000, 1)} ago. There is no news since.</p>`;
    if (monitors.value.every((row) => row.status.peek() === 'paused')) return html`<p class="well"><${StatusIcon} status="paused"/>Every monitor is paused.</p>`;
    return html`<p class="well s-up"><${StatusIcon} status="up"/><span><b>Everything that is watched is up.</b>${at ? html` <span class="soft">Last change ${ago(at, tick.value)}.</span>` : ''}</span></p>`;
}
