// How many monitors are in which state, for the sidebar, the title and the dashboard.
import { signal } from '../../vendor/signals.js';

/** @typedef {Record<import('../lib/status.js').Status, number> & {total: number}} Counts */

export const counts = signal(/** @type {Counts|null} */ (null));
export const openIncidents = signal(0);
