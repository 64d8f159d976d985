// Differences of a text by line: what went, what came, word by word; what is alike is folded.
import { html } from '../html.js';
import { useMemo, useRef, useState } from '../../vendor/hooks.js';
import { counted, diffWords, folded } from '../lib/diff.js';
import { plural } from '../lib/number.js';

/** @typedef {import('../lib/diff.js').Op} Op */

/** A removed line and the added one in its place are compared by word. @param {(Op|{fold: Op[]})[]} rows */
function pairs(rows) {
    /** @type {Map<Op, [string, boolean][]>} */
    const words = new Map();
    for (let i = 0; i < rows.length; i++) {
        const gone = /** @type {Op[]} */ ([]);
        const come = /** @type {Op[]} */ ([]);
        while (i < rows.length && 'op' in rows[i] && /** @type {Op} */ (rows[i]).op === 'del') gone.push(/** @type {Op} */ (rows[i++]));
        while (i < rows.length && 'op' in rows[i] && /** @type {Op} */ (rows[i]).op === 'add') come.push(/** @type {Op} */ (rows[i++]));
        if (gone.length || come.length) i--;
        if (gone.length === come.length) gone.forEach((a, k) => { const w = diffWords(a.text, come[k].text); words.set(a, w.a); words.set(come[k], w.b); });
    }
    return words;
}

/** @param {{ops: Op[], label: string, notes?: string[]}} props */
export function DiffView({ ops, label, notes = [] }) {
    const [open, setOpen] = useState(/** @type {number[]} */ ([]));
    const box = useRef(/** @type {any} */ (null));
    const rows = useMemo(() => folded(ops), [ops]);
    const words = useMemo(() => pairs(rows), [rows]);
    const n = counted(ops);
    function keys(/** @type {KeyboardEvent} */ event) {
        if (event.key !== '[' && event.key !== ']') return;
        event.preventDefault();
        const all = [...box.current.querySelectorAll('tr.change')];
        const top = box.current.getBoundingClientRect().top + 24;
        const to = event.key === ']' ? all.find((row) => row.getBoundingClientRect().top > top + 2) : all.findLast((row) => row.getBoundingClientRect().top < top - 2);
        if (to) box.current.scrollTop += to.getBoundingClientRect().top - top;
    }
    const line = (/** @type {Op} */ o, /** @type {string|number} */ key) => html`<tr key=${key} class=${`d-${o.op} ${o.op === 'keep' ? '' : 'change'}`}><th scope="row" class="num"><span class="sr">${o.op === 'del' ? `removed line ${o.a}` : o.op === 'add' ? `added line ${o.b}` : `line ${o.b}`}</span><span aria-hidden="true">${o.a || ''}</span></th><td class="num" aria-hidden="true">${o.b || ''}</td>
        <td class="d-sign" aria-hidden="true">${o.op === 'add' ? '+' : o.op === 'del' ? '−' : ''}</td><td class="d-text">${(words.get(o) ?? [[o.text, false]]).map(([text, changed], i) => (changed ? html`<mark key=${i}>${text}</mark>` : text))}${o.text === '' ? ' ' : ''}</td></tr>`;
    return html`<div class="stack"><p role="status">${n.added || n.removed ? `${plural(n.added, 'line')} added, ${n.removed} removed` : 'No line differs'}${notes.map((note) => html`<br/>${note}`)}</p>
        ${ops.length > 0 && html`<div class="diff-box" ref=${box} tabindex="0" role="region" aria-label=${`${label}. Brackets go from change to change.`} onKeyDown=${keys}><table class="difflines"><tbody>${rows.map((row, i) => ('op' in row ? line(row, i) : open.includes(i) ? row.fold.map((o, k) => line(o, `${i} ${k}`))
            : html`<tr key=${i} class="d-fold"><td colspan="4"><button type="button" class="linklike" onClick=${() => setOpen([...open, i])}>${plural(row.fold.length, 'line')} alike</button></td></tr>`))}</tbody></table></div>`}</div>`;
}
