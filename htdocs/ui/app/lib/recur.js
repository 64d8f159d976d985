// When a maintenance window comes: its next occurrences, and its rule in words. The server
// counts the same way; this is for the preview of what is not saved yet.
import { cronTimes, cronWords, listed, parseCron } from './cron.js';
import { instantOf, wallOf } from './zone.js';

/**
 * @typedef {{zone: string, wall: number|null, duration: number, repeat: 'once'|'weekly'|'monthly'|'cron', until: number|null,
 *   rule: {every?: number, days?: number[], day?: number, week?: number, weekday?: number, expression?: string}}} Plan
 * wall: of the first occurrence; duration in seconds; until: an instant
 * @typedef {{starts: number, ends: number, odd: ''|'skipped'|'twice'}} Occurrence
 */

const DAY = 864e5;
export const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
export const NTH = /** @type {[number, string][]} */ ([[1, 'first'], [2, 'second'], [3, 'third'], [4, 'fourth'], [-1, 'last']]);
const FAR = 20000; // candidates that are looked at

/** Monday is 1. @param {number} wall */
export const weekday = (wall) => ((new Date(wall).getUTCDay() + 6) % 7) + 1;
/** @param {number} wall */
const midnight = (wall) => Math.floor(wall / DAY) * DAY;

/** @param {Plan} plan @param {number} now @returns {Generator<number>} wall times, ascending, from the first start */
function* walls({ wall, repeat, rule, duration }, now) {
    if (wall === null) return;
    const time = wall - midnight(wall);
    if (repeat === 'once') yield wall;
    else if (repeat === 'weekly') {
        const monday = midnight(wall) - (weekday(wall) - 1) * DAY;
        const days = daysOf(rule, wall);
        for (let week = 0; week < FAR; week += rule.every || 1) {
            for (const day of days) {
                const at = monday + (week * 7 + day - 1) * DAY + time;
                if (at >= wall) yield at;
            }
        }
    } else if (repeat === 'monthly') {
        const first = new Date(wall);
        for (let k = 0; k < 240; k += rule.every || 1) {
            const at = inMonth(first.getUTCFullYear(), first.getUTCMonth() + k, { day: first.getUTCDate(), ...rule });
            if (at !== null && at + time >= wall) yield at + time;
        }
    } else {
        const { cron } = parseCron(rule.expression ?? '');
        if (cron) yield* cronTimes(cron, Math.max(wall, now - duration * 1000 - 2 * DAY));
    }
}

/** A rule without days means that of the first occurrence. @param {Plan['rule']} rule @param {number} wall */
const daysOf = (rule, wall) => (rule.days?.length ? [...rule.days].sort((a, b) => a - b) : [weekday(wall)]);

/** The day of a month; a shorter month has it at its end. @param {number} y @param {number} m @param {Plan['rule']} rule */
function inMonth(y, m, rule) {
    const length = new Date(Date.UTC(y, m + 1, 0)).getUTCDate();
    if (!rule.week) return Date.UTC(y, m, Math.min(rule.day ?? 1, length));
    if (!rule.weekday) return null;
    const one = Date.UTC(y, m, 1);
    const day = 1 + ((rule.weekday - weekday(one) + 7) % 7);
    if (rule.week > 0) return day + (rule.week - 1) * 7 <= length ? Date.UTC(y, m, day + (rule.week - 1) * 7) : null;
    return Date.UTC(y, m, day + Math.floor((length - day) / 7) * 7);
}

/** The next ones that are not over at `now`. @param {Plan} plan @param {number} now @param {number} most @returns {Occurrence[]} */
export function occurrences(plan, now, most) {
    const out = /** @type {Occurrence[]} */ ([]);
    let seen = 0;
    for (const wall of walls(plan, now)) {
        if (seen++ > FAR) break;
        // a wall time lies at most 14 hours from its instant: what is long over is not worked out
        if (wall < now - plan.duration * 1000 - 2 * DAY && plan.repeat !== 'once') { seen--; continue; }
        const { at, odd } = instantOf(wall, plan.zone);
        if (plan.until !== null && at > plan.until) break;
        if (at + plan.duration * 1000 > now) out.push({ starts: at, ends: at + plan.duration * 1000, odd });
        if (out.length >= most) break;
    }
    return out;
}

/** "every week on Monday and Thursday at 02:00" @param {Plan} plan */
export function ruleWords({ wall, repeat, rule }) {
    const time = wall === null ? '' : ` at ${new Date(wall).toISOString().slice(11, 16)}`;
    if (repeat === 'once') return 'once';
    if (repeat === 'weekly') {
        const every = rule.every && rule.every > 1 ? `every ${rule.every} weeks` : 'every week';
        return `${every} on ${listed(daysOf(rule, wall ?? 0).map((day) => WEEKDAYS[day - 1]))}${time}`;
    }
    if (repeat === 'monthly') {
        const often = rule.every && rule.every > 1 ? `every ${rule.every} months` : 'every month';
        const day = rule.day ?? new Date(wall ?? 0).getUTCDate();
        if (!rule.week) return `${often} on day ${day}${time}${day > 28 ? ', or the last one' : ''}`;
        return `${often} on the ${NTH.find(([n]) => n === rule.week)?.[1] ?? '?'} ${WEEKDAYS[(rule.weekday ?? 1) - 1]}${time}`;
    }
    const { cron } = parseCron(rule.expression ?? '');
    return cron ? cronWords(cron) : `cron ${rule.expression}`;
}

/** The plan of a window as the API gives it. @param {any} item @returns {Plan} */
export const planOf = (item) => ({
    zone: item.zone, wall: item.starts_at ? wallOf(Date.parse(item.starts_at), item.zone) : null, duration: item.duration,
    repeat: item.repeat, rule: item.rule ?? {}, until: item.until ? Date.parse(item.until) : null,
});

/** What the clock says of a window. @param {any} item @param {number} now @returns {'in-progress'|'upcoming'|'completed'|'cancelled'} */
export function stateNow(item, now) {
    if (item.state === 'cancelled') return 'cancelled';
    if (!item.next) return 'completed';
    const from = Date.parse(item.next.starts_at);
    const to = Date.parse(item.next.ends_at);
    if (now < from) return 'upcoming';
    return now < to ? 'in-progress' : item.repeat === 'once' ? 'completed' : 'upcoming';
}
