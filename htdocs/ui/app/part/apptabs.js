// The smaller tabs of an app: overview, uptime.
import { html } from '../html.js';
import { useEffect, useMemo, useState } from '../../vendor/hooks.js';
import { asProblem, del, get } from '../api.js';
import { href } from '../base.js';
import { guardText, happenings, percentage, share, short } from '../lib/fleet.js';
import { bytes, count, DASH, ms, percent, plural } from '../lib/number.js';
import { instant, span } from '../lib/time.js';
import { WORDS } from '../lib/status.js';
import { now } from '../store/clock.js';
import { on } from '../store/live.js';
import { apps } from '../store/fleet.js';
import { resource } from '../store/resource.js';
import { go } from '../store/route.js';
import { can, user } from '../store/session.js';
import { toast, toastProblem } from '../store/toasts.js';
import { Button } from './button.js';
import { Strip } from './daystrip.js';
import { Check, Field, FormProblem } from './field.js';
import { usePart } from './fleet.js';
import { Grants } from './grants.js';
import { EventLine } from './happenings.js';
import { Channels, save } from './hostmore.js';
import { Empty, Failed } from './states.js';
import { Badge } from './status.js';
import { Time } from './time.js';

export { FleetAudit } from './fleetaudit.js';
export { LinkedCharts } from './linkedcharts.js';

/** @param {{a: any, reload: () => Promise<void>}} props */
export function AppOverview({ a, reload }) {
    const data = usePart(`/apps/${a.id}/events`, ['app', 'action', 'deploy'], (e) => [e.id, e.ref, e.app].includes(a.id), { limit: 5 });
    const events = happenings(data.data.value?.items ?? data.data.value ?? undefined).sort((x, y) => y.at - x.at).slice(0, 5);
    const gone = async () => {
        try {
            await del(`/apps/${a.id}`);
            apps.reload().catch(() => {});
            toast(`${a.name} is deleted`);
            go('apps/');
        } catch (e) {
            toastProblem(e, 'It could not be deleted');
        }
    };
    const h = a.health;
    return html`<div class="cards"><section class="card" aria-labelledby="app-state"><header><h2 id="app-state">State</h2></header><dl class="kv card-body"><dt>${a.type === 'docker' ? 'Container' : 'Unit'}</dt><dd class="mono">${a.container ?? a.unit ?? DASH}</dd><dt>State</dt><dd>${a.state}${a.sub && a.sub !== a.state ? ` (${a.sub})` : ''}${a.state_since ? html`, since <${Time} at=${instant(a.state_since)}/>` : ''}</dd>
            ${a.exit && html`<dt>Last end</dt><dd>${a.exit.signal ? `by signal ${a.exit.signal}` : `with code ${a.exit.code ?? DASH}`}</dd>`}
            <dt>Health check</dt><dd>${h ? html`<${Badge} status=${h.ok ? 'up' : 'down'} word=${h.ok ? 'passes' : 'fails'}/> ${ms(h.ms)}${h.message ? html` <span class="soft">${h.message}</span>` : ''}` : 'none is set on the host'}</dd>
            <dt>CPU</dt><dd>${share(a.cpu)} of one core</dd><dt>Memory</dt><dd>${bytes(a.memory)}${a.memory_max ? ` of ${bytes(a.memory_max)} (${percentage((100 * a.memory) / a.memory_max)})` : ''}</dd><dt>Open files</dt><dd>${count(a.fds)}</dd><dt>Tasks</dt><dd>${count(a.tasks)}${a.pid ? `, main process ${a.pid}` : ''}</dd>
            <dt>Ports</dt><dd>${(a.ports ?? []).length ? a.ports.join(', ') : DASH}</dd><dt>Commit</dt><dd class="mono">${a.commit ? `${a.branch ? `${a.branch}@` : ''}${short(a.commit)}` : DASH}</dd><dt>Env files</dt><dd>${(a.env ?? []).length ? html`<a href=${href(`apps/?id=${a.id}&tab=env`)}>${a.env.join(', ')}</a>` : 'none'}</dd></dl></section>
        <section class="card" aria-labelledby="app-events"><header><h2 id="app-events">Last events</h2></header><${Failed} error=${data.error.value} what="The events" retry=${data.load} old=${events.length > 0}/>${events.length ? html`<ul class="lines">${events.map((item, i) => html`<${EventLine} key=${i} item=${{ ...item, app: null }}/>`)}</ul>` : html`<p class="card-body soft">Nothing happened yet.</p>`}
            ${a.last_deploy && html`<p class="card-body meta">Last deploy: <a href=${href(`apps/?id=${a.id}&tab=deploys&deploy=${a.last_deploy.id ?? ''}`)}>${a.last_deploy.ref ?? ''} ${short(a.last_deploy.to)}</a> ${a.last_deploy.state ?? ''}</p>`}</section>
        <section class="card" aria-labelledby="app-restart"><header><h2 id="app-restart">Restarts and alerts</h2></header><${Policy} a=${a} reload=${reload}/></section>
        ${a.rights?.operator && html`<section class="card card-body"><${Grants} path=${`/apps/${a.id}`} what=${a.name}/></section>`}</div>
        ${a.gone_at && a.rights?.operator && html`<div class="banner info"><p>It left the list of its host <${Time} at=${instant(a.gone_at)}/>. What was measured is kept until you delete it.</p><${Button} small kind="danger" onClick=${gone}>Delete the app<//></div>`}`;
}

