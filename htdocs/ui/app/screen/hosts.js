// Hosts: the list, or one of them.
import { html } from '../html.js';
import { query } from '../store/route.js';
import { lazy } from '../part/lazy.js';
import { HostList } from './hosts-list.js';

const HostDetail = lazy(() => import('./hosts-detail.js'), 'HostDetail');

export default function Hosts() {
    const id = Number(query.value.get('id')) || 0;
    return id ? html`<${HostDetail} key=${id} id=${id}/>` : html`<${HostList}/>`;
}
