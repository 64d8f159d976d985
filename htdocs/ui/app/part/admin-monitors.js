import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { useSignal } from '../../vendor/signals.js';
import { href } from '../base.js';
import { ms, percent } from '../lib/number.js';
import { instant } from '../lib/time.js';
import { on } from '../store/live.js';
import { pager } from '../store/pager.js';
import { Button } from './button.js';
import { Empty, Failed, Skeleton } from './states.js';
import { LiveBadge } from './status.js';
import { Time } from './time.js';

const PAGE = 100;

/** Every owner's monitors. */
export function AllMonitors() {
    const q = useSignal('');
    const list = useMemo(() => pager('/admin/monitors', () => ({ q: q.peek(), limit: PAGE })), []);
    useEffect(() => {
        const timer = setTimeout(list.load, q.value ? 250 : 0);
        return () => clearTimeout(timer);
    }, [q.value]);
    useEffect(() => on('status', () => { if ((list.items.peek()?.length ?? 0) <= PAGE) list.load(); }), []);
    const items = list.items.value;
    return html`<div class="row"><input class="input search-line" type="search" data-search aria-label="Search all monitors" placeholder="Search name, address, tag" value=${q} onInput=${(/** @type {any} */ e) => { q.value = e.currentTarget.value; }}/></div>
        <${Failed} error=${list.error.value} what="The monitors" retry=${list.load} old=${Boolean(items)}/>
        ${!items ? !list.error.value && html`<${Skeleton} label="Loading all monitors"/>` : html`<div class="card">${items.length === 0 ? html`<${Empty} icon="monitors" title=${q.value ? `No monitor matches “${q.value}”` : 'Nobody watches anything yet'}/>` : html`<table class="table stackable"><thead><tr><th scope="col">Name</th><th scope="col">Owner</th><th scope="col">Status</th><th scope="col" class="num">Response</th><th scope="col" class="num">24 h</th><th scope="col">Last check</th></tr></thead>
            <tbody>${items.map((m) => html`<tr key=${m.id}><th scope="row"><a href=${href(`monitors/?id=${m.id}`)}><b>${m.name}</b></a><br/><span class="meta">${m.url}</span></th><td data-label="Owner">${m.owner_email}</td>
                <td data-label="Status"><${LiveBadge} monitor=${{ status: m.status, since: instant(m.since), checkedAt: instant(m.checked_at), interval: m.interval }}/></td><td data-label="Response" class="num">${ms(m.response_ms)}</td><td data-label="24 h" class="num">${percent(m.up24)}</td>
                <td data-label="Last check"><${Time} at=${instant(m.checked_at)}/></td></tr>`)}</tbody></table>`}
            ${list.next.value && html`<div class="card-body"><${Button} small onClick=${list.more}>More monitors<//></div>`}</div>`}`;
}
