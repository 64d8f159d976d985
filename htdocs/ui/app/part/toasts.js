import { html } from '../html.js';
import { useEffect, useRef } from '../../vendor/hooks.js';
import { dismiss, held, toasts } from '../store/toasts.js';
import { Button } from './button.js';

const MAX = 3;
const CLASS = { good: 's-up', bad: 's-down', info: '' };

/** The notes at the edge. They lie in the top layer, so that an open dialog does not hide them. */
export function Toasts() {
    const ref = useRef(/** @type {HTMLElement|null} */ (null));
    const list = toasts.value;
    const more = list.length - MAX;
    useEffect(() => {
        const node = ref.current;
        if (!node?.showPopover) return;
        if (list.length && !node.matches(':popover-open')) node.showPopover();
        if (!list.length && node.matches(':popover-open')) node.hidePopover();
    }, [list.length]);
    const hold = (/** @type {boolean} */ on) => () => { held.value = on; };
    return html`<section class="toasts" ref=${ref} popover="manual" aria-label="Notes" tabindex="-1" id="toasts"
        onMouseEnter=${hold(true)} onMouseLeave=${hold(false)} onFocusIn=${hold(true)} onFocusOut=${hold(false)}>
        ${list.slice(-MAX).map((item) => html`<div class=${`toast ${CLASS[item.kind]}`} key=${item.id} role=${item.kind === 'bad' ? 'alert' : 'status'}>
            <p>${item.text}</p>
            ${item.undo && html`<${Button} small onClick=${async () => { dismiss(item.id); await item.undo?.(); }}>${item.label ?? 'Undo'}<//>`}
            <${Button} small kind="quiet" icon="close" label="Dismiss" onClick=${() => dismiss(item.id)}/></div>`)}
        ${more > 0 && html`<div class="toast"><p>${more} more</p></div>`}</section>`;
}
