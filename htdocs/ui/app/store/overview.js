// What the dashboard and the sidebar need beside the monitors: GET /overview, read again when
// something happened.
import { resource } from './resource.js';
import { get } from '../api.js';
import { counts, openIncidents } from './counts.js';
import { on } from './live.js';
import { loaded } from './monitors.js';

/** @type {import('./resource.js').Resource<any>} */
export const overview = resource(async () => {
    const answer = await get('/overview');
    openIncidents.value = answer.incidents?.length ?? 0;
    if (!loaded.peek() && answer.counts) {
        const c = { up: 0, degraded: 0, down: 0, maintenance: 0, unknown: 0, paused: 0, total: 0, ...answer.counts };
        counts.value = { ...c, total: c.total || c.up + c.degraded + c.down + c.maintenance + c.unknown + c.paused };
    }
    return answer;
});

/** @type {ReturnType<typeof setTimeout>|undefined} */
let soon;
function again() {
    clearTimeout(soon);
    soon = setTimeout(overview.load, 250);
}

/** Keeps the counts of the frame; the answer stops it. */
export function watchCounts() {
    overview.load();
    const offs = ['status', 'incident', 'monitor', 'resync'].map((event) => on(event, again));
    const timer = setInterval(() => { if (!document.hidden) overview.load(); }, 60000);
    return () => { offs.forEach((off) => off()); clearInterval(timer); };
}
