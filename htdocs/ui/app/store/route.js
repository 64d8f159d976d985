// The address: which page, which query. Links inside the site change it without a reload.
import { signal, computed } from '../../vendor/signals.js';
import { href, root, sitePath } from '../base.js';

const here = signal(new URL(location.href));

/** 'monitors/' and the like; '' is the front page. */
export const path = computed(() => sitePath(here.value) ?? '');
/** @type {import('../../vendor/signals.js').ReadonlySignal<URLSearchParams>} */
export const query = computed(() => here.value.searchParams);
/** Grows with each change of page (not of query), for focus and scrolling. */
export const visits = signal(0);

/** Asked before the page changes; false keeps it. @type {{leave: null|(() => boolean)}} */
export const guard = { leave: null };

/** @param {string} to site path with query, for example 'monitors/?id=4' @param {{replace?: boolean}} [options] */
export function go(to, { replace = false } = {}) {
    const next = new URL(href(to), root);
    const moves = subject(next) !== subject(here.peek());
    if (moves && guard.leave && !guard.leave()) return;
    if (moves && !replace) history.replaceState({ y: scrollY }, '');
    history[replace ? 'replaceState' : 'pushState']({ y: 0 }, '', next);
    if (moves) guard.leave = null;
    here.value = next;
    if (moves) {
        visits.value++;
        scrollTo(0, 0);
    }
}

/** Changes some keys of the query; empty values go. @param {Record<string, string|number|null|undefined>} changes @param {{push?: boolean}} [options] */
export function setQuery(changes, { push = false } = {}) {
    const next = new URLSearchParams(query.peek());
    for (const [key, value] of Object.entries(changes)) {
        if (value === null || value === undefined || value === '') next.delete(key);
        else next.set(key, String(value));
    }
    const text = next.toString();
    go(path.peek() + (text ? `?${text}` : ''), { replace: !push });
}

/** What the page is about: the path and the object, not its filters. @param {URL} url */
const subject = (url) => `${url.pathname} ${url.searchParams.get('id') ?? ''} ${url.searchParams.get('new') ?? ''}`;

addEventListener('popstate', (event) => {
    const next = new URL(location.href);
    if (subject(next) !== subject(here.peek())) {
        if (guard.leave && !guard.leave()) {
            history.pushState(null, '', here.peek());
            return;
        }
        guard.leave = null;
        visits.value++;
        // the page of before has to be there before it can be scrolled
        setTimeout(() => scrollTo(0, event.state?.y ?? 0), 60);
    }
    here.value = next;
});

addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = /** @type {Element} */ (event.target).closest?.('a[href]');
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')) return;
    const url = new URL(link.href);
    const to = sitePath(url);
    if (to === null || (to && !to.endsWith('/')) || to.startsWith('api/')) return;
    if (url.hash && url.pathname === location.pathname && url.search === location.search) return;
    event.preventDefault();
    go(to + url.search);
});
