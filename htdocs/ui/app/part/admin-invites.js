import { html } from '../html.js';
import { useEffect, useMemo, useState } from '../../vendor/hooks.js';
import { asProblem, del, post } from '../api.js';
import { root } from '../base.js';
import { instant } from '../lib/time.js';
import { pager } from '../store/pager.js';
import { ROLES } from '../store/session.js';
import { toast, toastProblem } from '../store/toasts.js';
import { Button, Copy } from './button.js';
import { closeDialog, Dialog, openDialog } from './dialog.js';
import { Field, FormProblem, Select } from './field.js';
import { Failed } from './states.js';
import { Time } from './time.js';

export function Invites() {
    const list = useMemo(() => pager('/admin/invites'), []);
    useEffect(() => { list.load(); }, []);
    const items = list.items.value;
    const revoke = async (/** @type {any} */ invite) => {
        try {
            await del(`/admin/invites/${invite.id}`);
            toast('Invitation withdrawn');
        } catch (error) {
            toastProblem(error);
        }
        list.load();
    };
    return html`<section class="card" aria-labelledby="invites"><header><h2 id="invites">Invitations</h2><${Button} small icon="add" onClick=${() => openDialog(() => html`<${Invite} reload=${list.load}/>`)}>Invite<//></header>
        <${Failed} error=${list.error.value} what="The invitations" retry=${list.load} old=${Boolean(items)}/>
        ${items && (items.length === 0 ? html`<p class="card-body soft">None is open.</p>` : html`<table class="table stackable"><thead><tr><th scope="col">For</th><th scope="col">Role</th><th scope="col">Ends</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
            <tbody>${items.map((invite) => html`<tr key=${invite.id}><th scope="row">${invite.email ?? 'whoever has the link'}</th><td data-label="Role">${invite.role}</td><td data-label="Ends">${invite.used_at ? 'used' : html`<${Time} at=${instant(invite.expires_at)}/>`}</td>
                <td data-label="Actions">${!invite.used_at && html`<${Button} small onClick=${() => revoke(invite)}>Withdraw<//>`}</td></tr>`)}</tbody></table>`)}</section>`;
}

/** @param {{reload: () => unknown}} props */
function Invite({ reload }) {
    const [email, setEmail] = useState('');
    const [role, setRole] = useState('member');
    const [link, setLink] = useState('');
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    async function save() {
        try {
            const answer = await post('/admin/invites', { email: email.trim() || null, role });
            setLink(answer.link ?? new URL(`signup/#${answer.token}`, root).href);
            reload();
        } catch (error) {
            setProblem(asProblem(error));
        }
    }
    if (link) return html`<${Dialog} title="Invitation link"><p>Send it to ${email || 'whom you invite'}. It is shown this once and holds for 7 days.</p><p class="secret"><code class="grow">${link}</code><${Copy} text=${link}/></p><footer><${Button} kind="primary" onClick=${closeDialog}>Done<//></footer><//>`;
    return html`<${Dialog} title="Invite" onSubmit=${save}><${FormProblem} problem=${problem} known=${['email', 'role']}/>
        <${Field} label="E-mail" need="optional" type="email" value=${email} onInput=${setEmail} error=${problem?.errors.email} help="Empty makes a link that anybody may use once."/>
        <${Select} label="Role" value=${role} onChange=${setRole} options=${ROLES.map((r) => [r, r])}/>
        <footer><${Button} onClick=${closeDialog}>Cancel<//><${Button} kind="primary" type="submit">Make the link<//></footer><//>`;
}
