// api: the only module that fetches.
//
// Calls give the answer's JSON or throw a Problem. A 401 is met with one silent refresh of the
// session; if that fails, the page asks for the password over the intact form and the call
// goes on afterwards. So it does where the server wants the password anew for what is dangerous.
import { signal } from '../vendor/signals.js';
import { apiUrl } from './base.js';

/**
 * @typedef {Error & {status: number, title: string, detail: string, kind: string, requestId: string,
 *   errors: Record<string, string>, retryAfter: number}} Problem
 * @typedef {{query?: Record<string, string|number|boolean|null|undefined>, body?: unknown, file?: Blob, ifMatch?: number|string,
 *   signal?: AbortSignal, anonymous?: boolean}} Options
 */

const TIMEOUT_MS = 30000;

/** The token that writes carry; set from /bootstrap. */
export const csrf = { token: '' };

/**
 * What the page is asked, set by the session store: again and proof resolve true after a new
 * sign-in and a password that was right; demo is told what a demonstration refused.
 */
export const ask = { again: async () => false, proof: async () => false, reload: async () => {}, demo: (/** @type {string} */ _method, /** @type {string} */ _path) => {} };

/** False after a call found no network at all. */
export const online = signal(true);

/** Server's clock minus ours, in ms. */
export const skew = signal(0);

/** @param {string} method @param {string} path @param {Options} [options] @returns {Promise<any>} */
export async function call(method, path, options = {}) {
    let response = await once(method, path, options);
    if (response.status === 401 && !options.anonymous) {
        if (await refresh() || await ask.again()) response = await once(method, path, options);
    } else if (response.status === 403 && !options.anonymous) {
        const problem = await read(response.clone());
        if (problem.kind === 'csrf') {
            await ask.reload();
            response = await once(method, path, options);
        } else if (problem.kind === 'reauth' && await ask.proof()) response = await once(method, path, options);
        else if (problem.kind === 'demo') ask.demo(method, path);
    }
    if (!response.ok) throw await read(response);
    if (response.status === 204 || response.headers.get('content-length') === '0') return null;
    return response.json();
}

/** @param {string} path @param {Options['query']} [query] @param {AbortSignal} [abort] */
export const get = (path, query, abort) => call('GET', path, { query, signal: abort });
/** @param {string} path @param {unknown} [body] @param {Options} [options] */
export const post = (path, body, options) => call('POST', path, { ...options, body: body ?? {} });
/** @param {string} path @param {unknown} body @param {number|string} [ifMatch] */
export const patch = (path, body, ifMatch) => call('PATCH', path, { body, ifMatch });
/** @param {string} path @param {unknown} body @param {number|string} [ifMatch] */
export const put = (path, body, ifMatch) => call('PUT', path, { body, ifMatch });
/** @param {string} path */
export const del = (path) => call('DELETE', path);

/** @param {string} method @param {string} path @param {Options} options */
async function once(method, path, { query, body, file, ifMatch, signal: abort }) {
    const url = new URL(apiUrl(path), location.href);
    for (const [key, value] of Object.entries(query ?? {})) {
        if (value !== undefined && value !== null && value !== '') url.searchParams.set(key, String(value));
    }
    /** @type {Record<string, string>} */
    const headers = { Accept: 'application/json' };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (file) headers['Content-Type'] = file.type;
    if (method !== 'GET' && csrf.token) headers['X-CSRF-Token'] = csrf.token;
    if (ifMatch !== undefined) headers['If-Match'] = `"${ifMatch}"`;
    const limit = AbortSignal.timeout(TIMEOUT_MS);
    try {
        const response = await fetch(url, {
            method, headers, credentials: 'same-origin', cache: 'no-cache',
            body: file ?? (body === undefined ? undefined : JSON.stringify(body)),
            signal: abort ? AbortSignal.any([abort, limit]) : limit,
        });
        online.value = true;
        const date = Date.parse(response.headers.get('date') ?? '');
        if (!Number.isNaN(date) && Math.abs(date - Date.now() - skew.peek()) > 2000) skew.value = date - Date.now();
        return response;
    } catch (error) {
        if (abort?.aborted) throw error;
        online.value = false;
        throw problem(0, {
            title: limit.aborted ? 'No answer within 30 seconds' : 'No connection to the server',
            detail: 'Check the network, or whether the server is running.',
        });
    }
}

/** @type {Promise<boolean>|null} */
let refreshing = null;

/** One refresh at a time, however many calls wait for it. */
function refresh() {
    refreshing ??= once('POST', '/session/refresh', { body: {} })
        .then(async (response) => {
            if (response.ok) await ask.reload();
            return response.ok;
        })
        .catch(() => false)
        .finally(() => { refreshing = null; });
    return refreshing;
}

/** False when the server answers but gives no event stream (204, 404): then we poll. */
export async function givesStream() {
    const stop = new AbortController();
    try {
        const response = await fetch(apiUrl('/events'), {
            headers: { Accept: 'text/event-stream' }, credentials: 'same-origin', signal: stop.signal,
        });
        if (response.status === 401) await refresh();
        return response.status !== 204 && response.status !== 404;
    } catch {
        return true;
    } finally {
        stop.abort();
    }
}

/** @param {Response} response */
async function read(response) {
    let body = {};
    try {
        body = await response.json();
    } catch { /* an answer of the web server itself, not of the API */ }
    return problem(response.status, body, response.headers);
}

/** @param {number} status @param {any} body @param {Headers} [headers] @returns {Problem} */
export function problem(status, body, headers) {
    const title = body.title || TITLES[status] || 'The server could not do this';
    return Object.assign(new Error(title), {
        name: 'Problem', status, title,
        detail: body.detail ?? '',
        kind: String(body.type ?? '').replace(/^.*#/, ''),
        errors: body.errors ?? {},
        requestId: body.request_id ?? headers?.get('x-request-id') ?? '',
        retryAfter: Number(headers?.get('retry-after') ?? body.retry_after ?? 0) || 0,
    });
}

/** @type {Record<number, string>} */
const TITLES = {
    403: 'You may not do this', 404: 'This does not exist', 409: 'This is there already', 412: 'Somebody else changed this meanwhile',
    413: 'This is too large', 422: 'Some values are not right', 429: 'Too many tries', 500: 'The server failed',
    502: 'The server is away', 503: 'The server is busy or its database is away', 504: 'The server took too long',
};

/** @param {unknown} error @returns {Problem} */
export function asProblem(error) {
    const p = /** @type {Problem} */ (error);
    return p && typeof p.status === 'number' ? p : problem(-1, { title: 'Something in this page failed', detail: String(error) });
}
