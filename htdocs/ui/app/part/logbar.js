// The tools of a log: follow and pause, search, filters, how it is shown, what is taken away.
import { html } from '../html.js';
import { useEffect, useState } from '../../vendor/hooks.js';
import { asProblem } from '../api.js';
import { LEVELS, levelName } from '../lib/logring.js';
import { forServer } from '../lib/logsearch.js';
import { count, plural } from '../lib/number.js';
import { now } from '../store/clock.js';
import { Button, Copy } from './button.js';
import { closeDialog, Dialog, openDialog } from './dialog.js';
import { Check, Field, Select } from './field.js';
import { Icon } from './icon.js';
import { timeText } from './logrow.js';
import { Menu } from './menu.js';
import { FormProblem } from './field.js';

/** @type {Record<import('../store/logs.js').Kind, [string, string, string]>} */
const KINDS = { loading: ['◌', 'Loading', ''], live: ['●', 'Live', 'Lines come as they are written'], reconnecting: ['▲', 'Reconnecting', 'The stream broke; it goes on where it stopped'], polling: ['◔', 'Polling, 5 s', 'There is no stream here: new lines are asked for every five seconds'],
    history: ['◔', 'Older lines', 'Scroll down, or jump to the newest'], ended: ['■', 'Ended', 'Nothing more will come'], stopped: ['■', 'Stopped', ''] };
const SPANS = /** @type {[string, string][]} */ ([['3600', 'Last hour'], ['21600', 'Last 6 hours'], ['86400', 'Last 24 hours'], ['604800', 'Last 7 days'], ['', 'Everything there is']]);

/**
 * @param {{view: import('../store/logview.js').View, walk: (step: 1|-1) => void, newest: () => void, nextError: () => void, copy: () => string, download?: (query: Record<string, any>) => string, server?: boolean,
 *   show: (n: number) => void, shown: number}} props
 */
