// Monitors: the list, or one of them, or the form.
import { html } from '../html.js';
import { query } from '../store/route.js';
import { can } from '../store/session.js';
import { NoAccess } from '../part/states.js';
import { lazy } from '../part/lazy.js';
import { Heading } from '../part/page.js';
import { MonitorList } from './monitors-list.js';

const MonitorDetail = lazy(() => import('./monitors-detail.js'), 'MonitorDetail');
const MonitorEdit = lazy(() => import('./monitors-edit.js'), 'MonitorEdit');

export default function Monitors() {
    const id = Number(query.value.get('id')) || 0;
    const fresh = query.value.get('new') !== null;
    const edits = fresh || query.value.get('edit') === '1';
    if (edits && !can('member')) return html`<${Heading} title="Monitors"/><${NoAccess} need="member"/>`;
    if (edits) return html`<${MonitorEdit} key=${`edit ${id}`} id=${id} from=${Number(query.value.get('from')) || 0}/>`;
    return id ? html`<${MonitorDetail} key=${id} id=${id}/>` : html`<${MonitorList}/>`;
}
