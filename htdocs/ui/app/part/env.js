// The env files of an app: a table and a text of the same thing, values masked, nothing written
// before the difference was seen.
import { html } from '../html.js';
import { useEffect, useMemo, useState } from '../../vendor/hooks.js';
import { get } from '../api.js';
import { parseEnv } from '../lib/envtext.js';
import { bytes, plural } from '../lib/number.js';
import { instant } from '../lib/time.js';
import { resource } from '../store/resource.js';
import { query, setQuery } from '../store/route.js';
import { toastProblem } from '../store/toasts.js';
import { Button } from './button.js';
import { Backups } from './envbackups.js';
import { openSave } from './envsave.js';
import { EnvTable } from './envtable.js';
import { Empty, Failed, Skeleton } from './states.js';
import { Time } from './time.js';

/** What was changed and not saved, while somebody looks at another tab: in memory only. @type {Map<string, {base: {text: string, etag: string}, text: string}>} */
const drafts = new Map();

/** @param {{a: any, reload: () => Promise<void>}} props */
export function Env({ a, reload }) {
    if (!a.rights?.developer) return html`<div class="card"><${Empty} icon="shield" title="Env files are not shown to you"><p>They may hold secrets: this needs the developer grant on ${a.name} or its host, or the role operator.</p><//></div>`;
    return html`<${Files} a=${a} reload=${reload}/>`;
}