export function LogBar({ view, walk, newest, nextError, copy, download, server, show, shown }) {
    const { source } = view;
    const text = view.typed.value;
    const setText = (/** @type {string} */ next) => { view.typed.value = next; };
    useEffect(() => {
        const timer = setTimeout(() => { view.query.value = text; }, text ? 150 : 0);
        return () => clearTimeout(timer);
    }, [text]);
    const l = view.liking.value;
    const paused = view.paused.value;
    const [glyph, word, about] = KINDS[source.kind.value];
    const hits = view.hits;
    const at = hits.indexOf(view.current.value);
    const bad = view.pattern?.error;
    const keys = (/** @type {KeyboardEvent} */ e) => {
        if (e.key === 'Enter') { e.preventDefault(); walk(e.shiftKey ? -1 : 1); }
        if (e.key === 'Escape') { e.stopPropagation(); setText(''); }
    };
    const menu = () => [
        { text: 'Wrap long lines', checked: l.wrap, keys: 'w', run: () => view.like({ wrap: !l.wrap }) }, null,
        ...(/** @type {[import('../store/logview.js').Liking['time'], string][]} */ ([['clock', 'Time of day'], ['full', 'Date and time, UTC'], ['none', 'No time']])).map(([time, t]) => ({ text: t, checked: l.time === time, run: () => view.like({ time }) })), null,
        ...(/** @type {[import('../store/logview.js').Liking['announce'], string][]} */ ([['off', 'Read nothing aloud'], ['errors', 'Read errors aloud'], ['all', 'Read new lines aloud']])).map(([announce, t]) => ({ text: t, checked: l.announce === announce, run: () => view.like({ announce }) })), null,
        { text: 'Next error', keys: 'x', run: nextError },
        ...(server ? [{ text: 'Search on the server…', icon: /** @type {const} */ ('search'), run: () => openDialog(() => html`<${ServerSearch} view=${view} query=${text} show=${show}/>`) }] : []),
    ];
    const from = (/** @type {string} */ s) => (s ? Math.floor(now() / 1000) - Number(s) : undefined);
    return html`<div class="log-bar" role="group" aria-label="Tools of the log">
        <${Button} small icon=${paused ? 'test' : 'pause'} pressed=${paused} onClick=${() => view.pause(!paused)}>${paused ? `Paused${view.waiting ? ` +${count(view.waiting)}` : ''}` : 'Pause'}<//>
        <${Button} small pressed=${view.follow.value && !paused} keys="f" onClick=${() => (view.follow.value && !paused ? view.setFollow(false) : newest())}>Follow<//>
        <span class="log-find"><${Icon} name="search"/><input class="input" type="search" data-search aria-label="Search the log" placeholder="Search, or /pattern/i" value=${text} aria-invalid=${bad ? 'true' : undefined} title=${bad || undefined}
            onInput=${(/** @type {any} */ e) => setText(e.currentTarget.value)} onKeyDown=${keys}/>
            <span class="meta num" role="status">${bad ? 'no pattern' : view.query.value ? `${at >= 0 ? count(at + 1) : '–'}/${count(hits.length)}${view.searching ? '…' : ''}` : ''}</span>
            <${Button} small kind="quiet" icon="up" label="Match before" reason=${hits.length ? '' : 'Nothing is found'} onClick=${() => walk(-1)}/><${Button} small kind="quiet" icon="down" label="Next match" reason=${hits.length ? '' : 'Nothing is found'} onClick=${() => walk(1)}/></span>
        <${Button} small pressed=${view.only.value} onClick=${() => { view.only.value = !view.only.value; }} reason=${view.query.value || view.only.value ? '' : 'Search for something first'}>Only matches<//>
        <select class="input small" aria-label="Level" onChange=${(/** @type {any} */ e) => view.like({ level: e.currentTarget.value })}>${LEVELS.map(([key, t]) => html`<option value=${key} selected=${l.level === key}>${t}</option>`)}</select>
        <select class="input small" aria-label="Output" onChange=${(/** @type {any} */ e) => view.like({ stream: e.currentTarget.value })}>${[['', 'all output'], ['stdout', 'stdout'], ['stderr', 'stderr']].map(([key, t]) => html`<option value=${key} selected=${l.stream === key}>${t}</option>`)}</select>
        ${server && html`<${Since} source=${source}/>`}
        <${Menu} label="How the log is shown" icon="more" items=${menu} cls="btn small icon"/><${Copy} text=${copy}/>
        ${download && html`<${Menu} label="Download" cls="btn small" items=${() => SPANS.map(([s, t]) => ({ text: t, href: download({ since: from(s), level: l.level === '7' ? undefined : l.level, stream: l.stream }) }))}>Download<//>`}
        <span class="log-state"><span class="meta num">${plural(shown, 'line')}</span><span class="log-kind" data-kind=${source.kind.value} title=${about} role="status"><span aria-hidden="true">${glyph}</span> ${word}</span></span></div>`;
}

/** From when on: the host is asked, as the page holds the newest lines alone. @param {{source: import('../store/logs.js').Source}} props */
function Since({ source }) {
    const [value, setValue] = useState('');
    async function choose(/** @type {string} */ s) {
        setValue(s);
        if (!s) return source.start();
        try {
            const page = await source.ask({ since: Math.floor(now() / 1000) - Number(s), dir: 'fwd', limit: 1 });
            if (page.lines.length) await source.around(page.lines[0].c);
        } catch (e) {
            source.error.value = asProblem(e);
        }
    }
    return html`<select class="input small" aria-label="Since" onChange=${(/** @type {any} */ e) => choose(e.currentTarget.value)}>${/** @type {[string, string][]} */ ([['', 'newest'], ['600', '10 min ago'], ['3600', '1 h ago'], ['21600', '6 h ago'], ['86400', '1 day ago'], ['604800', '7 days ago']]).map(([key, t]) => html`<option value=${key} selected=${value === key}>${t}</option>`)}</select>`;
}

/** The host looks through all that it has. @param {{view: import('../store/logview.js').View, query: string, show: (n: number) => void}} props */
function ServerSearch({ view, query, show }) {
    const [text, setText] = useState(query);
    const [since, setSince] = useState('86400');
    const [errors, setErrors] = useState(false);
    const [busy, setBusy] = useState(false);
    const [got, setGot] = useState(/** @type {any} */ (null));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    async function run(/** @type {string|undefined} */ cursor) {
        if (!text.trim() || busy) return;
        setBusy(true);
        setProblem(null);
        try {
            const page = await view.source.ask({ ...forServer(text.trim()), since: since ? Math.floor(now() / 1000) - Number(since) : undefined, level: errors ? 3 : undefined, dir: 'back', limit: 200, cursor });
            setGot(cursor && got ? { ...page, scanned: (got.scanned ?? 0) + (page.scanned ?? 0), lines: [...page.lines, ...got.lines] } : page);
        } catch (e) {
            setProblem(asProblem(e));
        } finally {
            setBusy(false);
        }
    }
    async function open(/** @type {string} */ c) {
        closeDialog();
        view.search(text.trim());
        const n = view.ring.find(c);
        if (n >= 0) { view.current.value = n; show(n); return; }
        view.setFollow(false);
        await view.source.around(c);
        const k = view.ring.find(c);
        view.current.value = k;
        show(k);
    }
    return html`<${Dialog} title="Search on the server" wide onSubmit=${() => run(undefined)}><${FormProblem} problem=${problem}/>
        <div class="grid2"><${Field} label="Search for" value=${text} onInput=${setText} help="Words, or /a pattern/" autofocus/><${Select} label="In" value=${since} onChange=${setSince} options=${SPANS.map(([s, t]) => [s, t.toLowerCase()])}/></div>
        <${Check} label="Only errors and worse" checked=${errors} onChange=${setErrors}/>
        ${got && html`<p role="status">${plural(got.lines.length, 'line')} found${got.scanned ? `, ${count(got.scanned)} looked at` : ''}.</p>
            ${got.more && html`<${Button} small onClick=${() => run(got.prev || got.lines[0]?.c)}>Look further back<//>`}
            <ul class="log-results" tabindex="0" aria-label="Found lines">${[...got.lines].reverse().map((/** @type {any} */ line) => html`<li key=${line.c}><button type="button" class="linklike" onClick=${() => open(line.c)}>${timeText(line.t, 'full')}</button> ${levelName(line.p)} ${line.m.slice(0, 300)}</li>`)}</ul>`}
        <footer><${Button} onClick=${closeDialog}>Close<//><${Button} kind="primary" type="submit" busy=${busy}>Search<//></footer><//>`;
}
