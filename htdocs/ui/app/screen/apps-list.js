// All apps of all hosts.
import { html } from '../html.js';
import { useEffect } from '../../vendor/hooks.js';
import { href } from '../base.js';
import { bytes, count, percent } from '../lib/number.js';
import { share, short, stateText } from '../lib/fleet.js';
import { lostSince } from '../store/live.js';
import { apps } from '../store/fleet.js';
import { Bars } from '../part/bars.js';
import { chosen, FleetBar, FleetTable, Nothing, STATUSES, useShown } from '../part/fleetlist.js';
import { Heading } from '../part/page.js';
import { Empty, Failed, Skeleton } from '../part/states.js';
import { Badge } from '../part/status.js';

const low = (/** @type {any} */ v) => (v === null || v === undefined ? -1 : Number(v));
/** @type {Record<string, (a: import('../store/fleet.js').Row, b: import('../store/fleet.js').Row) => number>} */
const ORDERS = {
    name: (a, b) => a.name.localeCompare(b.name), host: (a, b) => hostName(a).localeCompare(hostName(b)), cpu: (a, b) => low(b.cpu) - low(a.cpu), mem: (a, b) => low(b.memory) - low(a.memory), up30: (a, b) => (a.up30 ?? 101) - (b.up30 ?? 101),
};
const HEAD = /** @type {[string, string, string][]} */ ([['name', 'Name', 'c-name'], ['', 'State', 'c-status'], ['host', 'Host', 'c-host'], ['cpu', 'CPU', 'c-ms num'], ['mem', 'Memory', 'c-ms num'], ['', 'Commit', 'c-ms opt'], ['', 'Restarts', 'c-ms num opt'], ['', 'Last 24 hours', 'c-bars'], ['up30', '30 d', 'c-up num']]);
/** @param {any} row */
const hostName = (row) => row.host_name ?? row.host?.name ?? '';
/** @param {any} row */
const hostId = (row) => row.host?.id ?? row.host_id ?? row.host;

export function AppList() {
    useEffect(() => { apps.load().catch(() => {}); }, []);
    apps.flips.value;
    const rows = apps.rows.value;
    const ready = apps.loaded.value;
    const hosts = [...new Map(rows.map((row) => [String(hostId(row)), hostName(row)]))].sort((a, b) => a[1].localeCompare(b[1]));
    const host = chosen('host');
    const shown = useShown(rows, ORDERS, (row) => !host || String(hostId(row)) === host);
    return html`<${Heading} title="Apps" note=${ready ? count(rows.length) : ''}/>
        <${Failed} error=${apps.error.value} what="The apps" retry=${() => apps.reload().catch(() => {})} old=${ready}/>
        ${ready && rows.length > 0 && html`<${FleetBar} label="Apps" place="Search name, host, unit, is:down, -word" filters=${[['status', 'Status', STATUSES], ['host', 'Host', hosts]]} shown=${shown.length} all=${rows.length}/>`}
        ${!ready ? !apps.error.value && html`<${Skeleton} label="Loading the apps"/>`
            : !rows.length ? html`<div class="card"><${Empty} icon="apps" title="No app is here yet"><p>Apps stand in the allow-list of a host’s agent, in <code>/etc/tocsin/agent.conf</code>. Those of new hosts come by themselves.</p><a class="btn" href=${href('hosts/')}>Hosts</a><//></div>`
                : !shown.length ? html`<${Nothing} what="app"/>` : html`<${FleetTable} label="Apps" rows=${shown} head=${HEAD} cells=${cells} to=${(/** @type {any} */ row) => `apps/?id=${row.id}`}/>`}`;
}

/** @param {any} row */
function cells(row) {
    const status = row.status.value;
    const old = status === 'unknown';
    const digits = String(row.bars24 ?? '').padStart(24, '0').slice(-24);
    return html`<td role="cell" class="c-name"><span class="name"><a href=${href(`apps/?id=${row.id}`)}>${row.name}</a><span class="meta">${row.type}${row.unit || row.container ? ` ${row.unit ?? row.container}` : ''}</span></span></td>
        <td role="cell" class="c-status"><${Badge} status=${status} word=${row.doing ? `${stateText({ ...row, status })}, ${row.doing} runs` : stateText({ ...row, status })} since=${row.since}/>${lostSince.value > 0 && html` <span class="stale-mark">◔ last known</span>`}</td>
        <td role="cell" class="c-host"><a href=${href(`hosts/?id=${hostId(row)}`)}>${hostName(row)}</a></td>
        <td role="cell" class="c-ms num">${old ? '—' : share(row.cpu)}</td><td role="cell" class="c-ms num">${old ? '—' : bytes(row.memory)}</td>
        <td role="cell" class="c-ms opt mono">${short(row.commit)}</td><td role="cell" class="c-ms num opt">${row.restarts ?? '—'}</td>
        <td role="cell" class="c-bars">${row.bars24 ? html`<${Bars} digits=${digits} label=${`24 hours: ${percent(row.up24)} up`}/>` : ''}</td>
        <td role="cell" class="c-up num">${percent(row.up30)}</td>`;
}
