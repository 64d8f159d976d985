// Incidents: the list beside the one that is open; on small windows one after the other.
import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { useSignal } from '../../vendor/signals.js';
import { asProblem, get } from '../api.js';
import { href } from '../base.js';
import { instant, span } from '../lib/time.js';
import { tick } from '../store/clock.js';
import { addShortcuts } from '../store/keys.js';
import { on } from '../store/live.js';
import { go, query, setQuery } from '../store/route.js';
import { can } from '../store/session.js';
import { Button } from '../part/button.js';
import { lazy } from '../part/lazy.js';
import { Heading } from '../part/page.js';
import { Empty, Failed, NoAccess, Skeleton } from '../part/states.js';
import { StatusIcon } from '../part/icon.js';
import { Time } from '../part/time.js';

const IncidentDetail = lazy(() => import('../part/incidents.js'), 'IncidentDetail', () => html`<${Skeleton} label="Loading the incident"/>`);
const IncidentNew = lazy(() => import('../part/incidents.js'), 'IncidentNew', () => html`<${Skeleton} label="Loading the form"/>`);
const PAGE = 40;

export default function Incidents() {
    const id = Number(query.value.get('id')) || 0;
    useEffect(() => (can('member') ? addShortcuts('Incidents', [{ keys: 'n', text: 'New incident', run: () => go('incidents/?new=incident') }]) : undefined), []);
    if (query.value.get('new') !== null) return can('member') ? html`<${Heading} title="New incident"/><${IncidentNew}/>` : html`<${Heading} title="Incidents"/><${NoAccess} need="member"/>`;
    return html`<${Heading} title="Incidents"><${Which}/>${can('member') && html`<a class="btn primary" href=${href('incidents/?new=incident')} aria-keyshortcuts="n">New incident</a>`}<//>
        <div class=${`split ${id ? 'has-detail' : ''}`}><${List} current=${id}/>${id ? html`<${IncidentDetail} key=${id} id=${id}/>`
            : html`<div class="card wide-only"><${Empty} icon="incidents" title="Choose an incident"><p>What happened, who did what, and when it was over.</p><//></div>`}</div>`;
}

function Which() {
    const all = query.value.get('state') === 'all';
    const pick = (/** @type {string} */ state) => () => setQuery({ state });
    return html`<span class="segments" role="group" aria-label="Which incidents"><button type="button" aria-pressed=${!all} onClick=${pick('')}>Open</button><button type="button" aria-pressed=${all} onClick=${pick('all')}>All</button></span>
        <select class="input" aria-label="Severity" onChange=${(/** @type {any} */ e) => setQuery({ severity: e.currentTarget.value })}><option value="">Severity: all</option>
            ${['critical', 'major', 'minor'].map((s) => html`<option value=${s} selected=${query.value.get('severity') === s}>${s}</option>`)}</select>`;
}

/** @param {{current: number}} props */
function List({ current }) {
    const state = query.value.get('state') === 'all' ? '' : 'unresolved';
    const severity = query.value.get('severity') ?? '';
    const items = useSignal(/** @type {any[]|null} */ (null));
    const next = useSignal(/** @type {string|null} */ (null));
    const error = useSignal(/** @type {import('../api.js').Problem|null} */ (null));
    const load = useMemo(() => async (/** @type {string|null} */ after = null) => {
        try {
            const answer = await get('/incidents', { state, severity, limit: PAGE, after });
            items.value = after ? [...(items.peek() ?? []), ...answer.items] : answer.items;
            next.value = answer.next;
            error.value = null;
        } catch (e) {
            error.value = asProblem(e);
        }
    }, [state, severity]);
    useEffect(() => {
        load();
        const offs = [on('incident', () => { load(); }), on('resync', () => { load(); })];
        const step = (/** @type {number} */ by) => () => {
            const links = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('.pick')]);
            const at = links.indexOf(/** @type {HTMLElement} */ (document.activeElement));
            links[Math.max(0, Math.min(links.length - 1, at + by))]?.focus();
        };
        offs.push(addShortcuts('Incidents', [{ keys: 'j', text: 'Next incident', run: step(1) }, { keys: 'k', text: 'Incident before', run: step(-1) }]));
        return () => offs.forEach((off) => off());
    }, [load]);
    const list = items.value;
    if (!list) return error.value ? html`<${Failed} error=${error.value} what="The incidents" retry=${() => load()}/>` : html`<${Skeleton} label="Loading the incidents"/>`;
    const link = (/** @type {number} */ id) => { const q = new URLSearchParams(query.value); q.set('id', String(id)); return href(`incidents/?${q}`); };
    return html`<section class="card" aria-label="Incidents"><${Failed} error=${error.value} what="The incidents" retry=${() => load()} old/>
        ${list.length === 0 ? html`<${Empty} icon="check" title=${state ? 'No open incident' : 'No incident'}><p>${state ? 'Nothing is wrong now.' : 'Nothing has gone wrong in the time that is kept.'}</p>
            ${state && html`<${Button} onClick=${() => setQuery({ state: 'all' })}>Show all<//>`}<//>`
            : html`<ul>${list.map((item) => html`<li key=${item.id}><a class=${`pick s-${item.resolved_at ? 'up' : 'down'}`} href=${link(item.id)} aria-current=${item.id === current ? 'true' : undefined}>
                <span class=${`badge s-${item.resolved_at ? 'up' : 'down'}`}><${StatusIcon} status=${item.resolved_at ? 'up' : 'down'}/><span class="sr">${item.resolved_at ? 'resolved' : 'open'}</span></span>
                <span class="two"><b>#${item.id} ${item.title}</b><span class="meta">${item.severity}${item.monitor_name ? ` · ${item.monitor_name}` : ''}${item.acked_by && !item.resolved_at ? ` · acknowledged by ${item.acked_by}` : ''}${item.published_at ? ' · public' : ''}</span></span>
                <span class="meta num">${item.resolved_at ? html`<${Time} at=${instant(item.started_at)}/>` : span((tick.value - (instant(item.started_at) ?? tick.value)) / 1000)}</span></a></li>`)}</ul>
            ${next.value && html`<div class="card-body"><${Button} small onClick=${() => load(next.value)}>Older incidents<//></div>`}`}</section>`;
}
