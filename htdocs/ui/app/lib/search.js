// The list's search line: words, and tokens is: type: tag: group: owner:, each with - for "not".

/** @typedef {{key: string, value: string, not: boolean}} Term */

const KEYS = ['is', 'type', 'tag', 'group', 'owner'];

/** @param {string} text @returns {Term[]} */
export function parse(text) {
    const terms = [];
    for (const [, minus, key, quoted, bare] of text.toLowerCase().matchAll(/(-?)(?:(\w+):)?(?:"([^"]*)"?|(\S+))/g)) {
        const value = quoted ?? bare ?? '';
        const known = key && KEYS.includes(key);
        terms.push({ key: known ? key : '', value: known || !key ? value : `${key}:${value}`, not: minus === '-' });
    }
    return terms.filter((term) => term.value);
}

/**
 * @param {Term[]} terms
 * @param {{text: string, type: string, tags: string[], group: string, owner: string}} row text is lower case
 * @param {string} status
 */
export function matches(terms, row, status) {
    for (const { key, value, not } of terms) {
        if (hit(key, value, row, status) === not) return false;
    }
    return true;
}

function hit(/** @type {string} */ key, /** @type {string} */ value, /** @type {Parameters<typeof matches>[1]} */ row, /** @type {string} */ status) {
    switch (key) {
    case 'is': return status.startsWith(value);
    case 'type': return row.type === value;
    case 'tag': return row.tags.some((tag) => tag.toLowerCase() === value);
    case 'group': return row.group.toLowerCase().startsWith(value);
    case 'owner': return row.owner.includes(value);
    default: return row.text.includes(value);
    }
}

/**
 * How well letters of `query` are found in order in `text`: higher is better, -1 is not at all.
 * @param {string} query lower case @param {string} text lower case
 */
export function fuzzy(query, text) {
    if (!query) return 0;
    const at = text.indexOf(query);
    if (at >= 0) return 1000 - at - text.length / 100 + (at === 0 || /\W/.test(text[at - 1]) ? 500 : 0);
    let score = 0;
    let from = 0;
    for (const letter of query) {
        const i = text.indexOf(letter, from);
        if (i < 0) return -1;
        score += i === from ? 3 : i === 0 || /\W/.test(text[i - 1]) ? 2 : 0;
        from = i + 1;
    }
    return score;
}
