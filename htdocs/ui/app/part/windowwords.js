// What is said of a maintenance window in more than one place.
import { html } from '../html.js';
import { plural } from '../lib/number.js';
import { instantOf, offsetText, wallOf } from '../lib/zone.js';
import { day, dayAndTime, hourMinute, span, zoneName } from '../lib/time.js';
import { member } from '../store/fleet.js';
import { monitors } from '../store/monitors.js';
import { zone } from '../store/prefs.js';
import { Icon } from './icon.js';
import { Badge } from './status.js';

/** @type {Record<string, import('./icon.js').IconName>} */
const ICONS = { upcoming: 'clock', completed: 'check', cancelled: 'close' };

/** @param {{state: string}} props */
export const WindowBadge = ({ state }) => (state === 'in-progress' ? html`<${Badge} status="maintenance" word="in progress"/>` : html`<span class="badge"><${Icon} name=${ICONS[state] ?? 'info'}/><b>${state}</b></span>`);

/** "Sat 21 Nov 2026, 02:00 – 04:00 UTC" @param {number} from @param {number} to @param {string} where */
export function when(from, to, where) {
    const end = day(from, where) === day(to, where) ? hourMinute(to, where) : dayAndTime(to, where);
    return `${dayAndTime(from, where)} – ${end} ${zoneName(where, from)}`;
}

/** In the viewer's zone, with the window's own in the tooltip. @param {{from: number, to: number, own: string}} props */
export const When = ({ from, to, own }) => html`<time datetime=${new Date(from).toISOString()} title=${when(from, to, own)}>${when(from, to, zone.value)}</time>`;

/** Whether two zones show the same clock at an instant. @param {string} a @param {string} b @param {number} at */
export const sameClock = (a, b, at) => wallOf(at, a) === wallOf(at, b);

/** @param {{starts: number, odd: ''|'skipped'|'twice'}} occurrence @param {string} where */
export function oddWords({ starts, odd }, where) {
    if (odd === 'skipped') return 'the clock skips this time: it begins later';
    if (odd === 'twice') return 'the clock shows this time twice: it begins at the first';
    const before = offsetText(starts - 7 * 864e5, where);
    return before !== offsetText(starts, where) ? 'the first week on another clock' : '';
}

/** Monitors that a window covers, hosts and apps that were chosen among them. @param {{everything: boolean, monitors: number[], tags: string[], groups: string[]}} item @returns {any[]} */
export const covered = (item) => [...monitors.value.filter((row) => item.everything || item.monitors.includes(row.id) || row.tags.some((tag) => item.tags.includes(tag)) || item.groups.includes(row.group)),
    ...(item.everything ? [] : item.monitors.map(member).filter(Boolean))];

/** "2 monitors, tag db, group Production" @param {any} item */
export function coversWords(item) {
    if (item.everything) return 'every monitor';
    const list = [...(item.monitors?.length ? [plural(item.monitors.length, 'monitor')] : []), ...(item.tags ?? []).map((/** @type {string} */ tag) => `tag ${tag}`), ...(item.groups ?? []).map((/** @type {string} */ group) => `group ${group}`)];
    return list.join(', ') || 'nothing';
}

/** @param {any} item */
export function effectWords(item) {
    const list = [item.silence ? 'no messages' : 'messages as usual', ...(item.pause ? ['checks paused'] : []), ...(item.show ? ['on status pages'] : []),
        ...(item.show && item.tell ? [`subscribers are told${item.tell_before ? `, ${span(item.tell_before, 1)} before as well` : ''}`] : [])];
    return list.join(' · ');
}

/** The instant of a wall time, for the fields of a form. @param {number} wall @param {string} where */
export const at = (wall, where) => instantOf(wall, where).at;
