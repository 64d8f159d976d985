import { html } from '../html.js';
import { href } from '../base.js';
import { statusOf } from '../lib/fleet.js';
import { plural } from '../lib/number.js';
import { WORST } from '../lib/status.js';
import { instant, span } from '../lib/time.js';
import { tick } from '../store/clock.js';
import { Icon } from './icon.js';
import { Badge } from './status.js';
import { Time } from './time.js';

/** @param {{list: any[]|undefined}} props */
export function OpenIncidents({ list }) {
    return html`<section class="card" aria-labelledby="open-incidents"><header><h2 id="open-incidents">Open incidents</h2><a href=${href('incidents/')}>All</a></header>
        ${!list ? html`<div class="card-body"><span class="bone" style=${{ width: '70%' }}></span></div>`
            : !list.length ? html`<p class="card-body soft">None.</p>`
                : html`<ul class="lines">${list.slice(0, 6).map((item) => html`<li key=${item.id}><span class="grow"><a href=${href(`incidents/?id=${item.id}`)}>#${item.id} ${item.title}</a>
                    <br/><span class="meta">${item.severity} · ${span((tick.value - (instant(item.started_at) ?? tick.value)) / 1000)}${item.acked_by ? ` · acknowledged by ${item.acked_by}` : ''}</span></span></li>`)}</ul>`}</section>`;
}

/** Hosts and apps have pages of their own. @type {Record<string, string>} */
const PLACE = { host: 'hosts', app: 'apps' };

/** @param {{list: any[]|undefined}} props */
export function Changes({ list }) {
    if (!list?.length) return null;
    return html`<section class="card" aria-labelledby="changes"><header><h2 id="changes">Changes, 24 hours</h2></header><ul class="lines changes">${list.slice(0, 8).map((item) => html`
        <li key=${`${item.monitor} ${item.at}`}><${Time} at=${instant(item.at)}/><a class="cut" href=${href(`${PLACE[item.type] ?? 'monitors'}/?id=${item.monitor}`)}>${item.name}</a><span class="grow"></span>
            <${Badge} status=${item.from} iconOnly/><${Icon} name="next"/><${Badge} status=${item.to}/></li>`)}</ul></section>`;
}

/** Hosts and apps in a few lines: how many in which state, and the worst of them. @param {{fleet: any}} props */
export function Fleet({ fleet }) {
    const sum = (/** @type {any} */ c) => Object.values(c ?? {}).reduce((n, v) => n + (typeof v === 'number' ? v : 0), 0) - (c?.total ?? 0);
    if (!fleet || !(sum(fleet.hosts) + sum(fleet.apps))) return null;
    const line = (/** @type {string} */ what, /** @type {string} */ to, /** @type {any} */ c) => html`<li><a class="grow" href=${href(to)}>${plural(sum(c), what)}</a>${WORST.filter((s) => c?.[s]).map((s) => html`<a key=${s} href=${href(`${to}?status=${s}`)} aria-label=${`${c[s]} ${s}`}><${Badge} status=${s} word=${String(c[s])}/></a>`)}</li>`;
    return html`<section class="card" aria-labelledby="fleet"><header><h2 id="fleet">Fleet</h2></header><ul class="lines">${line('host', 'hosts/', fleet.hosts)}${line('app', 'apps/', fleet.apps)}
        ${(fleet.attention ?? fleet.worst ?? []).slice(0, 4).map((/** @type {any} */ item) => html`<li key=${item.id}><${Badge} status=${statusOf(item.status)} iconOnly/><a class="grow cut" href=${href(`${item.type === 'app' ? 'apps' : 'hosts'}/?id=${item.id}`)}>${item.name}</a><span class="meta">${String(item.message || item.reason || '').replaceAll('_', ' ')}</span></li>`)}</ul></section>`;
}

/** @param {{list: any[]|undefined}} props */
export function Expiring({ list }) {
    if (!list?.length) return null;
    return html`<section class="card" aria-labelledby="expiring"><header><h2 id="expiring">Certificates that expire</h2></header><ul class="lines">${list.slice(0, 8).map((item) => {
        const days = Math.floor(((instant(item.not_after) ?? 0) - tick.value) / 864e5);
        return html`<li key=${item.id}><${Icon} name="shield"/><a class="cut grow" href=${href(`${PLACE[item.kind] ?? 'monitors'}/?id=${item.id}`)}>${item.name}</a><span class=${days < 8 ? 'badge s-degraded' : 'soft'}><b>${days < 0 ? 'expired' : plural(days, 'day')}</b></span></li>`;
    })}</ul></section>`;
}
