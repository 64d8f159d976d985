// Windows by what the clock says of them.
import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { href } from '../base.js';
import { planOf, ruleWords, stateNow } from '../lib/recur.js';
import { span } from '../lib/time.js';
import { tick } from '../store/clock.js';
import { on } from '../store/live.js';
import { pager } from '../store/pager.js';
import { go, query } from '../store/route.js';
import { can } from '../store/session.js';
import { cancel, endNow, erase, extend, skip } from '../store/windows.js';
import { Button } from './button.js';
import { confirmDialog } from './dialog.js';
import { Menu } from './menu.js';
import { Empty, Failed, Skeleton } from './states.js';
import { coversWords, When, WindowBadge } from './windowwords.js';

/** @type {[string, string][]} */
const SECTIONS = [['in-progress', 'In progress'], ['upcoming', 'Upcoming'], ['completed', 'Completed'], ['cancelled', 'Cancelled']];

export function WindowList() {
    const list = useMemo(() => pager('/maintenance'), []);
    useEffect(() => {
        list.load();
        const offs = [on('maintenance', () => { list.load(); }), on('resync', () => { list.load(); })];
        return () => offs.forEach((off) => off());
    }, []);
    const items = list.items.value;
    const error = list.error.value;
    if (!items) return error ? html`<${Failed} error=${error} what="Maintenance" retry=${list.load}/>` : html`<${Skeleton} label="Loading the maintenance windows"/>`;
    const now = tick.value;
    const of = (/** @type {string} */ state) => items.filter((item) => stateNow(item, now) === state).sort((a, b) => start(a) - start(b));
    return html`<${Failed} error=${error} what="Maintenance" retry=${list.load} old/>
        ${items.length === 0 && html`<div class="card"><${Empty} icon="maintenance" title="No maintenance is planned"><p>In a window nobody is woken, and time in it is neither up nor down. It may come again each week or month.</p>
            ${can('member') && html`<a class="btn" href=${href('maintenance/?new=once')}>Plan a window</a>`}<//></div>`}
        ${SECTIONS.map(([state, title]) => { const some = of(state); return some.length > 0 && html`<section class="card" key=${state} aria-labelledby=${`w-${state}`}><header><h2 id=${`w-${state}`}>${title}</h2><span class="meta">${some.length}</span></header>
            <table class="table stackable windows"><thead><tr><th scope="col">Window</th><th scope="col">When</th><th scope="col">Covers</th><th scope="col">State</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
                <tbody>${some.map((item) => html`<${Row} key=${item.id} item=${item} state=${state} reload=${list.load}/>`)}</tbody></table></section>`; })}
        ${list.next.value && html`<div><${Button} small onClick=${list.more}>Older windows<//></div>`}`;
}

const start = (/** @type {any} */ item) => Date.parse(item.next?.starts_at ?? item.starts_at);

/** @param {{item: any, state: string, reload: () => unknown}} props */
function Row({ item, state, reload }) {
    const from = start(item);
    const to = item.next ? Date.parse(item.next.ends_at) : from + item.duration * 1000;
    const now = tick.value;
    return html`<tr><th scope="row"><span class="lines-2"><a href=${href(`maintenance/?id=${item.id}`)}><b>${item.title}</b></a>${item.repeat !== 'once' && html`<span class="meta">${ruleWords(planOf(item))}, ${item.zone}</span>`}</span></th>
        <td data-label="When"><span class="lines-2"><${When} from=${from} to=${to} own=${item.zone}/><span class="meta">${state === 'in-progress' ? `ends in ${span((to - now) / 1000, 2)}` : state === 'upcoming' ? `in ${span((from - now) / 1000, 2)}, for ${span(item.duration)}` : state === 'cancelled' ? 'does not take place' : `lasted ${span((to - from) / 1000)}`}</span></span></td>
        <td data-label="Covers">${coversWords(item)}</td><td data-label="State"><${WindowBadge} state=${state}/></td>
        <td data-label="Actions">${can('member') && html`<${Actions} item=${item} state=${state} reload=${reload}/>`}</td></tr>`;
}

/** What can be done in this state; also in the head of the window's own page. @param {{item: any, state: string, reload: () => unknown, full?: boolean}} props */
export function Actions({ item, state, reload, full }) {
    const then = (/** @type {Promise<unknown>} */ p) => p.then(() => { reload(); });
    const items = () => [
        { text: 'Edit', icon: /** @type {const} */ ('edit'), href: href(`maintenance/?id=${item.id}&edit=1`) },
        { text: 'Plan one like it', icon: /** @type {const} */ ('copy'), href: href(`maintenance/?new=once&from=${item.id}`) },
        ...(item.repeat !== 'once' && item.next && state === 'upcoming' ? [{ text: 'Leave the next one out', icon: /** @type {const} */ ('next'), run: () => then(skip(item, item.next.starts_at)) }] : []),
        ...(state === 'in-progress' || state === 'upcoming' ? [null, { text: item.repeat === 'once' ? 'Cancel' : 'Cancel all that are to come', icon: /** @type {const} */ ('trash'), danger: true, run: () => confirmCancel(item, reload) }] : [null, { text: 'Delete the record', icon: /** @type {const} */ ('trash'), danger: true, run: () => confirmDelete(item, reload) }]),
    ];
    return html`<span class=${full ? 'row' : 'row-actions'}>${state === 'in-progress' && html`<${Button} small=${!full} onClick=${() => then(extend(item, 1800))} label=${full ? undefined : `Extend 30 min: ${item.title}`}>Extend 30 min<//>
            <${Button} small=${!full} kind=${full ? 'primary' : ''} onClick=${() => then(endNow(item))} label=${full ? undefined : `End now: ${item.title}`}>End now<//>`}
        <${Menu} label=${full ? 'More' : `More about ${item.title}`} icon="more" items=${items} cls=${full ? 'btn icon' : 'btn quiet small icon'}/></span>`;
}

/** @param {any} item @param {() => unknown} reload */
function confirmCancel(item, reload) {
    confirmDialog({ title: `Cancel ${item.title}?`, text: item.repeat === 'once' ? 'Monitoring goes on as usual. Who was told of it is told that it does not take place.' : 'Every occurrence that is to come is cancelled. The past stays in the record.', action: 'Cancel the window',
        run: async () => { await cancel(item); reload(); } });
}

/** @param {any} item @param {() => unknown} reload */
function confirmDelete(item, reload) {
    confirmDialog({ title: `Delete the record of ${item.title}?`, text: 'It goes for good. What it did to the monitors’ history stays.', action: 'Delete',
        run: async () => { if (await erase(item)) { if (query.peek().get('id')) go('maintenance/'); else reload(); } } });
}
