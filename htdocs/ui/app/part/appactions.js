// Restart, stop, start: asked in a dialog that names the app and its host, and told there how it went.
import { html } from '../html.js';
import { useEffect, useState } from '../../vendor/hooks.js';
import { asProblem, get, post } from '../api.js';
import { ACTIONS, ended, outcome, statusOf, stateText } from '../lib/fleet.js';
import { percent } from '../lib/number.js';
import { instant, span } from '../lib/time.js';
import { second } from '../store/clock.js';
import { on } from '../store/live.js';
import { Button } from './button.js';
import { closeDialog, Dialog, openDialog } from './dialog.js';
import { Field, FormProblem } from './field.js';
import { Badge } from './status.js';

const LOOK_MS = 2000;

/** @param {any} app @param {'start'|'stop'|'restart'} kind @param {() => unknown} [done] @param {string} [reason] */
export const openAction = (app, kind, done = () => {}, reason = '') => openDialog(() => html`<${ActionDialog} app=${app} kind=${kind} done=${done} reason=${reason}/>`);

/** @type {Record<string, (app: any) => string>} */
const NOTES = {
    restart: (app) => `It is away for a moment. In 30 days it was up ${percent(app.up30)}; a restart that takes longer than a poll counts as downtime.`,
    stop: () => 'It stays stopped until somebody starts it here. Nobody is told, and the time counts as paused, not as downtime.',
    start: () => 'From then on it is watched again.',
};

/** @param {{app: any, kind: 'start'|'stop'|'restart', done: () => unknown, reason: string}} props */
function ActionDialog({ app, kind, done, reason: first }) {
    const [reason, setReason] = useState(first);
    const [action, setAction] = useState(/** @type {any} */ (null));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [busy, setBusy] = useState(false);
    const [verb, ing, past] = ACTIONS[kind];
    async function send() {
        if (busy) return;
        setBusy(true);
        setProblem(null);
        try {
            setAction(await post(`/apps/${app.id}/${kind}`, reason.trim() ? { reason: reason.trim() } : {}));
        } catch (e) {
            const p = asProblem(e);
            if (p.kind === 'demo') closeDialog();
            setProblem(p);
        } finally {
            setBusy(false);
        }
    }
    if (action) return html`<${Dialog} title=${`${ing} ${app.name} on ${app.host.name}`} onClose=${() => { closeDialog(); done(); }}><${Progress} app=${app} action=${action} past=${past} ing=${ing} done=${done}/><//>`;
    return html`<${Dialog} title=${`${verb} ${app.name} on ${app.host.name}?`} onSubmit=${send}><${FormProblem} problem=${problem} known=${['reason']}/>
        <p><${Badge} status=${statusOf(app.status)} word=${stateText(app)} since=${instant(app.since)}/> <span class="soft">${app.type} ${app.unit ?? app.container ?? ''}</span></p><p class="soft">${NOTES[kind](app)}</p>
        <${Field} label="Reason" need="optional" value=${reason} onInput=${setReason} maxlength=${500} help="Stands in the audit log, and on the charts." error=${problem?.errors.reason}/>
        <footer><${Button} onClick=${closeDialog} autofocus=${kind !== 'start'}>Cancel<//><${Button} kind=${kind === 'start' ? 'primary' : 'danger'} type="submit" busy=${busy}>${verb}<//></footer><//>`;
}

/** What becomes of an action, as it is told. @param {string} path @param {any} first */
export function useAction(path, first) {
    const [a, setA] = useState(first);
    const [error, setError] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const over = ended(a?.state ?? 'asked');
    useEffect(() => {
        if (over) return undefined;
        const look = () => get(path).then((answer) => { setA(answer); setError(null); }, (e) => setError(asProblem(e)));
        const timer = setInterval(look, LOOK_MS);
        const offs = ['action', 'deploy'].map((kind) => on(kind, (event) => { if (event.id === undefined || event.id === first.id || event.ref === first.id) look(); }));
        return () => { clearInterval(timer); offs.forEach((off) => off()); };
    }, [path, over]);
    return { a, error, over };
}

/** @param {{app: any, action: any, past: string, ing: string, done: () => unknown}} props */
function Progress({ app, action, past, ing, done }) {
    const { a, error, over } = useAction(`/apps/${app.id}/actions/${action.id}`, action);
    const [state, setState] = useState(/** @type {any} */ (null));
    useEffect(() => { if (over) { done(); get(`/apps/${app.id}`).then(setState, () => {}); } }, [over]);
    const status = outcome(a.state);
    const began = instant(a.asked_at) ?? second.peek();
    const word = !over ? `${ing.toLowerCase()}…` : a.state === 'done' ? past : a.state === 'lost' ? 'nobody knows how it ended' : a.state;
    return html`<div class=${`result s-${status}`} role="status"><div class="row"><${Badge} status=${status} word=${word}/><span class="soft num">${over ? (a.ms ? `in ${span(a.ms / 1000)}` : '') : `${span(Math.max(0, (second.value - began) / 1000))}`}</span></div>
            <ol class="steps-list"><li class="done">Asked${a.by ? ` by ${a.by}` : ''}</li><li class=${a.started_at || over ? 'done' : ''}>${a.started_at || over ? `Handed to ${app.host.name}${a.attempts > 1 ? `, at the ${a.attempts}. try` : ''}` : `Waiting for ${app.host.name}`}</li>
                <li class=${over ? 'done' : ''}>${over ? (a.error ? html`<b>${a.error}</b>` : `${app.name} is ${past}`) : 'Waiting for the result'}</li>${state && html`<li class="done"><${Badge} status=${statusOf(state.status)} word=${stateText(state)}/>${state.pid ? html` <span class="meta">pid ${state.pid}</span>` : ''}</li>`}</ol>
            ${error && html`<p class="meta">Its state could not be asked: ${error.detail || error.title}</p>`}</div>
        <footer><${Button} kind="primary" onClick=${() => { closeDialog(); done(); }}>${over ? 'Close' : 'Close, it goes on'}<//></footer>`;
}
