// What happened on a host or in an app.
import { html } from '../html.js';
import { useSignal } from '../../vendor/signals.js';
import { href } from '../base.js';
import { happenings } from '../lib/fleet.js';
import { KINDS } from '../lib/marks.js';
import { span } from '../lib/time.js';
import { usePart } from './fleet.js';
import { Empty, Failed, Skeleton } from './states.js';
import { Time } from './time.js';

/** @param {{item: any, from?: number}} props from: told as before or after it */
export function EventLine({ item, from }) {
    const [letter, words] = KINDS[item.kind] ?? ['•', item.kind];
    const off = from === undefined ? 0 : (item.at - from) / 1000;
    const app = typeof item.app === 'object' ? item.app : item.app ? { name: item.app_name ?? item.app, id: item.app_id ?? (typeof item.app === 'number' ? item.app : null) } : null;
    return html`<li><span class=${`event-mark e-${item.kind}`} aria-hidden="true">${letter}</span><span class="grow">${app ? html`${app.id ? html`<a href=${href(`apps/?id=${app.id}`)}>${app.name}</a>` : html`<b>${app.name}</b>`} ` : ''}${words}${item.text ? html`<span class="soft">: ${item.text}</span>` : ''}${item.actor ? html` <span class="meta">by ${item.actor}</span>` : ''}</span>
        <span class="meta nowrap">${from === undefined ? html`<${Time} at=${item.at} exact/>` : html`${span(Math.abs(off), 1)} ${off > 0 ? 'later' : 'before'}`}</span></li>`;
}

const GROUPS = /** @type {[string, string, string[]][]} */ ([['', 'All', []], ['people', 'By people', ['deploy', 'restart', 'start', 'stop', 'env']], ['trouble', 'Trouble', ['crash', 'restarted', 'gave-up', 'silent', 'back', 'status']]]);

/** @param {{path: string, events: string[]}} props */
export function Events({ path, events }) {
    const which = useSignal('');
    const data = usePart(`${path}/events`, events, undefined, { limit: 200 });
    const got = data.data.value;
    const kinds = GROUPS.find(([key]) => key === which.value)?.[2] ?? [];
    const list = happenings(got?.items ?? got ?? undefined).filter((item) => !kinds.length || kinds.includes(item.kind)).sort((a, b) => b.at - a.at);
    return html`<div class="card-body row"><span class="segments" role="group" aria-label="Which events">${GROUPS.map(([key, text]) => html`<button type="button" key=${key} aria-pressed=${which.value === key} onClick=${() => { which.value = key; }}>${text}</button>`)}</span></div>
        <${Failed} error=${data.error.value} what="The events" retry=${data.load} old=${Boolean(got)}/>
        ${!got ? !data.error.value && html`<${Skeleton} rows=${4} label="Loading the events"/>` : list.length ? html`<ul class="lines">${list.slice(0, 300).map((item, i) => html`<${EventLine} key=${`${item.at} ${i}`} item=${item}/>`)}</ul>` : html`<${Empty} icon="clock" title="Nothing happened"><p>Restarts, deploys, changes of env files and silence are noted here.</p><//>`}`;
}
