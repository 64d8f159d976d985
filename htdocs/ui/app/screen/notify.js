// Notifications: who is told, and the log of what was told.
import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { useSignal } from '../../vendor/signals.js';
import { asProblem, del, get, patch, post } from '../api.js';
import { href } from '../base.js';
import { plural } from '../lib/number.js';
import { instant } from '../lib/time.js';
import { on } from '../store/live.js';
import { resource } from '../store/resource.js';
import { go, query } from '../store/route.js';
import { can } from '../store/session.js';
import { toast, toastProblem } from '../store/toasts.js';
import { Button } from '../part/button.js';
import { ChannelForm, KINDS } from '../part/channelform.js';
import { DeliveryTable } from '../part/deliveries.js';
import { confirmDialog } from '../part/dialog.js';
import { Menu } from '../part/menu.js';
import { Heading } from '../part/page.js';
import { Empty, Failed, NoAccess, Skeleton } from '../part/states.js';
import { Badge } from '../part/status.js';
import { Tabs } from '../part/tabs.js';
import { Time } from '../part/time.js';

const channels = resource(() => get('/channels'));

export default function Notify() {
    const fresh = query.value.get('new');
    const id = Number(query.value.get('id')) || 0;
    useEffect(() => {
        channels.load();
        const offs = [on('channel', () => { channels.load(); }), on('delivery', () => { channels.load(); })];
        return () => offs.forEach((off) => off());
    }, []);
    const list = /** @type {any[]|undefined} */ (channels.data.value?.items);
    if (fresh !== null || id) {
        const channel = id ? list?.find((item) => item.id === id) : null;
        if (!can('member')) return html`<${Heading} title="Notifications"/><${NoAccess} need="member"/>`;
        if (id && !list) return html`<${Heading} title="Channel"/><${Skeleton} label="Loading the channel"/>`;
        if (id && !channel) return html`<${Heading} title="Channel"/><div class="card"><${Empty} icon="search" title="There is no such channel"><a class="btn" href=${href('notify/')}>All channels</a><//></div>`;
        return html`<${Heading} title=${channel ? channel.name : 'Add a channel'}/><${ChannelForm} key=${id || fresh} channel=${channel} kind=${fresh ?? ''} done=${() => { channels.load(); go('notify/', { replace: true }); }}/>`;
    }
    const tab = query.value.get('tab') ?? 'channels';
    return html`<${Heading} title="Notifications">${can('member') && html`<a class="btn primary" href=${href('notify/?new=email')}>Add channel</a>`}<//>
        <${Tabs} label="Notifications" tabs=${[['channels', 'Channels'], ['log', 'Delivery log']]} current=${tab}/>
        <div role="tabpanel" id=${`panel-${tab}`} aria-labelledby=${`tab-${tab}`}>${tab === 'log' ? html`<${Log}/>` : html`<${Channels} list=${list}/>`}</div>`;
}

