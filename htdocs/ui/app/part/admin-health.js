// System health: numbers with what they mean, and plain advice where one is out of bounds.
import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { get } from '../api.js';
import { bytes, count, DASH, ms } from '../lib/number.js';
import { instant, span } from '../lib/time.js';
import { resource } from '../store/resource.js';
import { Icon } from './icon.js';
import { Failed, Skeleton } from './states.js';
import { Badge } from './status.js';
import { Time } from './time.js';

const EVERY_MS = 5000;

export function Health() {
    const data = useMemo(() => resource(() => get('/admin/health')), []);
    useEffect(() => {
        data.load();
        const timer = setInterval(() => { if (!document.hidden) data.load(); }, EVERY_MS);
        return () => clearInterval(timer);
    }, []);
    const h = data.data.value;
    if (!h) return data.error.value ? html`<${Failed} error=${data.error.value} what="The health" retry=${data.load}/>` : html`<${Skeleton} label="Loading the health"/>`;
    return html`<${Failed} error=${data.error.value} what="The health" retry=${data.load} old/>
        ${(h.advice ?? []).map((/** @type {any} */ item) => html`<div key=${item.about + item.text} class=${`banner ${item.level === 'bad' ? 'bad' : ''}`}><${Icon} name="alert"/><p>${item.text}</p></div>`)}
        ${(h.advice ?? []).length === 0 && html`<div class="card"><p class="well s-up"><${Icon} name="check"/><b>Everything runs as it should.</b></p></div>`}
        <div class="health">${figures(h).map(([label, value, note]) => html`<div class="stat" key=${label}><span class="stat-value">${value}</span><span class="stat-label">${label}</span>${note && html`<span class="meta">${note}</span>`}</div>`)}</div>
        <${Workers} list=${h.workers ?? []}/>`;
}

/** @param {any} h @returns {[string, string, string][]} */
const figures = (h) => [
    ['Checks begin late by', ms(h.lag?.p50_ms), `95 % within ${ms(h.lag?.p95_ms)}`],
    ['Overdue monitors', count(h.monitors?.overdue), `of ${count(h.monitors?.watched)}`],
    ['Buckets with a checker', `${count(h.queue?.owned)} / ${count(h.queue?.buckets)}`, h.queue?.oldest_s ? `oldest settle ${span(h.queue.oldest_s, 1)} ago` : ''],
    ['Messages waiting', count(h.outbox?.pending), h.outbox?.oldest_s ? `oldest ${span(h.outbox.oldest_s, 1)}` : ''],
    ['Messages given up', count(h.outbox?.dead), ''],
    ['Open pages', count(h.events?.clients), h.events?.max ? `at most ${count(h.events.max)} a child` : ''],
    ['Database', bytes(h.database?.bytes), h.database?.migration ? `schema ${h.database.migration}` : ''],
    ['Database connections', count(h.database?.connections), h.database?.connections_max ? `of ${count(h.database.connections_max)}` : ''],
];

/** @param {{list: any[]}} props */
const Workers = ({ list }) => html`<section class="card" aria-labelledby="workers"><header><h2 id="workers">Processes of the daemon</h2></header>
    ${list.length === 0 ? html`<p class="card-body">None is running. Start tocsind.</p>` : html`<table class="table stackable"><thead><tr><th scope="col">Role</th><th scope="col">State</th><th scope="col">Host</th><th scope="col" class="num">Process</th><th scope="col">Last sign</th><th scope="col">Started</th><th scope="col">Doing</th></tr></thead>
    <tbody>${list.map((w) => html`<tr key=${w.id}><th scope="row">${w.role}</th><td data-label="State"><${Badge} status=${w.alive ? 'up' : 'down'} word=${w.alive ? 'alive' : 'gone'}/></td><td data-label="Host">${w.host}</td><td data-label="Process" class="num">${w.pid}</td><td data-label="Last sign">${span(w.beat_age_s, 1)} ago</td>
        <td data-label="Started"><${Time} at=${instant(w.started_at)}/></td><td data-label="Doing" class="soft">${doing(w)}</td></tr>`)}</tbody></table>`}</section>`;

/** @param {any} w */
function doing(w) {
    const stats = Object.entries(w.stats ?? {}).filter(([name, value]) => ['number', 'string'].includes(typeof value) && !/^(rss|db|generation)/.test(name)).slice(0, 5);
    return stats.length ? stats.map(([name, value]) => `${name.replaceAll('_', ' ')} ${value}`).join(', ') : DASH;
}
