// Where the rows of a log lie when a few, or all, are higher than one line: heights are whole
// lines, and only rows that are higher are remembered.

export const ROW = 18;

/** East Asian wide characters and pictures take two cells. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\ud83c-\ud83e][\udc00-\udfff]/g;

/** How many cells a text takes in a fixed-width font. @param {string} text */
export function cells(text) {
    let n = text.length;
    if (/[^\u0020-\u024f]/.test(text)) {
        n += (text.match(WIDE) ?? []).reduce((sum, c) => sum + (c.length === 1 ? 1 : 0), 0);
        for (let i = text.indexOf('\t'); i >= 0; i = text.indexOf('\t', i + 1)) n += 7;
    }
    return n;
}

/** @param {number} n cells @param {number} columns */
export const wrapped = (n, columns) => Math.max(1, Math.ceil(n / Math.max(8, columns)));

/** Positions of `count` rows. Rows are told in order of their place. */
export function layout() {
    /** Places of the rows that are higher than one line, rising. @type {number[]} */
    let places = [];
    /** The lines that they and those before add. @type {number[]} */
    let sums = [];

    /** How many of the places lie before `i`. @param {number} i */
    function before(i) {
        let low = 0;
        let high = places.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (places[middle] < i) low = middle + 1;
            else high = middle;
        }
        return low;
    }
    const extra = (/** @type {number} */ i) => { const k = before(i); return k ? sums[k - 1] : 0; };
    return {
        clear() { places = []; sums = []; },
        /** The row at `i`, later than any told before, takes so many lines. @param {number} i @param {number} lines */
        tell(i, lines) {
            if (lines <= 1) return;
            sums.push((sums.at(-1) ?? 0) + lines - 1);
            places.push(i);
        },
        /** Lines above the row at `i`. @param {number} i */
        top: (i) => i + extra(i),
        /** The row that covers line `y`, at most `count - 1`. @param {number} y @param {number} count */
        find(y, count) {
            let low = 0;
            let high = Math.max(0, count - 1);
            while (low < high) {
                const middle = (low + high + 1) >> 1;
                if (middle + extra(middle) <= y) low = middle;
                else high = middle - 1;
            }
            return low;
        },
    };
}
