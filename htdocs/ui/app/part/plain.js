// The card of the pages without a frame: sign in, sign up, set up.
import { html } from '../html.js';
import { href } from '../base.js';
import { boot } from '../store/session.js';
import { Logo } from './icon.js';

/** @param {{title: string, wide?: boolean, children?: any}} props */
export const Plain = ({ title, wide, children }) => html`<div class="plain"><main class=${`plain-card ${wide ? 'wide' : ''}`} id="main">
    <a class="plain-brand" href=${href('')}><${Logo}/>${boot.value?.instance || 'Tocsin'}</a>
    <h1 tabindex="-1">${title}</h1>${children}</main></div>`;
