// What stands on the page: sections and components, moved by buttons.
import { html } from '../html.js';
import { useLayoutEffect, useRef, useState } from '../../vendor/hooks.js';
import { addItem, changeItem, dropItem, moveItem, moveSection, newKey, placeWords } from '../lib/sections.js';
import { apps, hosts, loadFleet, member } from '../store/fleet.js';
import { byId, loaded } from '../store/monitors.js';
import { toast } from '../store/toasts.js';
import { Button } from './button.js';
import { Check, Field, Select } from './field.js';
import { Fold } from './fold.js';
import { Icon } from './icon.js';
import { Pick } from './pick.js';
import { Empty } from './states.js';
import { Badge } from './status.js';

const AFTER = /** @type {[number, string][]} */ ([[0, 'at once'], [60, 'after a minute'], [120, 'after 2 minutes'], [300, 'after 5 minutes'], [900, 'after 15 minutes'], [3600, 'after an hour']]);
const RED = /** @type {[number, string][]} */ ([[300, 'more than 5 minutes down'], [900, 'more than 15 minutes down'], [1800, 'more than 30 minutes down'], [3600, 'more than an hour down'], [14400, 'more than 4 hours down']]);
const withOwn = (/** @type {[number, string][]} */ list, /** @type {number} */ own) => (list.some(([s]) => s === own) ? list : [...list, /** @type {[number, string]} */ ([own, `${own} s`])]);

/** @param {import('./pageedit.js').TabProps} props */
export function Content({ v, set, errors }) {
    const [into, setInto] = useState('');
    const [said, setSaid] = useState('');
    const focus = useRef('');
    const box = useRef(/** @type {any} */ (null));
    // a component that changed its section is another node: the focus goes with it
    useLayoutEffect(() => {
        if (focus.current) box.current?.querySelector(`[data-move="${focus.current}"] button`)?.focus();
        focus.current = '';
    });
    const list = v.sections;
    const put = (/** @type {typeof list} */ sections, /** @type {string} */ words = '') => { set({ sections }); if (words) setSaid(words); };
    const move = (/** @type {string} */ key, /** @type {1|-1} */ by) => {
        const next = moveItem(list, key, by);
        focus.current = `${key} ${by}`;
        put(next, placeWords(next, key));
    };
    const shift = (/** @type {string} */ key, /** @type {1|-1} */ by) => {
        const next = moveSection(list, key, by);
        focus.current = `${key} ${by}`;
        put(next, `Section ${next.findIndex((s) => s.key === key) + 1} of ${next.length}`);
    };
    const drop = (/** @type {import('../lib/sections.js').Component} */ item, /** @type {string} */ section) => {
        put(dropItem(list, item.key), `${item.name} removed`);
        toast(`${item.name} removed from the page`, { undo: () => back.current((old) => addItem(old, section, item)) });
    };
    const back = useRef(/** @type {(fn: (sections: typeof list) => typeof list) => void} */ (() => {}));
    back.current = (fn) => put(fn(list));
    const add = (/** @type {import('./pick.js').Found} */ found) => {
        const item = { key: newKey(), id: null, kind: found.kind, monitor: found.kind === 'monitor' ? found.id : null, group: found.kind === 'group' ? found.name : null, name: found.name.slice(0, 120), description: '', show_ms: found.kind === 'monitor', show_uptime: true };
        put(addItem(list, into, item), `${found.name} added`);
    };
    const taken = (/** @type {import('./pick.js').Found} */ found) => list.some((s) => s.items.some((c) => (found.kind === 'monitor' ? c.monitor === found.id : c.kind === 'group' && c.group === found.name)));
    const n = list.reduce((sum, s) => sum + s.items.length, 0);
    const wrong = Object.entries(errors).filter(([name]) => name.startsWith('components'));
    return html`<div class="card card-body form"><${Field} label="Title" value=${v.title} onInput=${(/** @type {string} */ title) => set({ title })} error=${errors.title} maxlength=${120}/>
            <${Field} label="Description" need="optional" rows=${2} value=${v.description} onInput=${(/** @type {string} */ description) => set({ description })} error=${errors.description} maxlength=${2000}/></div>
        <section class="card" aria-labelledby="c-parts" ref=${box}><header><h2 id="c-parts">Components</h2><span class="meta">${n}</span><${Button} small icon="add" onClick=${() => put([...list, { key: newKey(), name: `Section ${list.length + 1}`, items: [] }], 'Section added')}>Add a section<//></header>
            <div class="card-body form"><div class="grid2"><${Pick} label="Add a monitor or a group" groups taken=${taken} onPick=${add} error=${wrong.length ? wrong.map(([name, rule]) => `${name.replace(/^components/, 'Component ')}: ${rule}`).join(' ') : undefined}/>
                ${list.length > 1 && html`<${Select} label="To the section" value=${into || list[list.length - 1].key} onChange=${setInto} options=${list.map((s) => [s.key, s.name || 'without a name'])}/>`}</div></div>
            ${n === 0 && list.length === 0 && html`<${Empty} icon="pages" title="Nothing stands on it yet"><p>Find a monitor above. It is added under the name that the public reads, which you can change.</p><//>`}
            ${list.map((section, s) => html`<${SectionBox} key=${section.key} section=${section} first=${s === 0} last=${s === list.length - 1} list=${list} put=${put} move=${move} shift=${shift} drop=${drop}/>`)}
            <p class="sr" role="status">${said}</p></section>
        <${Fold} title="Incidents and days" text=${`${v.publish === 'after' ? `outages are published ${AFTER.find(([s]) => s === v.publish_after)?.[1] ?? `after ${v.publish_after} s`}` : 'people publish by hand'}`} changed=${v.publish !== 'after' || v.publish_after !== 120 || v.day_down !== 1800} bad=${Boolean(errors.publish || errors.publish_after || errors.day_down)}>
            <${Check} label="Publish outages that checks find by themselves" checked=${v.publish === 'after'} onChange=${(/** @type {boolean} */ yes) => set({ publish: yes ? 'after' : 'never' })}/>
            <div class="grid2">${v.publish === 'after' && html`<${Select} label="They are published" value=${v.publish_after} onChange=${(/** @type {string} */ s) => set({ publish_after: Number(s) })} options=${withOwn(AFTER, v.publish_after)} error=${errors.publish_after}/>`}
                <${Select} label="A day is red with" value=${v.day_down} onChange=${(/** @type {string} */ s) => set({ day_down: Number(s) })} options=${withOwn(RED, v.day_down)} error=${errors.day_down} help="Less makes it yellow."/></div><//>`;
}

