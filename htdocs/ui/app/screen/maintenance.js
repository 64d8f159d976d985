// Maintenance: windows as a list and as a month, one of them, and the form.
import { html } from '../html.js';
import { useEffect } from '../../vendor/hooks.js';
import { href } from '../base.js';
import { addShortcuts } from '../store/keys.js';
import { loadMonitors } from '../store/monitors.js';
import { go, query } from '../store/route.js';
import { can } from '../store/session.js';
import { lazy } from '../part/lazy.js';
import { Heading } from '../part/page.js';
import { NoAccess } from '../part/states.js';
import { Tabs } from '../part/tabs.js';
import { WindowList } from '../part/windowlist.js';

const Calendar = lazy(() => import('../part/windows.js'), 'Calendar');
const WindowDetail = lazy(() => import('../part/windows.js'), 'WindowDetail');
const WindowEdit = lazy(() => import('../part/windows.js'), 'WindowEdit');

const TABS = /** @type {[string, string][]} */ ([['list', 'List'], ['calendar', 'Calendar']]);

export default function Maintenance() {
    const id = Number(query.value.get('id')) || 0;
    const fresh = query.value.get('new') !== null;
    useEffect(() => { loadMonitors().catch(() => {}); }, []);
    useEffect(() => (can('member') ? addShortcuts('Maintenance', [{ keys: 'n', text: 'New maintenance window', run: () => go('maintenance/?new=once') }]) : undefined), []);
    if (fresh || query.value.get('edit') === '1') {
        if (!can('member')) return html`<${Heading} title="Maintenance"/><${NoAccess} need="member"/>`;
        return html`<${WindowEdit} key=${`edit ${id} ${query.value.get('new') ?? ''}`} id=${id}/>`;
    }
    if (id) return html`<${WindowDetail} key=${id} id=${id}/>`;
    const tab = query.value.get('tab') === 'calendar' ? 'calendar' : 'list';
    return html`<${Heading} title="Maintenance">${can('member') && html`<a class="btn primary" href=${href('maintenance/?new=once')} aria-keyshortcuts="n">New window</a>`}<//>
        <${Tabs} label="Maintenance" tabs=${TABS} current=${tab}/>
        <div role="tabpanel" id=${`panel-${tab}`} aria-labelledby=${`tab-${tab}`} class="stack">${tab === 'calendar' ? html`<${Calendar}/>` : html`<${WindowList}/>`}</div>`;
}
