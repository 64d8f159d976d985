// An env file as a table: each change touches its own line of the text.
import { html } from '../html.js';
import { useMemo, useState } from '../../vendor/hooks.js';
import { addKey, KEY_RULE, MASK, parseEnv, removeKey, setKey } from '../lib/envtext.js';
import { Button } from './button.js';
import { Empty } from './states.js';

/** @param {{text: string, base: string, shown: Record<string, string>, reveal: (key: string) => Promise<void>, change: (text: string) => void}} props */
export function EnvTable({ text, base, shown, reveal, change }) {
    const entries = useMemo(() => parseEnv(text).entries, [text]);
    const before = useMemo(() => new Map(parseEnv(base).entries.map((e) => [e.key, e.value])), [base]);
    const now = new Set(entries.map((e) => e.key));
    const gone = [...before.keys()].filter((key) => !now.has(key));
    const last = new Map(entries.map((e) => [e.key, e]));
    return html`<div class="stack">${entries.length === 0 && gone.length === 0 ? html`<${Empty} icon="list" title="The file is empty"/>` : html`<table class="table stackable env-table"><thead><tr><th scope="col">Key</th><th scope="col">Value</th><th scope="col">State</th><th scope="col"><span class="sr">Actions</span></th></tr></thead><tbody>
            ${[...last.values()].map((e) => html`<${Row} key=${e.key} e=${e} state=${!before.has(e.key) ? 'new' : before.get(e.key) !== e.value ? 'changed' : ''} shown=${shown[e.key]} reveal=${reveal} text=${text} change=${change}/>`)}
            ${gone.map((key) => html`<tr key=${`gone ${key}`} class="env-gone"><th scope="row" data-label="Key" class="mono"><del>${key}</del></th><td data-label="Value"></td><td data-label="State"><span class="chip">removed</span></td><td><${Button} small kind="quiet" icon="undo" label=${`Keep ${key}`} onClick=${() => change(addKey(text, key, before.get(key) ?? ''))}/></td></tr>`)}</tbody></table>`}
        <${Add} known=${now} add=${(/** @type {string} */ key, /** @type {string} */ value) => change(addKey(text, key, value))}/></div>`;
}

/** @param {{e: import('../lib/envtext.js').Entry, state: string, shown: string|undefined, reveal: (key: string) => Promise<void>, text: string, change: (text: string) => void}} props */
function Row({ e, state, shown, reveal, text, change }) {
    const [edits, setEdits] = useState(false);
    const secret = e.masked;
    const open = shown !== undefined;
    const long = e.lines > 1 || e.value.includes('\n');
    const put = (/** @type {string} */ value) => change(setKey(text, e.key, value));
    const field = secret && !edits ? html`<span class="mono env-value">${open ? shown : MASK}</span>`
        : long ? html`<textarea class="input mono" rows="3" aria-label=${`Value of ${e.key}`} value=${e.value} onInput=${(/** @type {any} */ i) => put(i.currentTarget.value)}></textarea>`
            : html`<input class="input mono" aria-label=${`Value of ${e.key}`} value=${secret ? '' : e.value} placeholder=${secret ? 'the new value' : ''} autocomplete="off" spellcheck=${false} onInput=${(/** @type {any} */ i) => put(i.currentTarget.value)}/>`;
    return html`<tr><th scope="row" data-label="Key" class="mono">${e.key}${e.exported && html` <span class="meta">export</span>`}</th><td data-label="Value" class="env-cell">${field}</td>
        <td data-label="State">${state && html`<span class="chip">${state}</span>`}${e.twice && html` <span class="chip" title="It stands in the file more than once; the last one counts">twice</span>`}${!state && !e.twice && secret ? html`<span class="meta">masked</span>` : ''}</td>
        <td class="env-actions">${secret && html`<${Button} small kind="quiet" icon="eye" pressed=${open} label=${open ? `Hide ${e.key}` : `Show ${e.key}`} title=${open ? 'Hide it' : 'Show it; that is noted in the audit log'} onClick=${() => reveal(e.key)}/><${Button} small kind="quiet" icon="edit" pressed=${edits} label=${`Change ${e.key}`} onClick=${() => setEdits(!edits)}/>`}
            <${Button} small kind="quiet" icon="trash" label=${`Remove ${e.key}`} onClick=${() => change(removeKey(text, e.key))}/></td></tr>`;
}

/** @param {{known: Set<string>, add: (key: string, value: string) => void}} props */
function Add({ known, add }) {
    const [key, setKeyText] = useState('');
    const [value, setValue] = useState('');
    const wrong = !key ? 'Enter a key first' : !KEY_RULE.test(key) ? 'Letters, digits and _ only, no digit first' : known.has(key) ? 'It is there already' : '';
    const go = () => { if (wrong) return; add(key, value); setKeyText(''); setValue(''); };
    const enter = (/** @type {KeyboardEvent} */ e) => { if (e.key === 'Enter') { e.preventDefault(); go(); } };
    return html`<div class="row env-add"><input class="input mono" aria-label="New key" placeholder="NEW_KEY" value=${key} aria-invalid=${key && wrong ? 'true' : undefined} title=${key ? wrong : undefined} spellcheck=${false} autocapitalize="off" autocomplete="off" onInput=${(/** @type {any} */ e) => setKeyText(e.currentTarget.value.trim())} onKeyDown=${enter}/>
        <input class="input mono" aria-label="Value of the new key" placeholder="value" value=${value} spellcheck=${false} autocomplete="off" onInput=${(/** @type {any} */ e) => setValue(e.currentTarget.value)} onKeyDown=${enter}/><${Button} icon="add" onClick=${go} reason=${wrong}>Add<//></div>`;
}
