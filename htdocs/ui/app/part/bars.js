import { html } from '../html.js';
import { WORDS } from '../lib/status.js';

const H = 16;
const STEP = 5;

/** The shape of one bar: its height says the status too, for print and for those who see no colour. */
function shape(/** @type {string} */ word, /** @type {number} */ x, /** @type {number} */ w, /** @type {number} */ h) {
    switch (word) {
    case 'degraded': return `M${x} ${h / 3}h${w}V${h}h-${w}z`;
    case 'down': return `M${x} ${h * 2 / 3}h${w}V${h}h-${w}z`;
    case 'maintenance': return `M${x} 0h${w}v${h / 4}h-${w}zM${x} ${h * 3 / 8}h${w}v${h / 4}h-${w}zM${x} ${h * 3 / 4}h${w}v${h / 4}h-${w}z`;
    case 'unknown': return `M${x + 0.5} .5h${w - 1}v${h - 1}h-${w - 1}z`;
    case 'paused': return `M${x} ${h - 2}h${w}v2h-${w}z`;
    default: return `M${x} 0h${w}v${h}h-${w}z`;
    }
}

/** At most seven paths for a whole strip. @param {string} digits oldest first @param {number} step @param {number} h */
export function barPaths(digits, step, h) {
    /** @type {Record<string, string>} */
    const paths = {};
    const w = step - 1;
    let track = '';
    const first = digits.search(/[1-9]/); // before it nothing was watched yet: an empty track
    for (let i = 0; i < digits.length; i++) {
        const word = WORDS[Number(digits[i])] ?? 'unknown';
        if (i >= first) paths[word] = (paths[word] ?? '') + shape(word, i * step, w, h);
        track += `M${i * step} 0h${w}v${h}h-${w}z`;
    }
    return html`<path class="track" d=${track}/>${Object.entries(paths).map(([word, d]) => html`<path key=${word} class=${`b-${word}`} d=${d}/>`)}`;
}

/** One bar an hour. @param {{digits: string, label: string}} props */
export const Bars = ({ digits, label }) => html`<svg class="bars" width=${24 * STEP - 1} height=${H} viewBox=${`0 0 ${24 * STEP - 1} ${H}`} role="img" aria-label=${label}>
    ${barPaths(digits.padStart(24, '0').slice(-24), STEP, H)}</svg>`;
