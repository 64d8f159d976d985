import { html } from '../html.js';
import { useEffect, useMemo, useState } from '../../vendor/hooks.js';
import { asProblem, del, post } from '../api.js';
import { instant } from '../lib/time.js';
import { now } from '../store/clock.js';
import { pager } from '../store/pager.js';
import { can } from '../store/session.js';
import { toast, toastProblem } from '../store/toasts.js';
import { Button, Copy } from './button.js';
import { closeDialog, confirmDialog, Dialog, openDialog } from './dialog.js';
import { Check, Field, FormProblem, Select } from './field.js';
import { Empty, Failed, Skeleton } from './states.js';
import { Time } from './time.js';

const SCOPES = /** @type {[string, string][]} */ ([['read', 'Read'], ['write', 'Change'], ['admin', 'Administer'], ['metrics', 'Metrics (Prometheus)']]);
const ENDS = /** @type {[string, string][]} */ ([['30', 'in 30 days'], ['90', 'in 90 days'], ['365', 'in a year'], ['', 'never']]);

export function Tokens() {
    const list = useMemo(() => pager('/me/tokens'), []);
    useEffect(() => { list.load(); }, []);
    const items = list.items.value;
    const revoke = (/** @type {any} */ token) => confirmDialog({ title: `Revoke ${token.name}?`, text: 'Whatever uses it stops working at once.', action: 'Revoke',
        run: async () => { try { await del(`/me/tokens/${token.id}`); toast(`${token.name} revoked`); } catch (error) { toastProblem(error); } list.load(); } });
    return html`<section class="card" aria-labelledby="tokens"><header><h2 id="tokens">API tokens</h2><${Button} small icon="add" onClick=${() => openDialog(() => html`<${Make} reload=${list.load}/>`)}>New token<//></header>
        <${Failed} error=${list.error.value} what="The tokens" retry=${list.load} old=${Boolean(items)}/>
        ${!items ? !list.error.value && html`<${Skeleton} rows=${2} label="Loading the tokens"/>` : items.length === 0 ? html`<${Empty} icon="shield" title="No token yet"><p>A token lets a script or Prometheus in without your password.</p><//>`
            : html`<table class="table stackable"><thead><tr><th scope="col">Name</th><th scope="col">May</th><th scope="col">Last use</th><th scope="col">Ends</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
            <tbody>${items.map((t) => html`<tr key=${t.id}><th scope="row">${t.name}</th><td data-label="May">${(t.scopes ?? []).join(', ')}</td><td data-label="Last use">${t.used_at ? html`<${Time} at=${instant(t.used_at)}/>` : 'never'}</td><td data-label="Ends">${t.expires_at ? html`<${Time} at=${instant(t.expires_at)}/>` : 'never'}</td>
                <td data-label="Actions"><${Button} small onClick=${() => revoke(t)} label=${`Revoke ${t.name}`}>Revoke<//></td></tr>`)}</tbody></table>`}</section>`;
}

/** @param {{reload: () => unknown}} props */
function Make({ reload }) {
    const [name, setName] = useState('');
    const [scopes, setScopes] = useState(['read']);
    const [days, setDays] = useState('90');
    const [secret, setSecret] = useState('');
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    async function save() {
        try {
            const ends = days ? new Date(now() + Number(days) * 864e5).toISOString() : null;
            const answer = await post('/me/tokens', { name: name.trim(), scopes, expires_at: ends });
            setSecret(answer.token ?? answer.secret ?? '');
            reload();
        } catch (error) {
            setProblem(asProblem(error));
        }
    }
    if (secret) return html`<${Dialog} title="Your new token"><p>It is shown this once. Send it as <code>Authorization: Bearer …</code></p><p class="secret"><code class="grow">${secret}</code><${Copy} text=${secret}/></p><footer><${Button} kind="primary" onClick=${closeDialog}>I have kept it<//></footer><//>`;
    return html`<${Dialog} title="New token" onSubmit=${save}><${FormProblem} problem=${problem} known=${['name', 'scopes']}/>
        <${Field} label="Name" value=${name} onInput=${setName} error=${problem?.errors.name} help="What it is for" maxlength=${80}/>
        <fieldset class="field"><legend>It may</legend>${SCOPES.filter(([key]) => key !== 'admin' || can('admin')).map(([key, text]) => html`<${Check} key=${key} label=${text} checked=${scopes.includes(key)} onChange=${(/** @type {boolean} */ on) => setScopes(on ? [...scopes, key] : scopes.filter((s) => s !== key))}/>`)}
            ${problem?.errors.scopes && html`<p class="error">${problem.errors.scopes}</p>`}</fieldset>
        <${Select} label="Ends" value=${days} onChange=${setDays} options=${ENDS}/>
        <footer><${Button} onClick=${closeDialog}>Cancel<//><${Button} kind="primary" type="submit">Make the token<//></footer><//>`;
}
