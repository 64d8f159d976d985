import { html } from '../html.js';
import { useState } from '../../vendor/hooks.js';
import { urlProblem } from '../lib/rules.js';
import { go } from '../store/route.js';
import { Button } from './button.js';
import { Field } from './field.js';

/** The way from an empty list to the first monitor: an address, then the form with it. */
export function FirstUrl() {
    const [url, setUrl] = useState('');
    const [error, setError] = useState('');
    function submit(/** @type {Event} */ event) {
        event.preventDefault();
        const bad = urlProblem(url);
        setError(bad);
        if (!bad) go(`monitors/?new=http&url=${encodeURIComponent(url.trim())}`);
    }
    return html`<form class="first-url" novalidate onSubmit=${submit}><div class="with-button"><${Field} label="Address" type="url" inputmode="url" placeholder="https://example.com/" value=${url} onInput=${setUrl} error=${error}/>
        <${Button} kind="primary" type="submit">Next<//></div></form>`;
}
