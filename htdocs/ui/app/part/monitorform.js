// The fields of a monitor, for adding and editing. Closed sections say what is in them.
import { html } from '../html.js';
import { Check, Field, Select } from './field.js';
import { Fold } from './fold.js';
import { Headers } from './headers.js';
import { TagInput } from './taginput.js';
import { expectProblem, urlProblem } from '../lib/rules.js';
import { plural } from '../lib/number.js';
import { INTERVALS, span } from '../lib/time.js';

export const DEFAULTS = { type: 'http', name: '', url: '', method: 'GET', headers: /** @type {Record<string, string|null>} */ ({}), body: '', expect: '200-399', keyword: '', keyword_absent: false, interval: 60, timeout: 10,
    retries: 1, recheck: 5, degraded_above: /** @type {number|null} */ (null), redirects: 10, verify_tls: true, tags: /** @type {string[]} */ ([]), group: '', channels: /** @type {number[]|null} */ (null) };

/** @typedef {typeof DEFAULTS} Values */

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** What a form can see itself. @param {Values} v @returns {Record<string, string>} */
export function problems(v) {
    /** @type {Record<string, string>} */
    const out = {};
    const put = (/** @type {string} */ name, /** @type {string} */ text) => { if (text) out[name] = text; };
    put('url', urlProblem(v.url));
    put('expect', expectProblem(v.expect));
    put('timeout', v.timeout >= 1 && v.timeout <= 60 ? (v.timeout > v.interval ? 'Not longer than the interval.' : '') : 'From 1 to 60 seconds.');
    put('retries', v.retries >= 0 && v.retries <= 10 ? '' : 'From 0 to 10.');
    put('recheck', v.recheck >= 1 && v.recheck <= 3600 ? '' : 'From 1 to 3600 seconds.');
    put('degraded_above', v.degraded_above === null || (v.degraded_above >= 1 && v.degraded_above < v.timeout * 1000) ? '' : 'At least 1 ms and less than the time limit, or empty.');
    put('redirects', v.redirects >= 0 && v.redirects <= 20 ? '' : 'From 0 to 20.');
    return out;
}

/** A time limit that was not chosen follows the interval. @param {Values} v @param {number} interval @returns {Partial<Values>} */
export const withInterval = (v, interval) => ({ interval, timeout: v.timeout > interval || v.timeout === Math.min(DEFAULTS.timeout, v.interval) ? Math.min(DEFAULTS.timeout, interval) : v.timeout });

/** The name that an address suggests. @param {string} url */
export function suggestName(url) {
    try {
        return new URL(url.trim()).host;
    } catch {
        return '';
    }
}

/**
 * @param {{v: Values, set: (change: Partial<Values>) => void, errors: Record<string, string>, channels: {id: number, name: string, type: string, is_default: boolean}[], groups: string[], tags: string[], saved: boolean}} props
 */
