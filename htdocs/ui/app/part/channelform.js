// A channel: what it needs by its kind. Secrets are written, never shown.
import { html } from '../html.js';
import { useEffect, useState } from '../../vendor/hooks.js';
import { asProblem, get, patch, post } from '../api.js';
import { href } from '../base.js';
import { on } from '../store/live.js';
import { toast } from '../store/toasts.js';
import { Button, Copy } from './button.js';
import { Dialog, openDialog, closeDialog } from './dialog.js';
import { Check, Field, FormProblem, Radios } from './field.js';
import { Badge } from './status.js';

/**
 * @typedef {{key: string, label: string, help?: string, secret?: true, list?: true, optional?: true, type?: 'text'|'email'|'url', autocomplete?: string}} Setting
 * @type {Record<'email'|'webhook'|'slack', {name: string, about: string, settings: Setting[], more?: Setting[]}>}
 */
export const KINDS = {
    email: { name: 'E-mail', about: 'By the server’s own mail settings, unless you give others below.', settings: [{ key: 'to', label: 'To', list: true, help: 'Addresses with commas between.' }],
        more: [{ key: 'from', label: 'From', optional: true, type: 'email' }, { key: 'smtp_url', label: 'SMTP server', optional: true, help: 'smtp://mail.example.com:587 or smtps://…' },
            { key: 'smtp_user', label: 'User', optional: true, autocomplete: 'off' }, { key: 'smtp_password', label: 'Password', optional: true, secret: true }] },
    webhook: { name: 'Webhook', about: 'A signed POST (Standard Webhooks) to an address of yours.', settings: [{ key: 'url', label: 'Address', type: 'url', help: 'https://…' }], more: [{ key: 'secret', label: 'Signing secret', optional: true, secret: true, help: 'Empty makes one (whsec_…) and shows it once.' }] },
    slack: { name: 'Slack', about: 'Slack, Mattermost, Rocket.Chat and others that take Slack’s incoming webhooks.', settings: [{ key: 'url', label: 'Webhook address', type: 'url', secret: true }] },
};
const EVENTS = /** @type {[string, string][]} */ ([['down', 'Down'], ['up', 'Up again'], ['degraded', 'Degraded']]);

