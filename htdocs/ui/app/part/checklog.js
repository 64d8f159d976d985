import { html } from '../html.js';
import { useEffect } from '../../vendor/hooks.js';
import { useSignal } from '../../vendor/signals.js';
import { asProblem, get } from '../api.js';
import { DASH, ms } from '../lib/number.js';
import { instant } from '../lib/time.js';
import { WORDS } from '../lib/status.js';
import { on } from '../store/live.js';
import { query, setQuery } from '../store/route.js';
import { Button } from './button.js';
import { Phases } from './phases.js';
import { Empty, Failed } from './states.js';
import { Badge } from './status.js';
import { Time } from './time.js';

const PAGE = 25;
const ONLY = /** @type {[string, string][]} */ ([['', 'All'], ['changed', 'Changes'], ['failed', 'Failed']]);

/** The newest checks; new ones come on top by themselves. @param {{m: any}} props */
export function CheckList({ m }) {
    const items = useSignal(/** @type {any[]|null} */ (null));
    const next = useSignal(/** @type {string|null} */ (null));
    const error = useSignal(/** @type {import('../api.js').Problem|null} */ (null));
    const only = query.value.get('only') ?? '';
    async function load(/** @type {string|null} */ after = null) {
        try {
            const answer = await get(`/monitors/${m.id}/checks`, { limit: PAGE, after, only });
            items.value = after ? [...(items.value ?? []), ...answer.items] : answer.items;
            next.value = answer.next;
            error.value = null;
        } catch (e) {
            error.value = asProblem(e);
        }
    }
    useEffect(() => {
        load();
        return on('checks', (list) => {
            const mine = list.filter((/** @type {any[]} */ c) => c[0] === m.id);
            if (mine.length && !only && (items.peek()?.length ?? 0) <= PAGE) load(); // a page further down stays as it is
        });
    }, [m.id, only]);
    const list = items.value;
    return html`<div class="card-body row"><span class="segments" role="group" aria-label="Which checks">${ONLY.map(([key, text]) => html`<button type="button" key=${key} aria-pressed=${only === key} onClick=${() => setQuery({ only: key })}>${text}</button>`)}</span></div>
        <${Failed} error=${error.value} what="The checks" retry=${() => load()} old=${Boolean(list)}/>
        ${list && list.length === 0 && html`<${Empty} icon="clock" title=${only ? 'None in the stored time' : 'No check yet'}><p>${only ? 'Everything was as it should be.' : 'The first one comes within seconds.'}</p><//>`}
        ${list && list.length > 0 && html`<table class="table stackable"><thead><tr><th scope="col">Time</th><th scope="col">Result</th><th scope="col">Code</th><th scope="col" class="num">Response</th><th scope="col">Phases</th><th scope="col">From</th></tr></thead>
            <tbody>${list.map((check) => { const status = typeof check.status === 'number' ? WORDS[check.status] : check.status; return html`<tr key=${`${check.at} ${check.region}`}><td data-label="Time"><${Time} at=${instant(check.at)} exact/></td>
                <td data-label="Result"><${Badge} status=${status}/>${status !== 'up' && (check.message || check.reason) && html` <span class="soft">${check.message || String(check.reason).replaceAll('_', ' ')}</span>`}</td>
                <td data-label="Code" class="mono">${check.code || DASH}</td><td data-label="Response" class="num">${ms(check.ms)}</td>
                <td data-label="Phases"><${MiniPhases} phases=${check.phases}/></td><td data-label="From">${check.region ?? 'local'}</td></tr>`; })}</tbody></table>
            ${next.value && html`<div class="card-body"><${Button} small onClick=${() => load(next.value)}>Older checks<//></div>`}`}`;
}

/** @param {{phases: any}} props */
const MiniPhases = ({ phases }) => (phases && Object.values(phases).some((v) => v)
    ? html`<details class="mini"><summary><span class="sr">Phases</span><span class="mini-bar" aria-hidden="true">${['dns', 'connect', 'tls', 'ttfb', 'transfer'].map((name) => html`<i class=${`p-${name}`} style=${{ flexGrow: String(phases[name] ?? 0) }}></i>`)}</span></summary><${Phases} phases=${phases}/></details>` : DASH);
