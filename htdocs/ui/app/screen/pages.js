// Status pages: the list, a new one, and the editor.
import { html } from '../html.js';
import { useEffect, useMemo, useState } from '../../vendor/hooks.js';
import { asProblem, post } from '../api.js';
import { href, root } from '../base.js';
import { slugProblem, suggestSlug } from '../lib/statuspage.js';
import { bytes, plural } from '../lib/number.js';
import { instant } from '../lib/time.js';
import { addShortcuts } from '../store/keys.js';
import { on } from '../store/live.js';
import { loadMonitors } from '../store/monitors.js';
import { pager } from '../store/pager.js';
import { browserZone } from '../lib/time.js';
import { go, query } from '../store/route.js';
import { can } from '../store/session.js';
import { Button } from '../part/button.js';
import { Field, FormProblem } from '../part/field.js';
import { lazy } from '../part/lazy.js';
import { Heading } from '../part/page.js';
import { Empty, Failed, NoAccess, Skeleton } from '../part/states.js';
import { Badge } from '../part/status.js';
import { Time } from '../part/time.js';

const PageEdit = lazy(() => import('../part/pageedit.js'), 'PageEdit');

export default function Pages() {
    const id = Number(query.value.get('id')) || 0;
    useEffect(() => { loadMonitors().catch(() => {}); }, []);
    useEffect(() => (can('member') ? addShortcuts('Status pages', [{ keys: 'n', text: 'New status page', run: () => go('pages/?new=page') }]) : undefined), []);
    if (query.value.get('new') !== null) return can('member') ? html`<${Fresh}/>` : html`<${Heading} title="Status pages"/><${NoAccess} need="member"/>`;
    if (id) return html`<${PageEdit} key=${id} id=${id}/>`;
    return html`<${Heading} title="Status pages">${can('member') && html`<a class="btn primary" href=${href('pages/?new=page')} aria-keyshortcuts="n">New page</a>`}<//><${List}/>`;
}

function List() {
    const list = useMemo(() => pager('/pages'), []);
    useEffect(() => {
        list.load();
        const offs = [on('page', () => { list.load(); }), on('resync', () => { list.load(); })];
        return () => offs.forEach((off) => off());
    }, []);
    const items = list.items.value;
    const error = list.error.value;
    if (!items) return error ? html`<${Failed} error=${error} what="The status pages" retry=${list.load}/>` : html`<${Skeleton} rows=${3} label="Loading the status pages"/>`;
    return html`<${Failed} error=${error} what="The status pages" retry=${list.load} old/>
        <div class="card">${items.length === 0 ? html`<${Empty} icon="pages" title="No status page yet"><p>A page for the public: what works, what does not, and what is done about it. It stays up when this server’s database does not.</p>
                ${can('member') && html`<a class="btn" href=${href('pages/?new=page')}>Make one</a>`}<//>`
            : html`<table class="table stackable"><thead><tr><th scope="col">Page</th><th scope="col">Address</th><th scope="col">Shows</th><th scope="col">Read by</th><th scope="col">Subscribers</th><th scope="col">Published</th></tr></thead>
                <tbody>${items.map((p) => html`<tr key=${p.id}><th scope="row"><a href=${href(`pages/?id=${p.id}`)}><b>${p.title}</b></a></th><td data-label="Address"><a href=${addressOf(p)} target="_blank" rel="noopener">${addressOf(p).replace(/^https?:\/\//, '')}</a></td>
                    <td data-label="Shows">${plural(p.components?.length ?? p.components ?? 0, 'component')}</td><td data-label="Read by">${ACCESS[p.access] ?? p.access}</td><td data-label="Subscribers">${p.subscribe ? p.subscribers ?? 0 : 'off'}</td>
                    <td data-label="Published"><${Published} page=${p}/></td></tr>`)}</tbody></table>`}
        ${list.next.value && html`<div class="card-body"><${Button} small onClick=${list.more}>More pages<//></div>`}</div>`;
}

/** @type {Record<string, string>} */
const ACCESS = { public: 'everybody', password: 'who has the password', address: 'some addresses' };

/** Where a page is read. @param {any} page */
export const addressOf = (page) => page.address ?? new URL(`status/${page.slug}/`, root).href;

/** When its files were written, or why not. @param {{page: any}} props */
export function Published({ page: p }) {
    if (!p.enabled) return html`<${Badge} status="paused" word="switched off"/>`;
    if (p.error) return html`<${Badge} status="down" word="not written"/> <span class="meta">${p.error}</span>`;
    return p.published_at ? html`<span><${Time} at=${instant(p.published_at)}/>, ${bytes(p.bytes)}</span>` : html`<${Badge} status="unknown" word="not yet"/>`;
}

function Fresh() {
    const [title, setTitle] = useState('');
    const [slug, setSlug] = useState('');
    const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [busy, setBusy] = useState(false);
    const word = slug || suggestSlug(title);
    async function make(/** @type {Event} */ event) {
        event.preventDefault();
        const found = { title: title.trim() ? '' : 'Give it a title.', slug: title.trim() ? slugProblem(word) : '' };
        setErrors(found);
        if (found.title || found.slug || busy) return;
        setBusy(true);
        try {
            const made = await post('/pages', { title: title.trim(), slug: word, zone: browserZone() });
            go(`pages/?id=${made.id}`, { replace: true });
        } catch (e) {
            setProblem(asProblem(e));
            setErrors(asProblem(e).errors);
            setBusy(false);
        }
    }
    return html`<${Heading} title="New status page"/><form class="form narrow-page card card-body" novalidate onSubmit=${make}><${FormProblem} problem=${problem} known=${['title', 'slug']}/>
        <${Field} label="Title" value=${title} onInput=${setTitle} error=${errors.title} maxlength=${120} placeholder="Example Status" autofocus/>
        <${Field} label="Its word in the address" mono value=${slug} placeholder=${word} onInput=${(/** @type {string} */ t) => setSlug(t.trim().toLowerCase())} error=${errors.slug} maxlength=${63} help=${`It will be read at ${new URL(`status/${word || '…'}/`, root).href}`}/>
        <div class="actions"><${Button} kind="primary" type="submit" busy=${busy}>Make it<//><a class="btn quiet" href=${href('pages/')}>Cancel</a></div></form>`;
}
