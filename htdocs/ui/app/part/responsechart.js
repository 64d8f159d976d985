// Response times of a monitor: by phase, or as percentiles; any span, zoomed by drag or keys.
import { html } from '../html.js';
import { useEffect, useMemo, useState } from '../../vendor/hooks.js';
import { get } from '../api.js';
import { ms } from '../lib/number.js';
import { parseRange, quantile, RANGES } from '../lib/range.js';
import { clockTime } from '../lib/time.js';
import { now } from '../store/clock.js';
import { on } from '../store/live.js';
import { zone } from '../store/prefs.js';
import { resource } from '../store/resource.js';
import { query, setQuery } from '../store/route.js';
import { Button } from './button.js';
import { saveCsv } from './csv.js';
import { closeDialog, Dialog, openDialog } from './dialog.js';
import { Field } from './field.js';
import { PHASES, PHASE_NAMES } from './phases.js';
import { Empty, Failed } from './states.js';

const PERCENTILES = /** @type {const} */ (['p50', 'p95', 'p99']);
const POINTS = 600;
const LIVE_MS = 5000;
const YOUNG_MS = 3 * 3600e3; // what was made just now has no day to show

/** @typedef {{t: number[], [name: string]: (number|null)[]|number[]}} Columns */

/** @type {Promise<typeof import('./chart.js')>|null} */
let chartModule = null;

/** @param {{m: any}} props */
export function ResponseChart({ m }) {
    const young = now() - Date.parse(m.created_at) < YOUNG_MS;
    const range = query.value.get('range') ?? (young ? '1h' : '24h');
    const wants = query.value.get('chart') === 'pct' ? 'pct' : 'phases';
    const data = useMemo(() => resource(async () => {
        const span = parseRange(range, now() / 1000) ?? { from: now() / 1000 - 86400, to: now() / 1000, open: true };
        const iso = (/** @type {number} */ s) => new Date(Math.round(s) * 1000).toISOString();
        const answer = await get(`/monitors/${m.id}/series`, { from: iso(span.from), to: iso(span.to), points: POINTS, fields: wants });
        const columns = answer.columns ?? answer;
        return { columns: /** @type {Columns} */ (columns), span, kind: answer.fields ?? wants };
    }), [m.id, range, wants]);
    const [Chart, setChart] = useState(/** @type {any} */ (null));
    useEffect(() => {
        chartModule ??= import('./chart.js');
        chartModule.then((module) => setChart(() => module.Chart), () => { chartModule = null; });
    }, []);
    useEffect(() => {
        data.load();
        let last = Date.now();
        return on('checks', (list) => {
            const open = data.data.peek()?.span.open;
            if (!open || Date.now() - last < LIVE_MS || !list.some((/** @type {any[]} */ c) => c[0] === m.id)) return;
            last = Date.now();
            data.load();
        });
    }, [data]);
    const got = data.data.value;
    const names = got?.kind === 'pct' ? PERCENTILES : PHASES;
    const empty = got && !(got.columns.total ?? []).some((v) => v !== null);
    return html`<section class="card" aria-labelledby="response"><header><h2 id="response">Response time</h2>
            <span class="segments" role="group" aria-label="Span">${RANGES.map(([name]) => html`<button type="button" key=${name} aria-pressed=${range === name} onClick=${() => setQuery({ range: name })}>${name}</button>`)}
                <button type="button" aria-pressed=${!RANGES.some(([name]) => name === range)} onClick=${() => openDialog(() => html`<${Custom}/>`)}>…<span class="sr">Another span</span></button></span>
            <span class="segments" role="group" aria-label="What is drawn">${/** @type {[string, string][]} */ ([['phases', 'Phases'], ['pct', 'Percentiles']]).map(([key, text]) => html`<button type="button" key=${key} aria-pressed=${wants === key} onClick=${() => setQuery({ chart: key === 'pct' ? key : '' })}>${text}</button>`)}</span>
            ${got && !empty && html`<${Button} small kind="quiet" onClick=${() => saveCsv(`${m.name} response`, table(got.columns, names))}>CSV<//>`}</header>
        <${Failed} error=${data.error.value} what="The response times" retry=${data.load} old=${Boolean(got)}/>
        <div class="card-body">${empty ? html`<${Empty} icon="clock" title="No measurement in this time"/>`
            : got && Chart ? html`<${Chart} label=${summary(got.columns)} columns=${got.columns} names=${names} stacked=${got.kind !== 'pct'} text=${got.kind === 'pct' ? {} : PHASE_NAMES} from=${got.span.from} to=${got.span.to}
                onZoom=${(/** @type {number} */ a, /** @type {number} */ b) => setQuery({ range: `${Math.floor(a)}-${Math.ceil(b)}` })} onReset=${() => setQuery({ range: '' })}/>`
                : html`<div class="chart-plot" aria-busy="true"></div>`}</div></section>`;
}

/** What the picture says, for those who do not see it. @param {Columns} c */
function summary(c) {
    const total = /** @type {(number|null)[]} */ (c.total ?? []);
    let max = -1;
    total.forEach((v, i) => { if (v !== null && (max < 0 || v > /** @type {number} */ (total[max]))) max = i; });
    if (max < 0) return 'Response time: no measurement';
    const gaps = total.filter((v, i) => v === null && i > 0 && total[i - 1] !== null).length;
    return `Response time: median ${ms(quantile(total, 0.5))}, 95 % below ${ms(quantile(total, 0.95))}, longest ${ms(total[max])} at ${clockTime(c.t[max] * 1000, zone.peek())}${gaps ? `, ${gaps} gaps` : ''}`;
}

/** @param {Columns} c @param {readonly string[]} names */
const table = (c, names) => [['time', ...names, 'total ms', 'checks', 'failed'], ...c.t.map((t, i) => [new Date(t * 1000).toISOString(), ...names.map((name) => c[name]?.[i]), c.total?.[i], c.n?.[i], c.down?.[i]])];

function Custom() {
    const [text, setText] = useState('');
    const [error, setError] = useState('');
    function apply() {
        const span = parseRange(text, now() / 1000);
        if (!span) return setError('Write it like 6h, 3d or 2026-11-20 14:00 - 15:30.');
        closeDialog();
        setQuery({ range: span.open ? text.trim().replace('-', '') : `${span.from}-${span.to}` });
    }
    return html`<${Dialog} title="Another span" onSubmit=${apply}><${Field} label="Span" value=${text} onInput=${setText} error=${error} help="6h, 3d, or 2026-11-20 14:00 - 15:30 in this browser’s time" autofocus/>
        <footer><${Button} kind="primary" type="submit">Show<//></footer><//>`;
}
