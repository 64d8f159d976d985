import { html } from '../html.js';
import { asking, user } from '../store/session.js';
import { SignInForm } from '../screen/signin.js';
import { Dialog } from './dialog.js';

/** The session ended while somebody works: the password is asked over the page, which stays as it is. */
export function Reauth() {
    const answer = asking.value;
    if (!answer) return null;
    return html`<${Dialog} title="Sign in again" onClose=${() => answer(false)}>
        <p class="soft">Your session has ended. What you have entered is still here.</p>
        <${SignInForm} email=${user.peek()?.email ?? ''} done=${() => answer(true)}/><//>`;
}