/** @param {{a: any, reload: () => Promise<void>}} props */
function Policy({ a, reload }) {
    const writes = Boolean(a.rights?.developer);
    const [auto, setAuto] = useState(Boolean(a.auto_restart));
    const [retries, setRetries] = useState(String(a.retries ?? 1));
    const [channels, setChannels] = useState(/** @type {number[]} */ (a.channels ?? []));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const dirty = auto !== Boolean(a.auto_restart) || retries !== String(a.retries ?? 1) || JSON.stringify([...channels].sort()) !== JSON.stringify([...(a.channels ?? [])].sort());
    async function send() {
        setProblem(null);
        try {
            await save(`/apps/${a.id}`, a, { auto_restart: auto, retries: Number(retries), channels }, reload);
        } catch (e) {
            setProblem(asProblem(e));
        }
    }
    const guard = html`<p class="meta">${a.auto_restart ? `Restarted by Tocsin: ${guardText(a.guard)}` : 'Tocsin does not restart it by itself.'}</p>`;
    if (!writes) return html`<div class="card-body stack">${guard}<p class="meta">Tells ${plural((a.channels ?? []).length, 'channel')}.</p></div>`;
    return html`<div class="card-body form"><${FormProblem} problem=${problem} known=${['retries']}/><${Check} label="Restart it when it goes down" checked=${auto} onChange=${setAuto} help=${guardText(a.guard)}/>
        <${Field} label="Down after so many failed health checks more" type="number" min=${0} max=${10} value=${retries} onInput=${setRetries} error=${problem?.errors.retries} help="A state such as failed counts at once."/><${Channels} chosen=${channels} onChange=${setChannels}/>
        <div class="actions"><${Button} kind="primary" onClick=${send} reason=${dirty ? '' : 'Nothing is changed'}>Save<//></div></div>`;
}

/** Uptime by seconds: totals, 30 days, incidents. @param {{a: any}} props */
export function AppUptime({ a }) {
    const data = useMemo(() => resource(async () => {
        const [uptime, daily] = await Promise.all([get(`/apps/${a.id}/uptime`, { days: 30 }), can('operator') || a.owner === user.peek()?.id ? get(`/monitors/${a.id}/daily`, { days: 30 }).catch(() => null) : null]);
        return { uptime, days: daily?.items?.length ? daily.items : daysOf(uptime.bars ?? '') };
    }), [a.id]);
    useEffect(() => {
        data.load();
        return on('status', (event) => { if (event.id === a.id) data.load(); });
    }, [data]);
    const got = data.data.value;
    const w = got?.uptime;
    const outages = w?.outages ?? [];
    const since = instant(a.since);
    return html`<${Failed} error=${data.error.value} what="The uptime" retry=${data.load} old=${Boolean(got)}/>
        <section class="card uptimes" aria-label="Uptime, 30 days"><div><b>${w ? percent(w.percent) : '\u2007'}</b><span class="meta">up in 30 days</span></div><div><b>${w ? span(w.down_s ?? 0) : '\u2007'}</b><span class="meta">down${w?.incidents ? `, ${plural(w.incidents, 'incident')}` : ''}</span></div>
            <div><b>${w ? span((w.paused_s ?? 0) + (w.maintenance_s ?? 0)) : '\u2007'}</b><span class="meta">stopped or in maintenance</span></div><div><b>${w ? span(w.unknown_s ?? 0) : '\u2007'}</b><span class="meta">nobody knows</span></div>
            <div class="bars-24"><span class="soft">${since !== null ? html`${a.status} since <${Time} at=${since} exact/>` : ''}${w?.mttr_s ? ` · back after ${span(w.mttr_s)} on average` : ''}${w?.mtbf_s ? ` · ${span(w.mtbf_s, 1)} between failures` : ''}</span></div></section>
        ${got && (got.days.length ? html`<section class="card" aria-label="30 days"><${Strip} items=${got.days}/></section>` : html`<div class="card"><${Empty} icon="clock" title="No day is over yet"/></div>`)}
        <section class="card" aria-labelledby="app-incidents"><header><h2 id="app-incidents">Incidents</h2></header>${!w ? '' : !outages.length ? html`<${Empty} icon="check" title="No outage in 30 days"/>` : html`<table class="table stackable"><thead><tr><th scope="col">State</th><th scope="col">Incident</th><th scope="col">Started</th><th scope="col">Ended</th><th scope="col">Duration</th></tr></thead><tbody>
            ${outages.map((/** @type {any} */ i) => html`<tr key=${i.id}><td data-label="State"><${Badge} status=${i.resolved_at ? 'up' : 'down'} word=${i.resolved_at ? 'resolved' : 'open'}/></td><td data-label="Incident"><a href=${href(`incidents/?id=${i.id}`)}>#${i.id} ${i.title}</a></td>
                <td data-label="Started"><${Time} at=${instant(i.started_at)} exact/></td><td data-label="Ended">${i.resolved_at ? html`<${Time} at=${instant(i.resolved_at)} exact/>` : 'goes on'}</td><td data-label="Duration">${span(i.duration_s)}</td></tr>`)}</tbody></table>`}</section>`;
}

/** Days from their worst statuses alone, the last one being today. @param {string} bars */
const daysOf = (bars) => [...bars].map((digit, i) => ({ day: new Date(now() - (bars.length - 1 - i) * 864e5).toISOString().slice(0, 10), status: WORDS[Number(digit)] ?? 'unknown' }));
