// One host: how it is, its charts, its apps, what happened, and its settings.
import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { href } from '../base.js';
import { stateText, statusOf } from '../lib/fleet.js';
import { hostCharts } from '../lib/fleetcharts.js';
import { bytes, plural } from '../lib/number.js';
import { instant, span } from '../lib/time.js';
import { now, second } from '../store/clock.js';
import { addShortcuts } from '../store/keys.js';
import { hosts, removeHost, restoreHost } from '../store/fleet.js';
import { go, query, setQuery } from '../store/route.js';
import { can } from '../store/session.js';
import { Button } from '../part/button.js';
import { confirmDialog } from '../part/dialog.js';
import { usePart } from '../part/fleet.js';
import { Events } from '../part/happenings.js';
import { lazy } from '../part/lazy.js';
import { LinkedCharts } from '../part/linkedcharts.js';
import { Menu } from '../part/menu.js';
import { Heading } from '../part/page.js';
import { Empty, Failed, Skeleton } from '../part/states.js';
import { Badge, LiveBadge } from '../part/status.js';
import { Tabs } from '../part/tabs.js';
import { Time } from '../part/time.js';

const more = () => import('../part/hostmore.js');
const Alerts = lazy(more, 'HostAlerts');
const Settings = lazy(more, 'HostSettings');
const Audit = lazy(more, 'FleetAudit');

/** @param {{id: number}} props */
export function HostDetail({ id }) {
    const data = usePart(`/hosts/${id}`, ['host', 'status', 'app', 'monitor'], (e) => (e.id ?? e.ref ?? e.host) === id || e.host === id || !e.id);
    const h = data.data.value;
    const error = data.error.value;
    useEffect(() => addShortcuts('Host', [{ keys: 'r', text: 'Next span of the charts', run: () => { const all = ['1h', '', '24h', '7d', '30d']; const at = all.indexOf(query.peek().get('range') ?? ''); setQuery({ range: all[(at + 1) % all.length] }); } }]), []);
    if (!h) {
        if (error?.status === 404) return html`<${Heading} title="Host"/><div class="card"><${Empty} icon="search" title="There is no such host"><p>It was deleted for good, or you were not given it.</p><a class="btn" href=${href('hosts/')}>All hosts</a><//></div>`;
        return html`<${Heading} title=${hosts.byId.get(id)?.name ?? 'Host'}/><${Failed} error=${error} what="The host" retry=${data.load}/>${!error && html`<${Skeleton} label="Loading the host"/>`}`;
    }
    const tab = query.value.get('tab') ?? 'apps';
    const tabs = /** @type {[string, string][]} */ ([['apps', `Apps ${h.apps?.length ?? 0}`], ['events', 'Events'], ['alerts', 'Alerts'], ...(can('admin') ? [['audit', 'Audit']] : []), ...(can('operator') ? [['settings', 'Settings']] : [])]);
    return html`<${Head} h=${h} reload=${data.load}/><${Failed} error=${error} what="The host" retry=${data.load} old/>
        <${Charts} h=${h}/>
        <section class="card"><${Tabs} label="About the host" tabs=${tabs} current=${tab}/><div role="tabpanel" id=${`panel-${tab}`} aria-labelledby=${`tab-${tab}`}>
            ${tab === 'events' ? html`<${Events} path=${`/hosts/${id}`} events=${['app', 'action', 'deploy', 'host']}/>` : tab === 'alerts' ? html`<${Alerts} h=${h} reload=${data.load}/>`
                : tab === 'audit' ? html`<${Audit} path="/admin/audit" of=${{ type: 'host', object: id }} name=${h.name}/>` : tab === 'settings' ? html`<${Settings} h=${h} reload=${data.load}/>` : html`<${HostApps} h=${h}/>`}</div></section>`;
}