/** @param {{list: any[]|undefined}} props */
function Channels({ list }) {
    const error = channels.error.value;
    if (!list) return error ? html`<${Failed} error=${error} what="The channels" retry=${channels.load}/>` : html`<${Skeleton} rows=${4} label="Loading the channels"/>`;
    return html`<${Failed} error=${error} what="The channels" retry=${channels.load} old/>
        ${list.length === 0 ? html`<div class="card"><${Empty} icon="notify" title="Nobody is told yet"><p>Add a channel, and send a test to see that it arrives.</p>
            ${can('member') && html`<div class="row">${Object.entries(KINDS).map(([kind, { name }]) => html`<a key=${kind} class="btn" href=${href(`notify/?new=${kind}`)}>${name}</a>`)}</div>`}<//></div>`
            : html`<div class="card"><table class="table stackable"><thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">Events</th><th scope="col">Used by</th><th scope="col">Last message</th><th scope="col">State</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
                <tbody>${list.map((channel) => html`<${Row} key=${channel.id} channel=${channel}/>`)}</tbody></table></div>`}`;
}

/** @param {{channel: any}} props */
function Row({ channel: c }) {
    async function test() {
        try {
            await post(`/channels/${c.id}/test`);
            toast(`A test goes to ${c.name}`, { undo: () => go('notify/?tab=log'), label: 'See the log' });
        } catch (error) {
            toastProblem(error, 'The test could not be sent');
        }
    }
    async function enable(/** @type {boolean} */ enabled) {
        try {
            await patch(`/channels/${c.id}`, { enabled }, c.version);
            channels.load();
            toast(`${c.name} ${enabled ? 'enabled' : 'disabled'}`);
        } catch (error) {
            toastProblem(error);
            channels.load();
        }
    }
    const erase = () => confirmDialog({ title: `Delete ${c.name}?`, text: `${plural(c.monitors ?? 0, 'monitor')} will not tell it any more. Messages that wait are dropped. This cannot be undone.`, action: 'Delete',
        run: async () => { try { await del(`/channels/${c.id}`); channels.load(); toast(`${c.name} deleted`); } catch (error) { toastProblem(error); } } });
    const items = () => [{ text: 'Edit', icon: /** @type {const} */ ('edit'), href: href(`notify/?id=${c.id}`) }, { text: c.enabled ? 'Disable' : 'Enable', icon: /** @type {const} */ ('pause'), run: () => enable(!c.enabled) }, null,
        { text: 'Delete', icon: /** @type {const} */ ('trash'), danger: true, run: erase }];
    return html`<tr><th scope="row"><a href=${href(`notify/?id=${c.id}`)}><b>${c.name}</b></a>${c.is_default && html` <span class="chip">default</span>`}</th><td data-label="Type">${KINDS[/** @type {'email'} */ (c.type)]?.name ?? c.type}</td>
        <td data-label="Events">${(c.events ?? []).join(', ')}</td><td data-label="Used by">${plural(c.monitors ?? 0, 'monitor')}</td>
        <td data-label="Last message">${c.last ? html`<span class="row tight"><${Badge} status=${c.last.ok ? 'up' : 'down'} word=${c.last.ok ? 'delivered' : 'failed'}/><${Time} at=${instant(c.last.at)}/></span>` : 'none yet'}</td>
        <td data-label="State">${c.enabled ? 'enabled' : html`<${Badge} status="paused" word=${c.disabled_reason || 'disabled'}/>`}</td>
        <td data-label="Actions"><span class="row-actions">${can('member') && html`<${Button} small onClick=${test} label=${`Send test to ${c.name}`}>Send test<//><${Menu} label=${`More about ${c.name}`} icon="more" items=${items} cls="btn quiet small icon"/>`}</span></td></tr>`;
}

const STATES = ['sent', 'pending', 'dead', 'cancelled'];

function Log() {
    const state = useSignal('');
    const items = useSignal(/** @type {any[]|null} */ (null));
    const next = useSignal(/** @type {string|null} */ (null));
    const error = useSignal(/** @type {import('../api.js').Problem|null} */ (null));
    const load = useMemo(() => async (/** @type {string|null} */ after = null) => {
        try {
            const answer = await get('/deliveries', { state: state.peek(), after });
            items.value = after ? [...(items.peek() ?? []), ...answer.items] : answer.items;
            next.value = answer.next;
            error.value = null;
        } catch (e) {
            error.value = asProblem(e);
        }
    }, []);
    useEffect(() => { load(); return on('delivery', () => { load(); }); }, []);
    const list = items.value;
    if (!list) return error.value ? html`<${Failed} error=${error.value} what="The log" retry=${() => load()}/>` : html`<${Skeleton} label="Loading the log"/>`;
    return html`<div class="stack"><div class="row"><select class="input" aria-label="State" onChange=${(/** @type {any} */ e) => { state.value = e.currentTarget.value; load(); }}><option value="">State: all</option>${STATES.map((s) => html`<option value=${s}>${s === 'dead' ? 'given up' : s}</option>`)}</select></div>
        <${Failed} error=${error.value} what="The log" retry=${() => load()} old/>
        <div class="card">${list.length === 0 ? html`<${Empty} icon="notify" title="No message in this list"><p>Each message that a channel owes shows here, with every try.</p><//>` : html`<${DeliveryTable} list=${list} reload=${() => load()}/>`}
        ${next.value && html`<div class="card-body"><${Button} small onClick=${() => load(next.value)}>Older messages<//></div>`}</div></div>`;
}
