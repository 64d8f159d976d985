// Adding and editing a monitor, with "Test now" of what is not saved yet.
import { html } from '../html.js';
import { useEffect, useRef, useState } from '../../vendor/hooks.js';
import { asProblem, get, patch, post } from '../api.js';
import { href } from '../base.js';
import { choices } from '../store/view.js';
import { loadMonitors } from '../store/monitors.js';
import { go, guard, query } from '../store/route.js';
import { toast } from '../store/toasts.js';
import { Button } from '../part/button.js';
import { Conflict } from '../part/conflict.js';
import { openDialog } from '../part/dialog.js';
import { FormProblem } from '../part/field.js';
import { DEFAULTS, MonitorFields, problems, suggestName } from '../part/monitorform.js';
import { Heading } from '../part/page.js';
import { Failed, Skeleton } from '../part/states.js';
import { TestResult, useTest } from '../part/test.js';

/** @typedef {import('../part/monitorform.js').Values} Values */

const FIELDS = /** @type {(keyof Values)[]} */ (Object.keys(DEFAULTS));
const DRAFT = 'tocsin.draft.monitor';

/** The form's part of a monitor. @param {any} monitor @returns {Values} */
const pick = (monitor) => /** @type {Values} */ (Object.fromEntries(FIELDS.map((name) => [name, monitor[name] ?? DEFAULTS[name]])));

/** @param {{id: number, from: number}} props from: the monitor to clone */
export function MonitorEdit({ id, from }) {
    const [base, setBase] = useState(/** @type {any} */ (null));
    const [channels, setChannels] = useState(/** @type {any[]} */ ([]));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    async function load() {
        setProblem(null);
        try {
            const monitor = id || from ? await get(`/monitors/${id || from}`) : {};
            setBase(id ? monitor : { ...monitor, id: 0, version: 0, name: from ? `${monitor.name} (copy)` : '' });
        } catch (e) {
            setProblem(asProblem(e));
        }
    }
    useEffect(() => {
        load();
        loadMonitors().catch(() => {});
        get('/channels').then((answer) => setChannels(answer.items ?? [])).catch(() => { /* the form works without */ });
    }, []);
    const title = id ? `Edit ${base?.name ?? 'monitor'}` : 'Add monitor';
    return html`<${Heading} title=${title}/>
        <${Failed} error=${problem} what="The monitor" retry=${load}/>
        ${base ? html`<${Form} base=${base} channels=${channels} id=${id}/>` : !problem && html`<${Skeleton} label="Loading the monitor"/>`}`;
}

/** What was typed before, without secrets. @param {any} base @param {number} id @returns {Values} */
function start(base, id) {
    const values = pick(base);
    if (id) return values;
    const url = query.peek().get('url');
    if (url) return { ...values, url };
    try {
        return { ...values, ...JSON.parse(sessionStorage.getItem(DRAFT) ?? '{}') };
    } catch {
        return values;
    }
}

