// "Test now": settings that need not be saved are tried once by a checker.
import { html } from '../html.js';
import { useEffect, useRef, useState } from '../../vendor/hooks.js';
import { asProblem, get, post } from '../api.js';
import { ms, plural } from '../lib/number.js';
import { instant } from '../lib/time.js';
import { now } from '../store/clock.js';
import { on } from '../store/live.js';
import { FormProblem } from './field.js';
import { Failed } from './states.js';
import { Phases } from './phases.js';
import { Badge } from './status.js';

const GIVE_UP_MS = 75000; // the longest timeout is 60 s

/**
 * @typedef {{status: import('../lib/status.js').Status, reason?: string, message?: string, code?: number|null, ms?: number|null, response_ms?: number|null, phases?: any, tls?: {subject: string, issuer: string, not_after: string}|null, headers?: [string, string][], excerpt?: string, size?: number, url?: string, redirects?: number,
 *   failed?: {assertion: string, expected: string, actual: string}|null}} Result
 * @typedef {{busy: boolean, result: Result|null, problem: import('../api.js').Problem|null, run: (spec: any) => Promise<void>}} Test */

/** @returns {Test} */
export function useTest() {
    const [busy, setBusy] = useState(false);
    const [result, setResult] = useState(/** @type {Result|null} */ (null));
    const [problem, setProblem] = useState(/** @type {import('../api.js').Problem|null} */ (null));
    const alive = useRef(true);
    useEffect(() => () => { alive.current = false; }, []);

    async function run(/** @type {any} */ spec) {
        if (busy) return;
        setBusy(true);
        setProblem(null);
        try {
            const { id } = await post('/monitors/test', spec);
            const answer = await finished(id, alive);
            if (alive.current && answer) setResult(answer);
        } catch (e) {
            if (alive.current) setProblem(asProblem(e));
        } finally {
            if (alive.current) setBusy(false);
        }
    }
    return { busy, result, problem, run };
}

/** Waits for the event that says it is done, and asks now and then in case none comes. @param {string} id @param {{current: boolean}} alive */
async function finished(id, alive) {
    const end = Date.now() + GIVE_UP_MS;
    let wait = 150;
    while (alive.current) {
        const run = await get(`/monitors/test/${id}`);
        if (run.state === 'done') return run.result;
        if (Date.now() > end) throw Object.assign(new Error('No checker took the test'), { status: -1, title: 'No checker took the test', detail: 'Is tocsind running?', errors: {}, kind: '', requestId: '', retryAfter: 0 });
        await new Promise((resolve) => {
            const off = on('test', () => done());
            const timer = setTimeout(() => done(), wait);
            const done = () => { off(); clearTimeout(timer); resolve(null); };
        });
        wait = Math.min(wait * 1.6, 2000);
    }
    return null;
}

/** @param {{test: Test}} props */
export function TestResult({ test: { result, problem, busy } }) {
    return html`<div role="status">${busy ? html`<div class="result"><p class="soft">Testing…</p></div>`
        : problem?.status === 422 ? html`<${FormProblem} problem=${problem}/>`
        : problem ? html`<${Failed} error=${problem} what="The test’s result" retry=${() => {}}/>`
            : result && html`<${Outcome} result=${result}/>`}</div>`;
}

/** @param {{result: Result}} props */
export function Outcome({ result }) {
    const total = result.ms ?? result.response_ms;
    const until = instant(result.tls?.not_after);
    const days = until === null ? null : Math.floor((until - now()) / 864e5);
    const headers = result.headers ?? [];
    return html`<div class=${`result s-${result.status}`}><div class="row"><${Badge} status=${result.status}/>${result.code ? html`<b>${result.code}</b>` : ''}
            ${total !== null && total !== undefined && html`<span class="num">${ms(total)}</span>`}
            ${days !== null && html`<span class="soft">certificate valid for ${plural(days, 'day')}</span>`}
            ${result.redirects ? html`<span class="soft">${plural(result.redirects, 'redirect')} to ${result.url}</span>` : ''}</div>
        ${result.message && result.status !== 'up' && html`<p>${result.message}</p>`}
        ${result.failed && html`<dl class="kv"><dt>Checked</dt><dd>${result.failed.assertion}</dd><dt>Expected</dt><dd class="mono">${result.failed.expected}</dd><dt>Got</dt><dd class="mono">${result.failed.actual}</dd></dl>`}
        ${result.phases && html`<${Phases} phases=${result.phases}/>`}
        ${headers.length > 0 && html`<details><summary>${plural(headers.length, 'header')}</summary><pre class="excerpt">${headers.map(([name, value]) => `${name}: ${value}`).join('\n')}</pre></details>`}
        ${result.excerpt && html`<details><summary>Start of the answer</summary><pre class="excerpt">${result.excerpt}</pre></details>`}</div>`;
}
