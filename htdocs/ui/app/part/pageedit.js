// The editor of a status page: one set of values over all tabs, saved and published together.
import { html } from '../html.js';
import { useEffect, useMemo, useRef, useState } from '../../vendor/hooks.js';
import { asProblem, call, del, get, patch, post } from '../api.js';
import { href } from '../base.js';
import { changesOf, flat, isDirty, problems, settingsOf, TAB_OF, valuesOf } from '../lib/statuspage.js';
import { toComponents, withIds } from '../lib/sections.js';
import { addShortcuts } from '../store/keys.js';
import { on } from '../store/live.js';
import { resource } from '../store/resource.js';
import { go, guard, query, setQuery } from '../store/route.js';
import { can } from '../store/session.js';
import { toast, toastProblem } from '../store/toasts.js';
import { addressOf, Published } from '../screen/pages.js';
import { Badges } from './pagebadges.js';
import { Branding } from './pagebranding.js';
import { Access, Address } from './pageaddress.js';
import { Content } from './pagecontent.js';
import { PagePreview } from './pagepreview.js';
import { Subscribers } from './subscribers.js';
import { Button } from './button.js';
import { Conflict } from './conflict.js';
import { confirmDialog, openDialog } from './dialog.js';
import { FormProblem } from './field.js';
import { useGuard } from './guard.js';
import { Icon } from './icon.js';
import { Menu } from './menu.js';
import { Heading } from './page.js';
import { Empty, Failed, Skeleton } from './states.js';
import { Tabs } from './tabs.js';

/** @typedef {import('../lib/statuspage.js').Values} Values */
/** @typedef {{page: any, v: Values, set: (change: Partial<Values>) => void, errors: Record<string, string>, logo: (method: 'PUT'|'DELETE', file?: File) => Promise<void>}} TabProps */

const TABS = /** @type {[string, string][]} */ ([['content', 'Content'], ['branding', 'Branding'], ['address', 'Address'], ['access', 'Access'], ['subscribers', 'Subscribers'], ['badges', 'Badges & embed']]);
/** @type {Record<string, (props: TabProps) => any>} */
const VIEWS = { content: Content, branding: Branding, address: Address, access: Access, subscribers: Subscribers, badges: Badges };
const SEEN = ['content', 'branding'];
const WAIT_MS = 15000;

/** @param {{id: number}} props */
export function PageEdit({ id }) {
    const data = useMemo(() => resource(() => get(`/pages/${id}`)), [id]);
    useEffect(() => {
        data.load();
        const mine = (/** @type {any} */ event) => { if (!event.id || event.id === id) data.load(); };
        const offs = [on('page', mine), on('resync', () => { data.load(); })];
        return () => offs.forEach((off) => off());
    }, [id]);
    const page = data.data.value;
    const error = data.error.value;
    if (!page) {
        if (error?.status === 404) return html`<${Heading} title="Status page"/><div class="card"><${Empty} icon="search" title="There is no such page"><a class="btn" href=${href('pages/')}>All status pages</a><//></div>`;
        return html`<${Heading} title="Status page"/><${Failed} error=${error} what="The page" retry=${data.load}/>${!error && html`<${Skeleton} label="Loading the page"/>`}`;
    }
    return html`<${Editor} page=${page} put=${(/** @type {any} */ next) => { data.data.value = next; }} failed=${html`<${Failed} error=${error} what="The page" retry=${data.load} old/>`}/>`;
}

