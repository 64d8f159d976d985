import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { useSignal } from '../../vendor/signals.js';
import { del, patch } from '../api.js';
import { plural } from '../lib/number.js';
import { instant } from '../lib/time.js';
import { pager } from '../store/pager.js';
import { ROLES, user } from '../store/session.js';
import { toast, toastProblem } from '../store/toasts.js';
import { Invites } from './admin-invites.js';
import { Button } from './button.js';
import { confirmDialog } from './dialog.js';
import { Menu } from './menu.js';
import { Empty, Failed, Skeleton } from './states.js';
import { Badge } from './status.js';
import { Time } from './time.js';

export function Users() {
    const q = useSignal('');
    const list = useMemo(() => pager('/admin/users', () => ({ q: q.peek() })), []);
    useEffect(() => {
        const timer = setTimeout(list.load, q.value ? 250 : 0);
        return () => clearTimeout(timer);
    }, [q.value]);
    const items = list.items.value;
    return html`<div class="row"><input class="input search-line" type="search" data-search aria-label="Search users" placeholder="Search users" value=${q} onInput=${(/** @type {any} */ e) => { q.value = e.currentTarget.value; }}/></div>
        <${Failed} error=${list.error.value} what="The users" retry=${list.load} old=${Boolean(items)}/>
        ${!items ? !list.error.value && html`<${Skeleton} rows=${4} label="Loading the users"/>` : html`<div class="card">${items.length === 0 ? html`<${Empty} icon="user" title=${`Nobody matches “${q.value}”`}/>` : html`<table class="table stackable"><thead><tr><th scope="col">User</th><th scope="col">Role</th><th scope="col">State</th><th scope="col" class="num">Monitors</th><th scope="col">Last seen</th><th scope="col">Joined</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
            <tbody>${items.map((person) => html`<${Row} key=${person.id} person=${person} reload=${list.load}/>`)}</tbody></table>`}
            ${list.next.value && html`<div class="card-body"><${Button} small onClick=${list.more}>More users<//></div>`}</div>`}
        <${Invites}/>`;
}

/** @param {{person: any, reload: () => unknown}} props */
function Row({ person, reload }) {
    const own = person.id === user.value?.id;
    const name = person.name || person.email;
    async function change(/** @type {any} */ body, /** @type {string} */ said) {
        try {
            await patch(`/admin/users/${person.id}`, body);
            toast(said, { kind: 'good' });
        } catch (error) {
            toastProblem(error, `${name} was not changed`);
        }
        reload();
    }
    const erase = () => confirmDialog({ title: `Delete ${name}?`, text: `The account, its ${plural(person.monitors ?? 0, 'monitor')} and all their history go for good. To only lock it out, disable it.`, action: 'Delete', typed: person.email,
        run: async () => { try { await del(`/admin/users/${person.id}`); toast(`${name} deleted`); } catch (error) { toastProblem(error); } reload(); } });
    const items = () => [{ text: person.disabled ? 'Enable' : 'Disable and sign out', icon: /** @type {const} */ ('shield'), run: () => change({ disabled: !person.disabled }, `${name} ${person.disabled ? 'enabled' : 'disabled'}`) }, null,
        { text: 'Delete', icon: /** @type {const} */ ('trash'), danger: true, run: erase }];
    return html`<tr><th scope="row"><b>${name}</b>${own && html` <span class="chip">you</span>`}${person.name && html`<br/><span class="meta">${person.email}</span>`}</th>
        <td data-label="Role"><select class="input" aria-label=${`Role of ${name}`} onChange=${(/** @type {any} */ e) => change({ role: e.currentTarget.value }, `${name} is ${e.currentTarget.value} now`)}>${ROLES.map((role) => html`<option key=${role} value=${role} selected=${person.role === role}>${role}</option>`)}</select></td>
        <td data-label="State">${person.disabled ? html`<${Badge} status="paused" word="disabled"/>` : 'active'}</td><td data-label="Monitors" class="num">${person.monitors ?? 0}</td>
        <td data-label="Last seen"><${Time} at=${instant(person.seen_at)}/></td><td data-label="Joined"><${Time} at=${instant(person.created_at)}/></td>
        <td data-label="Actions">${!own && html`<span class="row-actions"><${Menu} label=${`More about ${name}`} icon="more" items=${items} cls="btn quiet small icon"/></span>`}</td></tr>`;
}
