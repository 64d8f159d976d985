// The line above the list: search and filters.
import { html } from '../html.js';
import { count } from '../lib/number.js';
import { monitors } from '../store/monitors.js';
import { choices, clearFilters, filter, filtered, moved, resort, search, shown, text } from '../store/view.js';
import { setQuery } from '../store/route.js';
import { Button } from './button.js';
import { Icon } from './icon.js';

const STATUSES = ['down', 'degraded', 'unknown', 'maintenance', 'up', 'paused'];

/** @param {{children?: any, brief?: boolean}} props */
export function ListBar({ children, brief }) {
    const { tags, groups } = choices.value;
    return html`<div class="toolbar" role="search" aria-label="Monitors"><div class="search"><${Icon} name="search"/>
            <input class="input" type="search" data-search aria-label="Search monitors" placeholder=${brief ? 'Search' : 'Search name, address, is:down, tag:prod, -word'} value=${text}
                onInput=${(/** @type {any} */ e) => search(e.currentTarget.value)} onKeyDown=${(/** @type {any} */ e) => { if (e.key === 'Escape') { clearFilters(); e.currentTarget.blur(); } }}/></div>
        <${Filter} label="Status" name="status" options=${STATUSES}/>
        ${tags.length > 0 && !brief && html`<${Filter} label="Tag" name="tag" options=${tags}/>`}
        ${groups.length > 0 && !brief && html`<${Filter} label="Group" name="group" options=${groups}/>`}
        ${moved.value > 0 && html`<${Button} small icon="sort" onClick=${resort}>${moved.value} changed, sort again<//>`}
        <span class="meta" role="status">${filtered.value ? `${count(shown.value.length)} of ${count(monitors.value.length)}` : ''}</span>${children}</div>`;
}

/** @param {{label: string, name: 'status'|'tag'|'group', options: string[]}} props */
const Filter = ({ label, name, options }) => html`<select class="input" aria-label=${label} onChange=${(/** @type {any} */ e) => setQuery({ [name]: e.currentTarget.value })}>
    <option value="" selected=${!filter(name)}>${label}: all</option>${options.map((option) => html`<option value=${option} selected=${filter(name) === option}>${option}</option>`)}</select>`;
