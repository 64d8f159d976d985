// Single-key shortcuts. A page registers its own; they can be switched off as a whole
// (WCAG 2.1.4), and never act while somebody types.
import { signal } from '../../vendor/signals.js';
import { prefs } from './prefs.js';

/** @typedef {{keys: string, text: string, run: (event: KeyboardEvent) => void, always?: boolean}} Shortcut */

export const shortcuts = signal(/** @type {{title: string, list: Shortcut[]}[]} */ ([]));

const CHORD_MS = 1200;
let first = '';
let firstAt = 0;

/** Adds a group; the answer takes it away again. @param {string} title @param {Shortcut[]} list */
export function addShortcuts(title, list) {
    const group = { title, list };
    shortcuts.value = [...shortcuts.peek(), group];
    return () => { shortcuts.value = shortcuts.peek().filter((other) => other !== group); };
}

addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const typing = target.closest?.('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], [role=menu]');
    const name = `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`;
    const all = shortcuts.peek().flatMap((group) => group.list).reverse();
    const modal = document.querySelector('dialog:modal');
    const always = all.find((item) => item.always && item.keys === name);
    if (always && !modal) {
        event.preventDefault();
        always.run(event);
        return;
    }
    if (typing || modal || event.ctrlKey || event.metaKey || event.altKey || !prefs.peek().keys) return;
    const chord = first && Date.now() - firstAt < CHORD_MS ? `${first} ${name}` : '';
    const hit = all.find((item) => item.keys === chord) ?? all.find((item) => item.keys === name);
    first = '';
    if (hit) {
        event.preventDefault();
        hit.run(event);
    } else if (all.some((item) => item.keys.startsWith(`${name} `))) {
        first = name;
        firstAt = Date.now();
    }
});
