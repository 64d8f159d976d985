import { html } from '../html.js';
import { href, root } from '../base.js';
import { ms, percent } from '../lib/number.js';
import { overdue, shown as shownStatus } from '../lib/status.js';
import { checkNow, pause, remove } from '../store/actions.js';
import { tick } from '../store/clock.js';
import { lostSince } from '../store/live.js';
import { go } from '../store/route.js';
import { can } from '../store/session.js';
import { choose, selected, wasMoved } from '../store/view.js';
import { toast } from '../store/toasts.js';
import { Bars } from './bars.js';
import { Button } from './button.js';
import { Menu } from './menu.js';
import { LiveBadge } from './status.js';
import { Time } from './time.js';

/**
 * One monitor. It reads its own signals, so that a check redraws this row alone.
 * @param {{row: import('../store/monitors.js').Row, i: number, boxes: boolean}} props
 */
export function MonitorRow({ row, i, boxes }) {
    row.beat.value;
    const status = row.status.value;
    const chosen = selected.value.has(row.id);
    const monitor = { status, since: row.since, checkedAt: row.checkedAt, interval: row.interval };
    const old = lostSince.value > 0 || shownStatus(monitor, tick.value, false).known !== null;
    return html`<tr role="row" aria-rowindex=${i + 2} data-i=${i} data-id=${row.id} aria-selected=${boxes ? chosen : undefined} class=${wasMoved(row) ? 'moved' : undefined}>
        ${boxes && html`<td role="cell" class="c-check"><input type="checkbox" aria-label=${`Select ${row.name}`} checked=${chosen}
            onClick=${(/** @type {any} */ e) => choose(i, e.currentTarget.checked, e.shiftKey)}/></td>`}
        <td role="cell" class="c-name"><span class="name"><a href=${href(`monitors/?id=${row.id}`)}>${row.name}</a>
            ${row.tags.slice(0, 2).map((tag) => html`<span class="chip" key=${tag}>${tag}</span>`)}<span class="meta">${row.url.replace(/^https?:\/\//, '')}</span></span></td>
        <td role="cell" class="c-status"><${LiveBadge} monitor=${monitor}/></td>
        <td role="cell" class="c-ms num">${status === 'paused' || status === 'down' ? '—' : ms(row.ms)}</td>
        <td role="cell" class="c-bars"><${Bars} digits=${row.bars} label=${`24 hours: ${percent(row.up24)} up`}/></td>
        <td role="cell" class="c-up num">${percent(row.up24)}</td><td role="cell" class="c-up num opt">${percent(row.up30)}</td>
        <td role="cell" class="c-seen opt">${row.checkedAt ? html`<${Time} at=${row.checkedAt}/>` : 'not yet'}${old && overdue(row.checkedAt, row.interval, tick.value) ? ' ◔' : ''}</td>
        <td role="cell" class="c-menu"><${Actions} row=${row} status=${status}/></td></tr>`;
}

/** @param {{row: import('../store/monitors.js').Row, status: import('../lib/status.js').Status}} props */
function Actions({ row, status }) {
    const writes = can('member');
    const paused = status === 'paused';
    const items = () => [
        ...(writes ? [
            { text: 'Check now', icon: /** @type {const} */ ('test'), keys: 't', run: () => checkNow(row.id) },
            { text: paused ? 'Resume' : 'Pause', icon: /** @type {const} */ ('pause'), keys: 'p', run: () => pause([row.id], !paused) },
            { text: 'Edit', icon: /** @type {const} */ ('edit'), keys: 'e', run: () => go(`monitors/?id=${row.id}&edit=1`) },
            { text: 'Clone', icon: /** @type {const} */ ('copy'), run: () => go(`monitors/?new=http&from=${row.id}`) },
            null,
        ] : []),
        { text: 'Copy link', icon: /** @type {const} */ ('link'), run: () => navigator.clipboard?.writeText(new URL(`monitors/?id=${row.id}`, root).href).then(() => toast('Link copied')) },
        ...(writes ? [{ text: 'Delete', icon: /** @type {const} */ ('trash'), danger: true, run: () => remove([row.id]) }] : []),
    ];
    return html`<span class="row-actions">${writes && html`<${Button} small kind="quiet" icon="test" label=${`Check ${row.name} now`} title="Check now" onClick=${() => checkNow(row.id)}/>
        <${Button} small kind="quiet" icon="pause" label=${`${paused ? 'Resume' : 'Pause'} ${row.name}`} title=${paused ? 'Resume' : 'Pause'} pressed=${paused} onClick=${() => pause([row.id], !paused)}/>`}
        <${Menu} label=${`More about ${row.name}`} icon="more" items=${items} cls="btn quiet small icon more"/></span>`;
}

