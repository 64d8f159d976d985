// Deploys of an app: the list, one of them with its output as it comes, and the dialog for a new one.
import { html } from '../html.js';
import { useEffect, useMemo, useState } from '../../vendor/hooks.js';
import { asProblem, get, post } from '../api.js';
import { plainText as plain } from '../lib/ansi.js';
import { ended, outcome, short } from '../lib/fleet.js';
import { DASH, ms, plural } from '../lib/number.js';
import { instant, span } from '../lib/time.js';
import { second } from '../store/clock.js';
import { on } from '../store/live.js';
import { logSource } from '../store/logs.js';
import { pager } from '../store/pager.js';
import { query, setQuery } from '../store/route.js';
import { toast, toastProblem } from '../store/toasts.js';
import { useAction } from './appactions.js';
import { Button } from './button.js';
import { closeDialog, Dialog, openDialog } from './dialog.js';
import { Field, FormProblem } from './field.js';
import { LogView } from './logview.js';
import { Empty, Failed, Skeleton } from './states.js';
import { Badge } from './status.js';
import { Time } from './time.js';

/** @type {Record<string, string>} */
const WORDS = { asked: 'waiting', running: 'running', ok: 'done', done: 'done', succeeded: 'succeeded', failed: 'failed', 'rolled-back': 'rolled back', cancelled: 'cancelled', lost: 'nobody knows how it ended' };
const commits = (/** @type {any} */ d) => (d.subjects?.length ? d.subjects.map((/** @type {any} */ s) => (typeof s === 'string' ? s : s.subject)) : []);
const length = (/** @type {any} */ d) => { const from = instant(d.started_at ?? d.asked_at); const to = instant(d.ended_at); return from !== null && to !== null ? span((to - from) / 1000) : ''; };

