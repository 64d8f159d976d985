// What was learnt: a text with revisions, one of which the public may read.
import { html } from '../html.js';
import { useEffect, useMemo, useRef, useState } from '../../vendor/hooks.js';
import { asProblem, call, get, post } from '../api.js';
import { instant } from '../lib/time.js';
import { on } from '../store/live.js';
import { resource } from '../store/resource.js';
import { can } from '../store/session.js';
import { toast, toastProblem } from '../store/toasts.js';
import { Button } from './button.js';
import { Conflict } from './conflict.js';
import { closeDialog, Dialog, openDialog } from './dialog.js';
import { FormProblem } from './field.js';
import { useGuard } from './guard.js';
import { Markdown } from './markdown.js';
import { Failed } from './states.js';
import { Badge } from './status.js';
import { Time } from './time.js';
import { Writing } from './writing.js';

const MOST = 50000;

/** @param {{item: any}} props */
export function Postmortem({ item }) {
    const data = useMemo(() => resource(() => get(`/incidents/${item.id}/postmortem`)), [item.id]);
    const [edits, setEdits] = useState(false);
    useEffect(() => {
        data.load();
        return on('incident', (event) => { if (event.id === item.id) data.load(); });
    }, [item.id]);
    const p = data.data.value;
    if (!p) return data.error.value ? html`<${Failed} error=${data.error.value} what="The postmortem" retry=${data.load}/>` : null;
    const put = (/** @type {any} */ next) => { data.data.value = next; };
    const unpublished = p.revision > 0 && p.published_revision !== p.revision;
    async function publish(/** @type {number} */ revision) {
        try {
            put(await post(`/incidents/${item.id}/postmortem/publish`, { revision }, { ifMatch: p.version }));
            toast(revision ? `Revision ${revision} is public` : 'The public does not read it any more', { kind: 'good' });
        } catch (e) {
            toastProblem(e);
            data.load();
        }
    }
    return html`<section class="card" aria-labelledby="postmortem"><header><h2 id="postmortem">Postmortem</h2>${p.revision > 0 && html`<${Badge} status=${p.published_revision ? 'up' : 'paused'} word=${p.published_revision ? `revision ${p.published_revision} is public` : 'draft'}/>`}
            ${can('member') && !edits && html`<${Button} small icon="edit" onClick=${() => setEdits(true)}>${p.revision ? 'Edit' : 'Write it'}<//>
                ${unpublished && html`<${Button} small kind="primary" onClick=${() => publish(p.revision)} reason=${item.published_at ? '' : 'Publish the incident first'}>Publish revision ${p.revision}<//>`}
                ${p.published_revision && html`<${Button} small onClick=${() => publish(0)}>Take it back<//>`}`}</header>
        ${edits ? html`<${Editor} item=${item} p=${p} put=${put} done=${() => setEdits(false)}/>` : p.revision ? html`<div class="card-body quote"><${Markdown} text=${p.body}/></div>` : html`<p class="card-body soft">None yet. It says what happened, why, and what is done about it.</p>`}
        ${p.revisions.length > 1 && html`<details class="card-body"><summary>${p.revisions.length} revisions</summary><ul class="lines">${p.revisions.map((/** @type {any} */ r) => html`<li key=${r.revision}><span class="grow"><b>${r.revision}</b> <span class="soft"><${Time} at=${instant(r.at)} exact/> by ${r.author}${r.published_at ? ', public' : ''}</span></span>
            <${Button} small onClick=${() => openDialog(() => html`<${Revision} item=${item} revision=${r.revision} publish=${r.published_at || !item.published_at ? null : () => publish(r.revision)}/>`)} label=${`Read revision ${r.revision}`}>Read<//></li>`)}</ul></details>`}</section>`;
}

/** @param {{item: any, p: any, put: (p: any) => void, done: () => void}} props */
function Editor({ item, p, put, done }) {
    const first = p.revision ? p.body : p.template ?? '';
    const [body, setBody] = useState(first);
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [busy, setBusy] = useState(false);
    const base = useRef({ version: p.version, body: first });
    useGuard(body !== base.current.body);
    async function save(/** @type {string} */ text) {
        if (busy || !text.trim()) return;
        setBusy(true);
        try {
            const next = await call('PUT', `/incidents/${item.id}/postmortem`, { body: { body: text }, ifMatch: base.current.version });
            put(next);
            toast(`Saved as revision ${next.revision}`, { kind: 'good' });
            done();
        } catch (e) {
            const q = asProblem(e);
            if (q.status === 412) await conflict(text);
            else setProblem(q);
            setBusy(false);
        }
    }
    async function conflict(/** @type {string} */ mine) {
        const theirs = await get(`/incidents/${item.id}/postmortem`);
        openDialog(() => html`<${Conflict} base=${{ text: base.current.body }} mine=${{ text: mine }} theirs=${{ text: theirs.body }}
            keep=${() => { base.current = { version: theirs.version, body: theirs.body }; save(mine); }} take=${() => { base.current = { version: theirs.version, body: theirs.body }; setBody(theirs.body); put(theirs); }}/>`);
    }
    return html`<form class="card-body form" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); save(body); }} onKeyDown=${(/** @type {KeyboardEvent} */ e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) save(body); }}><${FormProblem} problem=${problem} known=${['body']}/>
        <${Writing} label="Text" rows=${16} maxlength=${MOST} value=${body} onInput=${setBody} error=${problem?.errors.body} help="Markdown. Each save is a revision; none is public before you publish it. Ctrl Enter saves."/>
        <div class="actions"><${Button} kind="primary" type="submit" busy=${busy} reason=${body.trim() ? '' : 'Write something first'}>Save<//><${Button} kind="quiet" onClick=${() => { if (body === base.current.body || confirm('Leave without saving?')) done(); }}>Cancel<//></div></form>`;
}

/** @param {{item: any, revision: number, publish: null|(() => unknown)}} props */
function Revision({ item, revision, publish }) {
    const data = useMemo(() => resource(() => get(`/incidents/${item.id}/postmortem`, { revision })), [revision]);
    useEffect(() => { data.load(); }, [data]);
    return html`<${Dialog} title=${`Revision ${revision}`} wide><${Failed} error=${data.error.value} what="The revision" retry=${data.load}/>
        ${data.data.value && html`<div class="quote"><${Markdown} text=${data.data.value.body}/></div>`}
        <footer>${publish && can('member') && html`<${Button} onClick=${async () => { await publish(); closeDialog(); }}>Publish this one<//>`}<${Button} onClick=${closeDialog}>Close<//></footer><//>`;
}
