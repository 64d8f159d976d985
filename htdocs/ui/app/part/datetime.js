import { html } from '../html.js';
import { useId, useRef } from '../../vendor/hooks.js';
import { Button } from './button.js';
import { FieldError } from './field.js';

/**
 * A date with a time: text that people type, and the browser's own picker beside it.
 * @param {{label: string, need?: string, value: string, onInput: (value: string) => void, error?: string, help?: string}} props value: "2026-11-21 02:00"
 */
export function DateTime({ label, need, value, onInput, error, help }) {
    const id = useId();
    const native = useRef(/** @type {HTMLInputElement|null} */ (null));
    const pick = () => {
        try {
            native.current?.showPicker();
        } catch {
            native.current?.focus(); // a browser that shows none
        }
    };
    return html`<div class="field"><label for=${id}>${label}${need && html` <span class="need">(${need})</span>`}</label>
        <span class="with-picker"><input id=${id} class="num" value=${value} placeholder="2026-11-21 02:00" inputmode="numeric" autocomplete="off" spellcheck=${false} aria-describedby=${[error && `${id}-e`, help && `${id}-h`].filter(Boolean).join(' ') || undefined}
                aria-invalid=${error ? 'true' : undefined} onInput=${(/** @type {any} */ e) => onInput(e.currentTarget.value)}/>
            <input class="picker" type="datetime-local" ref=${native} tabindex="-1" aria-hidden="true" value=${value.trim().replace(' ', 'T')} onChange=${(/** @type {any} */ e) => { if (e.currentTarget.value) onInput(e.currentTarget.value.slice(0, 16).replace('T', ' ')); }}/>
            <${Button} small kind="quiet" icon="calendar" label=${`Pick: ${label.toLowerCase()}`} onClick=${pick}/></span>
        ${help && html`<p class="help" id=${`${id}-h`}>${help}</p>`}<${FieldError} id=${id} error=${error}/></div>`;
}
