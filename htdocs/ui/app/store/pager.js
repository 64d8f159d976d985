// A list that comes in pages: the first page again, or the next one below.
import { signal } from '../../vendor/signals.js';
import { asProblem, get } from '../api.js';

/** @param {string} path @param {() => Record<string, string|number|null|undefined>} [query] */
export function pager(path, query = () => ({})) {
    const items = signal(/** @type {any[]|null} */ (null));
    const next = signal(/** @type {string|null} */ (null));
    const error = signal(/** @type {import('../api.js').Problem|null} */ (null));
    let turn = 0;
    async function load(/** @type {string|null} */ after = null) {
        const mine = ++turn;
        try {
            const answer = await get(path, { ...query(), after });
            if (mine !== turn) return;
            items.value = after ? [...(items.peek() ?? []), ...answer.items] : answer.items;
            next.value = answer.next ?? null;
            error.value = null;
        } catch (e) {
            if (mine === turn) error.value = asProblem(e);
        }
    }
    return { items, next, error, load: () => load(), more: () => load(next.peek()) };
}
