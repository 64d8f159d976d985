// Opening an incident by hand.
import { html } from '../html.js';
import { useState } from '../../vendor/hooks.js';
import { asProblem, post } from '../api.js';
import { href } from '../base.js';
import { PHASES, SEVERITIES } from '../lib/phase.js';
import { instantOf, parseWall } from '../lib/zone.js';
import { zone } from '../store/prefs.js';
import { overview } from '../store/overview.js';
import { go, guard } from '../store/route.js';
import { toast } from '../store/toasts.js';
import { Button } from './button.js';
import { DateTime } from './datetime.js';
import { Check, Field, FormProblem, Select } from './field.js';
import { useGuard } from './guard.js';
import { MonitorChips } from './monitorchips.js';
import { Writing } from './writing.js';

export function IncidentNew() {
    const [v, setV] = useState({ title: '', severity: 'major', monitors: /** @type {number[]} */ ([]), started: '', phase: 'investigating', body: '', publish: false, public_title: '' });
    const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [busy, setBusy] = useState(false);
    const put = (/** @type {keyof typeof v} */ name) => (/** @type {any} */ value) => { setV((old) => ({ ...old, [name]: value })); setErrors({}); };
    useGuard(Boolean(v.title.trim() || v.body.trim()));
    async function send(/** @type {Event} */ event) {
        event.preventDefault();
        const wall = v.started.trim() ? parseWall(v.started) : null;
        const found = { title: v.title.trim() ? '' : 'Say what is wrong.', started_at: v.started.trim() && wall === null ? 'A date and a time, or nothing.' : '' };
        setErrors(found);
        if (found.title || found.started_at || busy) return;
        setBusy(true);
        try {
            const made = await post('/incidents', { title: v.title.trim(), severity: v.severity, monitors: v.monitors, phase: v.phase, body: v.body.trim(), publish: v.publish, ...(v.publish && v.public_title.trim() ? { public_title: v.public_title.trim() } : {}), ...(wall === null ? {} : { started_at: new Date(instantOf(wall, zone.peek()).at).toISOString() }) });
            guard.leave = null;
            toast(`Incident #${made.id} is open`, { kind: 'good' });
            overview.load();
            go(`incidents/?id=${made.id}`, { replace: true });
        } catch (e) {
            const p = asProblem(e);
            setProblem(p);
            setErrors(p.errors);
            setBusy(false);
        }
    }
    return html`<form class="form narrow-page card card-body" novalidate onSubmit=${send}><${FormProblem} problem=${problem} known=${['title', 'severity', 'monitors', 'started_at', 'phase', 'body', 'public_title']}/>
        <${Field} label="Title" value=${v.title} onInput=${put('title')} error=${errors.title} maxlength=${200} placeholder="Orders are slow" autofocus/>
        <div class="grid3"><${Select} label="Severity" value=${v.severity} onChange=${put('severity')} options=${SEVERITIES}/><${Select} label="Phase" value=${v.phase} onChange=${put('phase')} options=${PHASES.slice(0, 3)} error=${errors.phase}/>
            <${DateTime} label="Began" need="optional" value=${v.started} onInput=${put('started')} error=${errors.started_at} help=${`By the clock of ${zone.value}; empty is now.`}/></div>
        <${MonitorChips} label="Affected monitors" value=${v.monitors} onChange=${put('monitors')} error=${errors.monitors}/>
        <${Writing} label="What is known" need="optional" rows=${4} value=${v.body} onInput=${put('body')} error=${errors.body}/>
        <${Check} label="The public reads of it at once" checked=${v.publish} onChange=${put('publish')} help="On the status pages that show an affected monitor. Their subscribers are told."/>
        ${v.publish && html`<${Field} label="Title in public" need="optional" value=${v.public_title} placeholder=${v.title} onInput=${put('public_title')} error=${errors.public_title} maxlength=${200}/>`}
        <div class="actions"><${Button} kind="primary" type="submit" busy=${busy}>Open the incident<//><a class="btn quiet" href=${href('incidents/')}>Cancel</a></div></form>`;
}
