// A piece of data that a page shows: loading, there, failed, or there but old.
import { signal } from '../../vendor/signals.js';
import { asProblem } from '../api.js';

/**
 * @template T
 * @typedef {{data: import('../../vendor/signals.js').Signal<T|null>, error: import('../../vendor/signals.js').Signal<import('../api.js').Problem|null>,
 *   busy: import('../../vendor/signals.js').Signal<boolean>, load: () => Promise<void>}} Resource
 */

/**
 * Old data stays visible while new is fetched and when that fails.
 * @template T
 * @param {() => Promise<T>} fetcher
 * @returns {Resource<T>}
 */
export function resource(fetcher) {
    const data = signal(/** @type {T|null} */ (null));
    const error = signal(/** @type {import('../api.js').Problem|null} */ (null));
    const busy = signal(false);
    let turn = 0;
    async function load() {
        const mine = ++turn;
        busy.value = true;
        try {
            const value = await fetcher();
            if (mine !== turn) return;
            data.value = value;
            error.value = null;
        } catch (e) {
            if (mine === turn) error.value = asProblem(e);
        } finally {
            if (mine === turn) busy.value = false;
        }
    }
    return { data, error, busy, load };
}
