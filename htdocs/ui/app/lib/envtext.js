// An env file as text and as a table, both without loss: a table's change touches the one line,
// and comments, order, quotes, `export` and line ends stay.

export const MASK = '••••••••';

/**
 * @typedef {{line: number, lines: number, key: string, value: string, quote: ''|'"'|"'", exported: boolean, masked: boolean, twice: boolean}} Entry
 * @typedef {{line: number, message: string}} Trouble
 */

const LINE = /^(\s*)(export\s+)?([A-Za-z_][A-Za-z0-9_]*)(=)(.*)$/;

/** @param {string} rest after the sign @returns {{value: string, quote: Entry['quote'], after: string}|null} null: the quote is open */
function valueOf(rest) {
    const body = rest.trimStart();
    const lead = rest.slice(0, rest.length - body.length);
    if (lead && (!body || body.startsWith('#'))) return { value: '', quote: '', after: rest };
    if (body[0] === "'" || body[0] === '"') {
        const quote = body[0];
        let value = '';
        for (let i = 1; i < body.length; i++) {
            if (quote === '"' && body[i] === '\\' && i + 1 < body.length) {
                i++;
                value += body[i] === 'n' ? '\n' : /["\\$`]/.test(body[i]) ? body[i] : `\\${body[i]}`;
            } else if (body[i] === quote) return { value, quote, after: body.slice(i + 1) };
            else value += body[i];
        }
        return null;
    }
    const comment = /\s+#.*$/.exec(body);
    const value = (comment ? body.slice(0, comment.index) : body).trimEnd();
    return { value, quote: '', after: body.slice(value.length) };
}

/** A quoted value may go over several lines. @param {string[]} all @param {number} i @param {string} rest */
function whole(all, i, rest) {
    let found = valueOf(rest);
    let lines = 1;
    for (let body = rest; !found && i + lines < all.length; lines++) {
        body += `\n${all[i + lines]}`;
        found = valueOf(body);
        if (found) return { found, lines: lines + 1 };
    }
    return { found, lines: 1 };
}

/** @param {string} text */
export function parseEnv(text) {
    /** @type {Entry[]} */
    const entries = [];
    /** @type {Trouble[]} */
    const problems = [];
    const last = new Map();
    const all = text.split('\n');
    for (let i = 0; i < all.length; i++) {
        const line = all[i].replace(/\r$/, '');
        if (!line.trim() || line.trimStart().startsWith('#')) continue;
        const match = LINE.exec(line);
        if (!match) {
            const key = line.split('=')[0].trim();
            problems.push({ line: i + 1, message: line.includes('=') ? `“${key}” cannot be a name` : 'there is no =' });
            continue;
        }
        const { found, lines } = whole(all, i, match[5]);
        if (!found) problems.push({ line: i + 1, message: 'the quote is not closed' });
        else if (found.quote && found.after.trim() && !found.after.trim().startsWith('#')) problems.push({ line: i + 1, message: 'there is text after the quote' });
        const value = found?.value ?? match[5];
        const entry = { line: i + 1, lines, key: match[3], value, quote: found?.quote ?? '', exported: Boolean(match[2]), masked: value.includes(MASK), twice: false };
        const before = last.get(entry.key);
        if (before) {
            before.twice = entry.twice = true;
            problems.push({ line: i + 1, message: `${entry.key} is set before, in line ${before.line}` });
        }
        last.set(entry.key, entry);
        entries.push(entry);
        i += lines - 1;
    }
    return { entries, problems };
}

/** A value as it is written; it keeps the quotes it had where it can. @param {string} value @param {Entry['quote']} had */
export function quoted(value, had = '') {
    const bare = /^[\w.,:;/@%+=~^!?*()[\]{}<>|&-]*$/.test(value) && !/[\s#'"\\$`]/.test(value);
    if (value.includes(MASK) && !had) return value;
    if (had === "'" || (!had && !bare && !value.includes("'"))) if (!value.includes("'")) return `'${value}'`;
    if (!had && bare) return value;
    return `"${value.replace(/["\\$`]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

/** @param {string} text @param {(lines: string[]) => void} change */
function edit(text, change) {
    const lines = text.split('\n');
    change(lines);
    return lines.join('\n');
}
const endOf = (/** @type {string} */ text) => (/\r\n/.test(text) ? '\r' : '');

/** The last line that sets the key gets the value; a new key goes to the end. @param {string} text @param {string} key @param {string} value */
export function setKey(text, key, value) {
    const entry = parseEnv(text).entries.filter((e) => e.key === key).at(-1);
    if (!entry) return addKey(text, key, value);
    return edit(text, (lines) => {
        const raw = lines[entry.line - 1];
        const cr = raw.endsWith('\r') ? '\r' : '';
        const match = /** @type {RegExpExecArray} */ (LINE.exec(raw.replace(/\r$/, '')));
        const { found } = whole(lines, entry.line - 1, match[5]);
        lines.splice(entry.line - 1, entry.lines, `${match[1]}${match[2] ?? ''}${match[3]}=${quoted(value, entry.quote)}${(found?.after ?? '').replace(/\r$/, '')}${cr}`);
    });
}

/** @param {string} text @param {string} key @param {string} value */
export function addKey(text, key, value) {
    const cr = endOf(text);
    const gap = text && !text.endsWith('\n') ? `${cr}\n` : '';
    return `${text}${gap}${key}=${quoted(value)}${cr}\n`;
}

/** All lines that set it go. @param {string} text @param {string} key */
export function removeKey(text, key) {
    const gone = new Set(parseEnv(text).entries.filter((e) => e.key === key).flatMap((e) => Array.from({ length: e.lines }, (_, k) => e.line - 1 + k)));
    return text.split('\n').filter((_, i) => !gone.has(i)).join('\n');
}

export const KEY_RULE = /^[A-Za-z_][A-Za-z0-9_]*$/;
