import { html } from '../html.js';
import { useState } from '../../vendor/hooks.js';
import { asProblem } from '../api.js';
import { href } from '../base.js';
import { emailProblem, safeNext } from '../lib/rules.js';
import { boot, signIn } from '../store/session.js';
import { go, query } from '../store/route.js';
import { Button } from '../part/button.js';
import { Check, Field, FormProblem } from '../part/field.js';
import { Plain } from '../part/plain.js';

export default function SignIn() {
    return html`<${Plain} title="Sign in"><${SignInForm} done=${() => go(safeNext(query.peek().get('next')))}/>
        ${boot.value?.features?.signup === 'open' && html`<p class="plain-foot">No account yet? <a href=${href('signup/')}>Sign up</a></p>`}<//>`;
}

/** Also the form of the dialog that asks again. @param {{done: () => void, email?: string}} props */
export function SignInForm({ done, email: known }) {
    const [email, setEmail] = useState(known ?? '');
    const [password, setPassword] = useState('');
    const [remember, setRemember] = useState(false);
    const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [busy, setBusy] = useState(false);

    async function submit(/** @type {Event} */ event) {
        event.preventDefault();
        event.stopPropagation();
        if (busy) return;
        const found = { email: emailProblem(email), password: password ? '' : 'Enter your password.' };
        setErrors(found);
        if (found.email || found.password) return;
        setBusy(true);
        try {
            await signIn(email, password, remember);
            done();
        } catch (e) {
            setProblem(asProblem(e));
        } finally {
            setBusy(false);
        }
    }
    return html`<form class="form" method="post" action=${href('api/v1/session')} novalidate onSubmit=${submit}>
        <${FormProblem} problem=${problem}/>
        <${Field} label="E-mail" name="email" type="email" autocomplete="username" inputmode="email" value=${email} onInput=${setEmail} error=${errors.email} autofocus=${!known}/>
        <${Field} label="Password" name="password" type="password" autocomplete="current-password" value=${password} onInput=${setPassword} error=${errors.password} autofocus=${Boolean(known)}/>
        <${Check} label="Keep me signed in" checked=${remember} onChange=${setRemember} help="For 30 days on this browser. Leave it off on a shared machine."/>
        <${Button} kind="primary" type="submit" busy=${busy}>Sign in<//></form>`;
}
