// The next occurrences, in the window's zone and in the viewer's, and what else goes on then.
import { html } from '../html.js';
import { useEffect, useState } from '../../vendor/hooks.js';
import { get } from '../api.js';
import { href } from '../base.js';
import { offsetText } from '../lib/zone.js';
import { dayAndTime, hourMinute, day, zoneName } from '../lib/time.js';
import { zone } from '../store/prefs.js';
import { Icon } from './icon.js';
import { oddWords, sameClock } from './windowwords.js';

/** @param {number} from @param {number} to @param {string} where */
const short = (from, to, where) => `${dayAndTime(from, where)} – ${day(from, where) === day(to, where) ? hourMinute(to, where) : dayAndTime(to, where)}`;

/** @param {{plan: import('../lib/recur.js').Plan, list: import('../lib/recur.js').Occurrence[], self?: number}} props self: the window's own id */
export function Preview({ plan, list, self = 0 }) {
    const others = useOverlaps(list, self);
    const both = list.some((one) => !sameClock(plan.zone, zone.value, one.starts));
    if (!list.length) return html`<p class="soft">${plan.wall === null ? 'Enter when it begins.' : 'None is to come.'}</p>`;
    return html`<div class="stack"><div class="scroll-x" tabindex="0" role="region" aria-label="Next occurrences"><table class="table"><thead><tr><th scope="col">${plan.zone}</th>${both && html`<th scope="col">Here, ${zoneName(zone.value)}</th>`}</tr></thead>
        <tbody>${list.map((one) => { const odd = oddWords(one, plan.zone); return html`<tr key=${one.starts}><td class="nowrap">${short(one.starts, one.ends, plan.zone)} <span class="meta">${offsetText(one.starts, plan.zone)}</span>${odd && html`<br/><span class="meta">${odd}</span>`}</td>
            ${both && html`<td class="nowrap">${short(one.starts, one.ends, zone.value)}</td>`}</tr>`; })}</tbody></table></div>
        ${others.length > 0 && html`<div class="banner info"><${Icon} name="info"/><p>At the same time: ${others.map((other, i) => html`${i > 0 ? ', ' : ''}<a href=${href(`maintenance/?id=${other.id}`)}>${other.title}</a>`)}. That is allowed.</p></div>`}</div>`;
}

/** Other windows in the same hours. @param {import('../lib/recur.js').Occurrence[]} list @param {number} self @returns {{id: number, title: string}[]} */
function useOverlaps(list, self) {
    const [found, setFound] = useState(/** @type {{id: number, title: string}[]} */ ([]));
    const key = list.map((one) => `${one.starts}-${one.ends}`).join();
    useEffect(() => {
        if (!list.length) return setFound([]);
        const stop = new AbortController();
        const timer = setTimeout(async () => {
            const iso = (/** @type {number} */ at) => new Date(at).toISOString();
            const last = list[list.length - 1];
            try {
                const answer = await get('/maintenance/calendar', { from: iso(list[0].starts), to: iso(Math.min(last.ends, list[0].starts + 90 * 864e5)) }, stop.signal);
                const hits = answer.items.filter((/** @type {any} */ item) => item.maintenance !== self && item.state !== 'cancelled' && list.some((one) => Date.parse(item.starts_at) < one.ends && Date.parse(item.ends_at) > one.starts));
                setFound([...new Map(hits.map((/** @type {any} */ item) => [item.maintenance, { id: item.maintenance, title: item.title }])).values()]);
            } catch { /* a hint only */ }
        }, 400);
        return () => { clearTimeout(timer); stop.abort(); };
    }, [key]);
    return found;
}
