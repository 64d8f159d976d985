import { html } from '../html.js';
import { ms } from '../lib/number.js';

export const PHASES = /** @type {const} */ (['dns', 'connect', 'tls', 'ttfb', 'transfer']);
export const PHASE_NAMES = { dns: 'DNS', connect: 'connect', tls: 'TLS', ttfb: 'first byte', transfer: 'transfer' };

/** Where the time of one check went. @param {{phases: Partial<Record<typeof PHASES[number], number|null>>}} props */
export function Phases({ phases }) {
    const total = PHASES.reduce((sum, name) => sum + (phases[name] ?? 0), 0);
    if (!total) return null;
    return html`<div class="phases" aria-hidden="true">${PHASES.map((name) => html`<i class=${`p-${name}`} style=${{ width: `${((phases[name] ?? 0) / total) * 100}%` }}></i>`)}</div>
        <p class="phase-key">${PHASES.filter((name) => phases[name] !== null && phases[name] !== undefined).map((name) => html`<span><i class=${`p-${name}`} aria-hidden="true"></i>${PHASE_NAMES[name]} ${ms(phases[name])}</span>`)}</p>`;
}