export function MonitorFields({ v, set, errors, channels, groups, tags, saved }) {
    const number = (/** @type {keyof Values} */ name) => (/** @type {string} */ text) => set({ [name]: text === '' && name === 'degraded_above' ? null : Number(text) });
    const intervals = INTERVALS.some(([s]) => s === String(v.interval)) ? INTERVALS : [...INTERVALS, /** @type {[string, string]} */ ([String(v.interval), span(v.interval)])];
    return html`<${Field} label="Address" name="url" type="url" inputmode="url" placeholder="https://example.com/health" value=${v.url} onInput=${(/** @type {string} */ url) => set({ url })} error=${errors.url} autofocus=${!saved}/>
        <div class="grid2"><${Field} label="Name" name="name" value=${v.name} placeholder=${suggestName(v.url)} onInput=${(/** @type {string} */ name) => set({ name })} error=${errors.name} maxlength=${120} help=${v.name ? undefined : 'Empty takes the host of the address.'}/>
            <${Field} label="Group" name="group" need="optional" value=${v.group} onInput=${(/** @type {string} */ group) => set({ group })} error=${errors.group} list=${groups} maxlength=${80}/></div>
        <${TagInput} label="Tags" value=${v.tags} onChange=${(/** @type {string[]} */ next) => set({ tags: next })} error=${errors.tags} known=${tags}/>
        <div class="grid3"><${Select} label="Check every" name="interval" value=${v.interval} options=${intervals} onChange=${(/** @type {string} */ s) => set(withInterval(v, Number(s)))} error=${errors.interval}/>
            <${Select} label="Down after" name="retries" value=${v.retries} onChange=${number('retries')} error=${errors.retries} options=${Array.from({ length: 11 }, (_, n) => [n, n ? `${n + 1} failed checks` : '1 failed check'])}/>
            <${Field} label="Again after a failure" name="recheck" type="number" inputmode="numeric" min=${1} max=${3600} value=${v.recheck} onInput=${number('recheck')} error=${errors.recheck} help="Seconds to the next try"/></div>
        <${Channels} v=${v} set=${set} channels=${channels} error=${errors.channels}/>
        <${Fold} title="Request" changed=${differs(v, ['method', 'headers', 'body', 'timeout', 'redirects', 'verify_tls'])} bad=${anyOf(errors, ['method', 'headers', 'body', 'timeout', 'redirects', 'verify_tls'])}
            text=${`${v.method}, ${plural(Object.keys(v.headers).length, 'header')}, time limit ${v.timeout} s, ${v.redirects ? `up to ${v.redirects} redirects` : 'no redirects'}${v.verify_tls ? '' : ', certificate not verified'}`}>
            <div class="grid3"><${Select} label="Method" value=${v.method} onChange=${(/** @type {string} */ method) => set({ method })} options=${METHODS.map((m) => [m, m])} error=${errors.method}/>
                <${Field} label="Time limit" type="number" inputmode="numeric" min=${1} max=${60} value=${v.timeout} onInput=${number('timeout')} error=${errors.timeout} help="Seconds"/>
                <${Field} label="Redirects" type="number" inputmode="numeric" min=${0} max=${20} value=${v.redirects} onInput=${number('redirects')} error=${errors.redirects} help="At most; 0 follows none"/></div>
            <${Headers} value=${v.headers} onChange=${(/** @type {Record<string, string|null>} */ headers) => set({ headers })} error=${errors.headers}/>
            ${!['GET', 'HEAD'].includes(v.method) && html`<${Field} label="Body" rows=${4} value=${v.body} onInput=${(/** @type {string} */ body) => set({ body })} error=${errors.body}/>`}
            <${Check} label="Verify the certificate" checked=${v.verify_tls} onChange=${(/** @type {boolean} */ verify_tls) => set({ verify_tls })} help="Off accepts any certificate. Only for hosts that you trust by other means."/><//>
        <${Fold} title="What is expected" changed=${differs(v, ['expect', 'keyword', 'keyword_absent', 'degraded_above'])} bad=${anyOf(errors, ['expect', 'keyword', 'degraded_above'])}
            text=${`status ${v.expect}${v.keyword ? `, text ${v.keyword_absent ? 'absent' : 'present'}` : ', any text'}${v.degraded_above ? `, degraded above ${v.degraded_above} ms` : ''}`}>
            <div class="grid2"><${Field} label="Status codes" mono value=${v.expect} onInput=${(/** @type {string} */ expect) => set({ expect: expect.replaceAll(' ', '') })} error=${errors.expect} help="For example 200-399,401"/>
                <${Field} label="Degraded above" need="optional" type="number" inputmode="numeric" min=${1} max=${60000} value=${v.degraded_above} onInput=${number('degraded_above')} error=${errors.degraded_above} help="Milliseconds"/></div>
            <${Field} label="Text in the answer" need="optional" value=${v.keyword} onInput=${(/** @type {string} */ keyword) => set({ keyword })} error=${errors.keyword} maxlength=${256}/>
            <${Check} label="The text must not be there" checked=${v.keyword_absent} onChange=${(/** @type {boolean} */ keyword_absent) => set({ keyword_absent })}/><//>`;
}

/** @param {{v: Values, set: (change: Partial<Values>) => void, channels: {id: number, name: string, type: string, is_default: boolean}[], error?: string}} props */
function Channels({ v, set, channels, error }) {
    if (!channels.length) return null;
    const chosen = v.channels ?? channels.filter((channel) => channel.is_default).map((channel) => channel.id);
    const flip = (/** @type {number} */ id, /** @type {boolean} */ on) => set({ channels: on ? [...chosen, id] : chosen.filter((other) => other !== id) });
    return html`<fieldset class="field"><legend>Tell</legend><div class="row">${channels.map((channel) => html`<${Check} key=${channel.id} label=${channel.name} checked=${chosen.includes(channel.id)} onChange=${(/** @type {boolean} */ on) => flip(channel.id, on)}/>`)}</div>
        ${chosen.length === 0 && html`<p class="help">Nobody is told when it goes down.</p>`}${error && html`<p class="error">${error}</p>`}</fieldset>`;
}

const differs = (/** @type {Values} */ v, /** @type {(keyof Values)[]} */ names) => names.some((name) => JSON.stringify(v[name]) !== JSON.stringify(DEFAULTS[name]));
const anyOf = (/** @type {Record<string, string>} */ errors, /** @type {string[]} */ names) => names.some((name) => errors[name]);
