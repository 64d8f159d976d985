// Charts that belong together: one span, one cursor, one zoom, and what happened laid over all.
import { html } from '../html.js';
import { useEffect, useMemo, useState } from '../../vendor/hooks.js';
import { get } from '../api.js';
import { happenings as asHappenings, seriesOf } from '../lib/fleet.js';
import { near } from '../lib/marks.js';
import { plural } from '../lib/number.js';
import { parseRange } from '../lib/range.js';
import { absolute } from '../lib/time.js';
import { now } from '../store/clock.js';
import { on } from '../store/live.js';
import { zone } from '../store/prefs.js';
import { resource } from '../store/resource.js';
import { query, setQuery } from '../store/route.js';
import { Button } from './button.js';
import { saveCsv } from './csv.js';
import { closeDialog, Dialog, openDialog } from './dialog.js';
import { Field } from './field.js';
import { EventLine } from './happenings.js';
import { Empty, Failed } from './states.js';

const POINTS = 400;
const AGAIN_MS = 15000;
const AROUND_MS = 600e3;
const RANGES = ['1h', '6h', '24h', '7d', '30d'];
const NONE = /** @type {any[]} */ ([]);

/**
 * @typedef {{key: string, title: string, names: string[], columns: any, text?: Record<string, string>, stacked?: boolean, format: (n: number|null|undefined) => string, max?: number, limits?: {at: number, text: string}[], note?: any}} One
 * @param {{path: string, name: string, event: string, id: number, charts: (series: ReturnType<typeof seriesOf>) => One[], what: string, fields?: string}} props
 */