/** @param {{a: any, reload: () => Promise<void>}} props */
export function Deploys({ a, reload }) {
    const list = useMemo(() => pager(`/apps/${a.id}/deploys`, () => ({ limit: 20 })), [a.id]);
    useEffect(() => {
        list.load();
        return on('deploy', (event) => { if (event.app === a.id || event.app === undefined) list.load(); });
    }, [list]);
    const items = list.items.value;
    const id = Number(query.value.get('deploy')) || items?.find((d) => !ended(d.state))?.id || 0;
    const dev = Boolean(a.rights?.developer);
    const busy = items?.find((d) => !ended(d.state));
    if (!a.deploy && items && !items.length) return html`<div class="card"><${Empty} icon="deploy" title="It is not deployed from here"><p>Set <code>deploy = yes</code> with its repository and steps in <code>/etc/tocsin/agent.conf</code> on ${a.host.name}.</p><//></div>`;
    return html`${busy && html`<div class="banner info" role="status"><p><b>${busy.by || 'Tocsin'} is deploying ${busy.ref}.</b> One deploy at a time: others wait.</p></div>`}
        ${id > 0 && html`<${Deploy} key=${id} a=${a} id=${id} dev=${dev} reload=${() => { list.load(); reload(); }}/>`}
        <section class="card" aria-labelledby="deploys"><header><h2 id="deploys">Deploys</h2></header><${Failed} error=${list.error.value} what="The deploys" retry=${list.load} old=${Boolean(items)}/>
        ${!items ? !list.error.value && html`<${Skeleton} rows=${4} label="Loading the deploys"/>` : !items.length ? html`<${Empty} icon="deploy" title="Nothing was deployed yet"><p>A deploy fetches, builds, restarts, waits until it is healthy, and goes back by itself when it is not.</p><//>`
            : html`<table class="table stackable"><thead><tr><th scope="col">Result</th><th scope="col">What</th><th scope="col">Commits</th><th scope="col">Who</th><th scope="col">When</th><th scope="col" class="num">Took</th><th scope="col"><span class="sr">Actions</span></th></tr></thead><tbody>
                ${items.map((d) => html`<tr key=${d.id} aria-current=${d.id === id ? 'true' : undefined}><td data-label="Result"><${Badge} status=${outcome(d.state)} word=${WORDS[d.state] ?? d.state}/></td><td data-label="What"><a href=${`?id=${a.id}&tab=deploys&deploy=${d.id}`} onClick=${(/** @type {any} */ e) => { e.preventDefault(); setQuery({ deploy: String(d.id) }, { push: true }); }}>#${d.id} ${d.ref}</a>${d.rollback_of ? html` <span class="chip">back to before #${d.rollback_of}</span>` : ''}</td>
                    <td data-label="Commits" class="cut-cell"><div><span class="mono">${short(d.from)} → ${short(d.to)}</span>${commits(d).slice(0, 2).map((/** @type {string} */ s, /** @type {number} */ i) => html`<div key=${i} class="soft cut">${s}</div>`)}${commits(d).length > 2 ? html`<span class="meta">${commits(d).length - 2} more</span>` : ''}${d.error && html`<div class="soft">${d.error}</div>`}</div></td>
                    <td data-label="Who">${d.by || 'Tocsin'}</td><td data-label="When"><${Time} at=${instant(d.started_at ?? d.asked_at)} exact/></td><td data-label="Took" class="num">${length(d) || DASH}</td>
                    <td>${dev && d.from && ended(d.state) && html`<${Button} small kind="quiet" reason=${busy ? `${busy.by || 'Somebody'} is deploying` : ''} label=${`Roll back to before #${d.id}`} onClick=${() => openDialog(() => html`<${Rollback} a=${a} d=${d} done=${(/** @type {any} */ made) => { setQuery({ deploy: String(made.id) }); list.load(); reload(); }}/>`)}>Roll back…<//>`}</td></tr>`)}</tbody></table>
                ${list.next.value && html`<div class="card-body"><${Button} small onClick=${list.more}>Older deploys<//></div>`}`}</section>`;
}

/** One deploy: its steps, and its output. @param {{a: any, id: number, dev: boolean, reload: () => void}} props */
function Deploy({ a, id, dev, reload }) {
    const [first, setFirst] = useState(/** @type {any} */ (null));
    const [error, setError] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const load = () => get(`/apps/${a.id}/deploys/${id}`).then((answer) => { setFirst(answer); setError(null); }, (e) => setError(asProblem(e)));
    useEffect(() => { load(); }, []);
    if (!first) return html`<${Failed} error=${error} what="The deploy" retry=${load}/>${!error && html`<${Skeleton} rows=${3} label="Loading the deploy"/>`}`;
    return html`<${DeployShown} a=${a} first=${first} dev=${dev} reload=${reload}/>`;
}

/** @param {{a: any, first: any, dev: boolean, reload: () => void}} props */
function DeployShown({ a, first, dev, reload }) {
    const path = `/apps/${a.id}/deploys/${first.id}`;
    const { a: d, over } = useAction(path, first);
    const overRef = useMemo(() => ({ over }), []);
    overRef.over = over;
    const source = useMemo(() => logSource(`/apps/${a.id}/logs`, { stream: `${path}/stream`, query: () => ({ deploy: first.uuid }), over: () => overRef.over }), [path]);
    useEffect(() => { if (over && !ended(first.state)) { reload(); source.finish(); } }, [over]);
    async function cancel() {
        try {
            await post(`${path}/cancel`);
            toast('The deploy is being cancelled');
        } catch (e) {
            toastProblem(e, 'It could not be cancelled');
        }
    }
    const status = outcome(d.state);
    const began = instant(d.started_at ?? d.asked_at) ?? 0;
    return html`<section class=${`card result s-${status}`} aria-labelledby="deploy-head"><div class="row"><h2 id="deploy-head">Deploy #${d.id}: ${d.ref}</h2><${Badge} status=${status} word=${WORDS[d.state] ?? d.state}/><span class="soft num">${over ? length(d) : span(Math.max(0, (second.value - began) / 1000))}</span><span class="meta">by ${d.by || 'Tocsin'}${d.reason ? `: ${d.reason}` : ''}</span><span class="grow"></span>
            ${dev && !over && html`<${Button} small kind="danger" onClick=${cancel} reason=${d.cancelling ? 'It is being cancelled' : ''}>Cancel the deploy<//>`}<${Button} small kind="quiet" icon="close" label="Close" onClick=${() => setQuery({ deploy: '' })}/></div>
        <p class="mono">${short(d.from)} → ${short(d.to)}</p>${commits(d).length > 0 && html`<ul class="md-list">${commits(d).slice(0, 10).map((/** @type {string} */ s, /** @type {number} */ i) => html`<li key=${i}>${s}</li>`)}</ul>`}
        ${d.error && html`<p role="alert"><b>${d.error}</b></p>`}
        ${(d.steps ?? []).length > 0 && html`<ol class="deploy-steps" aria-label="Steps">${d.steps.map((/** @type {any} */ s) => html`<li key=${s.name} class=${`st-${s.state}`} aria-current=${s.state === 'running' ? 'step' : undefined}><b>${s.name}</b> <span class="meta num">${s.state === 'running' ? 'running' : s.ms !== null && s.ms !== undefined ? `${WORDS[s.state] ?? s.state}, ${ms(s.ms)}` : s.state ?? 'to come'}</span></li>`)}</ol>`}
        <${Output} source=${source} d=${d} kept=${ended(first.state) ? plain(first.output ?? '') : ''} a=${a}/></section>`;
}

/** Live by the stream; of one that was over before, what the server kept, and all of it when it is asked for. @param {{source: import('../store/logs.js').Source, d: any, kept: string, a: any}} props */
function Output({ source, d, kept, a }) {
    const [whole, setWhole] = useState(!kept);
    if (!whole) return html`<pre class="excerpt" tabindex="0" role="region" aria-label="Output">${kept}</pre><div><${Button} small kind="quiet" onClick=${() => setWhole(true)}>All of it, from the host<//></div>`;
    return html`<${LogView} source=${source} name="deploy" label=${`Output of deploy ${d.id} of ${a.name}`} tall=${false} empty="No output yet"/>`;
}

/** @param {{a: any, d: any, done: (made: any) => void}} props */
function Rollback({ a, d, done }) {
    const [reason, setReason] = useState('');
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    async function send() {
        try {
            const made = await post(`/apps/${a.id}/deploys/${d.id}/rollback`, reason.trim() ? { reason: reason.trim() } : {});
            closeDialog();
            done(made);
        } catch (e) {
            setProblem(asProblem(e));
        }
    }
    return html`<${Dialog} title=${`Roll ${a.name} on ${a.host.name} back?`}><${FormProblem} problem=${problem} known=${['reason']}/><p>To <code>${short(d.from)}</code>, what ran before deploy #${d.id} (${d.ref}). The same steps run, with its restart.</p>
        <${Field} label="Reason" need="optional" value=${reason} onInput=${setReason} maxlength=${500}/><footer><${Button} onClick=${closeDialog} autofocus>Cancel<//><${Button} kind="danger" onClick=${send}>Roll back<//></footer><//>`;
}

/** @param {any} a @param {() => unknown} [done] */
export const openDeploy = (a, done = () => {}) => openDialog(() => html`<${DeployDialog} a=${a} done=${done}/>`);

/** @param {{a: any, done: () => unknown}} props */
function DeployDialog({ a, done }) {
    const [refs, setRefs] = useState(/** @type {any} */ (null));
    const [ref, setRef] = useState('');
    const [reason, setReason] = useState('');
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [busy, setBusy] = useState(false);
    const load = () => get(`/apps/${a.id}/refs`).then((answer) => { setRefs(answer); setRef((had) => had || answer.branch || answer.refs?.[0]?.name || ''); }, (e) => setProblem(asProblem(e)));
    useEffect(() => { load(); }, []);
    async function send() {
        if (busy || !ref.trim()) return;
        setBusy(true);
        setProblem(null);
        try {
            const made = await post(`/apps/${a.id}/deploys`, { ref: ref.trim(), ...(reason.trim() ? { reason: reason.trim() } : {}) });
            closeDialog();
            setQuery({ tab: 'deploys', deploy: String(made.id) }, { push: true });
            done();
        } catch (e) {
            const p = asProblem(e);
            if (p.kind === 'demo') closeDialog();
            setProblem(p);
            setBusy(false);
        }
    }
    const chosen = refs?.refs?.find((/** @type {any} */ r) => r.name === ref);
    const here = refs?.head ?? a.commit;
    return html`<${Dialog} title=${`Deploy ${a.name} on ${a.host.name}`} onSubmit=${send}><${FormProblem} problem=${problem} known=${['ref', 'reason']}/>
        <p class="soft">Now: <span class="mono">${a.branch ? `${a.branch}@` : ''}${short(here)}</span>${refs?.ahead ? html`. The last fetch saw <b>${plural(refs.ahead, 'newer commit')}</b>.` : ''}</p>
        <${Field} label="Branch or tag" value=${ref} onInput=${setRef} list=${(refs?.refs ?? []).map((/** @type {any} */ r) => r.name)} error=${problem?.errors.ref} help=${refs?.allowed ? html`Allowed on the host: <code>${refs.allowed}</code>` : undefined} mono autofocus/>
        ${chosen && html`<p><span class="mono">${short(chosen.sha)}</span> ${chosen.subject} <span class="meta"><${Time} at=${typeof chosen.at === 'number' ? chosen.at * 1000 : instant(chosen.at)}/></span>${chosen.sha === here ? html` <b>It is what runs now.</b>` : ''}</p>`}
        <div><b>Will run</b><ol class="md-list steps-plan">${(refs?.steps ?? ['fetch', 'check out', 'build steps of the host’s list', 'restart', 'wait until it is healthy']).map((/** @type {any} */ s) => html`<li key=${s.name ?? s}>${s.name ?? s}</li>`)}</ol><p class="meta">When a step fails, or it is not healthy afterwards, the commit of before is put back by itself.</p></div>
        <${Field} label="Reason" need="optional" value=${reason} onInput=${setReason} maxlength=${500} error=${problem?.errors.reason}/>
        <footer><${Button} onClick=${closeDialog}>Cancel<//><${Button} kind="primary" type="submit" busy=${busy} reason=${ref.trim() ? '' : 'Choose what first'}>Deploy<//></footer><//>`;
}
