// What a program wrote to its log, as text with a few styles: ANSI colours become classes, every
// other control character is shown as a sign, and nothing can turn the text around.

/** @typedef {{text: string, cls: string}} Span */

// these are the characters that must not reach a page as they are
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const CONTROLS = new RegExp(CONTROL.source, 'g');
const SGR = /\u001b\[([\d;]*)m/g;
const SGR_HEAD = '\u001b[';

/** @param {string} c one control character */
function sign(c) {
    const n = c.charCodeAt(0);
    if (n < 32) return String.fromCharCode(0x2400 + n);
    if (n === 127) return '\u2421';
    return `‹${n.toString(16).padStart(2, '0')}›`;
}

/** The text without colours, control characters as signs: what is searched, copied and measured. @param {string} text */
export function plain(text) {
    if (!CONTROL.test(text)) return text;
    return text.replace(SGR, '').replace(CONTROLS, sign);
}

/** The same of a text of several lines. @param {string} text */
export const plainText = (text) => text.split('\n').map(plain).join('\n');

/** The nearest of the eight colours. @param {number} r @param {number} g @param {number} b */
function nearest(r, g, b) {
    const high = Math.max(r, g, b);
    if (high - Math.min(r, g, b) < 48) return high < 96 ? 0 : 7;
    const on = (/** @type {number} */ v) => Number(v > high / 2);
    return on(r) + 2 * on(g) + 4 * on(b);
}

/** @param {number} n of the 256 */
function indexed(n) {
    if (n < 16) return n % 8;
    if (n > 231) return n < 244 ? 0 : 7;
    const level = [0, 95, 135, 175, 215, 255];
    const k = n - 16;
    return nearest(level[Math.floor(k / 36)], level[Math.floor(k / 6) % 6], level[k % 6]);
}

/** @param {{color: number, bold: boolean, dim: boolean, italic: boolean, under: boolean, inverse: boolean}} style @param {number[]} codes */
function apply(style, codes) {
    for (let i = 0; i < codes.length; i++) {
        const n = codes[i];
        if (n === 0) Object.assign(style, { color: -1, bold: false, dim: false, italic: false, under: false, inverse: false });
        else if (n === 1) style.bold = true;
        else if (n === 2) style.dim = true;
        else if (n === 3) style.italic = true;
        else if (n === 4) style.under = true;
        else if (n === 7) style.inverse = true;
        else if (n === 22) style.bold = style.dim = false;
        else if (n === 23) style.italic = false;
        else if (n === 24) style.under = false;
        else if (n === 27) style.inverse = false;
        else if (n >= 30 && n <= 37) style.color = n - 30;
        else if (n >= 90 && n <= 97) style.color = n - 90;
        else if (n === 39) style.color = -1;
        else if (n === 38 || n === 48) {
            const color = codes[i + 1] === 5 ? indexed(codes[i + 2] ?? 0) : codes[i + 1] === 2 ? nearest(codes[i + 2] ?? 0, codes[i + 3] ?? 0, codes[i + 4] ?? 0) : -1;
            if (n === 38) style.color = color;
            i += codes[i + 1] === 5 ? 2 : codes[i + 1] === 2 ? 4 : 0;
        }
    }
}

/** Pieces of one line, each with its classes. @param {string} text @returns {Span[]} */
export function spans(text) {
    if (!CONTROL.test(text)) return [{ text, cls: '' }];
    const style = { color: -1, bold: false, dim: false, italic: false, under: false, inverse: false };
    /** @type {Span[]} */
    const out = [];
    let at = 0;
    const add = (/** @type {string} */ piece) => {
        if (!piece) return;
        const cls = [style.color > 0 && style.color < 7 ? `a-${style.color}` : style.color === 0 || style.dim ? 'a-dim' : '', style.bold && 'a-bold', style.italic && 'a-italic', style.under && 'a-under', style.inverse && 'a-inv'].filter(Boolean).join(' ');
        out.push({ text: piece.replace(CONTROLS, sign), cls });
    };
    if (text.includes(SGR_HEAD)) {
        for (const match of text.matchAll(SGR)) {
            add(text.slice(at, match.index));
            apply(style, match[1].split(';').map(Number));
            at = match.index + match[0].length;
        }
    }
    add(text.slice(at));
    return out;
}
