// One incident: state, timeline, and what a person can do about it.
import { html } from '../html.js';
import { useEffect, useMemo, useRef, useState } from '../../vendor/hooks.js';
import { asProblem, get, patch, post } from '../api.js';
import { href } from '../base.js';
import { phaseName, SEVERITIES } from '../lib/phase.js';
import { instant, span } from '../lib/time.js';
import { tick } from '../store/clock.js';
import { addShortcuts } from '../store/keys.js';
import { on } from '../store/live.js';
import { loadMonitors } from '../store/monitors.js';
import { overview } from '../store/overview.js';
import { resource } from '../store/resource.js';
import { can } from '../store/session.js';
import { toast, toastProblem } from '../store/toasts.js';
import { Button } from './button.js';
import { closeDialog, Dialog, openDialog } from './dialog.js';
import { Field, FormProblem, Select } from './field.js';
import { Markdown } from './markdown.js';
import { Empty, Failed, Skeleton } from './states.js';
import { InPublic } from './incidentpublic.js';
import { MonitorChips } from './monitorchips.js';
import { Postmortem } from './postmortem.js';
import { Badge } from './status.js';
import { Time } from './time.js';

/** @type {Record<string, string>} */
const SAYS = { opened: 'Opened', acknowledged: 'acknowledged', comment: 'commented', edited: 'edited', resolved: 'Resolved', reopened: 'Opened again', notified: 'Told', update: 'wrote', published: 'Published', withdrawn: 'Taken back from the public', postmortem: 'Postmortem' };

/** @param {{id: number}} props */
export function IncidentDetail({ id }) {
    const data = useMemo(() => resource(() => get(`/incidents/${id}`)), [id]);
    useEffect(() => {
        data.load();
        return on('incident', (event) => { if (!event.id || event.id === id) data.load(); });
    }, [id]);
    const item = data.data.value;
    const error = data.error.value;
    if (!item) {
        if (error?.status === 404) return html`<div class="card"><${Empty} icon="search" title="There is no such incident"><a class="btn" href=${href('incidents/')}>All incidents</a><//></div>`;
        return error ? html`<${Failed} error=${error} what="The incident" retry=${data.load}/>` : html`<${Skeleton} label="Loading the incident"/>`;
    }
    const set = (/** @type {any} */ next) => { data.data.value = next; };
    return html`<div class="stack"><article class="card" aria-labelledby="incident-title"><${Head} item=${item} set=${set} reload=${data.load}/>
        <${Failed} error=${error} what="The incident" retry=${data.load} old/>
        <ol class="timeline" aria-label="Timeline">${(item.events ?? []).map((/** @type {any} */ event) => html`<${Event} key=${event.id ?? `${event.at} ${event.body}`} event=${event}/>`)}</ol>
        ${can('member') && html`<${Comment} item=${item} set=${set}/>`}</article>
        <${InPublic} item=${item} set=${set}/><${Postmortem} item=${item}/></div>`;
}

/** @param {{item: any, set: (next: any) => void, reload: () => Promise<void>}} props */
function Head({ item, set, reload }) {
    const from = instant(item.started_at) ?? tick.value;
    const to = instant(item.resolved_at);
    const open = to === null;
    async function act(/** @type {'ack'|'resolve'} */ verb, /** @type {string} */ said) {
        try {
            set(await post(`/incidents/${item.id}/${verb}`));
            toast(said, { kind: 'good' });
            overview.load();
        } catch (error) {
            toastProblem(error);
            reload();
        }
    }
    const ack = () => act('ack', 'Acknowledged');
    useEffect(() => (open && can('member') ? addShortcuts(`Incident #${item.id}`, [
        ...(item.acked_at ? [] : [{ keys: 'a', text: 'Acknowledge', run: ack }]),
        { keys: 'c', text: 'Comment', run: () => document.getElementById('comment')?.querySelector('textarea')?.focus() },
    ]) : undefined), [item]);
    return html`<header class="incident-head"><h2 id="incident-title">#${item.id} ${item.title}</h2>
            ${can('member') && html`${open && !item.acked_at && html`<${Button} small icon="check" onClick=${ack} keys="a">Acknowledge<//>`}
                ${open && html`<${Button} small onClick=${() => act('resolve', 'Resolved')}>Resolve<//>`}
                <${Button} small kind="quiet" icon="edit" label="Edit the incident" onClick=${() => openDialog(() => html`<${Edit} item=${item} set=${set}/>`)}/>`}</header>
        <div class="card-body facts"><${Badge} status=${open ? 'down' : 'up'} word=${open ? (item.acked_at ? 'acknowledged' : 'open') : 'resolved'} solid/><span>${item.severity}</span>
            <span>started <${Time} at=${from} exact/></span><span>${open ? `for ${span((tick.value - from) / 1000)}` : `lasted ${span((to - from) / 1000)}`}</span>
            ${item.acked_by && html`<span>acknowledged by ${item.acked_by}</span>`}${!open && html`<span>resolved ${item.resolved_by ? `by ${item.resolved_by}` : 'by itself'}</span>`}
            ${affected(item).map((m) => html`<a key=${m.id} href=${href(`monitors/?id=${m.id}`)}>${m.name}</a>`)}${item.cause && html`<span class="soft">${item.cause}</span>`}</div>`;
}

