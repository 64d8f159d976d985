// Buttons. One that cannot be used says why instead of being dead.
import { html } from '../html.js';
import { useState } from '../../vendor/hooks.js';
import { Icon } from './icon.js';

/**
 * @param {{children?: any, kind?: 'primary'|'danger'|'quiet'|'', small?: boolean, icon?: import('./icon.js').IconName, label?: string,
 *   busy?: boolean, reason?: string, type?: 'button'|'submit', onClick?: (event: MouseEvent) => unknown, title?: string,
 *   pressed?: boolean, cls?: string, autofocus?: boolean, keys?: string}} props
 * label alone with an icon makes an icon button; reason disables it and says why
 */
export function Button({ children, kind = '', small, icon, label, busy, reason, type = 'button', onClick, title, pressed, cls = '', autofocus, keys }) {
    const [working, setWorking] = useState(false);
    const wait = busy || working;
    async function click(/** @type {MouseEvent} */ event) {
        if (wait || reason) {
            event.preventDefault();
            return;
        }
        const result = onClick?.(event);
        if (result instanceof Promise) {
            setWorking(true);
            try {
                await result;
            } finally {
                setWorking(false);
            }
        }
    }
    const alone = !children && label;
    return html`<button type=${type} class=${`btn ${kind} ${small ? 'small' : ''} ${alone ? 'icon' : ''} ${cls}`} onClick=${click}
        aria-label=${label} title=${reason || title || (alone ? label + (keys ? ` (${keys})` : '') : undefined)} aria-busy=${wait ? 'true' : undefined}
        aria-disabled=${reason ? 'true' : undefined} aria-pressed=${pressed} aria-keyshortcuts=${keys} autofocus=${autofocus}>
        ${icon && html`<${Icon} name=${icon}/>`}${children}</button>`;
}

/** @param {string} text */
export async function copyText(text) {
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        // plain http on a LAN has no clipboard: let the browser select and copy
        const area = document.createElement('textarea');
        area.value = text;
        (document.querySelector('dialog:modal') ?? document.body).append(area);
        area.select();
        document.execCommand('copy');
        area.remove();
    }
}

/** @param {{text: string|(() => string), label?: string}} props */
export function Copy({ text, label = 'Copy' }) {
    const [done, setDone] = useState(false);
    async function copy() {
        await copyText(typeof text === 'string' ? text : text());
        setDone(true);
        setTimeout(() => setDone(false), 2000);
    }
    return html`<${Button} small icon=${done ? 'check' : 'copy'} onClick=${copy}>${done ? 'Copied' : label}<//>`;
}
