// What an env file was before: listed, compared with what it is, put back.
import { html } from '../html.js';
import { useEffect, useState } from '../../vendor/hooks.js';
import { asProblem, call, get } from '../api.js';
import { diffLines, linesOf } from '../lib/diff.js';
import { bytes, count } from '../lib/number.js';
import { instant } from '../lib/time.js';
import { toast } from '../store/toasts.js';
import { Button } from './button.js';
import { closeDialog, Dialog, openDialog } from './dialog.js';
import { DiffView } from './diffview.js';
import { FormProblem } from './field.js';
import { Failed } from './states.js';
import { Time } from './time.js';

/** @param {any} at */
const when = (at) => (typeof at === 'number' ? at * 1000 : instant(at));

/** @param {{app: any, path: string, current: {text: string, etag: string}, done: () => Promise<unknown>}} props */
export function Backups({ app, path, current, done }) {
    const [open, setOpen] = useState(false);
    const [list, setList] = useState(/** @type {any[]|null} */ (null));
    const [error, setError] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const load = () => get(`${path}/backups`).then((answer) => { setList(answer.items ?? answer.backups ?? answer); setError(null); }, (e) => setError(asProblem(e)));
    useEffect(() => { if (open) load(); }, [open, current.etag]);
    return html`<details class="fold" onToggle=${(/** @type {any} */ e) => setOpen(e.currentTarget.open)}><summary><b>Backups</b><span class="meta">${list ? count(list.length) : 'of the file before each change'}</span></summary><div class="fold-body">
        <${Failed} error=${error} what="The backups" retry=${load} old=${Boolean(list)}/>${list && (list.length ? html`<ul class="lines">${list.map((b) => html`<li key=${b.name}><span class="grow"><${Time} at=${when(b.at)} exact/>${b.by ? html` <span class="soft">${b.by}</span>` : ''}</span><span class="meta num">${bytes(b.size)}</span><${Button} small label=${`Compare ${b.name}`} onClick=${() => openDialog(() => html`<${Compare} app=${app} path=${path} backup=${b} current=${current} done=${done}/>`)}>Compare…<//></li>`)}</ul>` : html`<p class="meta">None yet: it was not changed from here.</p>`)}</div></details>`;
}

/** @param {{app: any, path: string, backup: any, current: {text: string, etag: string}, done: () => Promise<unknown>}} props */
function Compare({ app, path, backup, current, done }) {
    const [text, setText] = useState(/** @type {string|null} */ (null));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [busy, setBusy] = useState(false);
    const one = `${path}/backups/${encodeURIComponent(backup.name)}`;
    useEffect(() => { get(one).then((answer) => setText(answer.text ?? ''), (e) => setProblem(asProblem(e))); }, []);
    async function restore() {
        if (busy) return;
        setBusy(true);
        try {
            await call('POST', `${one}/restore`, { body: {}, ifMatch: current.etag });
            toast('The backup is put back; the file before is a backup now', { kind: 'good' });
            closeDialog();
            await done();
        } catch (e) {
            const p = asProblem(e);
            if (p.kind === 'demo') closeDialog();
            setProblem(p);
        } finally {
            setBusy(false);
        }
    }
    return html`<${Dialog} title=${`Put this version back on ${app.host.name}?`} wide><${FormProblem} problem=${problem} known=${[]}/><p class="soft">Of <${Time} at=${when(backup.at)} exact/>. What would change:</p>
        ${text === null ? !problem && html`<p role="status">Loading the backup…</p>` : html`<${DiffView} ops=${diffLines(linesOf(current.text), linesOf(text))} label="What would change" notes=${['Secrets are masked: they are put back as well, also where no line differs.']}/>`}
        <footer><${Button} onClick=${closeDialog}>Cancel<//><${Button} kind="primary" busy=${busy} reason=${text === null ? 'It is being loaded' : ''} onClick=${restore}>Restore<//></footer><//>`;
}
