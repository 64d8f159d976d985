// How a status is said: shape and word, and honestly when it is old.
import { html } from '../html.js';
import { span } from '../lib/time.js';
import { shown } from '../lib/status.js';
import { lostSince } from '../store/live.js';
import { second, tick } from '../store/clock.js';
import { StatusIcon } from './icon.js';

/** Young states count by the second, old ones need not. @param {number} since */
const clockFor = (since) => (tick.value - since < 120000 ? second.value : tick.value);

/** @param {{status: import('../lib/status.js').Status, since?: number|null, solid?: boolean, iconOnly?: boolean, word?: string}} props */
export function Badge({ status, since, solid, iconOnly, word }) {
    const text = word ?? status;
    return html`<span class=${`badge s-${status} ${solid ? 'solid' : ''}`}><${StatusIcon} status=${status}/>
        ${iconOnly ? html`<span class="sr">${text}</span>` : html`<b>${text}</b>`}${since ? html` <span>${span((clockFor(since) - since) / 1000, 1)}</span>` : ''}</span>`;
}

/**
 * A monitor's status as it may be shown now.
 * @param {{monitor: {status: import('../lib/status.js').Status, since: number|null, checkedAt: number|null, interval: number}, solid?: boolean}} props
 */
export function LiveBadge({ monitor, solid }) {
    const { status, known } = shown(monitor, tick.value, lostSince.value > 0);
    if (!known) return html`<${Badge} status=${status} since=${monitor.since} solid=${solid}/>`;
    return html`<span class=${`badge s-${status} ${solid ? 'solid' : ''}`} title="The last known status; there is no news of it"><${StatusIcon} status=${status}/>
        <b>${status === known ? known : 'unknown'}</b> <span class="stale-mark">◔ ${status === known ? 'last known' : `last known: ${known}`}</span></span>`;
}
