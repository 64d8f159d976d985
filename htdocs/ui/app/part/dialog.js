// Dialogs: the browser's own modal, focus comes back where it was, one at a time.
import { html } from '../html.js';
import { signal } from '../../vendor/signals.js';
import { useId, useLayoutEffect, useRef } from '../../vendor/hooks.js';
import { Button } from './button.js';

/** @type {import('../../vendor/signals.js').Signal<null|(() => any)>} */
const current = signal(/** @type {null|(() => any)} */ (null));

/** Shows what `view` returns; a second dialog replaces the first. @param {() => any} view */
export const openDialog = (view) => { current.value = view; };
export const closeDialog = () => { current.value = null; };

export const DialogHost = () => (current.value ? html`<${Shown} view=${current.value} key=${current.value}/>` : null);
const Shown = (/** @type {{view: () => any}} */ { view }) => view();

/**
 * @param {{title: any, children?: any, onClose?: () => void, wide?: boolean, dirty?: () => boolean, onSubmit?: () => unknown, busy?: boolean,
 *   cls?: string}} props
 * dirty: whether Esc would lose something typed
 */
export function Dialog({ title, children, onClose = closeDialog, wide, dirty, onSubmit, cls = 'dialog' }) {
    const ref = useRef(/** @type {HTMLDialogElement|null} */ (null));
    const id = useId();
    useLayoutEffect(() => {
        const node = /** @type {HTMLDialogElement} */ (ref.current);
        const before = /** @type {HTMLElement|null} */ (document.activeElement);
        if (!node.open) node.showModal();
        const want = /** @type {HTMLElement|null} */ (node.querySelector('[autofocus]') ?? node.querySelector('input, select, textarea') ?? node.querySelector('.btn'));
        want?.focus();
        return () => { if (before?.isConnected) before.focus(); };
    }, []);
    const leave = () => { if (!dirty?.() || confirm('Discard what you have entered?')) onClose(); };
    const cancel = (/** @type {Event} */ event) => { event.preventDefault(); leave(); };
    const down = (/** @type {MouseEvent} */ event) => { if (event.target === ref.current) leave(); };
    const inner = html`<header><h2 id=${id}>${title}</h2><${Button} kind="quiet" icon="close" label="Close" onClick=${leave}/></header>${children}`;
    return html`<dialog ref=${ref} class=${`${cls} ${wide ? 'wide' : ''}`} aria-labelledby=${id} onCancel=${cancel} onClose=${onClose} onMouseDown=${down}>
        ${onSubmit
            ? html`<form novalidate onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); onSubmit(); }}>${inner}</form>`
            : html`<div>${inner}</div>`}</dialog>`;
}

/**
 * Asks before something that cannot be undone. `typed`: what has to be typed to go on.
 * @param {{title: string, text: any, action: string, run: () => unknown, typed?: string}} question
 */
export function confirmDialog({ title, text, action, run, typed }) {
    const entered = signal('');
    const View = () => {
        const blocked = typed !== undefined && entered.value.trim() !== typed;
        const go = async () => { if (!blocked) { await run(); closeDialog(); } };
        return html`<${Dialog} title=${title}>
            <p>${text}</p>
            ${typed !== undefined && html`<label class="stack"><span>Type <b>${typed}</b> to go on</span>
                <input class="input" value=${entered} onInput=${(/** @type {any} */ e) => { entered.value = e.currentTarget.value; }}/></label>`}
            <footer><${Button} onClick=${closeDialog} autofocus=${typed === undefined}>Cancel<//>
                <${Button} kind="danger" onClick=${go} reason=${blocked ? 'Type it first' : ''}>${action}<//></footer><//>`;
    };
    openDialog(() => html`<${View}/>`);
}
