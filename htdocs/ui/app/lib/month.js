// A month as weeks of days, Monday first. A day is "2026-11-21", without a zone.
import { wallOf, dayText } from './zone.js';

const DAY = 864e5;

/** @param {string} day */
export const dayWall = (day) => Date.parse(`${day}T00:00:00Z`);
/** @param {string} day @param {number} by */
export const addDays = (day, by) => dayText(dayWall(day) + by * DAY);

/** The same day of another month, or its last. @param {string} day @param {number} by */
export function addMonths(day, by) {
    const [y, m, d] = day.split('-').map(Number);
    const length = new Date(Date.UTC(y, m + by, 0)).getUTCDate();
    return dayText(Date.UTC(y, m - 1 + by, Math.min(d, length)));
}

/** @param {string} month "2026-11" @returns {string[][]} whole weeks: days of the months beside are among them */
export function weeksOf(month) {
    const first = dayWall(`${month}-01`);
    const monday = first - ((new Date(first).getUTCDay() + 6) % 7) * DAY;
    const weeks = [];
    for (let at = monday; dayText(at).slice(0, 7) <= month; at += 7 * DAY) weeks.push(Array.from({ length: 7 }, (_, i) => dayText(at + i * DAY)));
    return weeks;
}

/** The days that a span touches in a zone. @param {number} from @param {number} to @param {string} zone */
export function daysOf(from, to, zone) {
    const out = [];
    const last = dayText(wallOf(Math.max(from, to - 1), zone));
    for (let day = dayText(wallOf(from, zone)); day <= last && out.length < 62; day = addDays(day, 1)) out.push(day);
    return out;
}

/** @param {string} month */
export const monthName = (month) => new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(dayWall(`${month}-01`));
/** @param {string} day */
export const dayName = (day) => new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' }).format(dayWall(day));
