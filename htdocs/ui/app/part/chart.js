// The chart: uPlot draws it; keys move a cursor whose values are read out; T shows the numbers.
// Charts with the same `sync` share their cursor.
import { html } from '../html.js';
import { useEffect, useMemo, useRef, useState } from '../../vendor/hooks.js';
import uPlot from '../../vendor/uplot.js';
import { everyNth, stack } from '../lib/range.js';
import { kindOf, KINDS, marks, wordsOf } from '../lib/marks.js';
import { ms } from '../lib/number.js';
import { absolute, axis } from '../lib/time.js';
import { prefs, zone } from '../store/prefs.js';
import { Button } from './button.js';

const TABLE_ROWS = 200;
const FEW = 40; // so few samples are drawn as points too: one alone has no line
const WIDTHS = [2, 1.5, 1];
const DASHES = [[], [8, 4], [2, 3]];

/** @param {string} name */
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * @param {{columns: any, names: readonly string[], text: Record<string, string>, stacked: boolean, label: string, from: number, to: number,
 *   onZoom: (from: number, to: number) => void, onReset: () => void, format?: (value: number|null|undefined) => string, hues?: boolean, max?: number,
 *   limits?: {at: number, text: string}[], happenings?: import('../lib/marks.js').Happening[], sync?: string, onPick?: (at: number) => void}} props
 * hues: each line has a colour of its own; limits: lines across; happenings: marks from top to bottom; onPick: a moment was chosen, in seconds
 */
export function Chart({ columns, names, text, stacked, label, from, to, onZoom, onReset, format = ms, hues, max, limits, happenings, sync, onPick }) {
    const box = useRef(/** @type {any} */ (null));
    const plot = useRef(/** @type {any} */ (null));
    const [hidden, setHidden] = useState(/** @type {string[]} */ ([]));
    const [at, setAt] = useState(/** @type {number|null} */ (null));
    const [said, setSaid] = useState('');
    const [asTable, setAsTable] = useState(false);
    const shown = names.filter((name) => !hidden.includes(name));
    const lines = useMemo(() => {
        const values = shown.map((name) => columns[name] ?? columns.t.map(() => null));
        return stacked ? stack(values) : values;
    }, [columns, shown.join(), stacked]);

    useEffect(() => {
        if (asTable) return undefined;
        const node = box.current;
        const u = new uPlot(/** @type {any} */ (options({ measured: (columns.total ?? columns[names[0]] ?? []).filter((/** @type {number|null} */ v) => v !== null).length, names, shown, stacked, from, to, box: node, down: columns.down, setAt, onZoom, format, hues, max, limits, happenings, sync })), /** @type {any} */ (order(columns.t, lines, stacked)), node);
        plot.current = u;
        // it is told of the removal, too: an effect is cleaned up only after the next frame
        const watch = new ResizeObserver(() => { if (node.isConnected) u.setSize({ width: node.clientWidth, height: node.clientHeight }); });
        watch.observe(node);
        return () => { watch.disconnect(); u.destroy(); };
    }, [lines, asTable, from, to, prefs.value.theme, zone.value, useDark(), limits, happenings]);

    useEffect(() => {
        const timer = setTimeout(() => setSaid(at === null ? '' : reading(at)), 300);
        return () => clearTimeout(timer);
    }, [at]);

    function reading(/** @type {number} */ i) {
        const total = columns.total ? columns.total[i] : names.map((name) => columns[name]?.[i]).find((v) => v !== null && v !== undefined);
        const when = absolute(columns.t[i] * 1000, zone.peek());
        if (total === null || total === undefined) return `${when}: ${columns.down?.[i] ? `${columns.down[i]} failed` : 'no measurement'}`;
        return `${when}: ${stacked && columns.total ? `${format(total)} in all, ` : ''}${shown.map((name) => `${text[name] ?? name} ${format(columns[name]?.[i])}`).join(', ')}${columns.down?.[i] ? `, ${columns.down[i]} failed` : ''}${around(i)}`;
    }
    /** What happened at this sample. */
    function around(/** @type {number} */ i) {
        const half = ((columns.t[1] ?? columns.t[0] + 60) - columns.t[0]) * 500;
        const here = (happenings ?? []).filter((item) => Math.abs(item.at - columns.t[i] * 1000) <= Math.max(half, 15e3));
        return here.length ? `. ${here.slice(0, 3).map(wordsOf).join('; ')}` : '';
    }
    function keys(/** @type {KeyboardEvent} */ event) {
        const last = columns.t.length - 1;
        const here = at ?? last;
        const step = event.shiftKey ? 10 : 1;
        const next = { ArrowLeft: here - step, ArrowRight: here + step, Home: 0, End: last }[event.key];
        if (next !== undefined) {
            const i = Math.max(0, Math.min(last, next));
            setAt(i);
            plot.current?.setCursor({ left: plot.current.valToPos(columns.t[i], 'x'), top: 10 }, true, Boolean(sync));
        } else if (event.key === '+' || event.key === '-') {
            const middle = columns.t[here] ?? (from + to) / 2;
            const half = (to - from) * (event.key === '+' ? 0.25 : 1);
            onZoom(middle - half, Math.min(middle + half, Date.now() / 1000));
        } else if (event.key === 'Escape') onReset();
        else if (event.key.toLowerCase() === 't') setAsTable(!asTable);
        else if (event.key === 'Enter' && onPick && at !== null) onPick(columns.t[at]);
        else return;
        event.preventDefault();
        event.stopPropagation();
    }
    const flip = (/** @type {string} */ name) => setHidden(hidden.includes(name) ? hidden.filter((other) => other !== name) : [...hidden, name]);
    return html`<figure class="chart"><figcaption class="sr">${label}</figcaption>
        ${asTable ? html`<${Numbers} columns=${columns} names=${names} text=${text} format=${format}/>`
            : html`<div class="chart-plot" ref=${box} tabindex="0" role="application" aria-roledescription="chart" aria-label=${`${label}. Arrows move, plus and minus zoom, T shows the numbers${onPick ? ', Enter shows what changed then' : ''}.`} onKeyDown=${keys} onDblClick=${onReset}
                onClick=${onPick && ((/** @type {any} */ e) => { if (at !== null && e.target.closest('.u-over')) onPick(columns.t[at]); })}></div>`}
        <p class="readout" aria-hidden="true">${at === null ? label : reading(at)}</p><p class="sr" role="status">${said}</p>
        <div class="row"><div class="legend" role="group" aria-label="Series">${names.map((name, i) => html`<button type="button" key=${name} class=${stacked || hues ? `k-${(i % 8) + 1}` : 'k-2'} aria-pressed=${!hidden.includes(name)} onClick=${() => flip(name)}><i></i>${text[name] ?? name}${at !== null ? ` ${format(columns[name]?.[at])}` : ''}</button>`)}</div>
            <span class="grow"></span><${Button} small kind="quiet" pressed=${asTable} onClick=${() => setAsTable(!asTable)}>Numbers<//></div></figure>`;
}

