import { html } from '../html.js';
import { useEffect } from '../../vendor/hooks.js';
import { get } from '../api.js';
import { href } from '../base.js';
import { loaded, monitors } from '../store/monitors.js';
import { prefs, setPrefs } from '../store/prefs.js';
import { resource } from '../store/resource.js';
import { can } from '../store/session.js';
import { Button } from './button.js';
import { Icon } from './icon.js';

const channels = resource(() => get('/channels'));

/** The first steps; gone when they are done or dismissed. */
export function Checklist() {
    const wanted = prefs.value.checklist && can('member');
    useEffect(() => { if (wanted && !channels.data.peek()) channels.load(); }, [wanted]);
    if (!wanted || !loaded.value || !channels.data.value) return null;
    const steps = [
        { text: 'Watch a first address', done: monitors.value.length > 0, to: 'monitors/?new=http' },
        { text: 'Say who is told, and send a test', done: (channels.data.value.items ?? []).length > 0, to: 'notify/?new=email' },
    ];
    if (steps.every((step) => step.done)) return null;
    return html`<section class="card" aria-labelledby="first-steps"><header><h2 id="first-steps">First steps</h2><${Button} small kind="quiet" onClick=${() => setPrefs({ checklist: false })}>Dismiss<//></header>
        <ul class="lines checklist">${steps.map((step) => html`<li key=${step.text} class=${step.done ? 'done' : ''}><${Icon} name=${step.done ? 'check' : 'next'}/>
            ${step.done ? html`<span>${step.text}<span class="sr"> (done)</span></span>` : html`<a href=${href(step.to)}>${step.text}</a>`}</li>`)}</ul></section>`;
}
