// 90 days in one strip: one tab stop, arrows choose the day, the panel below tells about it.
import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { useSignal } from '../../vendor/signals.js';
import { get } from '../api.js';
import { percent, plural } from '../lib/number.js';
import { day, span } from '../lib/time.js';
import { resource } from '../store/resource.js';
import { barPaths } from './bars.js';
import { Failed } from './states.js';
import { Badge } from './status.js';

const STEP = 10;
const H = 32;
const DOWN_S = 1800; // more downtime than this makes a day "down", a minute of it "degraded"

/** @param {any} d */
function dayStatus(d) {
    if (d.status) return d.status;
    if (d.up_s + d.degraded_s + d.down_s === 0) return d.paused_s > 0 ? 'paused' : d.maintenance_s > 0 ? 'maintenance' : 'unknown';
    if (d.down_s > DOWN_S) return 'down';
    return d.down_s >= 60 || d.degraded_s > DOWN_S ? 'degraded' : 'up';
}
const DIGIT = { unknown: '0', up: '1', degraded: '2', down: '3', maintenance: '4', paused: '5' };

/** @param {{id: number}} props */
export function DayStrip({ id }) {
    const data = useMemo(() => resource(() => get(`/monitors/${id}/daily`, { days: 90 })), [id]);
    useEffect(() => { data.load(); }, [data]);
    const items = /** @type {any[]|undefined} */ (data.data.value?.items);
    return html`<${Failed} error=${data.error.value} what="The days" retry=${data.load} old=${Boolean(items)}/>${items && items.length > 0 && html`<${Strip} items=${items}/>`}`;
}

/** @param {{items: any[]}} props */
export function Strip({ items }) {
    const at = useSignal(items.length - 1);
    const statuses = items.map(dayStatus);
    const n = items.length;
    const d = items[Math.min(at.value, n - 1)];
    const status = statuses[Math.min(at.value, n - 1)];
    const name = day(Date.parse(`${d.day}T12:00:00Z`), 'UTC');
    const says = status === 'unknown' ? `${name}, no data` : d.percent === undefined ? `${name}, ${status}` : `${name}, ${status}, ${percent(d.percent)} up${d.down_s ? `, ${span(d.down_s)} down` : ''}${d.incidents ? `, ${plural(d.incidents, 'incident')}` : ''}`;
    const bad = (/** @type {number} */ step) => {
        for (let i = at.value + step; i >= 0 && i < n; i += step) if (['down', 'degraded'].includes(statuses[i])) return i;
        return at.value;
    };
    function keys(/** @type {KeyboardEvent} */ event) {
        const to = { ArrowLeft: at.value - 1, ArrowRight: at.value + 1, PageUp: at.value - 7, PageDown: at.value + 7, Home: 0, End: n - 1, n: bad(1), p: bad(-1) }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        at.value = Math.max(0, Math.min(n - 1, to));
    }
    const point = (/** @type {PointerEvent} */ event) => {
        const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
        at.value = Math.max(0, Math.min(n - 1, Math.floor(((event.clientX - box.left) / box.width) * n)));
    };
    return html`<div class="card-body stack"><div class="strip-box" tabindex="0" role="slider" aria-label="Day" aria-valuemin="1" aria-valuemax=${n} aria-valuenow=${at.value + 1} aria-valuetext=${says} aria-controls="day-panel"
            onKeyDown=${keys} onPointerMove=${point} onPointerDown=${point}>
            <svg class="bars strip" viewBox=${`0 0 ${n * STEP - 1} ${H}`} preserveAspectRatio="none" aria-hidden="true">${barPaths(statuses.map((s) => DIGIT[/** @type {'up'} */ (s)]).join(''), STEP, H)}
                <rect class="strip-mark" x=${at.value * STEP - 0.5} y="0" width=${STEP} height=${H}/></svg></div>
        <div class="row meta"><span>${n} days ago</span><span class="grow"></span><span>today (UTC)</span></div>
        <div id="day-panel" class="row"><b>${name}</b><${Badge} status=${status} solid/>${d.percent === undefined ? '' : html`<span>${percent(d.percent)} up</span>`}${d.down_s > 0 && html`<span>down ${span(d.down_s)}</span>`}
            ${d.checks ? html`<span class="soft">${plural(d.checks, 'check')}${d.failed ? `, ${d.failed} failed` : ''}</span>` : ''}${d.p95 ? html`<span class="soft">95 % within ${Math.round(d.p95)} ms</span>` : ''}</div></div>`;
}
