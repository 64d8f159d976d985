// First run: the administrator, the instance, the first monitor.
import { html } from '../html.js';
import { useState } from '../../vendor/hooks.js';
import { asProblem, post } from '../api.js';
import { href } from '../base.js';
import { emailProblem, passwordProblem, urlProblem } from '../lib/rules.js';
import { boot, load, needsSetup, signIn } from '../store/session.js';
import { go } from '../store/route.js';
import { Button } from '../part/button.js';
import { Field, FormProblem } from '../part/field.js';
import { NewPassword } from '../part/newpassword.js';
import { Plain } from '../part/plain.js';
import { Empty } from '../part/states.js';
import { TestResult, useTest } from '../part/test.js';

const STEPS = ['Administrator', 'Instance', 'First monitor'];

export default function Setup() {
    const [step, setStep] = useState(0);
    if (!needsSetup.value && step === 0) {
        return html`<${Plain} title="Set up Tocsin"><${Empty} icon="check" title="This server is set up already"><a class="btn primary" href=${href('signin/')}>Sign in</a><//><//>`;
    }
    return html`<${Plain} title="Set up Tocsin" wide><ol class="steps" aria-label="Steps">${STEPS.map((text, i) => html`<li class=${i < step ? 'done' : ''} aria-current=${i === step ? 'step' : undefined}>${i + 1}. ${text}</li>`)}</ol>
        ${step < 2 ? html`<${Admin} step=${step} setStep=${setStep}/>` : html`<${FirstMonitor}/>`}<//>`;
}

/** @param {{step: number, setStep: (step: number) => void}} props */
function Admin({ step, setStep }) {
    // the installer's link carries the code behind the #, which no server gets to log
    const [v, setV] = useState({ code: location.hash.slice(1), email: '', name: '', password: '', instance: 'Tocsin' });
    const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [busy, setBusy] = useState(false);
    const put = (/** @type {keyof typeof v} */ name) => (/** @type {string} */ value) => setV({ ...v, [name]: value });

    async function submit(/** @type {Event} */ event) {
        event.preventDefault();
        if (step === 0) {
            const found = { code: v.code.trim() ? '' : 'Enter the code that the installer printed.', email: emailProblem(v.email), password: passwordProblem(v.password) };
            setErrors(found);
            if (!Object.values(found).some(Boolean)) setStep(1);
            return;
        }
        if (busy) return;
        setBusy(true);
        try {
            await post('/setup', { ...v, code: v.code.trim(), email: v.email.trim() }, { anonymous: true });
            await load();
            if (!boot.peek()?.user) await signIn(v.email, v.password, false);
            setStep(2);
        } catch (e) {
            const p = asProblem(e);
            setProblem(p);
            setErrors(p.errors);
            if (p.status === 403 || p.errors.code || p.errors.email || p.errors.password || p.errors.name) setStep(0);
        } finally {
            setBusy(false);
        }
    }
    return html`<form class="form" novalidate onSubmit=${submit}><${FormProblem} problem=${problem} known=${['code', 'email', 'name', 'password', 'instance']}/>
        ${step === 0 ? html`
            <${Field} label="Set-up code" name="code" mono value=${v.code} onInput=${put('code')} error=${errors.code} autocomplete="off" autofocus help="The installer printed it. “tocsin setup-code” makes a new one."/>
            <${Field} label="E-mail" name="email" type="email" inputmode="email" autocomplete="username" value=${v.email} onInput=${put('email')} error=${errors.email}/>
            <${Field} label="Name" name="name" need="optional" autocomplete="name" value=${v.name} onInput=${put('name')} error=${errors.name}/>
            <${NewPassword} value=${v.password} onInput=${put('password')} error=${errors.password}/>
            <div class="actions end"><${Button} kind="primary" type="submit">Next<//></div>`
            : html`<${Field} label="Name of this instance" name="instance" value=${v.instance} onInput=${put('instance')} error=${errors.instance} maxlength=${80} autofocus help="Shown in the top bar, in titles and in messages."/>
            <div class="actions end"><${Button} onClick=${() => setStep(0)}>Back<//><${Button} kind="primary" type="submit" busy=${busy}>Create the administrator<//></div>`}</form>`;
}

function FirstMonitor() {
    const [url, setUrl] = useState('');
    const [error, setError] = useState('');
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [busy, setBusy] = useState(false);
    const test = useTest();
    const check = () => { const bad = urlProblem(url); setError(bad); return !bad; };
    async function submit(/** @type {Event} */ event) {
        event.preventDefault();
        if (!check() || busy) return;
        setBusy(true);
        try {
            await post('/monitors', { type: 'http', url: url.trim(), name: new URL(url.trim()).host });
            go('dash/');
        } catch (e) {
            setProblem(asProblem(e));
            setError(asProblem(e).errors.url ?? '');
        } finally {
            setBusy(false);
        }
    }
    return html`<form class="form" novalidate onSubmit=${submit}><${FormProblem} problem=${problem} known=${['url']}/>
        <div class="with-button"><${Field} label="Address to watch" type="url" inputmode="url" placeholder="https://example.com/" value=${url} onInput=${setUrl} error=${error} autofocus/></div>
        <div class="actions"><${Button} icon="test" busy=${test.busy} onClick=${() => check() && test.run({ type: 'http', url: url.trim() })}>Test now<//></div>
        <${TestResult} test=${test}/>
        <div class="actions end"><a class="btn quiet" href=${href('dash/')}>Skip</a><${Button} kind="primary" type="submit" busy=${busy}>Watch it<//></div></form>`;
}
