// How the page looks: accent, logo, theme, language, zone.
import { html } from '../html.js';
import { useId, useState } from '../../vendor/hooks.js';
import { asProblem } from '../api.js';
import { apiUrl } from '../base.js';
import { contrast, isColour, readable } from '../lib/contrast.js';
import { accentProblem, GROUND } from '../lib/statuspage.js';
import { browserZone } from '../lib/time.js';
import { bytes } from '../lib/number.js';
import { toast, toastProblem } from '../store/toasts.js';
import { Button } from './button.js';
import { Field, FieldError, Radios } from './field.js';

const MOST = 65536;
/** @type {string[]} */
const ZONES = ['UTC', .../** @type {any} */ (Intl).supportedValuesOf?.('timeZone') ?? []];
const LANGUAGES = ['en', 'de', 'fr', 'es', 'it', 'nl', 'pl', 'pt', 'pt-BR', 'sv', 'da', 'fi', 'cs', 'uk', 'ja', 'zh-Hans', 'zh-Hant'];

/** @param {import('./pageedit.js').TabProps} props */
export function Branding({ page, v, set, errors, logo }) {
    return html`<div class="card card-body form"><${Accent} v=${v} set=${set} error=${errors.accent}/>
        <${Radios} label="Theme" name="theme" value=${v.theme} onChange=${(/** @type {any} */ theme) => set({ theme })} options=${[['system', 'As the reader’s system'], ['light', 'Light'], ['dark', 'Dark']]}/>
        <${Logo} page=${page} change=${logo}/>
        <${Field} label="The logo leads to" need="optional" type="url" inputmode="url" value=${v.link} onInput=${(/** @type {string} */ link) => set({ link: link.trim() })} error=${errors.link} placeholder="https://example.com/"/>
        <div class="grid2"><${Field} label="Language" value=${v.lang} onInput=${(/** @type {string} */ lang) => set({ lang: lang.trim() })} error=${errors.lang} list=${LANGUAGES} help="Of the words that the page brings along, where they are translated, and of its dates."/>
            <${Field} label="Time zone" value=${v.zone} onInput=${(/** @type {string} */ zone) => set({ zone: zone.trim() })} error=${errors.zone} list=${[browserZone(), ...ZONES]} help="Times are shown in it; days are UTC days."/></div></div>`;
}

/** @param {{v: import('../lib/statuspage.js').Values, set: (change: any) => void, error?: string}} props */
function Accent({ v, set, error }) {
    const id = useId();
    const ok = isColour(v.accent);
    const why = error || accentProblem(v.accent, v.theme);
    const have = ok ? contrast(v.accent, GROUND[v.theme]) : 0;
    const better = ok && why ? readable(v.accent, GROUND[v.theme]) : '';
    return html`<div class="field"><label for=${id}>Accent colour</label><div class="row accent-row"><input id=${id} class="mono" value=${v.accent} maxlength="7" spellcheck=${false} autocomplete="off" aria-describedby=${`${id}-h${why ? ` ${id}-e` : ''}`} aria-invalid=${why ? 'true' : undefined} onInput=${(/** @type {any} */ e) => set({ accent: e.currentTarget.value.trim() })}/>
            <input type="color" aria-label="Pick the accent colour" value=${ok ? v.accent.toLowerCase() : '#000000'} onInput=${(/** @type {any} */ e) => set({ accent: e.currentTarget.value })}/>
            ${ok && html`<span class="swatch" style=${{ color: v.accent, background: GROUND[v.theme] }}>A link in it</span>`}${better && html`<${Button} small onClick=${() => set({ accent: better })}>Use ${better}<//>`}</div>
        <p class="help" id=${`${id}-h`}>${ok ? `Contrast ${(Math.floor(have * 100) / 100).toFixed(2)}:1 on ${v.theme === 'dark' ? 'dark' : 'light'}; 4.5:1 or more can be read.` : 'Links and marks of the page.'}</p><${FieldError} id=${id} error=${why}/></div>`;
}

/** The picture is saved at once, unlike the rest. @param {{page: any, change: (method: 'PUT'|'DELETE', file?: File) => Promise<void>}} props */
function Logo({ page, change }) {
    const id = useId();
    const [error, setError] = useState('');
    const [busy, setBusy] = useState(false);
    async function send(/** @type {File|undefined} */ file) {
        if (!file) return;
        setError(!['image/png', 'image/svg+xml'].includes(file.type) ? 'PNG or SVG.' : file.size > MOST ? `At most 64 kB; this one has ${bytes(file.size)}.` : '');
        if (!['image/png', 'image/svg+xml'].includes(file.type) || file.size > MOST) return;
        setBusy(true);
        try {
            await change('PUT', file);
            toast('Logo saved', { kind: 'good' });
        } catch (e) {
            const p = asProblem(e);
            setError(p.errors.logo ?? p.errors.body ?? (p.detail || p.title));
        } finally {
            setBusy(false);
        }
    }
    async function drop() {
        try {
            await change('DELETE');
            toast('Logo removed');
        } catch (e) {
            toastProblem(e, 'The logo was not removed');
        }
    }
    return html`<div class="field"><label for=${id}>Logo <span class="need">(optional)</span></label>
        <div class="row">${page.logo && html`<img key=${page.version} class="logo-shown" alt="The logo of the page" src=${`${apiUrl(`/pages/${page.id}/logo`)}#${page.version}`}/>`}
            <input id=${id} class="file" type="file" accept="image/png,image/svg+xml" aria-busy=${busy ? 'true' : undefined} aria-describedby=${`${id}-h${error ? ` ${id}-e` : ''}`} aria-invalid=${error ? 'true' : undefined} onChange=${(/** @type {any} */ e) => { const input = e.currentTarget; send(input.files[0]).then(() => { input.value = ''; }); }}/>
            ${page.logo && html`<${Button} small onClick=${drop}>Remove the logo<//>`}</div>
        <p class="help" id=${`${id}-h`}>PNG, or SVG without scripts, at most 64 kB. Saved at once.</p><${FieldError} id=${id} error=${error}/></div>`;
}
