import { html } from '../html.js';
import { useEffect } from '../../vendor/hooks.js';
import { apps, hosts, loadFleet, member } from '../store/fleet.js';
import { byId, loaded } from '../store/monitors.js';
import { Pick } from './pick.js';

/** Monitors that are chosen by search, as chips. @param {{label: string, value: number[], onChange: (ids: number[]) => void, error?: string}} props */
export function MonitorChips({ label, value, onChange, error }) {
    loaded.value;
    hosts.rows.value;
    apps.rows.value;
    useEffect(() => { if (loaded.value && value.some((id) => !byId.has(id))) loadFleet(); }, [loaded.value]);
    return html`<div class="stack tight"><${Pick} label=${label} taken=${(/** @type {import('./pick.js').Found} */ item) => value.includes(item.id)} onPick=${(/** @type {import('./pick.js').Found} */ item) => onChange([...value, item.id])} error=${error}/>
        ${value.length > 0 && html`<ul class="row" aria-label=${`${label}, chosen`}>${value.map((id) => { const name = (byId.get(id) ?? member(id))?.name ?? `monitor ${id}`; return html`<li key=${id} class="chip big">${name}<button type="button" aria-label=${`Remove ${name}`} onClick=${() => onChange(value.filter((other) => other !== id))}>×</button></li>`; })}</ul>`}</div>`;
}
