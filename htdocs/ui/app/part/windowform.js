// The fields of a maintenance window.
import { html } from '../html.js';
import { useRef } from '../../vendor/hooks.js';
import { plural } from '../lib/number.js';
import { NTH, WEEKDAYS } from '../lib/recur.js';
import { withStart } from '../lib/window.js';
import { parseWall } from '../lib/zone.js';
import { browserZone } from '../lib/time.js';
import { choices } from '../store/view.js';
import { DateTime } from './datetime.js';
import { Check, Field, Radios, Select } from './field.js';
import { MonitorChips } from './monitorchips.js';
import { TagInput } from './taginput.js';
import { covered } from './windowwords.js';
import { Writing } from './writing.js';

/**
 * @typedef {import('../lib/window.js').Values} Values
 * @typedef {{v: Values, set: (change: Partial<Values>) => void, errors: Record<string, string>}} Props
 */

/** @type {string[]} */
const ZONES = ['UTC', .../** @type {any} */ (Intl).supportedValuesOf?.('timeZone') ?? []];
const LASTS = ['15 min', '30 min', '1 h', '2 h', '4 h', '8 h', '1 d'];
const REPEATS = /** @type {[string, string][]} */ ([['once', 'Once'], ['weekly', 'Weekly'], ['monthly', 'Monthly'], ['cron', 'By a cron rule']]);
const BEFORE = /** @type {[number, string][]} */ ([[0, 'only at the start and the end'], [3600, 'an hour before as well'], [86400, 'a day before as well'], [259200, 'three days before as well'], [604800, 'a week before as well']]);

/** @param {Props & {fresh: boolean}} props */
export const WordFields = ({ v, set, errors, fresh }) => html`<${Field} label="Title" name="title" value=${v.title} onInput=${(/** @type {string} */ title) => set({ title })} error=${errors.title} maxlength=${200} autofocus=${fresh} placeholder="Database upgrade"/>
    <${Writing} label="Description" need="optional" rows=${3} value=${v.description} onInput=${(/** @type {string} */ description) => set({ description })} error=${errors.description} help="Read on status pages. **bold**, lists and links work."/>`;

/** @param {Props} props */
export function TimeFields({ v, set, errors }) {
    const last = useRef(v.starts); // while a date is typed it is none
    const start = (/** @type {string} */ starts) => {
        set(withStart({ ...v, starts: last.current }, starts));
        if (parseWall(starts) !== null) last.current = starts;
    };
    return html`<fieldset class="form part"><legend>When</legend>
    <div class="grid3"><${DateTime} label="Begins" value=${v.starts} onInput=${start} error=${errors.starts_at}/>
        <${Field} label="Lasts" value=${v.lasts} onInput=${(/** @type {string} */ lasts) => set({ lasts })} error=${errors.duration} list=${LASTS}/>
        <${Field} label="Time zone" value=${v.zone} onInput=${(/** @type {string} */ zone) => set({ zone: zone.trim() })} error=${errors.zone} list=${[browserZone(), ...ZONES]} help="Its clock counts, in summer and winter."/></div>
    <${Radios} label="Repeats" name="repeat" value=${v.repeat} onChange=${(/** @type {any} */ repeat) => set({ repeat })} options=${REPEATS}/>
    ${v.repeat === 'weekly' && html`<${Weekly} v=${v} set=${set} errors=${errors}/>`}
    ${v.repeat === 'monthly' && html`<${Monthly} v=${v} set=${set} errors=${errors}/>`}
    ${v.repeat === 'cron' && html`<${Field} label="Rule" mono value=${v.expression} onInput=${(/** @type {string} */ expression) => set({ expression })} error=${errors.rule} help="Minute, hour, day of the month, month, day of the week. 0 2 * * 7 is Sunday at 02:00. It names the starts; the field “Begins” says from when on."/>`}
    ${v.repeat !== 'once' && html`<${DateTime} label="Until" need="optional" value=${v.until} onInput=${(/** @type {string} */ until) => set({ until })} error=${errors.until} help="None begins later."/>`}</fieldset>`;
}

