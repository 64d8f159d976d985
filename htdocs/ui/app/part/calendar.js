// A month of maintenance: a grid with one tab stop, walked with arrows; the chosen day below.
import { html } from '../html.js';
import { useEffect, useMemo, useRef } from '../../vendor/hooks.js';
import { get } from '../api.js';
import { apiUrl, href } from '../base.js';
import { plural } from '../lib/number.js';
import { addDays, addMonths, dayName, daysOf, dayWall, monthName, weeksOf } from '../lib/month.js';
import { instantOf, dayText, wallOf } from '../lib/zone.js';
import { tick } from '../store/clock.js';
import { on } from '../store/live.js';
import { zone } from '../store/prefs.js';
import { resource } from '../store/resource.js';
import { query, setQuery } from '../store/route.js';
import { can } from '../store/session.js';
import { Button } from './button.js';
import { Failed } from './states.js';
import { When, WindowBadge } from './windowwords.js';

const SHOWN = 3;
const NAMES = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** What the clock says of one occurrence. @param {any} item @param {number} now */
const stateOf = (item, now) => (item.state === 'cancelled' ? 'cancelled' : now < Date.parse(item.starts_at) ? 'upcoming' : now < Date.parse(item.ends_at) ? 'in-progress' : 'completed');

export function Calendar() {
    const today = dayText(wallOf(tick.value, zone.value));
    const asked = query.value.get('day');
    const day = asked && /^\d{4}-\d\d-\d\d$/.test(asked) ? asked : today;
    const month = day.slice(0, 7);
    const weeks = weeksOf(month);
    const data = useMemo(() => resource(() => {
        const iso = (/** @type {string} */ d) => new Date(instantOf(dayWall(d), zone.peek()).at).toISOString();
        return get('/maintenance/calendar', { from: iso(weeks[0][0]), to: iso(addDays(/** @type {string} */ (weeks.at(-1)?.[6]), 1)) });
    }), [month, zone.value]);
    useEffect(() => {
        data.load();
        const offs = [on('maintenance', () => { data.load(); }), on('resync', () => { data.load(); })];
        return () => offs.forEach((off) => off());
    }, [data]);
    const grid = useRef(/** @type {any} */ (null));
    const walked = useRef(false);
    useEffect(() => {
        if (walked.current) grid.current?.querySelector('[tabindex="0"]')?.focus();
        walked.current = false;
    }, [day]);
    const items = /** @type {any[]} */ (data.data.value?.items ?? []);
    /** @type {Map<string, any[]>} */
    const byDay = new Map();
    for (const item of items) for (const d of daysOf(Date.parse(item.starts_at), Date.parse(item.ends_at), zone.value)) byDay.set(d, [...(byDay.get(d) ?? []), item]);
    const choose = (/** @type {string} */ d) => setQuery({ day: d === today ? '' : d });
    function keys(/** @type {KeyboardEvent} */ event) {
        const at = (new Date(dayWall(day)).getUTCDay() + 6) % 7;
        const to = { ArrowLeft: addDays(day, -1), ArrowRight: addDays(day, 1), ArrowUp: addDays(day, -7), ArrowDown: addDays(day, 7), Home: addDays(day, -at), End: addDays(day, 6 - at), PageUp: addMonths(day, event.shiftKey ? -12 : -1), PageDown: addMonths(day, event.shiftKey ? 12 : 1) }[event.key];
        if (!to) return;
        event.preventDefault();
        event.stopPropagation();
        walked.current = true;
        choose(to);
    }
    const chosen = byDay.get(day) ?? [];
    return html`<div class="row"><h2 class="month-name" id="month" aria-live="polite">${monthName(month)}</h2><span class="grow"></span><a class="meta" href=${apiUrl('/maintenance/calendar.ics')} download>iCalendar</a>
            <${Button} small icon="back" label="Month before" onClick=${() => choose(addMonths(day, -1))}/><${Button} small onClick=${() => choose(today)}>Today<//><${Button} small icon="next" label="Next month" onClick=${() => choose(addMonths(day, 1))}/></div>
        <${Failed} error=${data.error.value} what="The calendar" retry=${data.load} old=${Boolean(data.data.value)}/>
        <div class="card" aria-busy=${data.data.value || data.error.value ? undefined : 'true'}><table class="month" role="grid" aria-labelledby="month" ref=${grid} onKeyDown=${keys}><thead><tr role="row">${NAMES.map((name, i) => html`<th key=${name} scope="col" role="columnheader" abbr=${dayName(weeks[0][i]).split(' ')[0]}>${name}</th>`)}</tr></thead>
            <tbody>${weeks.map((week) => html`<tr key=${week[0]} role="row">${week.map((d) => html`<${Day} key=${d} day=${d} list=${byDay.get(d) ?? []} current=${d === day} today=${d === today} other=${d.slice(0, 7) !== month} choose=${choose}/>`)}</tr>`)}</tbody></table></div>
        <section class="card" aria-labelledby="the-day"><header><h2 id="the-day">${dayName(day)}</h2>${can('member') && html`<a class="btn small" href=${href(`maintenance/?new=once&day=${day}`)}>Plan a window on this day</a>`}</header>
            ${chosen.length === 0 ? html`<p class="card-body soft">No maintenance on this day.</p>` : html`<ul class="lines">${chosen.map((item) => html`<li key=${item.id}><${WindowBadge} state=${stateOf(item, tick.value)}/><span class="grow"><a href=${href(`maintenance/?id=${item.maintenance}`)}><b>${item.title}</b></a><br/><span class="meta"><${When} from=${Date.parse(item.starts_at)} to=${Date.parse(item.ends_at)} own=${item.zone ?? zone.value}/></span></span></li>`)}</ul>`}</section>`;
}

/** @param {{day: string, list: any[], current: boolean, today: boolean, other: boolean, choose: (day: string) => void}} props */
function Day({ day, list, current, today, other, choose }) {
    const states = list.map((item) => stateOf(item, tick.value));
    return html`<td role="gridcell" aria-selected=${current} class=${`${other ? 'other' : ''} ${today ? 'today' : ''}`}><button type="button" tabindex=${current ? 0 : -1} aria-current=${today ? 'date' : undefined} onClick=${() => choose(day)}>
        <span class="sr">${dayName(day)}${list.length ? `, ${plural(list.length, 'window')}: ${list.map((item) => item.title).join(', ')}` : ''}</span><span class="day-n num" aria-hidden="true">${Number(day.slice(8))}</span><span aria-hidden="true" class="day-list">${list.slice(0, SHOWN).map((item, i) => html`<span class=${`day-item is-${states[i]}`} key=${item.id}>${item.title}</span>`)}${list.length > SHOWN && html`<span class="meta">and ${list.length - SHOWN} more</span>`}</span></button></td>`;
}
