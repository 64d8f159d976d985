// htm2jsx: mirrors a module with every html`…` as JSX on the same lines, so that tsc checks tags,
// props and events. Without it htm takes <div><span>a</div> without a word.
import { parse } from 'acorn';
import { full } from 'acorn-walk';

/**
 * @param {string} source
 * @param {string} name for messages
 * @param {(message: string) => void} complain
 */
export function convert(source, name, complain) {
    const ast = parse(source, { ecmaVersion: 'latest', sourceType: 'module', locations: true });
    const templates = [];
    full(ast, (node) => { if (node.type === 'TaggedTemplateExpression' && node.tag.name === 'html') templates.push(node); });
    const fail = (node, message) => complain(`${name}:${node.loc.start.line}: ${message}`);

    /** The source from `from` to `to` with the templates in it converted, outermost first. */
    function code(from, to) {
        let out = '';
        let at = from;
        const inner = templates.filter((t) => t.start >= from && t.end <= to).sort((a, b) => a.start - b.start || b.end - a.end);
        for (const t of inner) {
            if (t.start < at) continue;
            out += source.slice(at, t.start) + jsx(t);
            at = t.end;
        }
        return out + source.slice(at, to);
    }

    function jsx(node) {
        const { quasis, expressions } = node.quasi;
        const state = writer((message) => fail(node, message));
        quasis.forEach((part, k) => {
            state.read(part.value.raw);
            const value = expressions[k];
            if (value) state.expression(code(value.start, value.end), quasis[k + 1].value.raw);
        });
        return state.end();
    }
    return { code: code(0, source.length), templates: templates.length };
}

/** Reads a template piece by piece and writes JSX. */
function writer(fail) {
    const stack = [];
    let out = '';
    let mode = 'text';
    let text = '';
    let tag = '';
    let quote = '';
    let attr = null;
    let dynamic = false;
    let roots = 0;

    const flush = () => {
        if (!text) return;
        const special = /[{}>&]/.test(text) && text.trim();
        out += special ? `{\`${text.replace(/[`\\$]/g, '\\$&')}\`}` : text;
        if (!stack.length && text.trim()) roots++;
        text = '';
    };
    const endAttr = () => {
        if (/^-?\d+$/.test(attr ?? '') && !dynamic) out += `{${attr}}`; // a number is one in JSX
        else if (attr !== null) out += dynamic ? `{\`${attr}\`}` : `"${attr.replace(/"/g, '&quot;')}"`;
        attr = null;
        dynamic = false;
    };
    const close = () => {
        const open = stack.pop();
        if (open === undefined) fail('a closing tag without an open one');
        else if (tag && tag !== '/' && tag !== open) fail(`</${tag}> closes <${open}>`);
        out += `</${open ?? tag}>`;
        mode = 'text';
    };

    /** What one character means in each mode; the answer is how many more are used up. */
    const step = {
        text(s, i) {
            if (s.startsWith('<!--', i)) {
                const end = s.indexOf('-->', i) + 2;
                flush();
                out += s.slice(i, end).replace(/[^\n]/g, '');
                return end - i;
            }
            if (s[i] !== '<') text += s[i];
            else {
                flush();
                mode = s[i + 1] === '/' ? 'close' : 'name';
                tag = '';
                return mode === 'close' ? 1 : 0;
            }
            return 0;
        },
        name(s, i) {
            if (!/[\s/>]/.test(s[i])) { tag += s[i]; return 0; }
            if (!stack.length) roots++;
            out += `<${tag}`;
            mode = 'attrs';
            return -1;
        },
        attrs(s, i) {
            if (s[i] === '>') { out += '>'; stack.push(tag); mode = 'text'; return 0; }
            if (s.startsWith('/>', i)) { out += '/>'; mode = 'text'; return 1; }
            if (s.startsWith('...', i)) { mode = 'spread'; return 2; }
            out += s[i];
            if (s[i] !== '=') return 0;
            attr = '';
            if (s[i + 1] !== '"' && s[i + 1] !== "'") { mode = 'bare'; return 0; }
            quote = s[i + 1];
            mode = 'quoted';
            return 1;
        },
        bare(s, i) {
            if (!/[\s>]/.test(s[i]) && !s.startsWith('/>', i)) { attr += s[i]; return 0; }
            endAttr();
            mode = 'attrs';
            return -1;
        },
        quoted(s, i) {
            if (s[i] !== quote) { attr += s[i]; return 0; }
            endAttr();
            mode = 'attrs';
            return 0;
        },
        close(s, i) {
            if (s[i] === '>') close();
            else tag += s[i];
            return 0;
        },
    };

    return {
        read(s) {
            for (let i = 0; i < s.length; i++) i += step[mode](s, i);
        },
        expression(value, rest) {
            if (mode === 'text') {
                flush();
                if (!stack.length) roots++;
                out += `{${value}}`;
            } else if (mode === 'name' || mode === 'close') {
                if (!/^[\w.$]+$/.test(value)) fail('a component must be an identifier');
                tag += value;
            } else if (mode === 'spread') {
                out += `{...${value}}`;
                mode = 'attrs';
            } else if (mode === 'bare' && attr === '' && /^([\s>]|\/>)/.test(rest)) {
                out += `{${value}}`;
                attr = null;
                mode = 'attrs';
            } else if (attr !== null) {
                attr += `\${${value}}`;
                dynamic = true;
            } else fail(`an expression in ${mode}`);
        },
        end() {
            flush();
            if (stack.length) fail(`<${stack.at(-1)}> is never closed`);
            return roots === 1 && /^\s*</.test(out) ? `(${out})` : `(<>${out}</>)`;
        },
    };
}
