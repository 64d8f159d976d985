// Planning and changing a maintenance window.
import { html } from '../html.js';
import { useEffect, useRef, useState } from '../../vendor/hooks.js';
import { asProblem, get } from '../api.js';
import { href } from '../base.js';
import { bodyOf, planOfValues, problems, valuesOf } from '../lib/window.js';
import { occurrences, ruleWords } from '../lib/recur.js';
import { now } from '../store/clock.js';
import { zone } from '../store/prefs.js';
import { go, guard, query } from '../store/route.js';
import { save } from '../store/windows.js';
import { toast } from '../store/toasts.js';
import { Button } from './button.js';
import { Conflict } from './conflict.js';
import { openDialog } from './dialog.js';
import { FormProblem } from './field.js';
import { useGuard } from './guard.js';
import { Heading } from './page.js';
import { Failed, Skeleton } from './states.js';
import { CoverFields, EffectFields, TimeFields, WordFields } from './windowform.js';
import { Preview } from './windowpreview.js';

/** @typedef {import('../lib/window.js').Values} Values */

const KNOWN = ['title', 'description', 'zone', 'starts_at', 'duration', 'rule', 'until', 'monitors', 'tags', 'groups', 'tell_before'];

/** @param {{id: number}} props */
export function WindowEdit({ id }) {
    const from = Number(query.peek().get('from')) || 0;
    const [base, setBase] = useState(/** @type {any} */ (null));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    async function load() {
        setProblem(null);
        try {
            const item = id || from ? await get(`/maintenance/${id || from}`) : null;
            setBase({ item: id ? item : null, values: { ...valuesOf(item && !id ? { ...item, starts_at: null, until: null } : item, now(), zone.peek()), ...(id ? {} : asked()) } });
        } catch (e) {
            setProblem(asProblem(e));
        }
    }
    useEffect(() => { load(); }, []);
    return html`<${Heading} title=${id ? `Edit ${base?.values.title ?? 'window'}` : 'New maintenance window'}/>
        <${Failed} error=${problem} what="The window" retry=${load}/>
        ${base ? html`<${Form} base=${base} id=${id}/>` : !problem && html`<${Skeleton} label="Loading the window"/>`}`;
}

/** What the address asks for: monitors, and a day of the calendar. */
function asked() {
    const monitors = (query.peek().get('monitors') ?? '').split(',').map(Number).filter(Boolean);
    const day = query.peek().get('day');
    return { ...(monitors.length ? { monitors } : {}), ...(day && /^\d{4}-\d\d-\d\d$/.test(day) ? { starts: `${day} 02:00` } : {}) };
}

/** @param {{base: {item: any, values: Values}, id: number}} props */
function Form({ base, id }) {
    const [v, setV] = useState(base.values);
    const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [busy, setBusy] = useState(false);
    const version = useRef(base.item?.version);
    const stored = useRef(base.values);
    const form = useRef(/** @type {any} */ (null));
    useGuard(JSON.stringify(v) !== JSON.stringify(stored.current));
    const set = (/** @type {Partial<Values>} */ change) => {
        setV((old) => ({ ...old, ...change }));
        if (Object.keys(errors).length) setErrors({});
    };
    async function send() {
        if (busy) return;
        const found = problems(v);
        setErrors(found);
        if (Object.keys(found).length) {
            requestAnimationFrame(() => form.current?.querySelector('[aria-invalid=true], .field-error input')?.focus());
            return;
        }
        setBusy(true);
        try {
            const saved = await save(bodyOf(v), base.item, version.current);
            stored.current = v;
            guard.leave = null;
            toast(id ? 'Saved' : `${saved.title} is planned`, { kind: 'good' });
            go(`maintenance/?id=${saved.id}`, { replace: Boolean(id) });
        } catch (e) {
            const p = asProblem(e);
            if (p.status === 412) await conflict();
            else {
                setProblem(p);
                setErrors(p.errors);
            }
            setBusy(false);
        }
    }
    async function conflict() {
        const theirs = await get(`/maintenance/${id}`);
        const values = valuesOf(theirs, now(), v.zone);
        openDialog(() => html`<${Conflict} base=${stored.current} mine=${v} theirs=${values}
            keep=${() => { version.current = theirs.version; stored.current = values; send(); }}
            take=${() => { version.current = theirs.version; stored.current = values; setV(values); setProblem(null); }}/>`);
    }
    const keys = (/** @type {KeyboardEvent} */ event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            send();
        }
    };
    const plan = planOfValues(v);
    const next = problems(v).rule || !plan.duration ? [] : occurrences(plan, now(), 5);
    return html`<form class="beside" ref=${form} novalidate onKeyDown=${keys} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); send(); }}>
        <div class="form card card-body"><${FormProblem} problem=${problem} known=${KNOWN}/>
            <${WordFields} v=${v} set=${set} errors=${errors} fresh=${!id}/><${TimeFields} v=${v} set=${set} errors=${errors}/><${CoverFields} v=${v} set=${set} errors=${errors}/><${EffectFields} v=${v} set=${set} errors=${errors}/>
            <div class="actions"><${Button} kind="primary" type="submit" busy=${busy} title="Ctrl Enter">${id ? 'Save' : 'Plan it'}<//><a class="btn quiet" href=${href(id ? `maintenance/?id=${id}` : 'maintenance/')}>Cancel</a></div></div>
        <section class="card sticky" aria-labelledby="w-preview"><header><h2 id="w-preview">When it comes</h2></header><div class="card-body stack">
            <p role="status">${v.repeat === 'once' ? 'Once.' : `${sentence(ruleWords(plan))}, by the clock of ${plan.zone}.`}</p><${Preview} plan=${plan} list=${next} self=${id}/></div></section></form>`;
}

const sentence = (/** @type {string} */ text) => text.charAt(0).toUpperCase() + text.slice(1);
