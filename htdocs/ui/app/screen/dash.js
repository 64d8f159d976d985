// The dashboard: trouble first, then everything.
import { html } from '../html.js';
import { useEffect } from '../../vendor/hooks.js';
import { href } from '../base.js';
import { count, ms, percent, plural } from '../lib/number.js';
import { counts } from '../store/counts.js';
import { loaded, loadMonitors, listError, monitors, reloadMonitors } from '../store/monitors.js';
import { overview } from '../store/overview.js';
import { prefs } from '../store/prefs.js';
import { can } from '../store/session.js';
import { clearFilters, filtered, shown, text } from '../store/view.js';
import { Attention } from '../part/attention.js';
import { StatusIcon } from '../part/icon.js';
import { lazy } from '../part/lazy.js';
import { ListBar } from '../part/listbar.js';
import { MonitorTable } from '../part/monitortable.js';
import { Heading } from '../part/page.js';
import { Changes, Expiring, Fleet, OpenIncidents } from '../part/dashcards.js';
import { Empty, Failed, NoMatch, Skeleton } from '../part/states.js';

const Checklist = lazy(() => import('../part/extras.js'), 'Checklist', () => null);
const FirstUrl = lazy(() => import('../part/extras.js'), 'FirstUrl', () => null);

/** @type {import('../lib/status.js').Status[]} */
const SHOWN = ['down', 'degraded', 'unknown', 'up', 'maintenance', 'paused'];
const WORDS = { down: 'Down', degraded: 'Degraded', unknown: 'Unknown', up: 'Operational', maintenance: 'Maintenance', paused: 'Paused' };

export default function Dash() {
    useEffect(() => { loadMonitors().catch(() => {}); }, []);
    const data = overview.data.value;
    const first = prefs.value.checklist && can('member') && html`<${Checklist}/>`;
    const nothing = loaded.value && monitors.value.length === 0;
    return html`<${Heading} title="Dashboard">${can('member') && html`<a class="btn primary" href=${href('monitors/?new=http')} aria-keyshortcuts="n">Add monitor</a>`}<//>
        <${Failed} error=${overview.error.value ?? listError.value} what="The overview" retry=${() => { overview.load(); reloadMonitors().catch(() => {}); }} old=${Boolean(data)}/>
        ${nothing ? html`<div class="card"><${Empty} icon="monitors" title="Nothing is watched yet">${can('member') ? html`<p>Enter an address. It is checked every minute from here on.</p><${FirstUrl}/>`
            : html`<p>You see here what is shared with you.</p>`}<//></div>${first}`
            : html`<${Numbers} data=${data}/>
                <div class="dash"><div class="stack"><${Attention} data=${data}/></div>
                    <div class="stack">${first}<${Fleet} fleet=${data?.fleet}/><${OpenIncidents} list=${data?.incidents}/></div></div>
                <section class="stack" aria-labelledby="all-monitors"><h2 id="all-monitors">Monitors</h2><${List}/></section>
                <div class="cards"><${Changes} list=${data?.changes}/><${Expiring} list=${data?.expiring}/></div>`}`;
}

/** @param {{data: any}} props */
function Numbers({ data }) {
    const c = counts.value;
    return html`<div class="stats" aria-busy=${c ? undefined : 'true'}>${SHOWN.filter((status) => ['down', 'degraded', 'up'].includes(status) || !c || c[status]).slice(0, c ? 6 : 3).map((status) => html`
        <a key=${status} class=${`stat s-${status} ${c && !c[status] ? 'zero' : ''}`} href=${href(`monitors/?status=${status}`)}><span class="stat-value"><${StatusIcon} status=${status}/>${c ? count(c[status]) : '\u2007'}</span>
            <span class="stat-label">${WORDS[status]}</span></a>`)}
        ${data?.up30 !== undefined && data?.up30 !== null && html`<div class="stat"><span class="stat-value">${percent(data.up30)}</span><span class="stat-label">Uptime, 30 d</span></div>`}
        ${data?.lag_ms !== undefined && data?.lag_ms !== null && can('operator') && html`<div class="stat"><span class="stat-value">${ms(data.lag_ms)}</span><span class="stat-label">Check lag</span></div>`}</div>`;
}

function List() {
    if (!loaded.value) return listError.value ? null : html`<${Skeleton} rows=${6} label="Loading the monitors"/>`;
    return html`<${ListBar} brief><span class="grow"></span><a href=${href('monitors/')}>All ${plural(monitors.value.length, 'monitor')}</a><//>
        ${shown.value.length === 0 && filtered.value ? html`<div class="card"><${NoMatch} text=${text.value ? `No monitor matches “${text.value}”` : 'No monitor matches these filters'} onClear=${clearFilters}/></div>`
            : html`<${MonitorTable} label="Monitors"/>`}`;
}

