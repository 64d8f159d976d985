// One monitor: what it is now, how it was, what happened.
import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { get } from '../api.js';
import { href } from '../base.js';
import { instant, span } from '../lib/time.js';
import { acknowledge, checkNow, pause, remove, restore } from '../store/actions.js';
import { second } from '../store/clock.js';
import { addShortcuts } from '../store/keys.js';
import { on } from '../store/live.js';
import { byId, loadMonitors, loaded } from '../store/monitors.js';
import { resource } from '../store/resource.js';
import { go, query } from '../store/route.js';
import { can } from '../store/session.js';
import { Button } from '../part/button.js';
import { lazy } from '../part/lazy.js';
import { Menu } from '../part/menu.js';
import { Heading } from '../part/page.js';
import { ResponseChart } from '../part/responsechart.js';
import { Empty, Failed, Skeleton } from '../part/states.js';
import { LiveBadge } from '../part/status.js';
import { Tabs } from '../part/tabs.js';
import { Uptimes } from '../part/uptimes.js';
import { CheckList } from '../part/checklog.js';
import { DayStrip } from '../part/daystrip.js';
import { MonitorDeliveries, MonitorIncidents } from '../part/monitorhistory.js';

const InMaintenance = lazy(() => import('../part/windows.js'), 'InMaintenance', () => null);
const askStart = (/** @type {any} */ m) => import('../part/windows.js').then((start) => start.askStart(m));

const TABS = /** @type {[string, string][]} */ ([['checks', 'Checks'], ['incidents', 'Incidents'], ['messages', 'Notifications'], ['days', '90 days']]);

/** @param {{id: number}} props */
export function MonitorDetail({ id }) {
    const data = useMemo(() => resource(() => get(`/monitors/${id}`)), [id]);
    useEffect(() => {
        data.load();
        loadMonitors().catch(() => {});
        const mine = (/** @type {any} */ event) => { if (!event.id || event.id === id) data.load(); };
        const offs = [on('monitor', mine), on('status', mine), on('resync', () => { data.load(); })];
        return () => offs.forEach((off) => off());
    }, [id]);
    const m = data.data.value;
    // hosts and apps are monitors too, with pages of their own
    useEffect(() => { if (m?.type === 'host' || m?.type === 'app') go(`${m.type}s/?id=${id}`, { replace: true }); }, [m?.type]);
    const error = data.error.value;
    if (!m) {
        if (error?.status === 404) return html`<${Heading} title="Monitor"/><div class="card"><${Empty} icon="search" title="There is no such monitor"><p>It was deleted for good, or it belongs to somebody else.</p><a class="btn" href=${href('monitors/')}>All monitors</a><//></div>`;
        return html`<${Heading} title=${byId.get(id)?.name ?? 'Monitor'}/><${Failed} error=${error} what="The monitor" retry=${data.load}/>${!error && html`<${Skeleton} label="Loading the monitor"/>`}`;
    }
    const tab = query.value.get('tab') ?? 'checks';
    return html`<${Head} m=${m} reload=${data.load}/>
        <${Failed} error=${error} what="The monitor" retry=${data.load} old/>
        <${Uptimes} m=${m}/><${ResponseChart} m=${m}/>
        <section class="card"><${Tabs} label="History" tabs=${TABS} current=${tab}/>
            <div role="tabpanel" id=${`panel-${tab}`} aria-labelledby=${`tab-${tab}`}>
            ${tab === 'incidents' ? html`<${MonitorIncidents} id=${id}/>` : tab === 'messages' ? html`<${MonitorDeliveries} id=${id}/>`
                : tab === 'days' ? html`<${DayStrip} id=${id}/>` : html`<${CheckList} m=${m}/>`}</div></section>`;
}

