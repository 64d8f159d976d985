// What is set for a host: thresholds and channels, name and address, who may see it.
import { html } from '../html.js';
import { useEffect, useState } from '../../vendor/hooks.js';
import { asProblem, get, patch } from '../api.js';
import { plural } from '../lib/number.js';
import { hostLabels, hosts, removeHost } from '../store/fleet.js';
import { go } from '../store/route.js';
import { can } from '../store/session.js';
import { toast } from '../store/toasts.js';
import { Button } from './button.js';
import { Conflict } from './conflict.js';
import { confirmDialog, openDialog } from './dialog.js';
import { Check, Field, FormProblem, Select } from './field.js';
import { Grants } from './grants.js';
import { TagInput } from './taginput.js';

export { FleetAudit } from './fleetaudit.js';

/**
 * Saves some fields of a host or an app; when somebody else was first, both versions are shown.
 * @param {string} path @param {any} item @param {Record<string, any>} body @param {() => Promise<void>} reload
 */
export async function save(path, item, body, reload) {
    try {
        await patch(path, body, item.version);
        toast(`${item.name} saved`, { kind: 'good' });
    } catch (e) {
        const p = asProblem(e);
        if (p.status !== 412) throw p;
        const theirs = await get(path);
        const only = (/** @type {any} */ from) => Object.fromEntries(Object.keys(body).map((key) => [key, from[key]]));
        openDialog(() => html`<${Conflict} base=${only(item)} mine=${body} theirs=${only(theirs)} keep=${() => save(path, theirs, body, reload).catch((error) => toast(asProblem(error).title, { kind: 'bad' }))} take=${reload}/>`);
        return;
    }
    await reload();
}

/** @param {{chosen: number[], onChange: (ids: number[]) => void}} props */
export function Channels({ chosen, onChange }) {
    const [list, setList] = useState(/** @type {any[]|null} */ (null));
    useEffect(() => { get('/channels', { limit: 200 }).then((answer) => setList(answer.items), () => setList([])); }, []);
    return html`<fieldset class="field"><legend>Tell these channels</legend>${!list ? html`<p class="meta">Loading the channels</p>` : !list.length ? html`<p class="meta">There is no channel yet.</p>` : html`<div class="row">${list.map((c) => html`<${Check} key=${c.id} label=${c.name} checked=${chosen.includes(c.id)} onChange=${(/** @type {boolean} */ on) => onChange(on ? [...chosen, c.id] : chosen.filter((id) => id !== c.id))}/>`)}</div>`}</fieldset>`;
}

const LIMITS = /** @type {[string, string, string, number][]} */ ([['disk', 'Disk', '% of the fullest', 90], ['inodes', 'Inodes', '% of the fullest', 90], ['memory', 'Memory', '% in use', 95], ['load', 'Load', 'for each core', 4]]);

/** @param {{h: any, reload: () => Promise<void>}} props */
export function HostAlerts({ h, reload }) {
    const writes = can('operator');
    const [limits, setLimits] = useState(/** @type {Record<string, string>} */ (Object.fromEntries(LIMITS.map(([key]) => [key, String(h.thresholds?.[key] ?? '')]))));
    const [channels, setChannels] = useState(/** @type {number[]} */ (h.channels ?? []));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    async function send() {
        setProblem(null);
        try {
            await save(`/hosts/${h.id}`, h, { thresholds: Object.fromEntries(LIMITS.map(([key]) => [key, limits[key].trim() === '' ? null : Number(limits[key])])), channels }, reload);
        } catch (e) {
            setProblem(asProblem(e));
        }
    }
    if (!writes) return html`<dl class="kv card-body">${LIMITS.map(([key, text, unit]) => html`<dt key=${key}>${text}</dt><dd>${h.thresholds?.[key] ?? '—'} ${h.thresholds?.[key] ? unit : ''}</dd>`)}<dt>Told</dt><dd>${plural((h.channels ?? []).length, 'channel')}</dd></dl>`;
    return html`<form class="form card-body narrow-page" novalidate onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); send(); }}><${FormProblem} problem=${problem} known=${[]}/>
        <p class="soft">Above one of these for three answers in a row, the host is degraded. Without an answer for two and half a minute it is unknown, and that is told once.</p>
        <div class="grid2">${LIMITS.map(([key, text, unit, usual]) => html`<${Field} key=${key} label=${`${text}, ${unit}`} need="empty: never" type="number" min=${0} value=${limits[key]} placeholder=${String(usual)} onInput=${(/** @type {string} */ v) => setLimits({ ...limits, [key]: v })} error=${problem?.errors[`thresholds.${key}`] ?? problem?.errors[key]}/>`)}</div>
        <${Channels} chosen=${channels} onChange=${setChannels}/>
        <div class="actions"><${Button} kind="primary" onClick=${send}>Save<//></div></form>`;
}

const POLLS = /** @type {[string, string][]} */ ([['10', '10 s'], ['15', '15 s'], ['30', '30 s'], ['60', '1 min'], ['300', '5 min']]);

/** @param {{h: any, reload: () => Promise<void>}} props */
export function HostSettings({ h, reload }) {
    const [name, setName] = useState(h.name);
    const [labels, setLabels] = useState(/** @type {string[]} */ (h.labels ?? []));
    const [address, setAddress] = useState(h.address ?? '');
    const [poll, setPoll] = useState(String(h.poll_s ?? 30));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    async function send() {
        setProblem(null);
        try {
            await save(`/hosts/${h.id}`, h, { name: name.trim(), labels, address: address.trim(), poll_s: Number(poll) }, reload);
            hosts.reload().catch(() => {});
        } catch (e) {
            setProblem(asProblem(e));
        }
    }
    const n = h.apps?.length ?? 0;
    const erase = () => confirmDialog({ title: `Delete ${h.name}?`, text: `Its ${plural(n, 'app')} and all that was measured go with it; it is kept for 7 days.`, action: 'Delete the host', typed: n ? h.name : undefined, run: async () => { if (await removeHost(h)) go('hosts/'); } });
    const errors = problem?.errors ?? {};
    return html`<div class="stack card-body"><form class="form narrow-page" novalidate onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); send(); }}><${FormProblem} problem=${problem} known=${['name', 'labels', 'address', 'poll_s']}/>
            <div class="grid2"><${Field} label="Name" value=${name} onInput=${setName} error=${errors.name} maxlength=${120}/><${Field} label="Address of its agent" value=${address} onInput=${setAddress} error=${errors.address} help="IP:port, in a private network" mono/></div>
            <div class="grid2"><${TagInput} label="Labels" value=${labels} known=${hostLabels()} onChange=${setLabels} error=${errors.labels}/><${Select} label="Ask it every" value=${poll} onChange=${setPoll} options=${POLLS.some(([s]) => s === poll) ? POLLS : [...POLLS, [poll, `${poll} s`]]} error=${errors.poll_s}/></div>
            <div class="actions"><${Button} kind="primary" onClick=${send}>Save<//></div></form>
        <${Grants} path=${`/hosts/${h.id}`} what="this host and all its apps"/>
        <section class="stack"><h3>Delete</h3><p class="soft">The agent is not trusted any more; it can be enrolled anew. Removing it from the machine: <code>sudo tocsin-agent-install uninstall</code>, see the documentation.</p><div><${Button} kind="danger" onClick=${erase}>Delete the host<//></div></section></div>`;
}
