// The chart: uPlot draws it; keys move a cursor whose values are read out; T shows the numbers.
import { html } from '../html.js';
import { useEffect, useMemo, useRef, useState } from '../../vendor/hooks.js';
import uPlot from '../../vendor/uplot.js';
import { everyNth, stack } from '../lib/range.js';
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
 *   onZoom: (from: number, to: number) => void, onReset: () => void}} props
 */
export function Chart({ columns, names, text, stacked, label, from, to, onZoom, onReset }) {
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
        const u = new uPlot(/** @type {any} */ (options({ measured: (columns.total ?? []).filter((/** @type {number|null} */ v) => v !== null).length, names, shown, stacked, from, to, box: node, down: columns.down, setAt, onZoom })), /** @type {any} */ (order(columns.t, lines, stacked)), node);
        plot.current = u;
        // it is told of the removal, too: an effect is cleaned up only after the next frame
        const watch = new ResizeObserver(() => { if (node.isConnected) u.setSize({ width: node.clientWidth, height: node.clientHeight }); });
        watch.observe(node);
        return () => { watch.disconnect(); u.destroy(); };
    }, [lines, asTable, from, to, prefs.value.theme, zone.value, useDark()]);

    useEffect(() => {
        const timer = setTimeout(() => setSaid(at === null ? '' : reading(at)), 300);
        return () => clearTimeout(timer);
    }, [at]);

    function reading(/** @type {number} */ i) {
        const total = columns.total?.[i];
        const when = absolute(columns.t[i] * 1000, zone.peek());
        if (total === null || total === undefined) return `${when}: ${columns.down?.[i] ? `${columns.down[i]} failed` : 'no measurement'}`;
        return `${when}: ${stacked ? `${ms(total)} in all, ` : ''}${shown.map((name) => `${text[name] ?? name} ${ms(columns[name]?.[i])}`).join(', ')}${columns.down?.[i] ? `, ${columns.down[i]} failed` : ''}`;
    }
    function keys(/** @type {KeyboardEvent} */ event) {
        const last = columns.t.length - 1;
        const here = at ?? last;
        const step = event.shiftKey ? 10 : 1;
        const next = { ArrowLeft: here - step, ArrowRight: here + step, Home: 0, End: last }[event.key];
        if (next !== undefined) {
            const i = Math.max(0, Math.min(last, next));
            setAt(i);
            plot.current?.setCursor({ left: plot.current.valToPos(columns.t[i], 'x'), top: 10 });
        } else if (event.key === '+' || event.key === '-') {
            const middle = columns.t[here] ?? (from + to) / 2;
            const half = (to - from) * (event.key === '+' ? 0.25 : 1);
            onZoom(middle - half, Math.min(middle + half, Date.now() / 1000));
        } else if (event.key === 'Escape') onReset();
        else if (event.key.toLowerCase() === 't') setAsTable(!asTable);
        else return;
        event.preventDefault();
        event.stopPropagation();
    }
    const flip = (/** @type {string} */ name) => setHidden(hidden.includes(name) ? hidden.filter((other) => other !== name) : [...hidden, name]);
    return html`<figure class="chart"><figcaption class="sr">${label}</figcaption>
        ${asTable ? html`<${Numbers} columns=${columns} names=${names} text=${text}/>`
            : html`<div class="chart-plot" ref=${box} tabindex="0" role="application" aria-roledescription="chart" aria-label=${`${label}. Arrows move, plus and minus zoom, T shows the numbers.`} onKeyDown=${keys} onDblClick=${onReset}></div>`}
        <p class="readout" aria-hidden="true">${at === null ? label : reading(at)}</p><p class="sr" role="status">${said}</p>
        <div class="row"><div class="legend" role="group" aria-label="Series">${names.map((name, i) => html`<button type="button" key=${name} class=${stacked ? `k-${i + 1}` : 'k-2'} aria-pressed=${!hidden.includes(name)} onClick=${() => flip(name)}><i></i>${text[name] ?? name}${at !== null ? ` ${ms(columns[name]?.[at])}` : ''}</button>`)}</div>
            <span class="grow"></span><${Button} small kind="quiet" pressed=${asTable} onClick=${() => setAsTable(!asTable)}>Numbers<//></div></figure>`;
}

/** uPlot draws in order: areas go from the highest sum down. @param {number[]} t @param {(number|null)[][]} lines @param {boolean} stacked */
const order = (t, lines, stacked) => [t, ...(stacked ? [...lines].reverse() : lines)];

/** @param {any} p */
function options({ measured, names, shown, stacked, from, to, box, down, setAt, onZoom }) {
    const color = (/** @type {string} */ name) => css(stacked ? `--chart-${names.indexOf(name) + 1}` : '--chart-2');
    const few = measured < FEW;
    const series = shown.map((/** @type {string} */ name) => ({
        stroke: color(name), width: stacked ? 1 : WIDTHS[names.indexOf(name)], dash: stacked ? undefined : DASHES[names.indexOf(name)],
        fill: stacked ? color(name) : undefined, points: { show: few, size: 5, fill: color(name) }, spanGaps: false,
    }));
    const ink = { stroke: css('--text-3'), grid: { stroke: css('--border'), width: 1 }, ticks: { show: false }, font: `11px ${css('--sans')}` };
    const long = to - from > 2.5 * 86400;
    return {
        width: box.clientWidth, height: box.clientHeight, legend: { show: false }, padding: [8, 0, 0, 0],
        scales: { x: { time: false, min: from, max: to, range: [from, to] }, y: { range: (/** @type {any} */ _u, /** @type {number} */ _min, /** @type {number} */ max) => [0, (max || 1) * 1.08] } },
        axes: [{ ...ink, space: 70, size: 28, incrs: [60, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400, 172800, 604800, 1209600], values: (/** @type {any} */ _u, /** @type {number[]} */ v) => v.map((s) => axis(s * 1000, zone.peek(), long)) },
            { ...ink, size: 56, values: (/** @type {any} */ _u, /** @type {number[]} */ v) => v.map((n) => ms(n)) }],
        cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false } },
        series: [{}, ...(stacked ? series.reverse() : series)],
        hooks: {
            setCursor: [(/** @type {any} */ u) => { if (u.cursor.left >= 0) setAt(u.cursor.idx ?? null); }],
            setSelect: [(/** @type {any} */ u) => { if (u.select.width > 8) onZoom(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x')); }],
            draw: [(/** @type {any} */ u) => failures(u, down)],
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

/** @param {{columns: any, names: readonly string[], text: Record<string, string>}} props */
function Numbers({ columns, names, text }) {
    const step = everyNth(columns.t.length, TABLE_ROWS);
    const rows = columns.t.map((/** @type {number} */ t, /** @type {number} */ i) => ({ t, i })).filter((/** @type {{i: number}} */ row) => row.i % step === 0);
    return html`<div class="chart-table" tabindex="0" role="region" aria-label="The chart’s numbers"><table class="table"><thead><tr><th scope="col">Time</th>${names.map((name) => html`<th scope="col" class="num" key=${name}>${text[name] ?? name}</th>`)}<th scope="col" class="num">total</th></tr></thead>
        <tbody>${rows.map((/** @type {{t: number, i: number}} */ { t, i }) => html`<tr key=${t}><td>${absolute(t * 1000, zone.value)}</td>${names.map((name) => html`<td class="num" key=${name}>${ms(columns[name]?.[i])}</td>`)}<td class="num">${ms(columns.total?.[i])}</td></tr>`)}</tbody></table></div>`;
}