/** @param {{a: any, reload: () => Promise<void>}} props */
function Files({ a, reload }) {
    const data = useMemo(() => resource(() => get(`/apps/${a.id}/env`)), [a.id]);
    useEffect(() => { data.load(); }, [data]);
    const files = data.data.value?.files;
    const key = query.value.get('file') ?? files?.[0]?.key;
    const file = files?.find((/** @type {any} */ f) => f.key === key);
    return html`<${Failed} error=${data.error.value} what="The list of env files" retry=${data.load} old=${Boolean(files)}/>
        ${!files ? !data.error.value && html`<${Skeleton} rows=${5} label="Loading the env files"/>` : !files.length ? html`<div class="card"><${Empty} icon="list" title="No env file stands in its list"><p>Add <code>env main = /path/of/.env</code> to its section in <code>/etc/tocsin/agent.conf</code> on ${a.host.name}.</p><//></div>`
            : html`<div class="card"><div class="env-files segments" role="group" aria-label="Env files">${files.map((/** @type {any} */ f) => html`<button type="button" key=${f.key} aria-pressed=${f.key === key} title=${f.path} onClick=${() => setQuery({ file: f.key })}>${f.key}</button>`)}</div>
                ${file ? html`<${File} key=${file.key} a=${a} file=${file} files=${data.load} reload=${reload}/>` : html`<${Empty} icon="search" title="There is no such file"/>`}</div>`}`;
}

/** @param {{a: any, file: any, files: () => Promise<void>, reload: () => Promise<void>}} props */
function File({ a, file, files, reload }) {
    const path = `/apps/${a.id}/env/${encodeURIComponent(file.key)}`;
    const data = useMemo(() => resource(() => get(path)), [path]);
    /** What was read and what it was made into. @type {[{text: string, etag: string}|null, any]} */
    const [base, setBase] = useState(/** @type {{text: string, etag: string}|null} */ (null));
    const [text, setText] = useState('');
    const [shown, setShown] = useState(/** @type {Record<string, string>} */ ({}));
    const [problems, setProblems] = useState(/** @type {import('../lib/envtext.js').Trouble[]} */ ([]));
    const mode = query.value.get('mode') === 'text' ? 'text' : 'table';
    const got = data.data.value;
    useEffect(() => { data.load(); }, [data]);
    const take = (/** @type {any} */ answer) => {
        const draft = drafts.get(path);
        setBase(draft?.base ?? { text: answer.text ?? '', etag: String(answer.etag ?? '').replace(/^"|"$/g, '') });
        setText(draft?.text ?? answer.text ?? '');
        setProblems([]);
        setShown({});
    };
    useEffect(() => { if (got) take(got); }, [got]);
    const dirty = base !== null && text !== base.text;
    useEffect(() => {
        if (!base) return undefined;
        if (dirty) drafts.set(path, { base, text });
        else drafts.delete(path);
        const stay = (/** @type {BeforeUnloadEvent} */ e) => { if (dirty) e.preventDefault(); };
        addEventListener('beforeunload', stay);
        return () => removeEventListener('beforeunload', stay);
    }, [dirty, base, text]);
    async function reveal(/** @type {string} */ key) {
        if (shown[key] !== undefined) { const { [key]: _, ...rest } = shown; setShown(rest); return; }
        try {
            const answer = await get(path, { reveal: key });
            const entry = answer.entries.findLast((/** @type {any} */ e) => e.key === key);
            if (entry && entry.value !== null) setShown({ ...shown, [key]: entry.value });
        } catch (e) {
            toastProblem(e, `${key} could not be shown`);
        }
    }
    const parsed = useMemo(() => parseEnv(text), [text]);
    const all = [...problems, ...(dirty ? parsed.problems : (got?.problems ?? parsed.problems))].filter((p, i, list) => list.findIndex((o) => o.line === p.line && o.message === p.message) === i).sort((x, y) => x.line - y.line);
    const save = () => openSave({ app: a, path, file, base: /** @type {any} */ (base), text, done: async () => { drafts.delete(path); await Promise.all([data.load(), files(), reload()]); }, merged: (next, theirs) => { setBase(theirs); setText(next); }, wrong: setProblems });
    if (!got || !base) return html`<${Failed} error=${data.error.value} what=${file.key} retry=${data.load}/>${!data.error.value && html`<div class="card-body"><${Skeleton} rows=${5} label="Loading the file"/></div>`}`;
    return html`<div class="card-body stack"><div class="row"><span class="mono grow cut" title=${file.path}>${file.path}</span><span class="meta">${file.exists === false ? 'not there yet' : html`${bytes(file.size)}, changed <${Time} at=${instant(typeof file.mtime === 'number' ? new Date(file.mtime * 1000).toISOString() : file.mtime)}/>`}</span>
            <span class="segments" role="group" aria-label="Mode">${[['', 'Table'], ['text', 'Text']].map(([key, word]) => html`<button type="button" key=${key} aria-pressed=${(mode === 'text') === (key === 'text')} onClick=${() => setQuery({ mode: key })}>${word}</button>`)}</span></div>
        <${Failed} error=${data.error.value} what=${file.key} retry=${data.load} old/>
        ${file.writable === false && html`<div class="banner info"><p>The agent may not write this file.</p></div>`}
        ${mode === 'text' ? html`<${Text} text=${text} onInput=${setText} problems=${all} label=${`Text of ${file.key}`}/>` : html`<${EnvTable} text=${text} base=${base.text} shown=${shown} reveal=${reveal} change=${setText}/>`}
        ${all.length > 0 && html`<div class="env-problems" role="status"><b>${plural(all.length, 'problem')}</b><ul>${all.map((p) => html`<li key=${`${p.line} ${p.message}`}>${p.line ? html`<button type="button" class="linklike" onClick=${() => toLine(p.line, text)}>Line ${p.line}</button>: ` : ''}${p.message}</li>`)}</ul></div>`}
        <div class="actions"><${Button} kind="primary" onClick=${save} reason=${file.writable === false ? 'The agent may not write it' : dirty ? '' : 'Nothing is changed'}>Review and save…<//>${dirty && html`<${Button} onClick=${() => { setText(base.text); setProblems([]); }}>Discard<//>`}
            <span class="meta">${dirty ? 'Not saved yet' : 'A masked value that is left alone keeps what it is.'}</span></div>
        <${Backups} app=${a} path=${path} current=${base} done=${async () => { drafts.delete(path); await Promise.all([data.load(), files()]); }}/></div>`;
}

/** Shows a line of the text. @param {number} line @param {string} text */
function toLine(line, text) {
    setQuery({ mode: 'text' });
    setTimeout(() => {
        const area = /** @type {HTMLTextAreaElement|null} */ (document.querySelector('.env-text textarea'));
        if (!area) return;
        const at = text.split('\n').slice(0, line - 1).reduce((sum, l) => sum + l.length + 1, 0);
        area.focus();
        area.setSelectionRange(at, at + (text.slice(at).split('\n')[0]?.length ?? 0));
        area.scrollTop = Math.max(0, (line - 4) * 20);
    }, 50);
}

/** Text with numbers of lines; Tab goes on to the next field, as everywhere. @param {{text: string, onInput: (text: string) => void, problems: import('../lib/envtext.js').Trouble[], label: string}} props */
function Text({ text, onInput, problems, label }) {
    const n = text.split('\n').length;
    const bad = new Set(problems.map((p) => p.line));
    return html`<div class="env-text"><div class="env-gutter" aria-hidden="true"><div>${Array.from({ length: n }, (_, i) => html`<span key=${i} class=${bad.has(i + 1) ? 'bad' : ''}>${i + 1}</span>`)}</div></div>
        <textarea class="mono" aria-label=${label} spellcheck=${false} autocapitalize="off" autocomplete="off" wrap="off" rows=${Math.min(30, Math.max(8, n + 1))} value=${text} aria-invalid=${bad.size ? 'true' : undefined} onInput=${(/** @type {any} */ e) => onInput(e.currentTarget.value)}
            onScroll=${(/** @type {any} */ e) => { const gutter = e.currentTarget.previousElementSibling.firstElementChild; gutter.style.transform = `translateY(${-e.currentTarget.scrollTop}px)`; }}></textarea></div>
        <p class="meta">What stands as •••••••• is a secret. Left as it is, it stays; put another value over it to change it.</p>`;
}
