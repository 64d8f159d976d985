import { html } from '../html.js';
import { useState } from '../../vendor/hooks.js';
import { asProblem, post } from '../api.js';
import { href } from '../base.js';
import { emailProblem, passwordProblem } from '../lib/rules.js';
import { boot, load, signIn } from '../store/session.js';
import { go } from '../store/route.js';
import { Button } from '../part/button.js';
import { Field, FormProblem } from '../part/field.js';
import { NewPassword } from '../part/newpassword.js';
import { Plain } from '../part/plain.js';
import { Empty } from '../part/states.js';

export default function SignUp() {
    const [invite] = useState(() => location.hash.slice(1)); // behind the #, which no server gets to log
    if (boot.value?.features?.signup !== 'open' && !invite) {
        return html`<${Plain} title="Sign up"><${Empty} icon="shield" title="Sign-up is by invitation">
            <p>Ask an administrator of this server for an invitation link.</p><a class="btn" href=${href('signin/')}>Sign in</a><//><//>`;
    }
    return html`<${Plain} title="Sign up"><${Form} invite=${invite}/><p>Have an account? <a href=${href('signin/')}>Sign in</a></p><//>`;
}

/** @param {{invite: string}} props */
function Form({ invite }) {
    const [name, setName] = useState('');
    const [email, setEmail] = useState('');
    const [password, setPassword] = useState('');
    const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [busy, setBusy] = useState(false);

    async function submit(/** @type {Event} */ event) {
        event.preventDefault();
        if (busy) return;
        const found = { email: emailProblem(email), password: passwordProblem(password) };
        setErrors(found);
        if (found.email || found.password) return;
        setBusy(true);
        try {
            const body = { email: email.trim(), name: name.trim(), password };
            await post('/signup', invite ? { ...body, invite } : body, { anonymous: true });
            await load();
            if (!boot.peek()?.user) await signIn(email, password, false);
            go('dash/');
        } catch (e) {
            const p = asProblem(e);
            setErrors(p.errors);
            setProblem(p);
        } finally {
            setBusy(false);
        }
    }
    return html`<form class="form" novalidate onSubmit=${submit}>
        <${FormProblem} problem=${problem} known=${['email', 'name', 'password']}/>
        <${Field} label="Name" name="name" need="optional" autocomplete="name" value=${name} onInput=${setName} error=${errors.name} maxlength=${120}/>
        <${Field} label="E-mail" name="email" type="email" autocomplete="username" inputmode="email" value=${email} onInput=${setEmail} error=${errors.email}/>
        <${NewPassword} value=${password} onInput=${setPassword} error=${errors.password}/>
        <${Button} kind="primary" type="submit" busy=${busy}>Create the account<//></form>`;
}
