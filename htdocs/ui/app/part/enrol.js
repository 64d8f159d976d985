// A new host: one line to run on it, and the wait until its agent has called.
import { html } from '../html.js';
import { useEffect, useState } from '../../vendor/hooks.js';
import { asProblem, del, get, post } from '../api.js';
import { href, root } from '../base.js';
import { instant } from '../lib/time.js';
import { second } from '../store/clock.js';
import { hostLabels, hosts } from '../store/fleet.js';
import { on } from '../store/live.js';
import { toast } from '../store/toasts.js';
import { Button, Copy } from './button.js';
import { closeDialog, Dialog, openDialog } from './dialog.js';
import { Field, FormProblem, Radios, Select } from './field.js';
import { TagInput } from './taginput.js';
import { Badge } from './status.js';

const LOOK_MS = 3000;
const TTLS = /** @type {[string, string][]} */ ([['900', '15 minutes'], ['3600', '1 hour'], ['14400', '4 hours'], ['86400', '1 day']]);
const ARCHES = /** @type {[string, string][]} */ ([['amd64', 'Linux, x86-64'], ['arm64', 'Linux, ARM 64']]);

/** @param {{id: number, name: string}} [host] that is to be enrolled anew */
export const openEnrol = (host) => openDialog(() => html`<${Enrol} host=${host}/>`);

/** @param {{host?: {id: number, name: string}}} props */
function Enrol({ host }) {
    const [made, setMade] = useState(/** @type {any} */ (null));
    return made ? html`<${Waiting} made=${made} title=${host ? `Enrol ${host.name} anew` : 'Add host'} again=${() => setMade(null)}/>` : html`<${Ask} host=${host} done=${setMade}/>`;
}

/** @param {{host?: {id: number, name: string}, done: (made: any) => void}} props */
function Ask({ host, done }) {
    const [name, setName] = useState('');
    const [labels, setLabels] = useState(/** @type {string[]} */ ([]));
    const [arch, setArch] = useState('amd64');
    const [ttl, setTtl] = useState('3600');
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [busy, setBusy] = useState(false);
    async function send() {
        if (busy) return;
        setBusy(true);
        try {
            const body = { ttl_s: Number(ttl), ...(host ? { host: host.id } : {}), ...(name.trim() ? { name: name.trim() } : {}), ...(labels.length ? { labels } : {}) };
            done({ ...await post('/hosts/enrolments', body), arch });
        } catch (e) {
            setProblem(asProblem(e));
            setBusy(false);
        }
    }
    const errors = problem?.errors ?? {};
    return html`<${Dialog} title=${host ? `Enrol ${host.name} anew` : 'Add host'} onSubmit=${send}><p class="soft">An agent on the machine tells how it is and what its apps do. It listens in your private network only, and does nothing that its own list does not allow.</p><${FormProblem} problem=${problem} known=${['name', 'labels', 'ttl_s']}/>
        <${Radios} label="Machine" name="arch" value=${arch} options=${ARCHES} onChange=${setArch}/>
        ${!host && html`<${Field} label="Name" need="optional" value=${name} onInput=${setName} placeholder="its own host name" error=${errors.name} maxlength=${100} autofocus/>
        <${TagInput} label="Labels" value=${labels} known=${hostLabels()} onChange=${setLabels} error=${errors.labels}/>`}
        <${Select} label="The line works for" value=${ttl} onChange=${setTtl} options=${TTLS} error=${errors.ttl_s}/>
        <footer><${Button} onClick=${closeDialog}>Cancel<//><${Button} kind="primary" type="submit" busy=${busy}>Make the line<//></footer><//>`;
}

