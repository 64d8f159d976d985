// Short notes at the edge of the page, some with Undo.
import { signal } from '../../vendor/signals.js';
import { ask, asProblem } from '../api.js';

/** @typedef {{id: number, text: string, kind: 'info'|'good'|'bad', undo?: () => void|Promise<void>, label?: string}} Toast */

const STAY_MS = 6000;
const UNDO_MS = 10000;

export const toasts = signal(/** @type {Toast[]} */ ([]));
/** While the pointer or the focus is on them, none leaves. */
export const held = signal(false);

let last = 0;

/** @param {string} text @param {Omit<Partial<Toast>, 'id'|'text'>} [options] */
export function toast(text, options = {}) {
    const item = { kind: /** @type {Toast['kind']} */ ('info'), ...options, id: ++last, text };
    toasts.value = [...toasts.value, item];
    if (item.kind !== 'bad') leave(item.id, item.undo ? UNDO_MS : STAY_MS);
}

/** @param {unknown} error @param {string} [what] what failed, in words */
export function toastProblem(error, what) {
    const p = asProblem(error);
    if (p.kind === 'demo') return; // said already
    const first = Object.entries(p.errors)[0];
    const why = p.detail || (first ? `${first[0]} ${first[1]}` : p.title);
    toast(what ? `${what}: ${why}` : why, { kind: 'bad' });
}

ask.demo = (method, path) => {
    if (/^\/(me|session)\b/.test(path)) return; // preferences stay with this browser
    const name = document.querySelector('main h1')?.firstChild?.textContent?.trim() ?? '';
    import('../lib/demo.js').then(({ wouldHave }) => toast(wouldHave(method, path, name)), () => toast('Demo: nothing is saved here'));
};

/** @param {number} id */
export const dismiss = (id) => { toasts.value = toasts.value.filter((item) => item.id !== id); };

function leave(/** @type {number} */ id, /** @type {number} */ wait) {
    setTimeout(() => (held.peek() ? leave(id, 1000) : dismiss(id)), wait);
}