/** @param {{h: any, reload: () => Promise<void>}} props */
function Head({ h, reload }) {
    const status = statusOf(h.status);
    const seen = instant(h.seen_at);
    const silent = status === 'unknown';
    const erase = () => confirmDialog({ title: `Delete ${h.name}?`, text: html`Its ${plural(h.apps?.length ?? 0, 'app')} and all that was measured go with it; it is kept for 7 days. The agent on the machine is no longer trusted.`, action: 'Delete the host', typed: (h.apps?.length ?? 0) > 0 ? h.name : undefined, run: async () => { if (await removeHost(h)) go('hosts/'); } });
    const items = () => [{ text: 'Settings', icon: /** @type {const} */ ('settings'), run: () => setQuery({ tab: 'settings' }, { push: true }) }, { text: 'Start maintenance…', icon: /** @type {const} */ ('maintenance'), run: () => import('../part/windows.js').then((w) => w.askStart(h)) }, null, { text: 'Delete', icon: /** @type {const} */ ('trash'), danger: true, run: erase }];
    const cert = instant(h.agent?.cert_not_after);
    return html`<${Heading} title=${h.name} name=${h.name}>${can('operator') && !h.deleted_at && html`<${Menu} label="More" icon="more" items=${items} cls="btn icon"/>`}<//>
        ${h.deleted_at ? html`<div class="banner"><p>This host was deleted. It is kept for 7 days.</p>${can('operator') && html`<${Button} small onClick=${async () => { await restoreHost(h); reload(); }}>Restore<//>`}</div>` : ''}
        <div class=${`detail-head s-${status}`}><div class="detail-title">${silent && h.reason === 'silent' ? html`<${Badge} status="unknown" word="silent" since=${instant(h.since)}/>` : html`<${LiveBadge} monitor=${{ status, since: instant(h.since), checkedAt: seen, interval: h.poll_s ?? 30 }}/>`}${!silent && h.uptime_s ? html`<span class="soft">running for ${span(h.uptime_s)}</span>` : ''}
                ${seen !== null && html`<span class="soft num">last seen ${span(Math.max(0, (second.value - seen) / 1000), 1)} ago</span>`}${h.incident && html`<a href=${href(`incidents/?id=${h.incident}`)}>Incident #${h.incident}</a>`}</div>
            ${silent ? html`<p><b>The agent is silent.</b> What you see below is from before. ${h.error || h.message || ''}</p>` : status !== 'up' && (h.message || h.reason) ? html`<p>${h.message || String(h.reason).replaceAll('_', ' ')}</p>` : ''}
            ${h.trusted === false && html`<p class="row"><span><b>Its agent is not trusted any more.</b> Enrol it anew to be told of it again.</span>${can('operator') && html`<${Button} small onClick=${() => import('../part/enrol.js').then((part) => part.openEnrol(h))}>Enrol anew…<//>`}</p>`}
            <div class="facts"><span class="mono">${h.address || 'no address'}</span><span>${[h.os, h.arch].filter(Boolean).join(' ')}</span>${h.kernel && html`<span>Linux ${h.kernel}</span>`}${h.cores && html`<span>${plural(h.cores, 'core')}</span>`}${h.memory?.total ? html`<span>${bytes(h.memory.total)} memory</span>` : ''}
                ${h.agent?.version && html`<span>agent ${h.agent.version}${h.agent.update ? html` <b>(${h.agent.update} is there)</b>` : ''}</span>`}${h.reboot_needed && html`<span class="badge s-degraded"><b>wants a reboot</b></span>`}
                ${cert !== null && cert - now() < 60 * 864e5 && html`<span class="badge s-degraded"><b>certificate ends in ${span((cert - now()) / 1000, 1)}</b></span>`}${(h.labels ?? []).map((/** @type {string} */ l) => html`<span class="chip" key=${l}>${l}</span>`)}<span class="meta">asked every ${span(h.poll_s ?? 30)}</span></div></div>`;
}

/** @param {{h: any}} props */
function Charts({ h }) {
    // the same as long as what they say of the host is the same
    const charts = useMemo(() => (/** @type {any} */ s) => hostCharts(s, h, now()), [JSON.stringify([h.thresholds, h.cores, h.memory?.total])]);
    return html`<${LinkedCharts} path=${`/hosts/${h.id}`} name=${h.name} event="host" id=${h.id} charts=${charts} what="The charts" fields="cpu,mem,load,disk,net,pressure"/>`;
}

/** @param {{h: any}} props */
function HostApps({ h }) {
    const list = h.apps ?? [];
    if (!list.length) return html`<${Empty} icon="apps" title="No app stands in its list"><p>Add a section <code>[app name]</code> to <code>/etc/tocsin/agent.conf</code> on ${h.name}; it shows here with the next answer.</p><//>`;
    return html`<table class="table stackable"><thead><tr><th scope="col">App</th><th scope="col">State</th><th scope="col">Type</th></tr></thead><tbody>${list.map((/** @type {any} */ app) => html`<tr key=${app.id}><th scope="row" data-label="App"><a href=${href(`apps/?id=${app.id}`)}>${app.name}</a></th>
        <td data-label="State"><${Badge} status=${statusOf(app.status)} word=${app.gone ? 'left the list' : stateText({ ...app, reason: app.reason ?? (h.status === 'unknown' ? 'silent' : '') })}/></td><td data-label="Type">${app.type}</td></tr>`)}</tbody></table>`;
}
