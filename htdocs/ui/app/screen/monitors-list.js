import { html } from '../html.js';
import { useEffect } from '../../vendor/hooks.js';
import { href } from '../base.js';
import { count } from '../lib/number.js';
import { addShortcuts } from '../store/keys.js';
import { listError, loaded, loadMonitors, monitors, reloadMonitors } from '../store/monitors.js';
import { can } from '../store/session.js';
import { setQuery } from '../store/route.js';
import { clearFilters, filter, filtered, selected, shown, text } from '../store/view.js';
import { Button } from '../part/button.js';
import { lazy } from '../part/lazy.js';
import { ListBar } from '../part/listbar.js';
import { choosing, MonitorTable } from '../part/monitortable.js';
import { Heading } from '../part/page.js';
import { Empty, Failed, NoMatch, Skeleton } from '../part/states.js';

const BulkBar = lazy(() => import('../part/extras.js'), 'BulkBar', () => null);
const FirstUrl = lazy(() => import('../part/extras.js'), 'FirstUrl', () => null);
const exportList = () => import('../part/extras.js').then((csv) => csv.exportList());

const STATUS_KEYS = ['down', 'degraded', 'unknown', 'maintenance', 'up', 'paused'];

export function MonitorList() {
    useEffect(() => { loadMonitors().catch(() => {}); }, []);
    useEffect(() => addShortcuts('Filters', [
        ...STATUS_KEYS.map((status, i) => ({ keys: String(i + 1), text: `Only ${status}`, run: () => setQuery({ status: filter('status') === status ? '' : status }) })),
        { keys: 'Escape', text: 'Clear filters and selection', run: () => { clearFilters(); selected.value = new Set(); } },
    ]), []);
    const n = monitors.value.length;
    const ready = loaded.value;
    return html`<${Heading} title="Monitors" note=${ready ? count(n) : ''}>
            ${n > 0 && html`<${Button} kind="quiet" onClick=${exportList}>Export CSV<//>
                ${can('member') && html`<span class="phone-only"><${Button} pressed=${choosing.value} onClick=${() => { choosing.value = !choosing.value; }}>Select<//></span>`}`}
            ${can('member') && html`<a class="btn primary" href=${href('monitors/?new=http')} aria-keyshortcuts="n">Add monitor</a>`}<//>
        <${Failed} error=${listError.value} what="The monitors" retry=${() => reloadMonitors().catch(() => {})} old=${ready}/>
        ${ready && n > 0 && html`<${ListBar}/>`}
        ${!ready ? !listError.value && html`<${Skeleton} rows=${8} label="Loading the monitors"/>`
            : n === 0 ? html`<div class="card"><${Empty} icon="monitors" title="Nothing is watched yet">${can('member')
                ? html`<p>Enter an address. It is checked every minute from here on.</p><${FirstUrl}/>` : html`<p>You see here what is shared with you.</p>`}<//></div>`
                : shown.value.length === 0 && filtered.value ? html`<div class="card"><${NoMatch} text=${text.value ? `No monitor matches “${text.value}”` : 'No monitor matches these filters'} onClear=${clearFilters}/></div>`
                    : html`<${MonitorTable} label="Monitors" choose/>`}
        ${selected.value.size > 0 && html`<${BulkBar}/>`}`;
}
