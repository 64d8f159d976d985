// Finds a monitor (or a group of them) by a few letters: an editable combobox as APG has it.
import { html } from '../html.js';
import { useEffect, useId, useState } from '../../vendor/hooks.js';
import { fuzzy } from '../lib/search.js';
import { apps, hosts, loadFleet } from '../store/fleet.js';
import { monitors } from '../store/monitors.js';
import { choices } from '../store/view.js';
import { Icon, StatusIcon } from './icon.js';

const SHOW = 8;

/** @typedef {{kind: 'monitor'|'group', id: number, name: string, note: string, status?: import('../lib/status.js').Status}} Found */

/** @param {string} text @param {(item: Found) => boolean} taken @param {boolean} groups @returns {Found[]} */
function search(text, taken, groups) {
    const q = text.trim().toLowerCase();
    /** @type {[number, Found][]} */
    const hits = [];
    const offer = (/** @type {string} */ about, /** @type {Found} */ item) => {
        const score = fuzzy(q, about);
        if (score >= 0 && !taken(item)) hits.push([score, item]);
    };
    if (groups) for (const name of choices.value.groups) offer(name.toLowerCase(), { kind: 'group', id: 0, name, note: `group of ${monitors.value.filter((row) => row.group === name).length}` });
    for (const row of monitors.value) offer(row.text, { kind: 'monitor', id: row.id, name: row.name, note: row.url.replace(/^https?:\/\//, ''), status: row.status.peek() });
    for (const row of hosts.rows.value) offer(`${row.text}\nhost`, { kind: 'monitor', id: row.id, name: row.name, note: 'host', status: row.status.peek() });
    for (const row of apps.rows.value) offer(`${row.text}\napp`, { kind: 'monitor', id: row.id, name: `${row.name} on ${row.host_name}`, note: 'app', status: row.status.peek() });
    return hits.sort((a, b) => b[0] - a[0]).slice(0, SHOW).map(([, item]) => item);
}

/** @param {{label: string, help?: string, groups?: boolean, error?: string, taken: (item: Found) => boolean, onPick: (item: Found) => void}} props */
export function Pick({ label, help, groups = false, error, taken, onPick }) {
    const id = useId();
    const [text, setText] = useState('');
    const [open, setOpen] = useState(false);
    const [at, setAt] = useState(0);
    useEffect(() => { if (open) loadFleet(); }, [open]);
    const list = open ? search(text, taken, groups) : [];
    const here = Math.min(at, list.length - 1);
    function take(/** @type {Found|undefined} */ item) {
        if (!item) return;
        onPick(item);
        setText('');
        setAt(0);
    }
    function key(/** @type {KeyboardEvent} */ event) {
        const to = { ArrowDown: here + 1, ArrowUp: here - 1 }[event.key];
        if (to !== undefined) {
            event.preventDefault();
            if (open && list.length) setAt((to + list.length) % list.length);
            setOpen(true);
        } else if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey) {
            event.preventDefault(); // it chooses, it does not send the form
            if (open) take(list[here]);
        } else if (event.key === 'Escape' && open) {
            event.preventDefault();
            event.stopPropagation();
            setOpen(false);
        }
    }
    return html`<div class="field combo"><label for=${id}>${label}</label>
        <input id=${id} class="input" role="combobox" autocomplete="off" spellcheck=${false} aria-expanded=${open && list.length > 0} aria-controls=${`${id}-l`} aria-autocomplete="list" aria-activedescendant=${open && list.length ? `${id}-${here}` : undefined}
            aria-describedby=${[error && `${id}-e`, help && `${id}-h`].filter(Boolean).join(' ') || undefined} aria-invalid=${error ? 'true' : undefined} placeholder=${groups ? 'Name, address, tag or group' : 'Name, address or tag'} value=${text}
            onFocus=${() => setOpen(true)} onBlur=${() => setOpen(false)} onClick=${() => setOpen(true)} onInput=${(/** @type {any} */ e) => { setText(e.currentTarget.value); setAt(0); setOpen(true); }} onKeyDown=${key}/>
        <ul role="listbox" id=${`${id}-l`} aria-label=${label} hidden=${!open || !list.length}>${list.map((item, i) => html`<li key=${`${item.kind} ${item.id} ${item.name}`} role="option" id=${`${id}-${i}`} aria-selected=${i === here}
            onMouseDown=${(/** @type {MouseEvent} */ e) => { e.preventDefault(); take(item); }} onMouseMove=${() => setAt(i)}>
            ${item.status ? html`<span class=${`badge s-${item.status}`}><${StatusIcon} status=${item.status}/></span>` : html`<${Icon} name="list"/>`}<span class="cut">${item.name}</span><span class="meta cut grow">${item.note}</span></li>`)}</ul>
        <p class="sr" role="status">${open && text ? `${list.length} found` : ''}</p>
        ${open && text && !list.length && html`<p class="help">Nothing matches “${text}”.</p>`}
        ${help && html`<p class="help" id=${`${id}-h`}>${help}</p>`}${error && html`<p class="error" id=${`${id}-e`}><${Icon} name="alert"/><span>${error}</span></p>`}</div>`;
}
