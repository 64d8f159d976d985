import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { call, del } from '../api.js';
import { instant } from '../lib/time.js';
import { agentName } from '../lib/agent.js';
import { pager } from '../store/pager.js';
import { toast, toastProblem } from '../store/toasts.js';
import { Button } from './button.js';
import { Failed, Skeleton } from './states.js';
import { Time } from './time.js';

/** Where one is signed in. */
export function Sessions() {
    const list = useMemo(() => pager('/me/sessions'), []);
    useEffect(() => { list.load(); }, []);
    const items = list.items.value;
    async function end(/** @type {string} */ path, /** @type {string} */ said) {
        try {
            await (path ? del(`/me/sessions/${path}`) : call('DELETE', '/me/sessions'));
            toast(said, { kind: 'good' });
        } catch (error) {
            toastProblem(error);
        }
        list.load();
    }
    return html`<section class="card" aria-labelledby="sessions"><header><h2 id="sessions">Sessions</h2>${items && items.length > 1 && html`<${Button} small onClick=${() => end('', 'All other sessions have ended')}>End all others<//>`}</header>
        <${Failed} error=${list.error.value} what="The sessions" retry=${list.load} old=${Boolean(items)}/>
        ${!items ? !list.error.value && html`<${Skeleton} rows=${2} label="Loading the sessions"/>` : html`<table class="table stackable"><thead><tr><th scope="col">Browser</th><th scope="col">Address</th><th scope="col">Last use</th><th scope="col">Since</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
            <tbody>${items.map((s) => html`<tr key=${s.id}><th scope="row" title=${s.agent}>${agentName(s.agent)}${s.current && html` <span class="chip">this one</span>`}</th><td data-label="Address" class="mono">${s.address ?? '—'}</td><td data-label="Last use"><${Time} at=${instant(s.used_at)}/></td>
                <td data-label="Since"><${Time} at=${instant(s.created_at)}/></td><td data-label="Actions">${!s.current && html`<${Button} small onClick=${() => end(s.id, 'The session has ended')} label=${`End the session on ${agentName(s.agent)}`}>End<//>`}</td></tr>`)}</tbody></table>`}</section>`;
}
