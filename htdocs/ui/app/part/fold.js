import { html } from '../html.js';
import { useEffect, useRef } from '../../vendor/hooks.js';

/** A section that says what is in it while it is closed, and opens when something in it is wrong. @param {{title: string, text: string, changed: boolean, bad: boolean, children?: any}} props */
export function Fold({ title, text, changed, bad, children }) {
    const ref = useRef(/** @type {HTMLDetailsElement|null} */ (null));
    useEffect(() => { if (bad && ref.current) ref.current.open = true; }, [bad]);
    return html`<details class="fold" ref=${ref}><summary><b>${title}</b><span class="meta">${text}</span>${changed && html`<span class="dot" title="Not the defaults"></span><span class="sr">, changed</span>`}</summary>
        <div class="fold-body">${children}</div></details>`;
}
