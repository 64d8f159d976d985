// A small part of Markdown as a tree of plain objects: paragraphs, lists, headings, quotes,
// code, emphasis, and links to http, https and mailto. Everything else stays the text it is.

/** @typedef {{tag: string, href?: string, kids: (Node|string)[]}} Node */

const INLINE = /(`[^`]+`)|(\*\*[^*]+\*\*)|(\*[^*\s][^*]*\*)|(\[[^\]]+\]\([^)\s]+\))|(https?:\/\/[^\s<>()]+[^\s<>().,;:!?])/;

/** @param {string} text @returns {(Node|string)[]} */
export function inline(text) {
    const out = /** @type {(Node|string)[]} */ ([]);
    let rest = text;
    for (let match = INLINE.exec(rest); match; match = INLINE.exec(rest)) {
        if (match.index) out.push(rest.slice(0, match.index));
        out.push(span(match));
        rest = rest.slice(match.index + match[0].length);
    }
    if (rest) out.push(rest);
    return out;
}

/** @param {RegExpExecArray} match @returns {Node|string} */
function span([all, code, bold, italic, link, url]) {
    if (code) return { tag: 'code', kids: [code.slice(1, -1)] };
    if (bold) return { tag: 'strong', kids: inline(bold.slice(2, -2)) };
    if (italic) return { tag: 'em', kids: inline(italic.slice(1, -1)) };
    if (url) return { tag: 'a', href: url, kids: [url] };
    const [, text, to] = /** @type {RegExpExecArray} */ (/^\[([^\]]+)\]\(([^)\s]+)\)$/.exec(link));
    return /^(https?:\/\/|mailto:)/i.test(to) ? { tag: 'a', href: to, kids: [text] } : all;
}

/** @param {string} text @returns {Node[]} */
export function blocks(text) {
    const out = /** @type {Node[]} */ ([]);
    const lines = text.replaceAll('\r', '').split('\n');
    /** @param {string} tag @param {(Node|string)[]} kids */
    const add = (tag, kids) => {
        const last = out.at(-1);
        if (last?.tag === tag && (tag === 'p' || tag === 'blockquote') && open) last.kids.push('\n', ...kids);
        else out.push({ tag, kids });
    };
    let open = false;
    for (let i = 0; i < lines.length; i++) {
        const line = lines[i];
        const item = /^\s*(?:[-*]|(\d+)\.)\s+(.*)$/.exec(line);
        const head = /^#{1,6}\s+(.*)$/.exec(line);
        if (/^```/.test(line)) {
            const end = lines.findIndex((other, k) => k > i && /^```/.test(other));
            out.push({ tag: 'pre', kids: [lines.slice(i + 1, end < 0 ? undefined : end).join('\n')] });
            i = end < 0 ? lines.length : end;
        } else if (!line.trim()) open = false;
        else if (head) out.push({ tag: 'h4', kids: inline(head[1]) });
        else if (item) {
            const tag = item[1] ? 'ol' : 'ul';
            const last = out.at(-1);
            const list = last?.tag === tag ? last : out[out.push({ tag, kids: [] }) - 1];
            list.kids.push({ tag: 'li', kids: inline(item[2]) });
        } else {
            add(line.startsWith('>') ? 'blockquote' : 'p', inline(line.replace(/^>\s?/, '')));
            open = true;
        }
    }
    return out;
}
