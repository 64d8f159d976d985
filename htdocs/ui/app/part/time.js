import { html } from '../html.js';
import { absolute, ago, short } from '../lib/time.js';
import { tick } from '../store/clock.js';
import { prefs, zone } from '../store/prefs.js';

/** A point of time: relative or absolute as the user likes, the other one in the tooltip. @param {{at: number|null, exact?: boolean}} props */
export function Time({ at, exact }) {
    if (at === null) return html`<span>—</span>`;
    const full = absolute(at, zone.value);
    const text = exact || prefs.value.times === 'absolute' ? short(at, zone.value, tick.value) : ago(at, tick.value);
    return html`<time datetime=${new Date(at).toISOString()} title=${full}>${text}</time>`;
}
