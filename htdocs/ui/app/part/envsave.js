// Before an env file is written: the difference as the host sees it. When somebody else was first:
// what each of both changed.
import { html } from '../html.js';
import { useEffect, useMemo, useState } from '../../vendor/hooks.js';
import { asProblem, get, put } from '../api.js';
import { counted, diffLines, linesOf, merge3 } from '../lib/diff.js';
import { plural } from '../lib/number.js';
import { toast } from '../store/toasts.js';
import { openAction } from './appactions.js';
import { Button } from './button.js';
import { closeDialog, Dialog, openDialog } from './dialog.js';
import { DiffView } from './diffview.js';
import { FormProblem } from './field.js';

/**
 * @typedef {{text: string, etag: string}} Version
 * @typedef {{app: any, path: string, file: any, base: Version, text: string, done: () => Promise<unknown>, merged: (text: string, theirs: Version) => void, wrong: (problems: import('../lib/envtext.js').Trouble[]) => void}} Saving
 * @param {Saving} saving
 */
export const openSave = (saving) => openDialog(() => html`<${Review} ...${saving}/>`);

/** Lines as the agent numbers them. @param {any[]|undefined} diff @param {string} a @param {string} b @returns {import('../lib/diff.js').Op[]} */
export function opsOf(diff, a, b) {
    if (!diff) return diffLines(linesOf(a), linesOf(b));
    let x = 0;
    let y = 0;
    return diff.map((d) => (d.op === 'add' ? { op: 'add', a: 0, b: (y = d.line ?? y + 1), text: d.text } : d.op === 'del' ? { op: 'del', a: (x = d.line ?? x + 1), b: 0, text: d.text } : { op: 'keep', a: ++x, b: (y = d.line ?? y + 1), text: d.text }));
}

/** What a refusal says of a line or a key. @param {import('../api.js').Problem} p @returns {import('../lib/envtext.js').Trouble[]} */
function troubles(p) {
    const { line, ...rest } = p.errors;
    const list = Object.entries(rest).map(([field, message]) => (field === 'text' ? message : `${field} ${message}`));
    const message = list.join('; ') || p.detail;
    return message ? [{ line: Number(line) || Number(/line (\d+)/i.exec(message)?.[1]) || 0, message }] : [];
}

/** @param {{keys: any}} props */
const Keys = ({ keys }) => html`${[['added', 'New'], ['changed', 'Changed'], ['removed', 'Removed']].map(([kind, word]) => keys?.[kind]?.length > 0 && html`<p key=${kind}>${word}: ${keys[kind].map((/** @type {string} */ key, /** @type {number} */ i) => html`${i ? ', ' : ''}<code>${key}</code>`)}</p>`)}`;

/** @param {Saving} props */
function Review(props) {
    const { app, path, file, base, text, done, wrong } = props;
    const [plan, setPlan] = useState(/** @type {any} */ (null));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [busy, setBusy] = useState('');
    async function failed(/** @type {unknown} */ e) {
        const p = asProblem(e);
        if (p.kind === 'demo') { closeDialog(); return; }
        if (p.status === 412) { await meet(); return; }
        const bad = p.status === 422 ? troubles(p) : [];
        if (bad.length) wrong(bad);
        setProblem(bad.length ? Object.assign(p, { errors: {}, title: 'The file cannot be so', detail: bad.map((t) => `${t.line ? `Line ${t.line}: ` : ''}${t.message}`).join(' ') }) : p);
    }
    async function meet() {
        try {
            const theirs = await get(path);
            openDialog(() => html`<${Meeting} ...${props} theirs=${{ text: theirs.text ?? '', etag: String(theirs.etag).replace(/^"|"$/g, '') }}/>`);
        } catch (e) {
            setProblem(asProblem(e));
        }
    }
    useEffect(() => { put(path, { text, dry_run: true }, base.etag).then(setPlan, failed); }, []);
    async function save(/** @type {boolean} */ restart) {
        if (busy) return;
        setBusy(restart ? 'restart' : 'save');
        try {
            const answer = await put(path, { text }, base.etag);
            toast(`${file.key} saved${answer?.backup ? '; the file before is kept as a backup' : ''}`, { kind: 'good' });
            closeDialog();
            await done();
            if (restart) openAction(app, 'restart', done, `${file.key} changed: ${[...(answer?.keys?.added ?? []), ...(answer?.keys?.changed ?? []), ...(answer?.keys?.removed ?? [])].slice(0, 8).join(', ')}`.replace(/: $/, ''));
        } catch (e) {
            await failed(e);
        } finally {
            setBusy('');
        }
    }
    const ops = useMemo(() => (plan ? opsOf(plan.diff, base.text, text) : []), [plan]);
    const same = plan && !counted(ops).added && !counted(ops).removed && !(plan.keys?.changed ?? []).length;
    return html`<${Dialog} title=${`Save ${file.key} of ${app.name} on ${app.host.name}?`} wide><${FormProblem} problem=${problem} known=${[]}/>
        ${!plan ? !problem && html`<p role="status">The host looks at it…</p>` : html`<${Keys} keys=${plan.keys}/><${DiffView} ops=${ops} label=${`Difference of ${file.key}`}/><p class="meta">Secrets stay masked; one that changed is named above. The file before is kept as a backup. ${app.name} reads it at its next start.</p>`}
        <footer><${Button} onClick=${closeDialog}>${problem ? 'Back to the text' : 'Cancel'}<//><${Button} busy=${busy === 'save'} reason=${plan ? (same ? 'Nothing is changed' : '') : 'It is being looked at'} onClick=${() => save(false)}>Save<//><${Button} kind="primary" busy=${busy === 'restart'} reason=${plan ? (same ? 'Nothing is changed' : '') : 'It is being looked at'} onClick=${() => save(true)}>Save and restart<//></footer><//>`;
}

/** Three versions: what both began with, theirs, mine. @param {Saving & {theirs: Version}} props */
function Meeting(props) {
    const { base, text, theirs, merged, file } = props;
    const both = useMemo(() => merge3(base.text, text, theirs.text), []);
    const side = (/** @type {string} */ other) => diffLines(linesOf(base.text), linesOf(other));
    const go = (/** @type {string} */ next) => {
        merged(next, theirs);
        closeDialog();
        if (next !== theirs.text) openSave({ ...props, base: theirs, text: next });
    };
    return html`<${Dialog} title="Somebody else changed this meanwhile" wide><p>Nothing is lost yet. ${both.clashes.length ? html`<b>Both changed ${plural(both.clashes.length, 'same place', 'same places')}.</b> Together, mine counts there: line ${both.clashes.map((c) => c.from).join(', ')}.` : 'You changed other lines than they did: both can stay.'}</p>
        <div class="three"><section aria-labelledby="theirs"><h3 id="theirs">What they changed</h3><${DiffView} ops=${side(theirs.text)} label="What they changed"/></section><section aria-labelledby="mine"><h3 id="mine">What you changed</h3><${DiffView} ops=${side(text)} label="What you changed"/></section></div>
        <p class="meta">A secret that only they changed stays as they set it, whichever you choose, as long as you left it masked.</p>
        <footer><${Button} onClick=${() => go(theirs.text)}>Take theirs<//><${Button} onClick=${() => go(text)}>Keep mine<//><${Button} kind="primary" onClick=${() => go(both.text)}>Put both together<//></footer><span class="sr">${file.key}</span><//>`;
}
