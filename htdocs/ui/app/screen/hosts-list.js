// All hosts: how they are, how loaded, which are silent.
import { html } from '../html.js';
import { useEffect } from '../../vendor/hooks.js';
import { href } from '../base.js';
import { count, plural } from '../lib/number.js';
import { loads, rate } from '../lib/fleet.js';
import { span } from '../lib/time.js';
import { addShortcuts } from '../store/keys.js';
import { hosts, silent } from '../store/fleet.js';
import { setQuery } from '../store/route.js';
import { can } from '../store/session.js';
import { Button } from '../part/button.js';
import { Meter, RowBadge } from '../part/fleet.js';
import { chosen, FleetBar, FleetTable, Nothing, STATUSES, useShown } from '../part/fleetlist.js';
import { Heading } from '../part/page.js';
import { Empty, Failed, Skeleton } from '../part/states.js';
import { Time } from '../part/time.js';

const openEnrol = () => import('../part/enrol.js').then((part) => part.openEnrol());

const low = (/** @type {any} */ v) => (v === null || v === undefined ? -1 : Number(v));
/** @type {Record<string, (a: import('../store/fleet.js').Row, b: import('../store/fleet.js').Row) => number>} */
const ORDERS = {
    name: (a, b) => a.name.localeCompare(b.name), cpu: (a, b) => low(b.cpu) - low(a.cpu), mem: (a, b) => low(b.mem_pct) - low(a.mem_pct), disk: (a, b) => low(b.disk_pct) - low(a.disk_pct),
    load: (a, b) => low(loadOf(b)?.[0]) - low(loadOf(a)?.[0]), seen: (a, b) => (b.seenAt ?? 0) - (a.seenAt ?? 0),
};
const HEAD = /** @type {[string, string, string][]} */ ([['name', 'Name', 'c-name'], ['', 'Status', 'c-status'], ['cpu', 'CPU', 'c-meter'], ['mem', 'Memory', 'c-meter'], ['disk', 'Disk', 'c-meter'], ['load', 'Load', 'c-load num opt'], ['', 'Network', 'c-net num opt'], ['', 'Up', 'c-ms num opt2'], ['', 'Agent', 'c-ms opt2'], ['', 'Apps', 'c-apps num']]);

/** @param {any} row @returns {(number|null)[]|null} */
const loadOf = (row) => (Array.isArray(row.load) ? row.load : row.load === null || row.load === undefined ? null : [row.load]);
/** @param {any} row */
const appsOf = (row) => (typeof row.apps === 'number' ? row.apps : row.apps?.length ?? 0);
/** @param {any} row */
const agentOf = (row) => row.agent?.version ?? row.agent_version ?? row.agent ?? '';
/** @param {any} row */
const netOf = (row) => [row.net?.rx ?? row.rx ?? row.net_rx, row.net?.tx ?? row.tx ?? row.net_tx];

