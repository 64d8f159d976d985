// What happened, laid over charts: events that lie too near to each other are drawn as one mark.

/**
 * @typedef {{at: number, kind: string, app?: string|null, actor?: string|null, text?: string}} Happening at: ms
 * @typedef {{x: number, at: number, items: Happening[]}} Mark x: px
 */

const APART = 14; // px

/** The most telling kind of a mark stands for it. */
const WEIGHT = ['crash', 'gave-up', 'silent', 'status', 'deploy', 'env', 'stop', 'restart', 'restarted', 'start', 'back'];

/** @param {Happening[]} list @param {number} from @param {number} to ms @param {number} width px @returns {Mark[]} */
export function marks(list, from, to, width) {
    /** @type {Mark[]} */
    const out = [];
    const span = Math.max(1, to - from);
    for (const item of [...list].sort((a, b) => a.at - b.at)) {
        if (item.at < from || item.at > to) continue;
        const x = ((item.at - from) / span) * width;
        const last = out.at(-1);
        if (last && x - last.x < APART) last.items.push(item);
        else out.push({ x, at: item.at, items: [item] });
    }
    return out;
}

/** @param {Mark} mark */
export const kindOf = (mark) => mark.items.reduce((best, item) => {
    const rank = (/** @type {string} */ kind) => (WEIGHT.includes(kind) ? WEIGHT.indexOf(kind) : 99);
    return rank(item.kind) < rank(best) ? item.kind : best;
}, mark.items[0].kind);

/** What happened around a moment, nearest first. @param {Happening[]} list @param {number} at @param {number} [around] ms */
export const near = (list, at, around = 600e3) => list.filter((item) => Math.abs(item.at - at) <= around).sort((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at));

/** @type {Record<string, [string, string]>} the letter of the mark, and the words */
export const KINDS = {
    deploy: ['D', 'deployed'], restart: ['R', 'restarted'], start: ['S', 'started'], stop: ['■', 'stopped'], env: ['E', 'env changed'], restarted: ['↻', 'restarted by itself'],
    crash: ['✕', 'crashed'], 'gave-up': ['!', 'automatic restarts gave up'], silent: ['◔', 'went silent'], back: ['●', 'answers again'], status: ['▲', 'changed status'],
};

/** "web deployed: main 3f2c1a, by ann" @param {Happening} item */
export function wordsOf(item) {
    const what = KINDS[item.kind]?.[1] ?? item.kind.replaceAll('-', ' ');
    return `${item.app ? `${item.app} ` : ''}${what}${item.text ? `: ${item.text}` : ''}${item.actor ? `, by ${item.actor}` : ''}`;
}
