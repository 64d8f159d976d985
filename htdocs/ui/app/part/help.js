import { html } from '../html.js';
import { prefs, setPrefs } from '../store/prefs.js';
import { shortcuts } from '../store/keys.js';
import { Check } from './field.js';
import { Dialog, openDialog } from './dialog.js';

/** The sheet of all shortcuts that work here and now. */
export const openHelp = () => openDialog(() => html`<${Help}/>`);

function Help() {
    return html`<${Dialog} title="Keyboard shortcuts" wide>
        <${Check} label="Single-key shortcuts" checked=${prefs.value.keys} onChange=${(/** @type {boolean} */ keys) => setPrefs({ keys })}
            help="They never act while you type. Ctrl K works in any case."/>
        <div class="keys">${shortcuts.value.map((group) => html`<h3>${group.title}</h3>${group.list.map((item) => html`<div><span>${item.text}</span>
            <span class="row tight">${item.keys.split(' ').map((key) => html`<kbd>${key.replace('Arrow', '')}</kbd>`)}</span></div>`)}`)}</div><//>`;
}
