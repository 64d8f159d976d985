import { html } from '../html.js';
import { useId, useState } from '../../vendor/hooks.js';
import { FieldError } from './field.js';

/** Words as chips: Enter, comma or space ends one, Backspace takes the last. @param {{label: string, value: string[], onChange: (next: string[]) => void, error?: string, known: string[]}} props */
export function TagInput({ label, value, onChange, error, known }) {
    const id = useId();
    const [text, setText] = useState('');
    function add(/** @type {string} */ raw) {
        const words = raw.split(/[\s,]+/).filter((word) => word && !value.includes(word));
        if (words.length) onChange([...value, ...words]);
        setText('');
    }
    function key(/** @type {KeyboardEvent} */ event) {
        if ((event.key === 'Enter' && text && !event.ctrlKey) || event.key === ',' || event.key === ' ') {
            event.preventDefault();
            add(text);
        } else if (event.key === 'Backspace' && !text && value.length) onChange(value.slice(0, -1));
    }
    return html`<div class="field"><label for=${id}>${label} <span class="need">(optional)</span></label><div class="tags">
        ${value.map((tag) => html`<span class="chip" key=${tag}>${tag}<button type="button" aria-label=${`Remove the tag ${tag}`} onClick=${() => onChange(value.filter((other) => other !== tag))}>×</button></span>`)}
        <input id=${id} value=${text} list=${`${id}-l`} autocomplete="off" aria-describedby=${error ? `${id}-e` : undefined} onInput=${(/** @type {any} */ e) => setText(e.currentTarget.value)} onKeyDown=${key} onBlur=${() => add(text)}/>
        <datalist id=${`${id}-l`}>${known.filter((tag) => !value.includes(tag)).map((tag) => html`<option value=${tag}/>`)}</datalist></div><${FieldError} id=${id} error=${error}/></div>`;
}
