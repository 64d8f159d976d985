// Five fields of cron: minute, hour, day of the month, month, day of the week.

const DAY = 864e5;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const LONG_DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const LONG_MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
/** @type {[string, number, number, string[]][]} */
const FIELDS = [['minute', 0, 59, []], ['hour', 0, 23, []], ['day of the month', 1, 31, []], ['month', 1, 12, MONTHS], ['day of the week', 0, 7, DAYS]];
/** @type {Record<string, string>} */
const NAMED = { '@hourly': '0 * * * *', '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@weekly': '0 0 * * 0', '@monthly': '0 0 1 * *', '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *' };
const LONGEST_DAYS = 366 * 8; // 29 February of a leap year comes within eight years

/** @typedef {{sets: Set<number>[], any: boolean[]}} Cron */

/** @param {string} text @returns {{cron: Cron|null, problem: string}} */
export function parseCron(text) {
    const word = text.trim().toLowerCase();
    const parts = (NAMED[word] ?? word).split(/\s+/);
    if (parts.length !== 5) return { cron: null, problem: 'Five fields: minute, hour, day of the month, month, day of the week. For example 0 2 * * 1.' };
    const sets = [];
    for (const [i, part] of parts.entries()) {
        const set = field(part, FIELDS[i]);
        if (!set) return { cron: null, problem: `“${part}” is no ${FIELDS[i][0]}: from ${FIELDS[i][1]} to ${FIELDS[i][2]}.` };
        sets.push(set);
    }
    if (sets[4].delete(7)) sets[4].add(0);
    return { cron: { sets, any: parts.map((part) => part.startsWith('*')) }, problem: '' };
}

/** @param {string} text @param {[string, number, number, string[]]} about */
function field(text, [, low, high, names]) {
    const set = new Set();
    for (const piece of text.split(',')) {
        const m = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(piece);
        if (!m) return null;
        const number = (/** @type {string} */ word) => (/^\d+$/.test(word) ? Number(word) : names.includes(word) ? names.indexOf(word) + (low === 1 ? 1 : 0) : NaN);
        const step = m[3] ? Number(m[3]) : 1;
        const from = m[1] === '*' ? low : number(m[1]);
        const to = m[1] === '*' ? high : m[2] ? number(m[2]) : m[3] ? high : from;
        if (!(from >= low && to <= high && from <= to && step >= 1) || (m[1] === '*' && m[2])) return null;
        for (let n = from; n <= to; n += step) set.add(n);
    }
    return set;
}

/** The wall times that it names from `from` on. @param {Cron} cron @param {number} from @returns {Generator<number>} */
export function* cronTimes({ sets: [minutes, hours, days, months, weekdays], any }, from) {
    const first = Math.floor(from / DAY) * DAY;
    const sorted = (/** @type {Set<number>} */ set) => [...set].sort((a, b) => a - b);
    for (let i = 0; i < LONGEST_DAYS; i++) {
        const day = new Date(first + i * DAY);
        if (!months.has(day.getUTCMonth() + 1)) continue;
        const dom = days.has(day.getUTCDate());
        const dow = weekdays.has(day.getUTCDay());
        // where both are named, one is enough
        if (any[2] || any[4] ? !(dom && dow) : !(dom || dow)) continue;
        for (const h of sorted(hours)) {
            for (const m of sorted(minutes)) {
                const at = day.getTime() + h * 36e5 + m * 6e4;
                if (at >= from) yield at;
            }
        }
    }
}

/** @param {string[]} words */
export const listed = (words) => (words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`);
const two = (/** @type {number} */ n) => String(n).padStart(2, '0');

/** @param {Cron} cron */
export function cronWords({ sets, any }) {
    const [minutes, hours, days, months, weekdays] = sets.map((set) => [...set].sort((a, b) => a - b));
    let when;
    if (minutes.length * hours.length <= 6) when = `at ${listed(hours.flatMap((h) => minutes.map((m) => `${two(h)}:${two(m)}`)))}`;
    else {
        const past = minutes.length === 60 ? 'every minute' : `minute ${listed(minutes.map(String))}`;
        when = `${past} of ${hours.length === 24 ? 'every hour' : `hour ${listed(hours.map(String))}`}`;
    }
    const on = [];
    if (!any[2]) on.push(`on day ${listed(days.map(String))} of the month`);
    if (!any[4]) on.push(`on ${listed(weekdays.map((d) => LONG_DAYS[d]))}`);
    const which = on.length ? on.join(' or ') : 'every day';
    return `${which} ${when}${months.length < 12 ? ` in ${listed(months.map((m) => LONG_MONTHS[m - 1]))}` : ''}`;
}
