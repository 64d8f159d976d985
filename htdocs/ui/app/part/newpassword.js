import { html } from '../html.js';
import { STRENGTH, strength } from '../lib/rules.js';
import { Field } from './field.js';

const FILL = ['', 's-down', 's-degraded', 's-up', 's-up'];

/** A new password, with how strong it is in words and bars. @param {{label?: string, value: string, onInput: (value: string) => void, error?: string}} props */
export function NewPassword({ label = 'Password', value, onInput, error }) {
    const level = strength(value);
    return html`<div class="stack"><${Field} label=${label} name="new-password" type="password" autocomplete="new-password" value=${value} onInput=${onInput} error=${error}
        help=${html`At least 12 characters.${level ? html` This one is <b>${STRENGTH[level]}</b>.` : ''}`}/>
        <div class=${`strength ${FILL[level]}`} aria-hidden="true">${[1, 2, 3, 4].map((n) => html`<i class=${n <= level ? 'on' : ''}></i>`)}</div></div>`;
}
