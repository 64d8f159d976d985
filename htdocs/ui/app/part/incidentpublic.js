// What the public reads of an incident: publish, updates with a phase, take back.
import { html } from '../html.js';
import { useState } from '../../vendor/hooks.js';
import { asProblem, post } from '../api.js';
import { href } from '../base.js';
import { plural } from '../lib/number.js';
import { phaseName, PHASES } from '../lib/phase.js';
import { instant } from '../lib/time.js';
import { can } from '../store/session.js';
import { toast, toastProblem } from '../store/toasts.js';
import { Button } from './button.js';
import { closeDialog, confirmDialog, Dialog, openDialog } from './dialog.js';
import { Check, Field, FormProblem, Select } from './field.js';
import { useGuard } from './guard.js';
import { PagePreview } from './pagepreview.js';
import { Badge } from './status.js';
import { Time } from './time.js';
import { Writing } from './writing.js';

/** @typedef {{item: any, set: (next: any) => void}} Props */

/** @param {Props} props */
export function InPublic({ item, set }) {
    const pages = /** @type {any[]} */ (item.pages ?? []);
    const open = Boolean(item.published_at);
    const told = pages.reduce((sum, page) => sum + (page.subscribers ?? 0), 0);
    const withdraw = () => confirmDialog({ title: 'Take it back from the public?', text: 'It leaves the pages and their feeds. Mails that went out stay where they are. You can publish it again.', action: 'Take it back',
        run: async () => { try { set(await post(`/incidents/${item.id}/withdraw`)); toast('The public does not read of it any more'); } catch (error) { toastProblem(error); } } });
    return html`<section class="card" aria-labelledby="in-public"><header><h2 id="in-public">In public</h2>${can('member') && (open ? html`<${Button} small onClick=${withdraw}>Take it back<//>` : html`<${Button} small kind="primary" onClick=${() => openDialog(() => html`<${Publish} item=${item} set=${set}/>`)}>Publish…<//>`)}</header>
        <div class="card-body stack"><div class="facts">${open ? html`<${Badge} status="up" word="public"/><span>since <${Time} at=${instant(item.published_at)} exact/></span>` : html`<${Badge} status="paused" word="not public"/>`}<span>${phaseName(item.phase)}</span>
                ${item.public_title && item.public_title !== item.title && html`<span>read as “${item.public_title}”</span>`}
                <span>${pages.length === 0 ? html`on no status page: none shows what it affects` : html`${open ? 'on' : 'would be on'} ${pages.map((page, i) => html`${i ? ', ' : ''}<a href=${href(`pages/?id=${page.id}`)}>${page.title}</a>`)}`}</span>${told > 0 && html`<span>${plural(told, 'subscriber')}</span>`}</div>
            ${can('member') && html`<${Update} item=${item} set=${set} told=${told}/>`}</div></section>`;
}

/** The draft of a page with an update that is not said yet. @param {any} item @param {string} phase @param {string} body @param {string} [title] */
const draftOf = (item, phase, body, title) => ({ incident: { id: item.id, title: title || item.public_title || item.title, severity: item.severity, monitors: (item.monitors ?? []).map((/** @type {any} */ m) => m.id), phase, body } });

/** @param {Props & {told: number}} props */
function Update({ item, set, told }) {
    const over = Boolean(item.resolved_at);
    // what was not chosen follows the incident; what was typed stays, whatever others do to it
    const [phase_, setPhase] = useState('');
    const [open_, setOpen] = useState(/** @type {boolean|null} */ (null));
    const phase = over ? 'resolved' : phase_ || item.phase;
    const open = open_ ?? Boolean(item.published_at);
    const [body, setBody] = useState('');
    const [busy, setBusy] = useState(false);
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const nothing = !body.trim() && phase === item.phase;
    useGuard(body.trim() !== '');
    async function send() {
        if (busy || nothing) return;
        setBusy(true);
        try {
            const next = await post(`/incidents/${item.id}/updates`, { phase, body: body.trim(), public: open });
            setBody('');
            setPhase('');
            setOpen(null);
            setProblem(null);
            set(next);
            toast(open ? 'The update is public' : 'Update kept inside', { kind: 'good' });
        } catch (e) {
            setProblem(asProblem(e));
        } finally {
            setBusy(false);
        }
    }
    const show = () => openDialog(() => html`<${Preview} item=${item} phase=${phase} body=${body}/>`);
    return html`<form class="form" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); send(); }} onKeyDown=${(/** @type {KeyboardEvent} */ e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) send(); }}><${FormProblem} problem=${problem} known=${['phase', 'body']}/>
        <div class="grid2"><${Select} label="Phase" value=${phase} onChange=${setPhase} options=${over ? PHASES.slice(3) : PHASES} error=${problem?.errors.phase} help=${!over && phase === 'resolved' ? 'This resolves the incident.' : undefined}/></div>
        <${Writing} label="Update" rows=${3} value=${body} onInput=${setBody} error=${problem?.errors.body}/>
        <${Check} label="The public reads it" checked=${open} onChange=${setOpen} help=${open ? (item.published_at ? `${plural(told, 'subscriber')} will be told.` : `This publishes the incident; ${plural(told, 'subscriber')} will be told.`) : 'It stays in this timeline.'}/>
        <div class="actions"><${Button} type="submit" busy=${busy} reason=${nothing ? 'Write something, or choose another phase' : ''}>Post the update<//>${(item.pages ?? []).length > 0 && html`<${Button} kind="quiet" onClick=${show}>See it on the page<//>`}</div></form>`;
}

