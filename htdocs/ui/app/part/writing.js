import { html } from '../html.js';
import { useState } from '../../vendor/hooks.js';
import { Field } from './field.js';
import { Markdown } from './markdown.js';

/** Text in Markdown, with what it will look like. @param {{label: string, value: string, onInput: (value: string) => void, rows?: number, maxlength?: number, error?: string, need?: string, help?: string, open?: boolean}} props */
export function Writing({ label, value, onInput, rows = 5, maxlength = 10000, error, need, help, open }) {
    const [shown, setShown] = useState(Boolean(open));
    return html`<div class="stack tight"><${Field} label=${label} need=${need} rows=${rows} maxlength=${maxlength} value=${value} onInput=${onInput} error=${error} help=${help ?? '**bold**, *italic*, - lists, `code` and links work.'}/>
        <details class="preview" open=${shown} onToggle=${(/** @type {any} */ e) => setShown(e.currentTarget.open)}><summary>Preview of ${label.toLowerCase()}</summary>
            <div class="quote">${!shown ? '' : value.trim() ? html`<${Markdown} text=${value}/>` : html`<p class="soft">Nothing yet.</p>`}</div></details></div>`;
}