export function HostList() {
    useEffect(() => { hosts.load().catch(() => {}); }, []);
    useEffect(() => (can('operator') ? addShortcuts('Hosts', [{ keys: 'n', text: 'Add a host', run: openEnrol }]) : undefined), []);
    hosts.flips.value;
    const rows = hosts.rows.value;
    const ready = hosts.loaded.value;
    const labels = [...new Set(rows.flatMap((row) => row.labels ?? []))].sort();
    const label = chosen('label');
    const shown = useShown(rows, ORDERS, (row) => !label || (row.labels ?? []).includes(label));
    const cards = chosen('view') === 'cards';
    return html`<${Heading} title="Hosts" note=${ready ? count(rows.length) : ''}>${can('operator') && html`<${Button} kind="primary" onClick=${() => openEnrol()} keys="n">Add host<//>`}<//>
        <${Failed} error=${hosts.error.value} what="The hosts" retry=${() => hosts.reload().catch(() => {})} old=${ready}/>
        ${ready && rows.length > 0 && html`<${FleetBar} label="Hosts" place="Search name, address, label, is:unknown, -word" filters=${[['status', 'Status', STATUSES], ['label', 'Label', labels.map((l) => [l, l])]]} shown=${shown.length} all=${rows.length}>
            <span class="segments" role="group" aria-label="View">${[['', 'Table'], ['cards', 'Cards']].map(([key, text]) => html`<button type="button" key=${key} aria-pressed=${cards === (key === 'cards')} onClick=${() => setQuery({ view: key })}>${text}</button>`)}</span><//>`}
        ${!ready ? !hosts.error.value && html`<${Skeleton} label="Loading the hosts"/>`
            : !rows.length ? html`<div class="card"><${Empty} icon="hosts" title="No host is here yet"><p>${can('operator') ? 'An agent on each machine tells how it is and what its apps do. It takes one line to install.' : 'You see here the hosts and apps that you were given.'}</p>
                ${can('operator') && html`<${Button} kind="primary" onClick=${() => openEnrol()}>Add host<//>`}<//></div>`
                : !shown.length ? html`<${Nothing} what="host"/>`
                    : cards ? html`<ul class="host-cards">${shown.map((row) => html`<${Card} key=${row.id} row=${row}/>`)}</ul>`
                        : html`<${FleetTable} label="Hosts" rows=${shown} head=${HEAD} cells=${cells} to=${(/** @type {any} */ row) => `hosts/?id=${row.id}`}/>`}`;
}

/** What the machine is, in a few words. @param {any} row */
const about = (row) => [row.address?.replace(/:7443$/, ''), row.os, row.arch].filter(Boolean).join(' · ');

/** @param {any} row */
function cells(row) {
    const old = silent(row);
    const limits = row.thresholds ?? {};
    const [rx, tx] = netOf(row);
    return html`<td role="cell" class="c-name"><span class="name"><a href=${href(`hosts/?id=${row.id}`)}>${row.name}</a>${(row.labels ?? []).slice(0, 2).map((/** @type {string} */ l) => html`<span class="chip" key=${l}>${l}</span>`)}<span class="meta">${about(row)}</span></span></td>
        <td role="cell" class="c-status"><${RowBadge} row=${row}/>${old && row.seenAt ? html` <span class="meta">seen <${Time} at=${row.seenAt}/></span>` : ''}</td>
        <td role="cell" class="c-meter"><${Meter} label="CPU" pct=${row.cpu === null || row.cpu === undefined ? null : row.cpu * 100} limit=${95} old=${old}/></td>
        <td role="cell" class="c-meter"><${Meter} label="Memory" pct=${row.mem_pct} limit=${limits.memory ?? 95} old=${old}/></td>
        <td role="cell" class="c-meter c-disk"><${Meter} label="Disk" pct=${row.disk_pct} limit=${limits.disk ?? 90} old=${old}/></td>
        <td role="cell" class="c-load num opt">${loads(loadOf(row))}</td><td role="cell" class="c-net num opt">${rx === null || rx === undefined ? '—' : html`↓${rate(rx)} ↑${rate(tx)}`}</td>
        <td role="cell" class="c-ms num opt2">${span(old ? null : row.uptime_s, 1)}</td><td role="cell" class="c-ms opt2">${agentOf(row) || '—'}${row.agent?.update || row.update ? html` <span title="A newer one is there">↑</span>` : ''}</td>
        <td role="cell" class="c-apps num">${appsOf(row)}<span class="phone-only"> ${appsOf(row) === 1 ? 'app' : 'apps'}</span></td>`;
}

/** @param {{row: import('../store/fleet.js').Row}} props */
function Card({ row }) {
    row.beat.value;
    const old = silent(row);
    const [rx, tx] = netOf(row);
    return html`<li class=${`card host-card s-${row.status.value}`}><div class="row"><a class="grow cut" href=${href(`hosts/?id=${row.id}`)}><b>${row.name}</b></a><${RowBadge} row=${row}/></div>
        <p class="meta cut">${about(row)}${row.uptime_s && !old ? ` · up ${span(row.uptime_s, 1)}` : ''}</p>
        <dl class="host-meters"><dt>CPU</dt><dd><${Meter} label="CPU" pct=${row.cpu === null || row.cpu === undefined ? null : row.cpu * 100} limit=${95} old=${old}/></dd><dt>Memory</dt><dd><${Meter} label="Memory" pct=${row.mem_pct} limit=${row.thresholds?.memory} old=${old}/></dd><dt>Disk</dt><dd><${Meter} label="Disk" pct=${row.disk_pct} limit=${row.thresholds?.disk} old=${old}/></dd></dl>
        <p class="meta">${old ? html`seen <${Time} at=${row.seenAt}/>` : `load ${loads(loadOf(row))} · ↓${rate(rx)} ↑${rate(tx)}`} · ${plural(appsOf(row), 'app')}</p>
        ${(row.labels ?? []).length > 0 && html`<div class="row tight">${row.labels.map((/** @type {string} */ l) => html`<span class="chip" key=${l}>${l}</span>`)}</div>`}</li>`;
}