/** @param {Props} props */
function Publish({ item, set }) {
    const [title, setTitle] = useState(item.public_title || item.title);
    const [body, setBody] = useState('');
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const pages = /** @type {any[]} */ (item.pages ?? []);
    const told = pages.reduce((sum, page) => sum + (page.subscribers ?? 0), 0);
    async function send() {
        try {
            set(await post(`/incidents/${item.id}/publish`, { public_title: title.trim() === item.title ? '' : title.trim(), body: body.trim() }));
            toast('The public reads of it now', { kind: 'good' });
            closeDialog();
        } catch (e) {
            setProblem(asProblem(e));
        }
    }
    return html`<${Dialog} title="Publish the incident" wide onSubmit=${send} dirty=${() => body.trim() !== ''}><${FormProblem} problem=${problem} known=${['public_title', 'body']}/>
        <p>${pages.length ? `On ${pages.map((page) => page.title).join(', ')}; ${plural(told, 'subscriber')} will be told.` : 'No status page shows what it affects: nobody will see it until one does.'}</p>
        <${Field} label="Title in public" value=${title} onInput=${setTitle} error=${problem?.errors.public_title} maxlength=${200}/>
        <${Writing} label="First update" need="optional" rows=${3} value=${body} onInput=${setBody} error=${problem?.errors.body}/>
        ${pages.length > 0 && html`<${PagePreview} id=${pages[0].id} draft=${draftOf(item, item.phase, body, title.trim())} title=${`Preview of ${pages[0].title}`}/>`}
        <footer><${Button} onClick=${closeDialog}>Cancel<//><${Button} kind="primary" type="submit">Publish<//></footer><//>`;
}

/** @param {{item: any, phase: string, body: string}} props */
function Preview({ item, phase, body }) {
    const [which, setWhich] = useState(item.pages[0].id);
    return html`<${Dialog} title="On the page" wide>${item.pages.length > 1 && html`<${Select} label="Page" value=${which} onChange=${(/** @type {string} */ id) => setWhich(Number(id))} options=${item.pages.map((/** @type {any} */ page) => [page.id, page.title])}/>`}
        <${PagePreview} key=${which} id=${which} draft=${draftOf(item, phase, body.trim())}/><footer><${Button} onClick=${closeDialog}>Close<//></footer><//>`;
}
