// The card of the pages without a frame: sign in, sign up, set up.
import { html } from '../html.js';
import { useEffect } from '../../vendor/hooks.js';
import { href } from '../base.js';
import { boot } from '../store/session.js';
import { Logo } from './icon.js';

/** @param {{title: string, wide?: boolean, children?: any}} props */
export function Plain({ title, wide, children }) {
    const instance = boot.value?.instance || 'Tocsin';
    useEffect(() => { document.title = `${title} – ${instance}`; }, [title, instance]);
    return html`<div class="plain"><main class=${`plain-card ${wide ? 'wide' : ''}`} id="main">
    <a class="plain-brand" href=${href('')}><${Logo}/>${instance}</a>
    <h1 tabindex="-1">${title}</h1>${children}</main></div>`;
}
