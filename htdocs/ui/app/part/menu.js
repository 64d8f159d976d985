// A menu under its button (APG menu button): arrows, Home, End, first letters, Esc.
import { html } from '../html.js';
import { useId, useRef, useState } from '../../vendor/hooks.js';
import { Icon } from './icon.js';

/**
 * @typedef {{text: string, run?: () => unknown, href?: string, icon?: import('./icon.js').IconName, checked?: boolean, danger?: boolean, keys?: string}} MenuItem
 * @param {{label: string, children?: any, items: () => (MenuItem|null)[], cls?: string, icon?: import('./icon.js').IconName}} props
 */
export function Menu({ label, children, items, cls = 'btn quiet', icon }) {
    const id = useId();
    const [open, setOpen] = useState(false);
    const [near, setNear] = useState(false); // a list has many menus: each is made when somebody comes near
    const button = useRef(/** @type {HTMLButtonElement|null} */ (null));
    const menu = useRef(/** @type {HTMLDivElement|null} */ (null));
    const nodes = () => /** @type {HTMLElement[]} */ ([...(menu.current?.querySelectorAll('[role^=menuitem]') ?? [])]);

    function toggled(/** @type {any} */ event) {
        const opens = event.newState === 'open';
        setOpen(opens);
        if (opens) requestAnimationFrame(() => { place(button.current, menu.current); nodes()[0]?.focus(); });
    }
    function key(/** @type {KeyboardEvent} */ event) {
        const list = nodes();
        const at = list.indexOf(/** @type {HTMLElement} */ (document.activeElement));
        const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: list.length - 1 }[event.key];
        if (to !== undefined) {
            event.preventDefault();
            list[(to + list.length) % list.length]?.focus();
        } else if (event.key === 'Tab') close();
        else if (event.key.length === 1) {
            const hit = [...list.slice(at + 1), ...list].find((node) => node.textContent?.trim().toLowerCase().startsWith(event.key.toLowerCase()));
            hit?.focus();
        }
    }
    const close = () => { menu.current?.hidePopover(); button.current?.focus(); };
    const list = open ? items() : [];
    return html`<button type="button" ref=${button} class=${cls} popovertarget=${id} aria-haspopup="menu" aria-expanded=${open} aria-label=${label} title=${label}
            onPointerEnter=${() => setNear(true)} onFocus=${() => setNear(true)}>
            ${icon && html`<${Icon} name=${icon}/>`}${children}</button>
        ${near && html`<div class="menu" id=${id} ref=${menu} popover="auto" role="menu" aria-label=${label} onToggle=${toggled} onKeyDown=${key}>
        ${list.map((item) => (item === null ? html`<hr/>` : html`<${Item} item=${item} close=${close}/>`))}</div>`}`;
}

/** @param {{item: MenuItem, close: () => void}} props */
function Item({ item, close }) {
    const role = item.checked === undefined ? 'menuitem' : 'menuitemradio';
    const inner = html`${item.icon ? html`<${Icon} name=${item.icon}/>` : item.checked !== undefined && html`<svg viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2"><path d=${item.checked ? 'M4 10.5 8 14.5 16 6' : ''}/></svg>`}<span>${item.text}</span>${item.keys && html`<kbd>${item.keys}</kbd>`}`;
    if (item.href) return html`<a role=${role} tabindex="-1" href=${item.href} onClick=${close}>${inner}</a>`;
    return html`<button type="button" role=${role} tabindex="-1" aria-checked=${item.checked} class=${item.danger ? 'danger' : ''} onClick=${() => { close(); item.run?.(); }}>${inner}</button>`;
}

/** Puts a pop-over below its button, or above, and inside the window; null when they left the page meanwhile. @param {HTMLElement|null} button @param {HTMLElement|null} pop */
export function place(button, pop) {
    if (!button || !pop) return;
    const at = button.getBoundingClientRect();
    const size = pop.getBoundingClientRect();
    const left = Math.max(8, Math.min(at.right - size.width, innerWidth - size.width - 8));
    const below = at.bottom + 4;
    const top = below + size.height > innerHeight - 8 ? Math.max(8, at.top - size.height - 4) : below;
    pop.style.left = `${left}px`;
    pop.style.top = `${top}px`;
}