/** uPlot draws in order: areas go from the highest sum down. @param {number[]} t @param {(number|null)[][]} lines @param {boolean} stacked */
const order = (t, lines, stacked) => [t, ...(stacked ? [...lines].reverse() : lines)];

/** @param {any} p */
function options({ measured, names, shown, stacked, from, to, box, down, setAt, onZoom, format, hues, max: top, limits, happenings, sync }) {
    const color = (/** @type {string} */ name) => css(stacked || hues ? `--chart-${(names.indexOf(name) % 8) + 1}` : '--chart-2');
    const highest = Math.max(0, ...(limits ?? []).map((/** @type {{at: number}} */ limit) => limit.at * 1.08));
    const few = measured < FEW;
    const series = shown.map((/** @type {string} */ name) => ({
        stroke: color(name), width: stacked ? 1 : hues ? 1.5 : WIDTHS[names.indexOf(name)], dash: stacked ? undefined : DASHES[names.indexOf(name) % 3],
        fill: stacked ? color(name) : undefined, points: { show: few, size: 5, fill: color(name) }, spanGaps: false,
    }));
    const ink = { stroke: css('--text-3'), grid: { stroke: css('--border'), width: 1 }, ticks: { show: false }, font: `11px ${css('--sans')}` };
    const long = to - from > 2.5 * 86400;
    return {
        width: box.clientWidth, height: box.clientHeight, legend: { show: false }, padding: [8, null, 0, 0],
        scales: { x: { time: false, min: from, max: to, range: [from, to] }, y: { range: (/** @type {any} */ _u, /** @type {number} */ _min, /** @type {number} */ max) => [0, top ?? (Math.max((max || 0) * 1.08, highest) || 1)] } },
        axes: [{ ...ink, space: 70, size: 28, incrs: [60, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400, 172800, 604800, 1209600], values: (/** @type {any} */ _u, /** @type {number[]} */ v) => v.map((s) => axis(s * 1000, zone.peek(), long)) },
            { ...ink, size: 56, values: (/** @type {any} */ _u, /** @type {number[]} */ v) => v.map((n) => format(n)) }],
        cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false }, ...(sync ? { sync: { key: sync } } : {}) },
        series: [{}, ...(stacked ? series.reverse() : series)],
        hooks: {
            setCursor: [(/** @type {any} */ u) => { if (u.cursor.left >= 0) setAt(u.cursor.idx ?? null); }],
            setSelect: [(/** @type {any} */ u) => { if (u.select.width > 8) onZoom(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x')); }],
            draw: [(/** @type {any} */ u) => { failures(u, down); across(u, limits ?? [], format); upright(u, happenings ?? []); }],
        },
    };
}

/** Failed checks as marks on the floor: a shape as well as a colour. @param {any} u @param {(number|null)[]|undefined} down */
function failures(u, down) {
    if (!down?.some((n) => n)) return;
    const { ctx, bbox } = u;
    const size = 4 * devicePixelRatio;
    ctx.save();
    ctx.fillStyle = css('--down-fill');
    down.forEach((n, i) => {
        if (!n) return;
        const x = u.valToPos(u.data[0][i], 'x', true);
        ctx.fillRect(x - size / 2, bbox.top + bbox.height - size * 2, size, size * 2);
    });
    ctx.restore();
}

/** Thresholds, with their names. @param {any} u @param {{at: number, text: string}[]} limits @param {(n: number) => string} format */
function across({ ctx, bbox, valToPos }, limits, format) {
    const px = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = css('--degraded-fg');
    ctx.setLineDash([6 * px, 4 * px]);
    ctx.font = `${11 * px}px ${css('--sans')}`;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'bottom';
    for (const limit of limits) {
        const y = valToPos(limit.at, 'y', true);
        if (y < bbox.top || y > bbox.top + bbox.height) continue;
        ctx.beginPath();
        ctx.moveTo(bbox.left, y);
        ctx.lineTo(bbox.left + bbox.width, y);
        ctx.stroke();
        ctx.fillText(`${limit.text} ${format(limit.at)}`, bbox.left + 4 * px, y - 2 * px);
    }
    ctx.restore();
}

/** What happened, from top to bottom, with a letter each. @param {any} u @param {import('../lib/marks.js').Happening[]} happenings */
function upright({ ctx, bbox, scales }, happenings) {
    if (!happenings.length) return;
    const px = devicePixelRatio;
    ctx.save();
    ctx.font = `600 ${10 * px}px ${css('--sans')}`;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'middle';
    for (const mark of marks(happenings, scales.x.min * 1000, scales.x.max * 1000, bbox.width / px)) {
        const kind = kindOf(mark);
        const x = bbox.left + mark.x * px;
        ctx.strokeStyle = ctx.fillStyle = css(['crash', 'gave-up', 'silent'].includes(kind) ? '--down-fg' : '--text-3');
        ctx.beginPath();
        ctx.setLineDash([2 * px, 2 * px]);
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        ctx.setLineDash([]);
        ctx.fillRect(x - 7 * px, bbox.top, 14 * px, 14 * px);
        ctx.fillStyle = css('--surface');
        ctx.fillText(mark.items.length > 1 ? String(mark.items.length) : KINDS[kind]?.[0] ?? '•', x, bbox.top + 7.5 * px);
    }
    ctx.restore();
}

/** Redraws when the system changes between light and dark. */
function useDark() {
    const media = matchMedia('(prefers-color-scheme: dark)');
    const [dark, setDark] = useState(media.matches);
    useEffect(() => {
        const change = () => setDark(media.matches);
        media.addEventListener('change', change);
        return () => media.removeEventListener('change', change);
    }, []);
    return dark;
}

/** @param {{columns: any, names: readonly string[], text: Record<string, string>, format: (value: number|null|undefined) => string}} props */
function Numbers({ columns, names, text, format }) {
    const step = everyNth(columns.t.length, TABLE_ROWS);
    const rows = columns.t.map((/** @type {number} */ t, /** @type {number} */ i) => ({ t, i })).filter((/** @type {{i: number}} */ row) => row.i % step === 0);
    return html`<div class="chart-table" tabindex="0" role="region" aria-label="The chart’s numbers"><table class="table"><thead><tr><th scope="col">Time</th>${names.map((name) => html`<th scope="col" class="num" key=${name}>${text[name] ?? name}</th>`)}${columns.total && html`<th scope="col" class="num">total</th>`}</tr></thead>
        <tbody>${rows.map((/** @type {{t: number, i: number}} */ { t, i }) => html`<tr key=${t}><td>${absolute(t * 1000, zone.value)}</td>${names.map((name) => html`<td class="num" key=${name}>${format(columns[name]?.[i])}</td>`)}${columns.total && html`<td class="num">${format(columns.total[i])}</td>`}</tr>`)}</tbody></table></div>`;
}
