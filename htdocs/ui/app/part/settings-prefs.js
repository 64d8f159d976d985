import { html } from '../html.js';
import { browserZone } from '../lib/time.js';
import { prefs, setPrefs } from '../store/prefs.js';
import { Check, Radios, Select } from './field.js';

/** @type {string[]} */
const ZONES = /** @type {any} */ (Intl).supportedValuesOf?.('timeZone') ?? [];

/** Preferences act at once; the account keeps them for the next browser. */
export function Preferences() {
    const p = prefs.value;
    const put = (/** @type {string} */ name) => (/** @type {any} */ value) => setPrefs({ [name]: value });
    return html`<section class="card" aria-labelledby="prefs"><header><h2 id="prefs">Preferences</h2><span class="meta">Saved at once</span></header><div class="card-body form">
        <${Radios} label="Theme" name="theme" value=${p.theme} onChange=${put('theme')} options=${[['system', 'As the system'], ['light', 'Light'], ['dark', 'Dark']]}/>
        <${Select} label="Time zone" value=${p.zone} onChange=${put('zone')} options=${[['browser', `This browser (${browserZone()})`], ['UTC', 'UTC'], ...ZONES.filter((z) => z !== 'UTC').map((z) => /** @type {[string, string]} */ ([z, z]))]}/>
        <${Radios} label="Times" name="times" value=${p.times} onChange=${put('times')} options=${[['relative', 'Relative (3 min ago)'], ['absolute', 'Absolute (14:02:10)']]}/>
        <${Radios} label="Rows" name="density" value=${p.density} onChange=${put('density')} options=${[['normal', 'Normal'], ['compact', 'Compact']]}/>
        <${Check} label="Single-key shortcuts" checked=${p.keys} onChange=${put('keys')} help="Letters such as n and t act when nothing is being typed. Press ? for the list."/>
        <${Check} label="No movement" checked=${p.motion === 'none'} onChange=${(/** @type {boolean} */ on) => setPrefs({ motion: on ? 'none' : 'system' })} help="Turns off transitions, whatever the system says."/>
        <${Check} label="Show the first steps on the dashboard" checked=${p.checklist} onChange=${put('checklist')}/></div></section>`;
}
