import { html } from '../html.js';
import { useId, useState } from '../../vendor/hooks.js';
import { Button } from './button.js';

/**
 * Names and values. A secret one comes as null and is never shown; leaving it keeps it.
 * @param {{value: Record<string, string|null>, onChange: (next: Record<string, string|null>) => void, error?: string}} props
 */
export function Headers({ value, onChange, error }) {
    const id = useId();
    const [rows, setRows] = useState(/** @type {{name: string, value: string|null, kept: boolean}[]} */ (Object.entries(value).map(([name, v]) => ({ name, value: v, kept: v === null }))));
    function change(/** @type {typeof rows} */ next) {
        setRows(next);
        onChange(Object.fromEntries(next.filter((row) => row.name.trim()).map((row) => [row.name.trim(), row.value])));
    }
    const put = (/** @type {number} */ i, /** @type {Partial<typeof rows[0]>} */ part) => change(rows.map((row, k) => (k === i ? { ...row, ...part } : row)));
    return html`<fieldset class="field"><legend id=${id}>Headers</legend>${rows.map((row, i) => html`<div class="row header-row" key=${i}>
            <input class="mono" aria-label=${`Name of header ${i + 1}`} placeholder="Name" value=${row.name} onInput=${(/** @type {any} */ e) => put(i, { name: e.currentTarget.value })}/>
            ${row.value === null ? html`<span class="soft grow">•••• kept <button type="button" class="linklike" onClick=${() => put(i, { value: '' })}>Replace</button></span>`
                : html`<input class="mono grow" aria-label=${`Value of header ${i + 1}`} placeholder="Value" value=${row.value} autocomplete="off" onInput=${(/** @type {any} */ e) => put(i, { value: e.currentTarget.value })}/>`}
            <${Button} small kind="quiet" icon="close" label=${`Remove header ${i + 1}`} onClick=${() => change(rows.filter((_, k) => k !== i))}/></div>`)}
        <div><${Button} small icon="add" onClick=${() => setRows([...rows, { name: '', value: '', kept: false }])}>Add a header<//></div>
        ${error && html`<p class="error">${error}</p>`}</fieldset>`;
}
