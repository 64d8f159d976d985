// The page as it would be with what is not saved yet: made by the server, shown in a frame.
import { html } from '../html.js';
import { useEffect, useLayoutEffect, useRef, useState } from '../../vendor/hooks.js';
import { useSignal } from '../../vendor/signals.js';
import { asProblem, post } from '../api.js';
import { apiUrl } from '../base.js';
import { isColour, readable } from '../lib/contrast.js';
import { GROUND } from '../lib/statuspage.js';
import { Failed } from './states.js';

const DELAY_MS = 600;
const DARK_ACCENT = '#60a5fa';
const WIDTHS = { desktop: 1200, phone: 390 };

/** @typedef {'desktop'|'phone'} Size */

/** @param {{id: number, draft: Record<string, unknown>, title?: string, stamp?: number}} props stamp: of what is not in the draft */
export function PagePreview({ id, draft, title = 'Preview', stamp = 0 }) {
    const size = useSignal(/** @type {Size} */ ('desktop'));
    const dark = useSignal(false);
    const src = useSignal('');
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const [again, setAgain] = useState(0);
    const [scale, setScale] = useState(1);
    const box = useRef(/** @type {HTMLDivElement|null} */ (null));
    const fixed = draft.theme === 'light' || draft.theme === 'dark';
    // a page that follows the reader's system lightens its accent by itself where that is dark
    const night = { theme: 'dark', accent: isColour(String(draft.accent)) ? readable(String(draft.accent), GROUND.dark) : DARK_ACCENT };
    const body = JSON.stringify(dark.value && !fixed ? { ...draft, ...night } : draft);
    useEffect(() => {
        const stop = new AbortController();
        const timer = setTimeout(async () => {
            try {
                const answer = await post(`/pages/${id}/preview`, JSON.parse(body), { signal: stop.signal });
                src.value = apiUrl(`/pages/${id}/preview/${answer.id}`);
                setProblem(null);
            } catch (e) {
                if (!stop.signal.aborted) setProblem(asProblem(e));
            }
        }, src.peek() ? DELAY_MS : 0);
        return () => { clearTimeout(timer); stop.abort(); };
    }, [id, body, again, stamp]);
    const width = WIDTHS[size.value];
    useLayoutEffect(() => {
        const node = box.current;
        if (!node) return undefined;
        const fit = () => { if (node.isConnected) setScale(Math.min(1, node.clientWidth / width)); };
        fit();
        const watch = new ResizeObserver(fit);
        watch.observe(node);
        return () => watch.disconnect();
    }, [width]);
    const rules = problem?.status === 422 ? Object.entries(problem.errors) : [];
    const choice = (/** @type {Size} */ key, /** @type {string} */ text) => html`<button type="button" aria-pressed=${size.value === key} onClick=${() => { size.value = key; }}>${text}</button>`;
    return html`<section class="card sticky page-preview" aria-label=${title}><header><h2>${title}</h2><span class="segments" role="group" aria-label="Width">${choice('desktop', 'Desktop')}${choice('phone', 'Phone')}</span>
            <span class="segments"><button type="button" aria-pressed=${fixed ? draft.theme === 'dark' : dark.value} aria-disabled=${fixed ? 'true' : undefined} title=${fixed ? 'The page has a theme of its own' : undefined} onClick=${() => { if (!fixed) dark.value = !dark.value; }}>Dark</button></span></header>
        ${rules.length > 0 ? html`<p class="card-body soft" role="status">The preview waits: ${rules.map(([name, rule]) => `${name} ${rule}`).join('; ')}.</p>` : html`<${Failed} error=${problem} what="The preview" retry=${() => setAgain(again + 1)} old=${Boolean(src.value)}/>`}
        <div class="frame-box" ref=${box} data-size=${size.value}>${src.value && html`<iframe src=${src.value} title=${`${title}, ${size.value}${dark.value ? ', dark' : ''}`} sandbox="allow-same-origin" style=${{ inlineSize: `${width}px`, blockSize: `${100 / scale}%`, transform: `scale(${scale})` }}></iframe>`}</div></section>`;
}
