// A form's fields: label, help and error tied to the control. Errors show after leaving a
// field or sending, not while typing for the first time.
import { html } from '../html.js';
import { useEffect, useId, useState } from '../../vendor/hooks.js';
import { Icon } from './icon.js';

/**
 * @typedef {{label: any, help?: any, error?: string, need?: string, name?: string}} Common
 * @param {{id: string, error?: string}} props
 */
export const FieldError = ({ id, error }) => (error
    ? html`<p class="error" id=${`${id}-e`}><${Icon} name="alert"/><span>${error}</span></p>` : null);

const about = (/** @type {string} */ id, /** @type {{help?: any, error?: string}} */ p) => [p.error && `${id}-e`, p.help && `${id}-h`].filter(Boolean).join(' ') || undefined;

/**
 * @param {Common & {value: string|number|null, onInput: (value: string) => void, type?: 'text'|'password'|'email'|'url'|'number', autocomplete?: string, placeholder?: string,
 *   inputmode?: 'numeric'|'url'|'email'|'text', min?: number, max?: number, step?: number, onBlur?: () => void, rows?: number, list?: string[],
 *   autofocus?: boolean, maxlength?: number, mono?: boolean, suffix?: string}} props
 */
export function Field(props) {
    const { label, help, error, need, value, onInput, type = 'text', rows, list, mono } = props;
    const id = useId();
    // a browser minds the attribute only while it loads a page
    useEffect(() => { if (props.autofocus) document.getElementById(id)?.focus(); }, []);
    const common = {
        id, name: props.name, value: value ?? '', placeholder: props.placeholder, maxlength: props.maxlength,
        class: mono ? 'mono' : undefined, autofocus: props.autofocus, onBlur: props.onBlur,
        'aria-describedby': about(id, props), 'aria-invalid': error ? /** @type {const} */ ('true') : undefined,
        onInput: (/** @type {Event} */ e) => onInput(/** @type {HTMLInputElement} */ (e.currentTarget).value),
    };
    return html`<div class="field"><label for=${id}>${label}${need && html` <span class="need">(${need})</span>`}</label>
        ${rows ? html`<textarea ...${common} rows=${rows} spellcheck=${false}></textarea>`
            : type === 'password' ? html`<${Password} common=${common} autocomplete=${props.autocomplete}/>`
                : html`<input ...${common} type=${type} autocomplete=${props.autocomplete} inputmode=${props.inputmode} min=${props.min} max=${props.max}
                    step=${props.step} list=${list && `${id}-l`} autocapitalize="off" spellcheck=${false}/>`}
        ${list && html`<datalist id=${`${id}-l`}>${list.map((item) => html`<option value=${item}/>`)}</datalist>`}
        ${help && html`<p class="help" id=${`${id}-h`}>${help}</p>`}
        <${FieldError} id=${id} error=${error}/></div>`;
}

/** @param {{common: any, autocomplete?: string}} props */
function Password({ common, autocomplete }) {
    const [open, setOpen] = useState(false);
    return html`<span class="password"><input ...${common} type=${open ? 'text' : 'password'} autocomplete=${autocomplete} autocapitalize="off" spellcheck=${false}/>
        <button type="button" aria-label="Show the password" aria-pressed=${open} onClick=${() => setOpen(!open)}><${Icon} name="eye"/></button></span>`;
}

/**
 * @param {Common & {value: string|number|null, onChange: (value: string) => void, options: [string|number, string][]}} props
 */
export function Select(props) {
    const id = useId();
    const { label, help, error, value, options, onChange } = props;
    return html`<div class="field"><label for=${id}>${label}</label>
        <select id=${id} name=${props.name} aria-describedby=${about(id, props)} aria-invalid=${error ? 'true' : undefined}
            onChange=${(/** @type {Event} */ e) => onChange(/** @type {HTMLSelectElement} */ (e.currentTarget).value)}>
            ${options.map(([key, text]) => html`<option value=${key} selected=${String(key) === String(value)}>${text}</option>`)}</select>
        ${help && html`<p class="help" id=${`${id}-h`}>${help}</p>`}
        <${FieldError} id=${id} error=${error}/></div>`;
}

/** @param {{label: any, checked: boolean, onChange: (on: boolean) => void, help?: any, reason?: string}} props */
export function Check({ label, checked, onChange, help, reason }) {
    const id = useId();
    return html`<div class="check"><input type="checkbox" id=${id} checked=${checked} disabled=${Boolean(reason)} aria-describedby=${help || reason ? `${id}-h` : undefined}
        onChange=${(/** @type {Event} */ e) => onChange(/** @type {HTMLInputElement} */ (e.currentTarget).checked)}/>
        <div><label for=${id}>${label}</label>${(help || reason) && html`<p class="help" id=${`${id}-h`}>${reason || help}</p>`}</div></div>`;
}

/** @param {{label: string, name: string, value: string, options: [string, string][], onChange: (value: string) => void}} props */
export const Radios = ({ label, name, value, options, onChange }) => html`<fieldset class="field"><legend>${label}</legend><div class="row">
    ${options.map(([key, text]) => html`<label class="check"><input type="radio" name=${name} value=${key} checked=${key === value} onChange=${() => onChange(key)}/><span>${text}</span></label>`)}</div></fieldset>`;

/**
 * The problem of a whole form, and what its fields say that have no place in it. It takes the
 * focus when it comes, so that it is read out.
 * @param {{problem: import('../api.js').Problem|null, known?: string[]}} props known: fields that show their own error
 */
export function FormProblem({ problem: p, known = [] }) {
    if (!p || p.kind === 'demo') return null; // a demonstration has said it already
    const rest = Object.entries(p.errors).filter(([name]) => !known.includes(name.split(/[.[]/)[0]));
    const fields = Object.keys(p.errors).length;
    return html`<div class="summary" role="alert" tabindex="-1" ref=${focusOnce(p)}>
        <h2>${fields && p.status === 422 ? 'Some values are not right yet' : p.title}</h2>
        ${p.detail && !(fields && p.status === 422) && html`<p>${p.detail}</p>`}
        ${rest.length > 0 && html`<ul>${rest.map(([name, rule]) => html`<li><b>${name}</b> ${rule}</li>`)}</ul>`}
        ${p.status === 429 && p.retryAfter > 0 && html`<p>Try again in ${p.retryAfter} s.</p>`}
        ${p.requestId && html`<p class="meta">Request ${p.requestId}</p>`}</div>`;
}

/** @type {WeakSet<object>} */
const focused = new WeakSet();
const focusOnce = (/** @type {object} */ p) => (/** @type {HTMLElement|null} */ node) => {
    if (node && !focused.has(p)) {
        focused.add(p);
        node.focus();
    }
};
