// One line of a log: time, level, text with its colours and what was found in it.
import { html } from '../html.js';
import { spans } from '../lib/ansi.js';
import { hidden, levelName, looksJson, pretty, visible } from '../lib/logring.js';
import { bytes } from '../lib/number.js';
import { absolute, clockTime } from '../lib/time.js';
import { zone } from '../store/prefs.js';

/** Seconds as text: lines of one second share it. @type {Map<string, string>} */
const seconds = new Map();

/** @param {number} t @param {'clock'|'full'|'none'} how */
export function timeText(t, how) {
    if (how === 'none') return '';
    const key = `${zone.peek()} ${how} ${Math.floor(t / 1000)}`;
    let text = seconds.get(key);
    if (text === undefined) {
        if (seconds.size > 2000) seconds.clear();
        text = how === 'full' ? new Date(t).toISOString().slice(0, 19).replace('T', ' ') : clockTime(t, zone.peek());
        seconds.set(key, text);
    }
    return `${text}.${String(Math.floor(t % 1000)).padStart(3, '0')}${how === 'full' ? 'Z' : ''}`;
}

/** Text in pieces, with what was found marked. @param {string} text @param {import('../lib/logsearch.js').Pattern|null} p */
function pieces(text, p) {
    const list = spans(text);
    const found = p ? p.parts(list.length === 1 ? list[0].text : list.map((s) => s.text).join('')) : [];
    if (!found.length) return list.map((s, i) => (s.cls ? html`<span key=${i} class=${s.cls}>${s.text}</span>` : s.text));
    const out = [];
    let at = 0;
    let k = 0;
    for (const span of list) {
        const end = at + span.text.length;
        let from = at;
        while (from < end) {
            while (k < found.length && found[k][1] <= from) k++;
            const hit = found[k];
            const inside = hit && hit[0] <= from;
            const to = Math.min(end, inside ? hit[1] : hit ? hit[0] : end);
            const piece = span.text.slice(from - at, to - at);
            out.push(inside ? html`<mark key=${from} class=${span.cls}>${piece}</mark>` : span.cls ? html`<span key=${from} class=${span.cls}>${piece}</span>` : piece);
            from = to;
        }
        at = end;
    }
    return out;
}

/**
 * @param {{line: import('../lib/logring.js').Line, n: number, view: import('../store/logview.js').View, wrap: boolean, columns: number, onMark: (event: MouseEvent) => void}} props
 */
export function LogRow({ line, n, view, wrap, onMark }) {
    const { time } = view.liking.value;
    if (line.mark) return html`<div class="log-row log-mark" data-n=${n}><span>${timeText(line.t, 'clock')} ${line.m}</span></div>`;
    const open = view.open.has(n);
    const json = looksJson(line.m);
    const rest = hidden(line);
    const range = view.chosen.value;
    const chosen = range && n >= range[0] && n <= range[1];
    const laid = open && json ? pretty(line.m) : null;
    return html`<div class=${`log-row l-${line.p} ${wrap || (open && rest) ? 'wrap' : ''} ${chosen ? 'chosen' : ''} ${view.current.value === n ? 'current' : ''}`} data-n=${n}>
        ${time !== 'none' && html`<a class="log-t" tabindex="-1" href=${`#c=${encodeURIComponent(line.c)}`} title=${absolute(line.t, zone.value)} onClick=${onMark}>${timeText(line.t, time)}</a>`}
        <span class="log-p">${levelName(line.p)}${line.s === 'stderr' ? html`<i title="stderr">▪</i>` : ''}</span><span class="log-m">${(json || rest > 0) && html`<button type="button" class="log-more" tabindex="-1" aria-expanded=${open} onClick=${() => view.flip(n)}>${json ? (open ? '▾' : '▸') : open ? 'less' : `show ${bytes(rest)}`}<span class="sr">${json ? ' as JSON' : ' of the line'}</span></button>`}${pieces(visible(line, open), view.pattern)}${open && line.cut ? html`<i class="soft"> …${bytes(line.cut)} were left out by the host</i>` : ''}${laid ? html`<span class="log-json">${laid.map((text, i) => html`<span key=${i}>${text}${'\n'}</span>`)}</span>` : ''}</span></div>`;
}
