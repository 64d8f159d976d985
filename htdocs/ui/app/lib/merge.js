// Two people changed the same thing: what each of them changed.

const same = (/** @type {unknown} */ a, /** @type {unknown} */ b) => JSON.stringify(a) === JSON.stringify(b);

/**
 * @template {Record<string, unknown>} T
 * @param {T} base what both began with @param {T} mine @param {T} theirs
 * @returns {{name: string, base: unknown, mine: unknown, theirs: unknown, clash: boolean}[]} the fields that differ; clash: both changed it, not alike
 */
export function differences(base, mine, theirs) {
    return Object.keys(base).filter((name) => !same(mine[name], theirs[name])).map((name) => ({
        name, base: base[name], mine: mine[name], theirs: theirs[name],
        clash: !same(base[name], mine[name]) && !same(base[name], theirs[name]),
    }));
}

/** A value as one line of text; secrets are null and stay hidden. @param {unknown} value @returns {string} */
export function words(value) {
    if (value === null || value === undefined) return '—';
    if (typeof value === 'boolean') return value ? 'yes' : 'no';
    if (Array.isArray(value)) return value.length ? value.map(words).join(', ') : 'none';
    if (typeof value === 'object') {
        const entries = Object.entries(value);
        return entries.length ? entries.map(([key, v]) => `${key}: ${v === null ? '••••' : words(v)}`).join(', ') : 'none';
    }
    return String(value) || 'empty';
}