/** Its own monitor, and what else it affects. @param {any} item @returns {{id: number, name: string}[]} */
const affected = (item) => (item.monitors?.length ? item.monitors : item.monitor ? [{ id: item.monitor, name: item.monitor_name ?? `monitor ${item.monitor}` }] : []);

/** @param {{event: any}} props */
function Event({ event }) {
    const verb = SAYS[event.kind] ?? event.kind;
    return html`<li><${Time} at=${instant(event.at)} exact/> ${event.actor ? html`<b>${event.actor}</b> ${verb.toLowerCase()}` : html`<b>${verb}</b>`}
        ${event.kind === 'update' && html` <span class="chip">${phaseName(event.phase)}</span>`}${event.public && html` <span class="chip">public</span>`}
        ${event.body && (event.kind === 'comment' || event.kind === 'update' ? html`<div class="quote"><${Markdown} text=${event.body}/></div>` : html` <span class="soft">${event.body}</span>`)}</li>`;
}

/** @param {{item: any, set: (next: any) => void}} props */
function Comment({ item, set }) {
    const [text, setText] = useState('');
    const [busy, setBusy] = useState(false);
    const form = useRef(null);
    async function send() {
        if (!text.trim() || busy) return;
        setBusy(true);
        try {
            set(await post(`/incidents/${item.id}/comments`, { body: text.trim() }));
            setText('');
        } catch (error) {
            toastProblem(error, 'The comment was not saved');
        } finally {
            setBusy(false);
        }
    }
    return html`<form class="card-body stack" id="comment" ref=${form} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); send(); }}
            onKeyDown=${(/** @type {KeyboardEvent} */ e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) send(); }}>
        <${Field} label="Comment" rows=${3} value=${text} onInput=${setText} maxlength=${10000} help="**bold**, *italic*, - lists, \`code\` and links work. Ctrl Enter sends."/>
        <div><${Button} type="submit" busy=${busy} reason=${text.trim() ? '' : 'Write something first'}>Comment<//></div></form>`;
}

/** @param {{item: any, set: (next: any) => void}} props */
function Edit({ item, set }) {
    const [title, setTitle] = useState(item.title);
    const [severity, setSeverity] = useState(item.severity);
    const [shown, setShown] = useState(item.public_title ?? '');
    const own = (/** @type {any} */ m) => m.id !== item.monitor;
    const [ids, setIds] = useState(/** @type {number[]} */ ((item.monitors ?? []).filter(own).map((/** @type {any} */ m) => m.id)));
    useEffect(() => { loadMonitors().catch(() => {}); }, []);
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    async function save() {
        try {
            set(await patch(`/incidents/${item.id}`, { title: title.trim(), severity, public_title: shown.trim(), monitors: ids }, item.version));
            closeDialog();
        } catch (error) {
            setProblem(asProblem(error));
        }
    }
    return html`<${Dialog} title=${`Incident #${item.id}`} onSubmit=${save}><${FormProblem} problem=${problem} known=${['title', 'severity', 'public_title', 'monitors']}/>
        <${Field} label="Title" value=${title} onInput=${setTitle} error=${problem?.errors.title} maxlength=${200}/>
        <${Field} label="Title in public" need="optional" value=${shown} placeholder=${title} onInput=${setShown} error=${problem?.errors.public_title} maxlength=${200}/>
        <${Select} label="Severity" value=${severity} onChange=${setSeverity} options=${SEVERITIES}/>
        <${MonitorChips} label=${item.monitor ? 'Affects besides its own monitor' : 'Affected monitors'} value=${ids} onChange=${setIds} error=${problem?.errors.monitors}/>
        <footer><${Button} onClick=${closeDialog}>Cancel<//><${Button} kind="primary" type="submit">Save<//></footer><//>`;
}
