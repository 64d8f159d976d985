// "Start maintenance now" of a monitor, and what its page says while it is in a window.
import { html } from '../html.js';
import { useEffect, useMemo, useState } from '../../vendor/hooks.js';
import { asProblem, get } from '../api.js';
import { href } from '../base.js';
import { parseSpan, span } from '../lib/time.js';
import { second } from '../store/clock.js';
import { on } from '../store/live.js';
import { resource } from '../store/resource.js';
import { can } from '../store/session.js';
import { endNow, extend, startNow } from '../store/windows.js';
import { Button } from './button.js';
import { closeDialog, Dialog, openDialog } from './dialog.js';
import { Check, Field, FormProblem } from './field.js';
import { StatusIcon } from './icon.js';

const LASTS = ['10 min', '30 min', '1 h', '2 h', '4 h', '1 d'];

/** @param {{id: number, name: string}} monitor */
export const askStart = (monitor) => openDialog(() => html`<${Start} monitor=${monitor}/>`);

/** @param {{monitor: {id: number, name: string}}} props */
function Start({ monitor }) {
    const [title, setTitle] = useState(`Maintenance of ${monitor.name}`.slice(0, 200));
    const [lasts, setLasts] = useState('30 min');
    const [pause, setPause] = useState(false);
    const [error, setError] = useState('');
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    async function start() {
        const duration = parseSpan(lasts);
        if (!duration || duration < 60) return setError('For example 30 min or 2 h.');
        try {
            await startNow({ title: title.trim(), duration, monitors: [monitor.id], silence: true, pause });
            closeDialog();
        } catch (e) {
            setProblem(asProblem(e));
        }
    }
    return html`<${Dialog} title="Start maintenance now" onSubmit=${start}><${FormProblem} problem=${problem} known=${['title', 'duration']}/>
        <p class="soft">Nobody is told about ${monitor.name} meanwhile, and the time is neither up nor down.</p>
        <${Field} label="For" value=${lasts} onInput=${(/** @type {string} */ t) => { setLasts(t); setError(''); }} error=${error || problem?.errors.duration} list=${LASTS} autofocus/>
        <${Field} label="Title" value=${title} onInput=${setTitle} error=${problem?.errors.title} maxlength=${200}/>
        <${Check} label="Pause the checks" checked=${pause} onChange=${setPause}/>
        <footer><a class="btn quiet" href=${href(`maintenance/?new=once&monitors=${monitor.id}`)} onClick=${closeDialog}>Plan it for later</a><${Button} kind="primary" type="submit">Start<//></footer><//>`;
}

/** The windows that a monitor is in now. @param {{id: number}} props */
export function InMaintenance({ id }) {
    const data = useMemo(() => resource(() => get('/maintenance', { state: 'in-progress', monitor: id })), [id]);
    useEffect(() => {
        data.load();
        const offs = [on('maintenance', () => { data.load(); }), on('resync', () => { data.load(); })];
        return () => offs.forEach((off) => off());
    }, [data]);
    const list = (data.data.value?.items ?? []).filter((/** @type {any} */ item) => item.next && Date.parse(item.next.ends_at) > second.value);
    const then = (/** @type {Promise<unknown>} */ p) => p.then(data.load);
    return html`${list.map((/** @type {any} */ item) => html`<div class="banner maintenance" key=${item.id} role="status"><span class="badge s-maintenance"><${StatusIcon} status="maintenance"/></span>
        <p><b>In maintenance:</b> <a href=${href(`maintenance/?id=${item.id}`)}>${item.title}</a>, <span class="num">${span((Date.parse(item.next.ends_at) - second.value) / 1000)}</span> to go.</p>
        ${can('member') && html`<${Button} small onClick=${() => then(extend(item, 1800))}>Extend 30 min<//><${Button} small onClick=${() => then(endNow(item))}>End now<//>`}</div>`)}`;
}