/** @param {Props} props */
const Weekly = ({ v, set, errors }) => html`<div class="grid2"><${Field} label="Every" type="number" inputmode="numeric" min=${1} max=${52} value=${v.every} onInput=${(/** @type {string} */ n) => set({ every: Number(n) })} error=${errors.every} help="Weeks"/>
    <fieldset class=${`field ${errors.rule ? 'field-error' : ''}`}><legend>On</legend><div class="row">${WEEKDAYS.map((name, i) => html`<${Check} key=${name} label=${name.slice(0, 3)} checked=${v.days.includes(i + 1)} onChange=${(/** @type {boolean} */ on) => set({ days: on ? [...v.days, i + 1] : v.days.filter((d) => d !== i + 1) })}/>`)}</div>
        ${errors.rule && html`<p class="error">${errors.rule}</p>`}</fieldset></div>`;

/** @param {Props} props */
const Monthly = ({ v, set, errors }) => html`<div class="grid3"><${Select} label="Which day" value=${v.month} onChange=${(/** @type {any} */ month) => set({ month })} options=${[['day', 'By its number'], ['nth', 'By the day of the week']]}/>
    ${v.month === 'day' ? html`<${Field} label="Day of the month" type="number" inputmode="numeric" min=${1} max=${31} value=${v.day} onInput=${(/** @type {string} */ n) => set({ day: Number(n) })} error=${errors.rule}/>`
        : html`<${Select} label="The" value=${v.week} onChange=${(/** @type {string} */ n) => set({ week: Number(n) })} options=${NTH}/>
            <${Select} label="Day" value=${v.weekday} onChange=${(/** @type {string} */ n) => set({ weekday: Number(n) })} options=${WEEKDAYS.map((name, i) => [i + 1, name])}/>`}</div>`;

/** @param {Props} props */
export function CoverFields({ v, set, errors }) {
    const rows = covered(v);
    const names = rows.slice(0, 4).map((row) => row.name).join(', ');
    const flip = (/** @type {string} */ group) => (/** @type {boolean} */ on) => set({ groups: on ? [...v.groups, group] : v.groups.filter((g) => g !== group) });
    const groups = [...new Set([...choices.value.groups, ...v.groups])];
    return html`<fieldset class="form part"><legend>What it covers</legend>
        <${Radios} label="Monitors" name="everything" value=${v.everything ? 'all' : 'some'} onChange=${(/** @type {string} */ k) => set({ everything: k === 'all' })} options=${[['some', 'Some'], ['all', 'Every monitor, also those to come']]}/>
        ${!v.everything && html`<${MonitorChips} label="Add a monitor" value=${v.monitors} onChange=${(/** @type {number[]} */ ids) => set({ monitors: ids })} error=${errors.monitors}/>
            <${TagInput} label="All with one of these tags" value=${v.tags} onChange=${(/** @type {string[]} */ tags) => set({ tags })} error=${errors.tags} known=${choices.value.tags}/>
            ${groups.length > 0 && html`<fieldset class="field"><legend>All of these groups</legend><div class="row">${groups.map((group) => html`<${Check} key=${group} label=${group} checked=${v.groups.includes(group)} onChange=${flip(group)}/>`)}</div>${errors.groups && html`<p class="error">${errors.groups}</p>`}</fieldset>`}`}
        <p class="soft" role="status">Covers ${plural(rows.length, 'monitor')}${rows.length ? `: ${names}${rows.length > 4 ? ` and ${rows.length - 4} more` : ''}` : ' at present'}.</p></fieldset>`;
}

/** @param {Props} props */
export const EffectFields = ({ v, set, errors }) => html`<fieldset class="form part"><legend>What it does</legend>
    <${Check} label="Send no messages" checked=${v.silence} onChange=${(/** @type {boolean} */ silence) => set({ silence })} help="Nobody is woken. What still is down at the end opens its incident then."/>
    <${Check} label="Pause the checks" checked=${v.pause} onChange=${(/** @type {boolean} */ pause) => set({ pause })} help="Off keeps measuring. Either way this time is neither up nor down."/>
    <${Check} label="Show it on status pages" checked=${v.show} onChange=${(/** @type {boolean} */ show) => set({ show })}/>
    ${v.show && html`<${Check} label="Tell the subscribers of these pages" checked=${v.tell} onChange=${(/** @type {boolean} */ tell) => set({ tell })}/>
        ${v.tell && html`<${Select} label="They are told" value=${v.tell_before} onChange=${(/** @type {string} */ s) => set({ tell_before: Number(s) })} error=${errors.tell_before} options=${BEFORE.some(([s]) => s === v.tell_before) ? BEFORE : [...BEFORE, [v.tell_before, `${v.tell_before} s before as well`]]}/>`}`}</fieldset>`;
