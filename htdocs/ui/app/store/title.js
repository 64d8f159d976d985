// The window's title and icon: how many are down, and whether the news is old.
import { signal, effect, computed } from '../../vendor/signals.js';
import { boot } from './session.js';
import { lostSince } from './live.js';
import { counts } from './counts.js';

/** The page's own name. */
export const pageName = signal('');

const ICONS = {
    up: '<circle cx="16" cy="16" r="14" fill="#1c8a63"/><path d="M9 17l5 5 9-11" fill="none" stroke="#fff" stroke-width="4"/>',
    degraded: '<path d="M16 3 31 29H1z" fill="#b26b00"/><path d="M16 12v8m0 3v3" stroke="#fff" stroke-width="4"/>',
    down: '<path d="M10 2h12l8 8v12l-8 8H10l-8-8V10z" fill="#a30d1d"/><path d="M10 10l12 12M22 10 10 22" stroke="#fff" stroke-width="4"/>',
    unknown: '<circle cx="16" cy="16" r="13" fill="#fff" stroke="#76808c" stroke-width="3" stroke-dasharray="5 4"/><path d="M12 13c0-6 9-5 8 0-1 3-4 3-4 6m0 3v3" fill="none" stroke="#535c67" stroke-width="3"/>',
};

const worst = computed(() => {
    if (lostSince.value) return 'unknown';
    const c = counts.value;
    if (!c) return null;
    if (c.down) return 'down';
    if (c.degraded) return 'degraded';
    return c.up ? 'up' : null;
});

effect(() => {
    const down = counts.value?.down ?? 0;
    const name = boot.value?.instance || 'Tocsin';
    document.title = (lostSince.value ? '⚠ ' : '') + (down ? `(${down} down) ` : '') + (pageName.value ? `${pageName.value} – ` : '') + name;
});

const link = /** @type {HTMLLinkElement} */ (document.querySelector('link[rel=icon]'));
const own = link?.href;
effect(() => {
    const status = worst.value;
    if (link) link.href = status ? `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${ICONS[status]}</svg>`)}` : own;
});