export function LinkedCharts({ path, name, event, id, charts, what, fields }) {
    const range = query.value.get('range') ?? '6h';
    const moment = Number(query.value.get('at')) || 0;
    const data = useMemo(() => resource(async () => {
        const span = parseRange(range, now() / 1000) ?? { from: now() / 1000 - 21600, to: now() / 1000, open: true };
        const iso = (/** @type {number} */ s) => new Date(Math.round(s) * 1000).toISOString();
        const [series, events] = await Promise.all([get(`${path}/series`, { from: iso(span.from), to: iso(span.to), points: POINTS, fields }),
            get(`${path}/events`, { from: iso(span.from), to: iso(span.to), limit: 500 }).catch(() => null)]);
        return { series: seriesOf(series), span, events: asHappenings(events?.items ?? events ?? []) };
    }), [path, range, fields]);
    const [Chart, setChart] = useState(/** @type {any} */ (null));
    useEffect(() => { import('./chart.js').then((module) => setChart(() => module.Chart), () => {}); }, []);
    useEffect(() => {
        data.load();
        let last = Date.now();
        const again = () => { if (data.data.peek()?.span.open && !document.hidden) { last = Date.now(); data.load(); } };
        const off = on(event, (e) => { if (e.id === id && (Date.now() - last > AGAIN_MS || !data.data.peek()?.series.t.length)) again(); });
        const timer = setInterval(again, 60000);
        return () => { off(); clearInterval(timer); };
    }, [data]);
    const got = data.data.value;
    const list = useMemo(() => (got ? charts(got.series) : []), [got, charts]);
    const pick = (/** @type {number} */ at) => setQuery({ at: String(Math.round(at)) });
    const changed = got && moment ? near(got.events, moment * 1000, AROUND_MS) : NONE;
    const nothing = got && !list.some((one) => one.names.some((n) => one.columns[n]?.some((/** @type {any} */ v) => v !== null && v !== undefined)));
    const csv = () => saveCsv(`${name} metrics`, [['time', ...list.flatMap((one) => one.names.map((n) => `${one.title} ${one.text?.[n] ?? n}`))], ...(got?.series.t ?? []).map((t, i) => [new Date(t * 1000).toISOString(), ...list.flatMap((one) => one.names.map((n) => one.columns[n]?.[i]))])]);
    return html`<section class="stack" aria-label=${what}><div class="row"><span class="segments" role="group" aria-label="Span">${RANGES.map((r) => html`<button type="button" key=${r} aria-pressed=${range === r} onClick=${() => setQuery({ range: r === '6h' ? '' : r })}>${r}</button>`)}
                <button type="button" aria-pressed=${!RANGES.includes(range)} onClick=${() => openDialog(() => html`<${Custom}/>`)}>…<span class="sr">Another span</span></button></span>
            ${!RANGES.includes(range) && html`<${Button} small onClick=${() => setQuery({ range: '' })}>Back to 6 hours<//>`}<span class="meta grow hint">Drag to zoom, click to see what changed then.</span>${got && !nothing && html`<${Button} small kind="quiet" onClick=${csv}>CSV<//>`}</div>
        <${Failed} error=${data.error.value} what=${what} retry=${data.load} old=${Boolean(got)}/>
        ${moment > 0 && got && html`<section class="card what-changed" aria-labelledby="what-changed"><header><h2 id="what-changed">What changed around ${absolute(moment * 1000, zone.value)}</h2><${Button} small kind="quiet" icon="close" label="Close" onClick=${() => setQuery({ at: '' })}/></header>
            <div role="status">${changed.length ? html`<ul class="lines">${changed.map((item, i) => html`<${EventLine} key=${i} item=${item} from=${moment * 1000}/>`)}</ul>` : html`<p class="card-body soft">Nothing that Tocsin knows of, ten minutes before and after.</p>`}</div></section>`}
        ${nothing ? html`<div class="card"><${Empty} icon="clock" title="No measurement in this time"/></div>`
            : html`<div class="linked">${(list.length ? list : /** @type {any[]} */ (Array.from({ length: 4 }, (_, i) => ({ key: i, title: '', names: [] })))).map((one) => html`<section class="card" key=${one.key} aria-label=${one.title || 'Loading'}><header><h2>${one.title || '\u00a0'}</h2>${one.note && html`<span class="meta">${one.note}</span>`}</header>
                <div class="card-body">${got && Chart ? html`<${Chart} label=${labelOf(one, got.events.length)} columns=${one.columns} names=${one.names} text=${one.text ?? {}} stacked=${Boolean(one.stacked)} hues format=${one.format} max=${one.max} limits=${one.limits} happenings=${got.events} sync=${path}
                    from=${got.span.from} to=${got.span.to} onZoom=${(/** @type {number} */ a, /** @type {number} */ b) => setQuery({ range: `${Math.floor(a)}-${Math.ceil(b)}` })} onReset=${() => setQuery({ range: '' })} onPick=${pick}/>` : html`<div class="chart-plot" aria-busy=${data.error.value ? undefined : 'true'}></div>`}</div></section>`)}</div>`}</section>`;
}

/** What the picture says, in words. @param {One} one @param {number} events */
function labelOf(one, events) {
    const last = (/** @type {string} */ n) => one.columns[n]?.findLast((/** @type {any} */ v) => v !== null && v !== undefined);
    const most = (/** @type {string} */ n) => (one.columns[n] ?? []).reduce((/** @type {number|null} */ m, /** @type {number|null} */ v) => (v !== null && v !== undefined && (m === null || v > m) ? v : m), null);
    const key = one.columns.total ? 'total' : one.names[0];
    if (!key || last(key) === undefined) return `${one.title}: no measurement`;
    return `${one.title}: ${one.columns.total || one.names.length === 1 ? '' : `${one.text?.[key] ?? key} `}now ${one.format(last(key))}, at most ${one.format(most(key))}${events ? `; ${plural(events, 'event')}` : ''}`;
}

function Custom() {
    const [text, setText] = useState('');
    const [error, setError] = useState('');
    function apply() {
        const span = parseRange(text, now() / 1000);
        if (!span) return setError('Write it like 2h, 3d or 2026-11-20 14:00 - 15:30.');
        closeDialog();
        setQuery({ range: span.open ? text.trim().replace('-', '') : `${span.from}-${span.to}` });
    }
    return html`<${Dialog} title="Another span" onSubmit=${apply}><${Field} label="Span" value=${text} onInput=${setText} error=${error} help="2h, 3d, or 2026-11-20 14:00 - 15:30 in this browser’s time" autofocus/>
        <footer><${Button} kind="primary" type="submit">Show<//></footer><//>`;
}
