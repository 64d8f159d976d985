// Who was given a host or an app, and as what.
import { html } from '../html.js';
import { useEffect, useMemo, useState } from '../../vendor/hooks.js';
import { asProblem, del, get, post } from '../api.js';
import { resource } from '../store/resource.js';
import { toast, toastProblem } from '../store/toasts.js';
import { Button } from './button.js';
import { Field, FormProblem, Select } from './field.js';
import { Failed } from './states.js';

const ROLES = /** @type {[string, string][]} */ ([['viewer', 'viewer: state, metrics, logs'], ['developer', 'developer: also env, restart, deploy']]);

/** @param {{path: string, what: string}} props */
export function Grants({ path, what }) {
    const data = useMemo(() => resource(() => get(`${path}/grants`)), [path]);
    const [email, setEmail] = useState('');
    const [role, setRole] = useState('viewer');
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    useEffect(() => { data.load(); }, [data]);
    const list = data.data.value?.items;
    async function add() {
        setProblem(null);
        try {
            await post(`${path}/grants`, { email: email.trim(), role });
            toast(`${email.trim()} is ${role} now`, { kind: 'good' });
            setEmail('');
            data.load();
        } catch (e) {
            setProblem(asProblem(e));
        }
    }
    async function drop(/** @type {any} */ grant) {
        try {
            await del(`${path}/grants/${grant.id}`);
            toast(`${grant.email} is no ${grant.role} any more`);
            data.load();
        } catch (e) {
            toastProblem(e, 'It could not be taken back');
        }
    }
    return html`<section class="stack" aria-labelledby="grants"><h3 id="grants">Access</h3><p class="soft">Operators see and do everything. Others see ${what} when they are given it here.</p>
        <${Failed} error=${data.error.value} what="The grants" retry=${data.load} old=${Boolean(list)}/>
        ${list && list.length > 0 && html`<ul class="lines grant-list">${list.map((/** @type {any} */ grant) => html`<li key=${grant.id}><span class="grow">${grant.email}${grant.name ? html` <span class="meta">${grant.name}</span>` : ''}${grant.inherited ? html` <span class="meta">by the host</span>` : ''}</span><span class="chip">${grant.role}</span>
            ${!grant.inherited && html`<${Button} small kind="quiet" icon="trash" label=${`Take it back from ${grant.email}`} onClick=${() => drop(grant)}/>`}</li>`)}</ul>`}
        <form class="form narrow-page" novalidate onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); add(); }}><${FormProblem} problem=${problem} known=${['email', 'role']}/>
            <div class="grid2"><${Field} label="E-mail of an account" type="email" autocomplete="off" value=${email} onInput=${setEmail} error=${problem?.errors.email}/><${Select} label="As" value=${role} onChange=${setRole} options=${ROLES} error=${problem?.errors.role}/></div>
            <div class="actions"><${Button} onClick=${add} reason=${email.trim() ? '' : 'Enter an address first'}>Give access<//></div></form></section>`;
}