/** @param {{channel: any|null|undefined, kind: string, done: () => void}} props */
export function ChannelForm({ channel, kind: first, done }) {
    const [kind, setKind] = useState(/** @type {keyof typeof KINDS} */ (channel?.type ?? (first in KINDS ? first : 'email')));
    const [name, setName] = useState(channel?.name ?? '');
    const [config, setConfig] = useState(/** @type {Record<string, any>} */ (shown(channel?.config ?? {})));
    const [events, setEvents] = useState(/** @type {string[]} */ (channel?.events ?? ['down', 'up', 'degraded']));
    const [standard, setStandard] = useState(Boolean(channel?.is_default));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [busy, setBusy] = useState('');
    const [sent, setSent] = useState(0);
    const stored = channel?.config ?? {};
    const errors = problem?.errors ?? {};

    /** Only what was entered: a secret that is left alone is kept. */
    function settings() {
        const out = /** @type {Record<string, any>} */ ({});
        for (const setting of [...KINDS[kind].settings, ...(KINDS[kind].more ?? [])]) {
            const value = String(config[setting.key] ?? '').trim();
            if (value) out[setting.key] = setting.list ? value.split(/[\s,;]+/).filter(Boolean) : value;
            else if (stored[setting.key] !== undefined && !setting.secret) out[setting.key] = null;
        }
        return out;
    }
    async function save() {
        if (busy) return;
        setBusy('save');
        try {
            const body = { name: name.trim() || KINDS[kind].name, config: settings(), events, is_default: standard };
            const saved = channel ? await patch(`/channels/${channel.id}`, body, channel.version) : await post('/channels', { ...body, type: kind });
            toast(`${saved.name} saved`, { kind: 'good' });
            done();
            if (saved.signing_secret) openDialog(() => html`<${Secret} secret=${saved.signing_secret}/>`);
        } catch (e) {
            setProblem(asProblem(e));
        } finally {
            setBusy('');
        }
    }
    async function test() {
        setBusy('test');
        setProblem(null);
        try {
            const answer = await post('/channels/test', { type: kind, config: settings(), ...(channel ? { channel: channel.id } : {}) });
            setSent(answer.id);
        } catch (e) {
            setProblem(asProblem(e));
        } finally {
            setBusy('');
        }
    }
    const field = (/** @type {Setting} */ s) => html`<${Field} key=${s.key} label=${s.label} need=${s.optional ? 'optional' : undefined} type=${s.secret ? 'password' : s.type ?? 'text'} autocomplete=${s.secret ? 'new-password' : s.autocomplete}
        value=${config[s.key] ?? ''} onInput=${(/** @type {string} */ value) => setConfig({ ...config, [s.key]: value })} error=${errors[`config.${s.key}`] ?? errors[s.key]} placeholder=${stored[s.key]?.set ? '•••• kept unless you enter another' : ''} help=${s.help}/>`;
    const known = ['config', 'name', 'events', 'type', ...KINDS[kind].settings.map((s) => s.key)];
    return html`<form class="form narrow-page card card-body" novalidate onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); save(); }}><${FormProblem} problem=${problem} known=${known}/>
        ${!channel && html`<${Radios} label="Type" name="kind" value=${kind} onChange=${(/** @type {any} */ k) => { setKind(k); setProblem(null); }} options=${Object.entries(KINDS).map(([k, v]) => [k, v.name])}/>`}
        <p class="soft">${KINDS[kind].about}</p>
        <${Field} label="Name" value=${name} onInput=${setName} placeholder=${KINDS[kind].name} error=${errors.name} maxlength=${80}/>
        ${KINDS[kind].settings.map(field)}
        ${KINDS[kind].more && html`<details class="fold"><summary><b>More</b><span class="meta">${KINDS[kind].more.map((s) => s.label.toLowerCase()).join(', ')}</span></summary><div class="fold-body">${KINDS[kind].more.map(field)}</div></details>`}
        <fieldset class="field"><legend>Tell it when a monitor is</legend><div class="row">${EVENTS.map(([key, text]) => html`<${Check} key=${key} label=${text} checked=${events.includes(key)} onChange=${(/** @type {boolean} */ on) => setEvents(on ? [...events, key] : events.filter((e) => e !== key))}/>`)}</div></fieldset>
        <${Check} label="For new monitors by default" checked=${standard} onChange=${setStandard}/>
        <div class="actions"><${Button} icon="test" busy=${busy === 'test'} onClick=${test}>Send test<//><span class="meta">Goes out once with these settings, saved or not.</span></div>
        ${sent > 0 && html`<${TestState} key=${sent} id=${sent}/>`}
        <div class="actions"><${Button} kind="primary" type="submit" busy=${busy === 'save'}>Save<//><a class="btn quiet" href=${href('notify/')}>Cancel</a></div></form>`;
}

/** What may be put in the fields: lists as text, secrets not at all. @param {Record<string, any>} config */
const shown = (config) => Object.fromEntries(Object.entries(config).filter(([, v]) => typeof v !== 'object' || Array.isArray(v)).map(([k, v]) => [k, Array.isArray(v) ? v.join(', ') : v]));

/** What became of the test message. @param {{id: number}} props */
function TestState({ id }) {
    const [d, setD] = useState(/** @type {any} */ (null));
    useEffect(() => {
        let timer = 0;
        let tries = 0;
        const look = async () => {
            clearTimeout(timer);
            const answer = await get(`/deliveries/${id}`).catch(() => null);
            setD(answer);
            if (answer?.state === 'pending' && tries++ < 40) timer = setTimeout(look, 1500);
        };
        look();
        const off = on('delivery', (event) => { if (event.id === id) look(); });
        return () => { clearTimeout(timer); off(); };
    }, []);
    const last = (d?.attempts_made ?? []).at(-1);
    const state = !d || d.state === 'pending' ? 'unknown' : d.state === 'sent' ? 'up' : 'down';
    return html`<div class=${`result s-${state}`} role="status"><div class="row"><${Badge} status=${state} word=${state === 'unknown' ? 'sending' : state === 'up' ? 'delivered' : 'failed'}/>
        ${last?.code ? html`<b>${last.code}</b>` : ''}${last?.duration_ms ? html`<span>${last.duration_ms} ms</span>` : ''}<span class="soft">${last?.recipient ?? ''}</span></div>
        ${(d?.error || last?.error) && html`<p>${d.error || last.error}</p>`}${last?.excerpt && html`<pre class="excerpt">${last.excerpt}</pre>`}</div>`;
}

/** @param {{secret: string}} props */
export const Secret = ({ secret }) => html`<${Dialog} title="Signing secret"><p>The receiver verifies messages with it. It is shown this once.</p><p class="secret"><code class="grow">${secret}</code><${Copy} text=${secret}/></p>
    <footer><${Button} kind="primary" onClick=${closeDialog}>I have kept it<//></footer><//>`;
