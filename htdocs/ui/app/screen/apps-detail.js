// One app: what it does, its logs, env files, deploys, metrics, uptime, and who did what.
import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { href } from '../base.js';
import { ended, guardText, share, short, stateText, statusOf } from '../lib/fleet.js';
import { appCharts } from '../lib/fleetcharts.js';
import { bytes, percent, plural } from '../lib/number.js';
import { instant, span } from '../lib/time.js';
import { second } from '../store/clock.js';
import { apps } from '../store/fleet.js';
import { addShortcuts } from '../store/keys.js';
import { lostSince } from '../store/live.js';
import { query, setQuery } from '../store/route.js';
import { Button } from '../part/button.js';
import { HostLink, usePart } from '../part/fleet.js';
import { lazy } from '../part/lazy.js';
import { Heading } from '../part/page.js';
import { Empty, Failed, Skeleton } from '../part/states.js';
import { Badge } from '../part/status.js';
import { Tabs } from '../part/tabs.js';

const tabs = (/** @type {string} */ name) => lazy(() => import('../part/apptabs.js'), name, () => html`<${Skeleton} rows=${4} label="Loading"/>`);
const Overview = tabs('AppOverview');
const Logs = lazy(() => import('../part/applogs.js'), 'AppLogs', () => html`<${Skeleton} rows=${4} label="Loading"/>`);
const Env = lazy(() => import('../part/env.js'), 'Env', () => html`<${Skeleton} rows=${4} label="Loading"/>`);
const Deploys = lazy(() => import('../part/deploys.js'), 'Deploys', () => html`<${Skeleton} rows=${4} label="Loading"/>`);
const Uptime = tabs('AppUptime');
const Audit = tabs('FleetAudit');
const Charts = tabs('LinkedCharts');
const openAction = (/** @type {any} */ app, /** @type {'start'|'stop'|'restart'} */ kind, /** @type {any} */ done) => import('../part/appactions.js').then((part) => part.openAction(app, kind, done));
const openDeploy = (/** @type {any} */ app, /** @type {any} */ done) => import('../part/deploys.js').then((part) => part.openDeploy(app, done));

/** @param {{id: number}} props */
export function AppDetail({ id }) {
    const data = usePart(`/apps/${id}`, ['app', 'status', 'action', 'deploy', 'monitor'], (e) => [e.id, e.ref, e.app].includes(id) || (e.id === undefined && e.app === undefined));
    const a = data.data.value;
    const error = data.error.value;
    const tab = query.value.get('tab') ?? 'overview';
    const dev = Boolean(a?.rights?.developer) && !a?.gone_at;
    useEffect(() => (dev ? addShortcuts(a.name, [{ keys: 'r', text: 'Restart…', run: () => openAction(a, 'restart', data.load) }, ...(a.deploy ? [{ keys: 'd', text: 'Deploy…', run: () => openDeploy(a, data.load) }] : [])]) : undefined), [dev, a?.version, a?.status]);
    const charts = useMemo(() => (/** @type {any} */ s) => appCharts(s, { memory_max: a?.memory_max }), [a?.memory_max]);
    if (!a) {
        if (error?.status === 404) return html`<${Heading} title="App"/><div class="card"><${Empty} icon="search" title="There is no such app"><p>It was deleted, or you were not given it.</p><a class="btn" href=${href('apps/')}>All apps</a><//></div>`;
        return html`<${Heading} title=${apps.byId.get(id)?.name ?? 'App'}/><${Failed} error=${error} what="The app" retry=${data.load}/>${!error && html`<${Skeleton} label="Loading the app"/>`}`;
    }
    const list = /** @type {[string, string][]} */ ([['overview', 'Overview'], ['logs', 'Logs'], ['env', 'Env'], ['deploys', 'Deploys'], ['metrics', 'Metrics'], ['uptime', 'Uptime'], ['audit', 'Audit']]);
    return html`<${Head} a=${a} dev=${dev} reload=${data.load}/><${Failed} error=${error} what="The app" retry=${data.load} old/>
        <${Tabs} label="About the app" tabs=${list} current=${tab}/><div role="tabpanel" class="stack" id=${`panel-${tab}`} aria-labelledby=${`tab-${tab}`}>
            ${tab === 'logs' ? html`<${Logs} key=${id} a=${a}/>` : tab === 'env' ? html`<${Env} key=${id} a=${a} reload=${data.load}/>` : tab === 'deploys' ? html`<${Deploys} a=${a} reload=${data.load}/>`
                : tab === 'metrics' ? html`<${Charts} path=${`/apps/${id}`} name=${a.name} event="app" id=${id} charts=${charts} what="The metrics" fields="cpu,mem,fds,tasks,restarts,health_ms"/>`
                    : tab === 'uptime' ? html`<${Uptime} a=${a}/>` : tab === 'audit' ? html`<div class="card"><${Audit} path=${`/apps/${id}/audit`} name=${a.name}/></div>` : html`<${Overview} a=${a} reload=${data.load}/>`}</div>`;
}

