// Differences of two texts by line (Myers, O(ND)), of two lines by word, and of three texts.

/** @typedef {{op: 'keep'|'add'|'del', a: number, b: number, text: string}} Op a, b: line numbers from 1, 0 where there is none */

const MOST_CHANGES = 1500; // more, and the middle is simply replaced

/** The ends of the shortest way, d by d. @param {string[]} a @param {string[]} b */
function trace(a, b) {
    const n = a.length;
    const m = b.length;
    const max = Math.min(n + m, MOST_CHANGES);
    const off = max + 1;
    const v = new Int32Array(2 * max + 3);
    /** @type {Int32Array[]} */
    const seen = [];
    for (let d = 0; d <= max; d++) {
        seen.push(v.slice(off - d - 1, off + d + 2));
        for (let k = -d; k <= d; k += 2) {
            let x = k === -d || (k !== d && v[off + k - 1] < v[off + k + 1]) ? v[off + k + 1] : v[off + k - 1] + 1;
            while (x < n && x - k < m && a[x] === b[x - k]) x++;
            v[off + k] = x;
            if (x >= n && x - k >= m) return seen;
        }
    }
    return null;
}

/** @param {string[]} a @param {string[]} b @returns {[number, number][]} pairs of places that are kept */
function kept(a, b) {
    const seen = trace(a, b);
    if (!seen) return [];
    /** @type {[number, number][]} */
    const pairs = [];
    let x = a.length;
    let y = b.length;
    for (let d = seen.length - 1; d >= 0; d--) {
        const v = seen[d];
        const at = (/** @type {number} */ k) => v[k + d + 1];
        const k = x - y;
        const down = k === -d || (k !== d && at(k - 1) < at(k + 1));
        const px = d === 0 ? 0 : down ? at(k + 1) : at(k - 1);
        const py = d === 0 ? 0 : px - (down ? k + 1 : k - 1);
        while (x > px && y > py && x > 0 && y > 0 && a[x - 1] === b[y - 1]) pairs.push([--x, --y]);
        x = px;
        y = py;
    }
    return pairs.reverse();
}

/** @param {string[]} a @param {string[]} b @returns {Op[]} */
export function diffLines(a, b) {
    let head = 0;
    while (head < a.length && head < b.length && a[head] === b[head]) head++;
    let tail = 0;
    while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
    const pairs = kept(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
    /** @type {Op[]} */
    const out = [];
    let i = 0;
    let j = 0;
    const upTo = (/** @type {number} */ x, /** @type {number} */ y) => {
        for (; i < x; i++) out.push({ op: 'del', a: i + 1, b: 0, text: a[i] });
        for (; j < y; j++) out.push({ op: 'add', a: 0, b: j + 1, text: b[j] });
    };
    const keep = () => { out.push({ op: 'keep', a: i + 1, b: j + 1, text: a[i] }); i++; j++; };
    while (i < head) keep();
    for (const [x, y] of pairs) { upTo(x + head, y + head); keep(); }
    upTo(a.length - tail, b.length - tail);
    while (i < a.length) keep();
    return out;
}

/** @param {string} text the lines of it; the last line end makes no empty line */
export const linesOf = (text) => { const lines = text.split('\n'); if (lines.at(-1) === '') lines.pop(); return lines; };

/** What of two lines differs, in words: pieces with a mark. @param {string} a @param {string} b @returns {{a: [string, boolean][], b: [string, boolean][]}} */
export function diffWords(a, b) {
    const words = (/** @type {string} */ text) => text.match(/\w+|\s+|[^\w\s]/g) ?? [];
    const ops = diffLines(words(a), words(b));
    const side = (/** @type {'add'|'del'} */ mine) => ops.filter((o) => o.op === 'keep' || o.op === mine).reduce((out, o) => {
        const changed = o.op !== 'keep';
        const last = out.at(-1);
        if (last && last[1] === changed) last[0] += o.text;
        else out.push([o.text, changed]);
        return out;
    }, /** @type {[string, boolean][]} */ ([]));
    return { a: side('del'), b: side('add') };
}

/** Runs that are kept, without the few lines beside a change, are folded. @param {Op[]} ops @param {number} [context] @returns {({fold: Op[]}|Op)[]} */
export function folded(ops, context = 3) {
    /** @type {({fold: Op[]}|Op)[]} */
    const out = [];
    for (let i = 0; i < ops.length;) {
        if (ops[i].op !== 'keep') { out.push(ops[i++]); continue; }
        let j = i;
        while (j < ops.length && ops[j].op === 'keep') j++;
        const from = i === 0 ? i : Math.min(j, i + context);
        const to = j === ops.length ? j : Math.max(from, j - context);
        out.push(...ops.slice(i, from));
        if (to - from > 1) out.push({ fold: ops.slice(from, to) });
        else out.push(...ops.slice(from, to));
        out.push(...ops.slice(to, j));
        i = j;
    }
    return out;
}

/** @param {Op[]} ops */
export const counted = (ops) => ({ added: ops.filter((o) => o.op === 'add').length, removed: ops.filter((o) => o.op === 'del').length });

/** Pieces of `base` that one side replaced: [from, to, with]. @param {string[]} base @param {string[]} side @returns {[number, number, string[]][]} */
function changes(base, side) {
    /** @type {[number, number, string[]][]} */
    const out = [];
    let at = 0;
    /** @type {[number, number, string[]]|null} */
    let open = null;
    for (const o of diffLines(base, side)) {
        if (o.op === 'keep') {
            if (open) out.push(open);
            open = null;
            at++;
            continue;
        }
        open ??= [at, at, []];
        if (o.op === 'del') open[1] = ++at;
        else open[2].push(o.text);
    }
    if (open) out.push(open);
    return out;
}

/**
 * Both sides' changes in one text. Where both changed the same lines unlike, mine is taken and told of.
 * @param {string} base @param {string} mine @param {string} theirs
 */
export function merge3(base, mine, theirs) {
    const lines = linesOf(base);
    const own = changes(lines, linesOf(mine));
    const other = changes(lines, linesOf(theirs));
    const touch = (/** @type {[number, number, string[]]} */ x, /** @type {[number, number, string[]]} */ y) => (x[0] < y[1] && y[0] < x[1]) || (x[0] === y[0] && x[1] === y[1]) || (x[0] === y[0] && (x[0] === x[1] || y[0] === y[1]));
    const clashes = own.filter((x) => other.some((y) => touch(x, y) && (x[0] !== y[0] || x[1] !== y[1] || x[2].join('\n') !== y[2].join('\n'))));
    const all = [...own, ...other.filter((y) => !own.some((x) => touch(x, y)))].sort((x, y) => x[0] - y[0] || x[1] - y[1]);
    const out = [];
    let at = 0;
    for (const [from, to, text] of all) {
        out.push(...lines.slice(at, from), ...text);
        at = Math.max(at, to);
    }
    out.push(...lines.slice(at));
    const end = /\n$/.test(mine) || !mine ? '\n' : '';
    return { text: out.join('\n') + (out.length ? end : ''), clashes: clashes.map(([from, to, text]) => ({ from: from + 1, to, text })) };
}