/** The wait: the server tells when the agent has called; it is asked as well. @param {{made: any, title: string, again: () => void}} props */
function Waiting({ made, title, again }) {
    const [e, setE] = useState(made);
    const [hand, setHand] = useState(false);
    useEffect(() => {
        if (e.host && e.seen) return undefined;
        const look = () => get(`/hosts/enrolments/${made.id}`).then((answer) => setE((/** @type {any} */ had) => ({ ...had, ...answer })), () => { /* asked again */ });
        const timer = setInterval(look, LOOK_MS);
        const off = on('enrolled', (event) => { if (event.enrolment === undefined || event.enrolment === made.id) look(); });
        return () => { clearInterval(timer); off(); };
    }, [Boolean(e.host && e.seen)]);
    const host = e.host ? { id: e.host, name: e.host_name || e.name } : null;
    useEffect(() => { if (host) { hosts.reload().catch(() => {}); toast(`${host.name || 'The host'} is there`, { kind: 'good' }); } }, [Boolean(host)]);
    const ends = instant(made.expires_at) ?? 0;
    const left = Math.max(0, Math.floor((ends - second.value) / 1000));
    const over = left === 0 && !host;
    const revoke = async () => { await del(`/hosts/enrolments/${made.id}`).catch(() => {}); closeDialog(); };
    const command = made.command ?? `curl -fsSL ${new URL('agent/install.sh', root)} | sudo sh -s -- --token ${made.token}`;
    const clock = `${String(Math.floor(left / 60)).padStart(2, '0')}:${String(left % 60).padStart(2, '0')}`;
    return html`<${Dialog} title=${title} wide><div class=${`result s-${host ? 'up' : over ? 'down' : 'unknown'}`} role="status"><div class="row"><${Badge} status=${host ? 'up' : over ? 'down' : 'unknown'} word=${host ? (e.seen ? 'enrolled, and answers' : 'enrolled') : over ? 'the time is over' : 'waiting for the agent'}/>
            ${host ? html`<span><a href=${href(`hosts/?id=${host.id}`)} onClick=${closeDialog}><b>${host.name || 'To the host'}</b></a> is trusted now. ${e.seen ? 'It has answered.' : 'Its first answer comes within a minute.'}</span>` : over ? html`<span>Nothing called in time. The line does not work any more.</span>` : html`<span class="soft">The line works once, for <time class="num" role="timer">${clock}</time> more.</span>`}</div></div>
        ${!host && !over && html`<p>Run this on the machine, as somebody who may use <code>sudo</code>:</p><p class="secret"><code class="grow">${command}</code><${Copy} text=${command}/></p>
            <div><button type="button" class="linklike" aria-expanded=${hand} onClick=${() => setHand(!hand)}>${hand ? 'Hide the steps by hand' : 'Or by hand, step by step'}</button></div>${hand && html`<${ByHand} made=${made}/>`}`}
        <footer>${host ? html`<${Button} onClick=${again}>Add another<//><${Button} kind="primary" onClick=${closeDialog}>Done<//>` : over ? html`<${Button} onClick=${closeDialog}>Close<//><${Button} kind="primary" onClick=${again}>Make a new one<//>` : html`<${Button} onClick=${revoke}>Make it useless<//><${Button} kind="primary" onClick=${closeDialog}>Close, it goes on waiting<//>`}</footer><//>`;
}

/** @param {{made: any}} props */
function ByHand({ made }) {
    const base = new URL('agent/', root).href;
    const steps = [
        ['Fetch the agent, its installer and the list of checksums', ['install.sh', 'SHA256SUMS', `tocsin-agent-linux-${made.arch}.tar.gz`].map((file) => `curl -fsSLO ${base}${file}`).join('\n')],
        ['Compare the checksums', 'sha256sum -c --ignore-missing SHA256SUMS'],
        ['Look at the installer, then run it with what was fetched', `less install.sh\nsudo sh install.sh --from . --url ${root} --token ${made.token}`],
    ];
    return html`<ol class="by-hand">${steps.map(([what, text]) => html`<li key=${what}><p>${what}</p><div class="secret"><pre class="grow">${text}</pre><${Copy} text=${text}/></div></li>`)}</ol>
        <p class="meta">What the agent may do stands in <code>/etc/tocsin/agent.conf</code> on the machine: no app at first.</p>`;
}