/** @typedef {import('../lib/sections.js').Section} Section */
/** @param {{section: Section, first: boolean, last: boolean, list: Section[], put: (list: Section[], words?: string) => void, move: (key: string, by: 1|-1) => void, shift: (key: string, by: 1|-1) => void, drop: (item: import('../lib/sections.js').Component, section: string) => void}} props */
function SectionBox({ section, first, last, list, put, move, shift, drop }) {
    const name = section.name || 'the section without a name';
    return html`<div class="part-section" role="group" aria-label=${`Section ${section.name || 'without a name'}`}><div class="row part-head"><label class="grow"><span class="sr">Name of the section</span><input class="input" value=${section.name} maxlength="80" placeholder="No heading" onInput=${(/** @type {any} */ e) => put(list.map((s) => (s.key === section.key ? { ...s, name: e.currentTarget.value } : s)))}/></label>
            <${Mover} id=${section.key} what=${name} first=${first} last=${last} move=${shift}/>
            <${Button} small kind="quiet" icon="trash" label=${`Remove ${name}`} reason=${section.items.length ? 'Move or remove its components first' : ''} onClick=${() => put(list.filter((s) => s.key !== section.key), 'Section removed')}/></div>
        ${section.items.length === 0 ? html`<p class="meta part-none">Empty: it is left out.</p>` : html`<ul class="parts">${section.items.map((item, i) => html`<${Item} key=${item.key} item=${item} first=${first && i === 0} last=${last && i === section.items.length - 1} change=${(/** @type {Partial<typeof item>} */ c) => put(changeItem(list, item.key, c))} move=${move} drop=${() => drop(item, section.key)}/>`)}</ul>`}</div>`;
}

/** @param {{id: string, what: string, first: boolean, last: boolean, move: (key: string, by: 1|-1) => void}} props */
const Mover = ({ id, what, first, last, move }) => html`<span data-move=${`${id} -1`}><${Button} small kind="quiet" icon="up" label=${`Move ${what} up`} reason=${first ? 'It is the first' : ''} onClick=${() => move(id, -1)}/></span><span data-move=${`${id} 1`}><${Button} small kind="quiet" icon="down" label=${`Move ${what} down`} reason=${last ? 'It is the last' : ''} onClick=${() => move(id, 1)}/></span>`;

/** @param {{item: import('../lib/sections.js').Component, first: boolean, last: boolean, change: (c: Partial<import('../lib/sections.js').Component>) => void, move: (key: string, by: 1|-1) => void, drop: () => void}} props */
function Item({ item, first, last, change, move, drop }) {
    const [open, setOpen] = useState(false);
    hosts.rows.value;
    apps.rows.value;
    if (loaded.value && item.monitor && !byId.has(item.monitor)) loadFleet();
    const row = item.monitor ? byId.get(item.monitor) ?? member(item.monitor) : null;
    const about = item.kind === 'group' ? `group ${item.group}` : row ? row.name : `monitor ${item.monitor}`;
    return html`<li><div class="row part-row"><span class="grow cut">${row ? html`<${Badge} status=${row.status.value} iconOnly/>` : html`<${Icon} name="list"/>`}<b class="cut">${item.name || about}</b>${item.name !== about && html` <span class="meta cut">${about}</span>`}</span>
            <${Mover} id=${item.key} what=${item.name} first=${first} last=${last} move=${move}/>
            <${Button} small kind="quiet" icon="edit" label=${`Change ${item.name}`} pressed=${open} onClick=${() => setOpen(!open)}/><${Button} small kind="quiet" icon="close" label=${`Remove ${item.name} from the page`} onClick=${drop}/></div>
        ${open && html`<div class="form part-edit"><div class="grid2"><${Field} label="Name on the page" value=${item.name} placeholder=${about} onInput=${(/** @type {string} */ name) => change({ name })} maxlength=${120} autofocus/>
            <${Field} label="Description" need="optional" value=${item.description} onInput=${(/** @type {string} */ description) => change({ description })} maxlength=${500}/></div>
            <div class="row"><${Check} label="Show response times" checked=${item.show_ms} onChange=${(/** @type {boolean} */ show_ms) => change({ show_ms })}/><${Check} label="Show 90 days and uptime" checked=${item.show_uptime} onChange=${(/** @type {boolean} */ show_uptime) => change({ show_uptime })}/></div></div>`}</li>`;
}
