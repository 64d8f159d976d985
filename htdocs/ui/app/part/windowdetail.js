// One maintenance window: what it does, when it comes, what it covers.
import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { get } from '../api.js';
import { href } from '../base.js';
import { planOf, ruleWords, stateNow } from '../lib/recur.js';
import { instant, span } from '../lib/time.js';
import { tick } from '../store/clock.js';
import { addShortcuts } from '../store/keys.js';
import { on } from '../store/live.js';
import { byId, loaded, monitors } from '../store/monitors.js';
import { apps, hosts, loadFleet } from '../store/fleet.js';
import { zone } from '../store/prefs.js';
import { resource } from '../store/resource.js';
import { go } from '../store/route.js';
import { can } from '../store/session.js';
import { endNow, skip } from '../store/windows.js';
import { Markdown } from './markdown.js';
import { Heading } from './page.js';
import { Empty, Failed, Skeleton } from './states.js';
import { Badge } from './status.js';
import { Time } from './time.js';
import { Actions } from './windowlist.js';
import { Button } from './button.js';
import { covered, coversWords, effectWords, sameClock, when, When, WindowBadge } from './windowwords.js';

const MANY = 60;

/** @param {{id: number}} props */
export function WindowDetail({ id }) {
    const data = useMemo(() => resource(() => get(`/maintenance/${id}`)), [id]);
    useEffect(() => {
        data.load();
        const mine = (/** @type {any} */ event) => { if (!event.id || event.id === id) data.load(); };
        const offs = [on('maintenance', mine), on('resync', () => { data.load(); })];
        return () => offs.forEach((off) => off());
    }, [id]);
    const item = data.data.value;
    const error = data.error.value;
    const state = item ? stateNow(item, tick.value) : '';
    useEffect(() => (item && can('member') ? addShortcuts(item.title, [
        { keys: 'e', text: 'Edit', run: () => go(`maintenance/?id=${id}&edit=1`) },
        ...(state === 'in-progress' ? [{ keys: 'x', text: 'End now', run: () => { endNow(item).then(data.load); } }] : []),
    ]) : undefined), [item, state]);
    if (!item) {
        if (error?.status === 404) return html`<${Heading} title="Maintenance"/><div class="card"><${Empty} icon="search" title="There is no such window"><a class="btn" href=${href('maintenance/')}>All windows</a><//></div>`;
        return html`<${Heading} title="Maintenance"/><${Failed} error=${error} what="The window" retry=${data.load}/>${!error && html`<${Skeleton} label="Loading the window"/>`}`;
    }
    const from = Date.parse(item.next?.starts_at ?? item.starts_at);
    const to = item.next ? Date.parse(item.next.ends_at) : from + item.duration * 1000;
    const plan = planOf(item);
    const rows = covered(item);
    hosts.rows.value;
    apps.rows.value;
    if (loaded.value && !item.everything && item.monitors.some((/** @type {number} */ id) => !byId.has(id))) loadFleet();
    return html`<${Heading} title=${item.title}>${can('member') && html`<${Actions} item=${item} state=${state} reload=${data.load} full/>`}<//>
        <${Failed} error=${error} what="The window" retry=${data.load} old/>
        <div class=${`detail-head s-${state === 'in-progress' ? 'maintenance' : state === 'cancelled' ? 'paused' : 'unknown'}`}><div class="detail-title"><${WindowBadge} state=${state}/><${When} from=${from} to=${to} own=${item.zone}/>
                <span class="soft num">${state === 'in-progress' ? `ends in ${span((to - tick.value) / 1000)}` : state === 'upcoming' ? `begins in ${span((from - tick.value) / 1000)}` : ''}</span></div>
            <div class="facts"><span>${item.repeat === 'once' ? 'once' : ruleWords(plan)}</span><span>for ${span(item.duration)}</span><span>${item.zone}</span>${item.until && html`<span>until <${Time} at=${instant(item.until)} exact/></span>`}
                <span>${effectWords(item)}</span>${item.created_by && html`<span>planned by ${item.created_by}</span>`}</div></div>
        ${item.description && html`<section class="card" aria-labelledby="w-about"><header><h2 id="w-about">About</h2></header><div class="card-body quote"><${Markdown} text=${item.description}/></div></section>`}
        <div class="cards"><section class="card" aria-labelledby="w-covers"><header><h2 id="w-covers">Covers</h2><span class="meta">${coversWords(item)}</span></header>
                ${rows.length === 0 ? html`<p class="card-body soft">${monitors.value.length ? 'No monitor of yours at present.' : 'Loading the monitors.'}</p>` : html`<ul class="lines">${rows.slice(0, MANY).map((row) => html`<li key=${row.id}><${Badge} status=${row.status.value}/><a class="cut" href=${href(`monitors/?id=${row.id}`)}>${row.name}</a></li>`)}
                    ${rows.length > MANY && html`<li class="soft">and ${rows.length - MANY} more</li>`}</ul>`}</section>
            <${Occurrences} item=${item} reload=${data.load}/></div>`;
}

/** What the clock says of one of them. @param {any} o @param {number} now */
const stateOf = (o, now) => (o.state === 'cancelled' ? 'cancelled' : now < Date.parse(o.starts_at) ? 'upcoming' : now < Date.parse(o.ends_at) ? 'in-progress' : 'completed');

/** When it was and will be; one that is to come can be left out. @param {{item: any, reload: () => Promise<void>}} props */
function Occurrences({ item, reload }) {
    const now = tick.value;
    const list = /** @type {any[]} */ (item.occurrences ?? []);
    const begun = list.filter((o) => Date.parse(o.starts_at) <= now).reverse();
    const next = list.filter((o) => Date.parse(o.starts_at) > now);
    const leaves = can('member') && item.repeat !== 'once';
    const rows = (/** @type {any[]} */ some, /** @type {number} */ most) => html`<ul class="lines">${some.slice(0, most).map((o) => html`<li key=${o.starts_at}><span class="grow lines-2"><${When} from=${Date.parse(o.starts_at)} to=${Date.parse(o.ends_at)} own=${item.zone}/>${!sameClock(item.zone, zone.value, Date.parse(o.starts_at)) && html`<span class="meta">${when(Date.parse(o.starts_at), Date.parse(o.ends_at), item.zone)}</span>`}</span><${WindowBadge} state=${stateOf(o, now)}/>
        ${leaves && stateOf(o, now) === 'upcoming' && html`<${Button} small onClick=${() => skip(item, o.starts_at).then(reload)} label=${`Leave out: ${o.starts_at.slice(0, 10)}`} title="Leave this one out">Leave out<//>`}</li>`)}</ul>`;
    return html`<div class="stack"><section class="card" aria-labelledby="w-next"><header><h2 id="w-next">Next</h2></header>${next.length ? rows(next, 8) : html`<p class="card-body soft">None is to come.</p>`}</section>
        ${begun.length > 0 && html`<section class="card" aria-labelledby="w-past"><header><h2 id="w-past">So far</h2></header>${rows(begun, 10)}</section>`}</div>`;
}
