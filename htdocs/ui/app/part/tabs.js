import { html } from '../html.js';
import { href } from '../base.js';
import { path, query, setQuery } from '../store/route.js';

/** Tabs that are links: each view has an address. Arrows move, Enter opens. @param {{label: string, tabs: [string, string][], current: string, name?: string}} props */
export function Tabs({ label, tabs, current, name = 'tab' }) {
    const to = (/** @type {string} */ key) => {
        const next = new URLSearchParams(query.value);
        next.set(name, key);
        return href(`${path.value}?${next}`);
    };
    function keys(/** @type {KeyboardEvent} */ event) {
        const all = /** @type {HTMLElement[]} */ ([.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll('[role=tab]')]);
        const at = all.indexOf(/** @type {HTMLElement} */ (event.target));
        const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
        if (next === undefined) return;
        event.preventDefault();
        all[(next + all.length) % all.length].focus();
    }
    return html`<div class="tabs" role="tablist" aria-label=${label} onKeyDown=${keys}>${tabs.map(([key, text]) => html`<a key=${key} role="tab" id=${`tab-${key}`} href=${to(key)} tabindex=${key === current ? 0 : -1}
        aria-selected=${key === current} aria-controls=${key === current ? `panel-${key}` : undefined} onClick=${(/** @type {MouseEvent} */ e) => { if (!e.ctrlKey && !e.metaKey) { e.preventDefault(); setQuery({ [name]: key }, { push: true }); } }}>${text}</a>`)}</div>`;
}