/** @param {{base: any, channels: any[], id: number}} props */
function Form({ base, channels, id }) {
    const [v, setV] = useState(() => start(base, id));
    const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [busy, setBusy] = useState('');
    const version = useRef(base.version);
    const stored = useRef(pick(base));
    const form = useRef(/** @type {any} */ (null));
    const test = useTest();
    const dirty = JSON.stringify(v) !== JSON.stringify(stored.current);

    useEffect(() => {
        guard.leave = () => !dirty || busy === 'saved' || confirm('Leave without saving?');
        const unload = (/** @type {BeforeUnloadEvent} */ event) => { if (dirty) event.preventDefault(); };
        addEventListener('beforeunload', unload);
        if (!id && dirty) sessionStorage.setItem(DRAFT, JSON.stringify({ ...v, headers: {}, body: '' }));
        return () => { removeEventListener('beforeunload', unload); };
    }, [v, dirty]);
    useEffect(() => () => { guard.leave = null; }, []);

    useEffect(() => { if (test.problem) setErrors(test.problem.errors); }, [test.problem]);

    const set = (/** @type {Partial<Values>} */ change) => {
        setV((old) => ({ ...old, ...change }));
        if (Object.keys(errors).length) setErrors({});
    };
    /** What is sent: on an edit only what differs. */
    function body() {
        const whole = { ...v, url: v.url.trim(), name: v.name.trim() || suggestName(v.url) };
        const changed = Object.entries(whole).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(/** @type {any} */ (id ? stored.current : DEFAULTS)[name]));
        const out = Object.fromEntries(changed);
        return id ? out : { ...out, type: v.type, url: whole.url, name: whole.name };
    }
    function valid() {
        const found = problems(v);
        setErrors(found);
        if (Object.keys(found).length) requestAnimationFrame(() => form.current?.querySelector('[aria-invalid=true]')?.focus());
        return !Object.keys(found).length;
    }
    async function save(/** @type {boolean} */ another) {
        if (busy || !valid()) return;
        setBusy(another ? 'another' : 'save');
        try {
            const saved = id ? await patch(`/monitors/${id}`, body(), version.current) : await post('/monitors', body());
            done(saved, another);
        } catch (e) {
            const p = asProblem(e);
            if (p.status === 412 || (p.status === 409 && id && !Object.keys(p.errors).length)) await conflict();
            else {
                setProblem(p);
                setErrors(p.errors);
            }
            setBusy('');
        }
    }
    function done(/** @type {any} */ saved, /** @type {boolean} */ another) {
        sessionStorage.removeItem(DRAFT);
        guard.leave = null;
        stored.current = v;
        loadMonitors(true).catch(() => {});
        toast(id ? 'Saved' : `${saved.name} is watched`, { kind: 'good' });
        setBusy('');
        if (!another) go(`monitors/?id=${saved.id}`, { replace: Boolean(id) });
        else {
            stored.current = { ...DEFAULTS };
            setV({ ...v, url: '', name: '' });
        }
    }
    /** Somebody saved meanwhile: what differs is shown, and nothing is lost. */
    async function conflict() {
        const theirs = await get(`/monitors/${id}`);
        openDialog(() => html`<${Conflict} base=${stored.current} mine=${v} theirs=${pick(theirs)}
            keep=${() => { version.current = theirs.version; stored.current = pick(theirs); save(false); }}
            take=${() => { version.current = theirs.version; stored.current = pick(theirs); setV(pick(theirs)); setProblem(null); }}/>`);
    }
    const runTest = () => { if (valid()) test.run({ ...v, url: v.url.trim(), name: v.name.trim() || suggestName(v.url), channels: undefined, ...(base.id || id ? { monitor: base.id || id } : {}) }); };
    function keys(/** @type {KeyboardEvent} */ event) {
        if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        if (event.shiftKey) runTest();
        else save(false);
    }
    return html`<form class="form narrow-page card card-body" ref=${form} novalidate onKeyDown=${keys} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); save(false); }}>
        <${FormProblem} problem=${problem} known=${FIELDS}/>
        <${MonitorFields} v=${v} set=${set} errors=${errors} channels=${channels} groups=${choices.value.groups} tags=${choices.value.tags} saved=${Boolean(id)}/>
        <div class="actions"><${Button} icon="test" busy=${test.busy} onClick=${runTest} title="Ctrl Shift Enter">Test now<//><span class="meta">Tries these settings once and stores nothing.</span></div>
        <${TestResult} test=${test}/>
        <div class="actions"><${Button} kind="primary" type="submit" busy=${busy === 'save'} title="Ctrl Enter">Save<//>
            ${!id && html`<${Button} busy=${busy === 'another'} onClick=${() => save(true)}>Save and add another<//>`}
            <a class="btn quiet" href=${href(id ? `monitors/?id=${id}` : 'monitors/')}>Cancel</a></div></form>`;
}