/** @param {{a: any, dev: boolean, reload: () => Promise<void>}} props */
function Head({ a, dev, reload }) {
    const status = statusOf(a.status);
    const old = status === 'unknown' || lostSince.value > 0;
    const busy = a.running_action ?? a.running_deploy;
    const stopped = a.wanted === 'stopped' || ['stopped', 'failed', 'missing'].includes(a.state);
    const why = status === 'unknown' ? `${a.host.name} is silent` : busy && !ended(busy.state) ? `${busy.by || 'Tocsin'} is at it: ${busy.kind ?? 'deploy'}` : '';
    const since = instant(a.since);
    const seen = instant(a.seen_at);
    return html`<${Heading} title=${a.name} name=${a.name}>${dev && html`${stopped ? html`<${Button} icon="test" reason=${why} onClick=${() => openAction(a, 'start', reload)}>Start<//>` : html`<${Button} icon="undo" keys="r" reason=${why} onClick=${() => openAction(a, 'restart', reload)}>Restart…<//><${Button} icon="pause" reason=${why} onClick=${() => openAction(a, 'stop', reload)}>Stop…<//>`}
            ${a.deploy && html`<${Button} kind="primary" icon="deploy" keys="d" reason=${why} onClick=${() => openDeploy(a, reload)}>Deploy…<//>`}`}<//>
        <div class=${`detail-head s-${status}`}><div class="detail-title"><${Badge} status=${status} word=${stateText(a)} since=${since}/>${old && html`<span class="stale-mark">◔ last known</span>`}<span>on <${HostLink} host=${a.host}/></span>
                ${a.incident && html`<a href=${href(`incidents/?id=${a.incident}`)}>Incident #${a.incident}</a>`}
                ${busy && !ended(busy.state) && html`<a class="chip" href=${href(`apps/?id=${a.id}&tab=${a.running_deploy ? 'deploys' : 'overview'}`)}>${busy.by || 'Tocsin'}: ${busy.kind ?? 'deploy'}${busy.ref ? ` ${busy.ref}` : ''} is running</a>`}</div>
            ${['down', 'degraded'].includes(status) && (a.message || a.reason) ? html`<p>${a.message || String(a.reason).replaceAll('_', ' ')}${a.exit && (a.exit.code || a.exit.signal) ? html` <span class="soft">(${a.exit.signal ? `signal ${a.exit.signal}` : `exit code ${a.exit.code}`})</span>` : ''}</p>` : ''}
            ${a.guard?.gave_up && html`<p><b>Automatic restarts gave up.</b> ${guardText(a.guard)}</p>`}${a.gone_at && html`<p><b>It left the host’s list.</b> Nothing is known of it any more.</p>`}
            <div class="facts"><span>${a.type} <span class="mono">${a.unit ?? a.container ?? ''}</span></span>${a.commit && html`<span class="mono">${a.branch ? `${a.branch}@` : ''}${short(a.commit)}</span>`}<span>CPU ${old ? '—' : share(a.cpu)}</span><span>${old ? '—' : bytes(a.memory)}</span>
                ${a.up30 !== null && a.up30 !== undefined && html`<a href=${href(`apps/?id=${a.id}&tab=uptime`)}>${percent(a.up30)} in 30 days</a>`}${a.restarts ? html`<span>${plural(a.restarts, 'restart')}</span>` : ''}${seen !== null && html`<span class="meta num">seen ${span(Math.max(0, (second.value - seen) / 1000), 1)} ago</span>`}
                ${!dev && !a.gone_at && html`<span class="meta">You may look. Env, restarts and deploys need the <b>developer</b> grant or an operator.</span>`}</div></div>`;
}
