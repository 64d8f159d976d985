import { html } from '../html.js';
import { useState } from '../../vendor/hooks.js';
import { asProblem, patch, post } from '../api.js';
import { passwordProblem } from '../lib/rules.js';
import { load, user } from '../store/session.js';
import { toast } from '../store/toasts.js';
import { Button } from './button.js';
import { Field, FormProblem } from './field.js';
import { NewPassword } from './newpassword.js';

/** @typedef {import('../api.js').Problem|null} P */

export function Profile() {
    const [name, setName] = useState(user.peek()?.name ?? '');
    const [problem, setProblem] = useState(/** @type {P} */ (null));
    const [busy, setBusy] = useState(false);
    async function save(/** @type {Event} */ event) {
        event.preventDefault();
        setBusy(true);
        try {
            await patch('/me', { name: name.trim() });
            await load();
            setProblem(null);
            toast('Profile saved', { kind: 'good' });
        } catch (e) {
            setProblem(asProblem(e));
        } finally {
            setBusy(false);
        }
    }
    return html`<section class="card" aria-labelledby="profile"><header><h2 id="profile">Profile</h2></header><form class="card-body form" novalidate onSubmit=${save}><${FormProblem} problem=${problem} known=${['name']}/>
        <dl class="kv"><dt>E-mail</dt><dd>${user.value?.email}</dd><dt>Role</dt><dd>${user.value?.role}</dd></dl>
        <${Field} label="Name" value=${name} onInput=${setName} autocomplete="name" maxlength=${120} error=${problem?.errors.name}/><div><${Button} kind="primary" type="submit" busy=${busy}>Save<//></div></form></section>`;
}

export function Password() {
    const [current, setCurrent] = useState('');
    const [next, setNext] = useState('');
    const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
    const [problem, setProblem] = useState(/** @type {P} */ (null));
    const [busy, setBusy] = useState(false);
    async function save(/** @type {Event} */ event) {
        event.preventDefault();
        const found = { current: current ? '' : 'Enter your password.', new: passwordProblem(next) };
        setErrors(found);
        if (found.current || found.new || busy) return;
        setBusy(true);
        try {
            await post('/me/password', { current, new: next });
            setCurrent('');
            setNext('');
            setProblem(null);
            toast('Password changed. All other sessions have ended.', { kind: 'good' });
        } catch (e) {
            const p = asProblem(e);
            setProblem(p);
            setErrors(p.errors);
        } finally {
            setBusy(false);
        }
    }
    return html`<section class="card" aria-labelledby="password"><header><h2 id="password">Password</h2></header><form class="card-body form" novalidate onSubmit=${save}><${FormProblem} problem=${problem} known=${['current', 'new']}/>
        <input class="sr" type="text" autocomplete="username" value=${user.value?.email ?? ''} tabindex="-1" aria-hidden="true" readonly/>
        <${Field} label="Current password" type="password" autocomplete="current-password" value=${current} onInput=${setCurrent} error=${errors.current}/>
        <${NewPassword} label="New password" value=${next} onInput=${setNext} error=${errors.new}/><div><${Button} kind="primary" type="submit" busy=${busy}>Change the password<//></div></form></section>`;
}
