// vendor: copies the pinned npm modules to DIR/ui/vendor, where the pages import them by
// relative address. A bare name ("preact") would need an import map, and an inline map needs
// a hash in the content security policy.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';

const MODULES = {
    'preact': ['preact/dist/preact.mjs', 'preact.js'],
    'preact/hooks': ['preact/hooks/dist/hooks.mjs', 'hooks.js'],
    'htm': ['htm/dist/htm.module.js', 'htm.js'],
    '@preact/signals-core': ['@preact/signals-core/dist/signals-core.module.js', 'signals-core.js'],
    '@preact/signals': ['@preact/signals/dist/signals.module.js', 'signals.js'],
    'uplot': ['uplot/dist/uPlot.esm.js', 'uplot.js'],
};
const SPECIFIER = /(\bfrom\s*|\bimport\s*)(["'])([^"'./][^"']*)\2/g;

/** @param {string} modules the node_modules folder @param {string} out the ui folder */
export function vendor(modules, out) {
    const dir = join(out, 'vendor');
    mkdirSync(dir, { recursive: true });
    for (const [name, [from, to]] of Object.entries(MODULES)) {
        let text = readFileSync(join(modules, from), 'utf8').replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n');
        text = text.replace(SPECIFIER, (all, keyword, quote, bare) => {
            if (!/^[@\w][\w@/.-]*$/.test(bare)) return all; // a string that only looks like an import
            if (!MODULES[bare]) throw new Error(`${name} imports ${bare}, which is not vendored`);
            return `${keyword}${quote}./${MODULES[bare][1]}${quote}`;
        });
        if (name === 'uplot') text = transformSync(text, { minify: true, format: 'esm' }).code;
        writeFileSync(join(dir, to), text);
    }
    writeFileSync(join(dir, 'uplot.css'), readFileSync(join(modules, 'uplot/dist/uPlot.min.css')));
}
