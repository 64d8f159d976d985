// Apps: the list over all hosts, or one of them.
import { html } from '../html.js';
import { query } from '../store/route.js';
import { lazy } from '../part/lazy.js';
import { AppList } from './apps-list.js';

const AppDetail = lazy(() => import('./apps-detail.js'), 'AppDetail');

export default function Apps() {
    const id = Number(query.value.get('id')) || 0;
    return id ? html`<${AppDetail} key=${id} id=${id}/>` : html`<${AppList}/>`;
}
