import { html } from '../html.js';
import { useState } from '../../vendor/hooks.js';
import { asProblem, post } from '../api.js';
import { asking, proving, user } from '../store/session.js';
import { SignInForm } from '../screen/signin.js';
import { Button } from './button.js';
import { Dialog } from './dialog.js';
import { Field, FormProblem } from './field.js';

/** The session ended while somebody works: the password is asked over the page, which stays as it is. */
export function Reauth() {
    const answer = asking.value;
    if (!answer) return null;
    return html`<${Dialog} title="Sign in again" onClose=${() => answer(false)}>
        <p class="soft">Your session has ended. What you have entered is still here.</p>
        <${SignInForm} email=${user.peek()?.email ?? ''} done=${() => answer(true)}/><//>`;
}

/** What is dangerous wants the password again when it was given long ago; what was asked for goes on then. */
export function Proof() {
    const [password, setPassword] = useState('');
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [busy, setBusy] = useState(false);
    const answer = proving.value;
    if (!answer) return null;
    async function send() {
        if (busy) return;
        setBusy(true);
        try {
            await post('/session/proof', { password }, { anonymous: true });
            answer?.(true);
        } catch (e) {
            setProblem(asProblem(e));
        } finally {
            setBusy(false);
        }
    }
    return html`<${Dialog} title="Confirm that it is you" onClose=${() => answer(false)} onSubmit=${send}>
        <p class="soft">This can break things, and your password was last given more than 15 minutes ago. What you began goes on afterwards.</p><${FormProblem} problem=${problem} known=${['password']}/>
        <input class="sr" tabindex="-1" aria-hidden="true" autocomplete="username" value=${user.peek()?.email ?? ''} readonly/>
        <${Field} label="Password" type="password" autocomplete="current-password" value=${password} onInput=${setPassword} error=${problem?.errors.password} autofocus/>
        <footer><${Button} onClick=${() => answer(false)}>Cancel<//><${Button} kind="primary" type="submit" busy=${busy}>Go on<//></footer><//>`;
}