/** @param {{m: any, reload: () => Promise<void>}} props */
function Head({ m, reload }) {
    loaded.value;
    const row = byId.get(m.id);
    row?.beat.value;
    const status = row ? row.status.value : m.status;
    const live = { status, since: row ? row.since : instant(m.since), checkedAt: row ? row.checkedAt : instant(m.checked_at), interval: m.interval };
    const paused = status === 'paused' || m.paused;
    const writes = can('member') && !m.deleted_at;
    const flip = async () => { await pause([m.id], !paused); reload(); };
    const edit = () => go(`monitors/?id=${m.id}&edit=1`);
    const erase = async () => { if (await remove([m.id])) go('monitors/'); };
    useEffect(() => (writes ? addShortcuts(m.name, [
        { keys: 't', text: 'Check now', run: () => checkNow(m.id) }, { keys: 'p', text: paused ? 'Resume' : 'Pause', run: flip }, { keys: 'e', text: 'Edit', run: edit },
        ...(m.incident ? [{ keys: 'a', text: 'Acknowledge', run: () => acknowledge(m.incident) }] : []),
    ]) : undefined), [m, paused, writes]);
    const more = () => [{ text: 'Clone', icon: /** @type {const} */ ('copy'), run: () => go(`monitors/?new=http&from=${m.id}`) }, { text: 'Start maintenance…', icon: /** @type {const} */ ('maintenance'), run: () => askStart(m) }, null, { text: 'Delete', icon: /** @type {const} */ ('trash'), danger: true, run: erase }];
    return html`<${Heading} title=${m.name} name=${m.name}>${writes && html`<${Button} icon="test" onClick=${() => checkNow(m.id)} keys="t">Check now<//>
            <${Button} icon="pause" onClick=${flip} keys="p">${paused ? 'Resume' : 'Pause'}<//>
            ${m.incident && html`<${Button} icon="check" onClick=${() => acknowledge(m.incident)} keys="a">Acknowledge<//>`}
            <${Button} icon="edit" onClick=${edit} keys="e">Edit<//><${Menu} label="More" icon="more" items=${more} cls="btn icon"/>`}<//>
        ${m.deleted_at ? html`<div class="banner"><p>This monitor was deleted. It is kept for 7 days.</p>${can('member') && html`<${Button} small onClick=${async () => { await restore([m.id]); reload(); }}>Restore<//>`}</div>`
            : html`${status === 'maintenance' && html`<${InMaintenance} id=${m.id}/>`}<div class=${`detail-head s-${status}`}><div class="detail-title"><${LiveBadge} monitor=${live}/>
                ${!paused && live.checkedAt !== null && html`<span class="soft num"><${NextCheck} at=${live.checkedAt} interval=${m.interval}/></span>`}
                ${m.incident && html`<a href=${href(`incidents/?id=${m.incident}`)}>Incident #${m.incident}</a>`}</div>
                ${status !== 'up' && (m.message || m.reason) && html`<p>${m.message || String(m.reason).replaceAll('_', ' ')}</p>`}<${Facts} m=${m}/></div>`}`;
}

/** @param {{m: any}} props */
function Facts({ m }) {
    const until = instant(m.tls_not_after);
    const days = until === null ? null : Math.floor((until - second.value) / 864e5);
    return html`<div class="facts"><a href=${m.url} target="_blank" rel="noopener noreferrer">${m.url}</a><span>${m.type.toUpperCase()} ${m.method} every ${span(m.interval)}</span>
        ${m.group && html`<span>${m.group}</span>`}${m.tags.map((/** @type {string} */ tag) => html`<span class="chip" key=${tag}>${tag}</span>`)}
        ${m.owner_email && html`<span>owner ${m.owner_email}</span>`}${days !== null && html`<span class=${days < 14 ? 'badge s-degraded' : ''}>${days < 0 ? html`<b>certificate has expired</b>` : html`certificate valid for ${days} d`}</span>`}</div>`;
}

/** @param {{at: number, interval: number}} props */
function NextCheck({ at, interval }) {
    const left = Math.ceil((at + interval * 1000 - second.value) / 1000);
    return html`${left > 0 ? `next check in ${span(left)}` : left > -30 ? 'checking' : `no check for ${span((second.value - at) / 1000)}`}`;
}
