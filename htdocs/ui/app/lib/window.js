// The form of a maintenance window: its values, what is wrong with them, and what is sent.
import { parseCron } from './cron.js';
import { parseSpan, span } from './time.js';
import { instantOf, parseWall, wallOf, wallText, zoneProblem } from './zone.js';

const MOST_S = 2678400;

/**
 * @typedef {{title: string, description: string, zone: string, starts: string, lasts: string, repeat: 'once'|'weekly'|'monthly'|'cron',
 *   every: number, days: number[], month: 'day'|'nth', day: number, week: number, weekday: number, expression: string, until: string,
 *   everything: boolean, monitors: number[], tags: string[], groups: string[], silence: boolean, pause: boolean, show: boolean, tell: boolean, tell_before: number}} Values
 */

/** Monday is 1. */
const weekdayOf = (/** @type {number} */ wall) => ((new Date(wall).getUTCDay() + 6) % 7) + 1;
/** "2026-11-21 02:00" @param {number} at @param {string} zone */
const text = (at, zone) => wallText(wallOf(at, zone)).replace('T', ' ');

/** @param {any} item of the API, or nothing for a new one @param {number} now @param {string} zone of who plans @returns {Values} */
export function valuesOf(item, now, zone) {
    const where = item?.zone ?? zone;
    const soon = Math.ceil(now / 36e5) * 36e5;
    const starts = item?.starts_at ? Date.parse(item.starts_at) : soon;
    const wall = wallOf(starts, where);
    const rule = item?.rule ?? {};
    return {
        title: item?.title ?? '', description: item?.description ?? '', zone: where, starts: text(starts, where), lasts: span(item?.duration ?? 3600), repeat: item?.repeat ?? 'once',
        every: rule.every ?? 1, days: rule.days?.length ? rule.days : [weekdayOf(wall)], month: rule.week ? 'nth' : 'day', day: rule.day ?? new Date(wall).getUTCDate(), week: rule.week ?? 1, weekday: rule.weekday ?? weekdayOf(wall),
        expression: rule.expression ?? '0 2 * * 7', until: item?.until ? text(Date.parse(item.until), where) : '',
        everything: item?.everything ?? false, monitors: item?.monitors ?? [], tags: item?.tags ?? [], groups: item?.groups ?? [],
        silence: item?.silence ?? true, pause: item?.pause ?? false, show: item?.show ?? true, tell: item?.tell ?? true, tell_before: item?.tell_before ?? 0,
    };
}

/** @param {Values} v @returns {import('./recur.js').Plan['rule']} */
function ruleOf(v) {
    if (v.repeat === 'weekly') return { every: v.every, days: [...v.days].sort((a, b) => a - b) };
    if (v.repeat === 'monthly') return v.month === 'day' ? { day: v.day } : { week: v.week, weekday: v.weekday };
    return v.repeat === 'cron' ? { expression: v.expression.trim() } : {};
}

/** @param {Values} v @returns {import('./recur.js').Plan} */
export function planOfValues(v) {
    const zone = zoneProblem(v.zone) ? 'UTC' : v.zone;
    const until = v.until.trim() ? parseWall(v.until) : null;
    return { zone, wall: parseWall(v.starts), duration: parseSpan(v.lasts) ?? 0, repeat: v.repeat, rule: ruleOf(v), until: until === null ? null : instantOf(until, zone).at };
}

/** A new start takes the days of the rule along that were those of the old one. @param {Values} v @param {string} starts @returns {Partial<Values>} */
export function withStart(v, starts) {
    const [old, wall] = [parseWall(v.starts), parseWall(starts)];
    if (old === null || wall === null) return { starts };
    return {
        starts, ...(v.days.length === 1 && v.days[0] === weekdayOf(old) ? { days: [weekdayOf(wall)] } : {}),
        ...(v.day === new Date(old).getUTCDate() ? { day: new Date(wall).getUTCDate() } : {}), ...(v.weekday === weekdayOf(old) ? { weekday: weekdayOf(wall) } : {}),
    };
}

/** What the form can see itself. @param {Values} v @returns {Record<string, string>} */
export function problems(v) {
    /** @type {Record<string, string>} */
    const out = {};
    const put = (/** @type {string} */ name, /** @type {string|false} */ why) => { if (why) out[name] = why; };
    const plan = planOfValues(v);
    put('title', !v.title.trim() && 'Give it a name that others understand.');
    put('zone', zoneProblem(v.zone));
    put('starts_at', plan.wall === null && 'A date and a time, for example 2026-11-21 02:00.');
    put('duration', !plan.duration ? 'For example 90 min, 2 h or 1 h 30 min.' : (plan.duration < 60 || plan.duration > MOST_S) && 'From 1 minute to 31 days.');
    if (v.repeat === 'weekly') {
        put('rule', !v.days.length && 'Choose at least one day.');
        put('every', !(v.every >= 1 && v.every <= 52) && 'From 1 to 52 weeks.');
    }
    if (v.repeat === 'monthly' && v.month === 'day') put('rule', !(v.day >= 1 && v.day <= 31) && 'From 1 to 31.');
    if (v.repeat === 'cron') put('rule', parseCron(v.expression).problem);
    if (v.repeat !== 'once' && v.until.trim()) put('until', parseWall(v.until) === null ? 'A date and a time, or nothing.' : plan.wall !== null && plan.until !== null && plan.until < instantOf(plan.wall, plan.zone).at && 'Not before it begins.');
    put('monitors', !v.everything && !v.monitors.length && !v.tags.length && !v.groups.length && 'Choose what it covers.');
    return out;
}

/** What is sent. @param {Values} v */
export function bodyOf(v) {
    const plan = planOfValues(v);
    const iso = (/** @type {number|null} */ at) => (at === null ? null : new Date(at).toISOString());
    const chosen = v.everything ? { monitors: [], tags: [], groups: [] } : { monitors: v.monitors, tags: v.tags, groups: v.groups };
    return {
        title: v.title.trim(), description: v.description, zone: v.zone, starts_at: iso(plan.wall === null ? null : instantOf(plan.wall, v.zone).at), duration: plan.duration,
        repeat: v.repeat, rule: plan.rule, until: v.repeat === 'once' ? null : iso(plan.until), everything: v.everything, ...chosen,
        silence: v.silence, pause: v.pause, show: v.show, tell: v.show && v.tell, tell_before: v.show && v.tell && v.tell_before ? v.tell_before : null,
    };
}