/** @param {{page: any, put: (page: any) => void, failed: any}} props */
function Editor({ page, put, failed }) {
    const [v, setV] = useState(() => valuesOf(page));
    const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [busy, setBusy] = useState(false);
    const base = useRef({ version: page.version, values: v });
    const now = useRef(v); // what was entered last, also for what began before it was drawn
    const dirty = isDirty(v, base.current.values);
    const writes = can('member');
    const tab = query.value.get('tab') ?? 'content';
    const View = VIEWS[tab] ?? Content;
    useGuard(dirty);
    // what others saved is taken over while nothing was changed here
    useEffect(() => {
        if (page.version === base.current.version || dirty || busy) return;
        base.current = { version: page.version, values: valuesOf(page) };
        enter(base.current.values);
    }, [page.version, dirty, busy]);
    const enter = (/** @type {Values} */ next) => { now.current = next; setV(next); };
    const set = (/** @type {Partial<Values>} */ change) => {
        enter({ ...now.current, ...change });
        if (Object.keys(errors).length) setErrors({});
    };
    function refuse(/** @type {Record<string, string>} */ found) {
        setErrors(found);
        const first = TAB_OF[Object.keys(found)[0]?.split(/[.[]/)[0]];
        if (first && first !== tab) setQuery({ tab: first === 'content' ? '' : first });
        requestAnimationFrame(() => requestAnimationFrame(() => /** @type {HTMLElement|null} */ (document.querySelector('[role=tabpanel] [aria-invalid=true]'))?.focus()));
    }
    /** What is entered while it is on its way stays entered. */
    async function send() {
        const sent = now.current;
        const { settings, components } = changesOf(sent, base.current.values);
        let saved = page;
        if (Object.keys(settings).length) {
            saved = await patch(`/pages/${page.id}`, settings, base.current.version);
            base.current = { version: saved.version, values: { ...sent, password: '', sections: base.current.values.sections } };
        }
        if (components) saved = await call('PUT', `/pages/${page.id}/components`, { body: { components }, ifMatch: base.current.version });
        const numbered = (/** @type {Values['sections']} */ sections) => withIds(sections, sent.sections, saved.components);
        base.current = { version: saved.version, values: { ...valuesOf(saved), sections: numbered(sent.sections) } };
        enter(now.current === sent ? base.current.values : { ...now.current, sections: numbered(now.current.sections) });
        put(saved);
    }
    async function publish() {
        if (busy) return;
        const found = problems(now.current, page.password_set);
        if (Object.keys(found).length) return refuse(found);
        setBusy(true);
        setProblem(null);
        const before = page.published_at;
        try {
            if (isDirty(now.current, base.current.values)) await send();
            if (now.current.enabled) {
                await post(`/pages/${page.id}/publish`);
                await written(page.id, before, put);
            } else toast('Saved', { kind: 'good' });
        } catch (e) {
            const p = asProblem(e);
            if (p.status === 412) await conflict();
            else {
                setProblem(p);
                if (Object.keys(p.errors).length) refuse(p.errors);
            }
        } finally {
            setBusy(false);
        }
    }
    async function conflict() {
        const theirs = await get(`/pages/${page.id}`);
        const values = valuesOf(theirs);
        const adopt = (/** @type {Values} */ next) => { base.current = { version: theirs.version, values }; enter(next); put(theirs); };
        openDialog(() => html`<${Conflict} base=${flat(base.current.values)} mine=${flat(now.current)} theirs=${flat(values)} keep=${() => adopt(now.current)} take=${() => adopt(values)}/>`);
    }
    useEffect(() => (writes ? addShortcuts(page.title, [{ keys: 'Ctrl+s', text: 'Save and publish', run: publish, always: true }]) : undefined), [v, busy, page]);
    /** The picture is saved at once and is another version of the page: not somebody else's. @param {'PUT'|'DELETE'} method @param {File} [file] */
    async function logo(method, file) {
        const saved = await call(method, `/pages/${page.id}/logo`, { file, ifMatch: base.current.version }) ?? await get(`/pages/${page.id}`);
        base.current = { ...base.current, version: saved.version };
        put(saved);
    }
    const erase = () => confirmDialog({ title: `Delete ${page.title}?`, text: 'The page, its address and its subscribers go for good. To take it from the public for a while, switch it off under Address.', action: 'Delete', typed: page.slug,
        run: async () => { try { await del(`/pages/${page.id}`); guard.leave = null; toast(`${page.title} deleted`); go('pages/'); } catch (error) { toastProblem(error); } } });
    const more = () => [{ text: 'Delete the page', icon: /** @type {const} */ ('trash'), danger: true, run: erase }];
    const bad = (/** @type {string} */ name) => Object.keys(errors).some((field) => TAB_OF[field.split(/[.[]/)[0]] === name);
    const draft = { ...settingsOf(v), password: undefined, components: toComponents(v.sections) };
    return html`<${Heading} title=${page.title}><a class="btn" href=${addressOf(page)} target="_blank" rel="noopener">Open the page</a>
            ${writes && html`<${Button} kind="primary" busy=${busy} onClick=${publish} keys="Ctrl S">${!v.enabled ? 'Save' : dirty ? 'Save and publish' : 'Publish'}<//><${Menu} label="More" icon="more" items=${more} cls="btn icon"/>`}<//>
        ${failed}
        <p class="row soft" role="status"><span>Published: </span><${Published} page=${page}/>${dirty && html`<span class="chip">not saved yet</span>`}</p>
        ${page.error && html`<div class="banner bad" role="alert"><${Icon} name="alert"/><p><b>The files of this page could not be written.</b> ${page.error}</p></div>`}
        <${FormProblem} problem=${problem} known=${Object.keys(TAB_OF)}/>
        <${Tabs} label="Parts of the page" tabs=${TABS.map(([key, text]) => /** @type {[string, string]} */ ([key, bad(key) ? `${text} (!)` : text]))} current=${tab}/>
        <div class=${SEEN.includes(tab) ? 'beside pages-beside' : ''}><div role="tabpanel" id=${`panel-${tab}`} aria-labelledby=${`tab-${tab}`} class="stack"><${View} page=${page} v=${v} set=${set} errors=${errors} logo=${logo}/></div>
            ${SEEN.includes(tab) && html`<${PagePreview} id=${page.id} draft=${draft} stamp=${page.version}/>`}</div>`;
}

/** Waits until the publisher has written the files, or said why not. @param {number} id @param {string|null} before @param {(page: any) => void} put */
async function written(id, before, put) {
    const end = Date.now() + WAIT_MS;
    for (let wait = 200; Date.now() < end; wait = Math.min(wait * 1.5, 1500)) {
        const page = await get(`/pages/${id}`);
        put(page);
        if (page.error) return;
        if (page.published_at && page.published_at !== before) {
            toast('Published', { kind: 'good' });
            return;
        }
        await new Promise((resolve) => setTimeout(resolve, wait));
    }
    toast('Saved. The publisher has not written the page yet: is tocsind running, with a status_dir?', { kind: 'bad' });
}
