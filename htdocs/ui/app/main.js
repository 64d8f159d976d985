// Starts the console: asks the server who is there, then shows the page of the address.
import { html } from './html.js';
import { render } from '../vendor/preact.js';
import { effect } from '../vendor/signals.js';
import { bootError, load } from './store/session.js';
import { App } from './part/app.js';

const root = /** @type {HTMLElement} */ (document.getElementById('app'));

// relative to the page that was loaded, while the address goes on to others
for (const link of /** @type {NodeListOf<HTMLLinkElement>} */ (document.querySelectorAll('link[rel=icon], link[rel=manifest]'))) link.setAttribute('href', link.href);

await load();
// the server may be away while this page came from a cache: go on asking
const wait = setInterval(() => (bootError.peek() ? load() : clearInterval(wait)), 5000);
effect(() => { document.documentElement.dataset.boot = bootError.value ? 'failed' : 'done'; });
root.replaceChildren();
render(html`<${App}/>`, root);
