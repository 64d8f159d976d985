// shared: fewer and larger files. esbuild makes one file for each set of pages that share a
// module, which comes to dozens of a few hundred bytes, and small files compress badly. So what
// every page loads becomes one file, and what many pages of the console share another: each page
// imports them whole, and then all of their modules are shared by the same set.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from 'esbuild';

const MANY = 6; // pages and parts that share a module of the second file
const OPEN = ['landing', 'setup', 'signin', 'signup']; // pages without the frame load nothing of it

/** @param {string} work the source @param {import('esbuild').BuildOptions} options of the real build */
export async function shared(work, options) {
    const { metafile } = await build({ ...options, write: false, minify: false, sourcemap: false, logLevel: 'silent' });
    const { inputs, outputs } = metafile;
    const name = (path) => relative(work, join(process.cwd(), path));
    const follow = (path, seen) => {
        if (seen.has(path)) return seen;
        seen.add(path);
        for (const one of inputs[path]?.imports ?? []) if (one.kind === 'import-statement') follow(one.path, seen);
        return seen;
    };
    const entries = Object.values(outputs).map((o) => o.entryPoint).filter((path) => path?.endsWith('.js'));
    const main = entries.find((path) => name(path) === 'app/main.js');
    const framed = entries.filter((path) => path !== main && !OPEN.some((page) => name(path) === `app/screen/${page}.js`));
    const all = follow(main, new Set());
    const uses = new Map();
    for (const entry of framed) for (const path of follow(entry, new Set())) uses.set(path, (uses.get(path) ?? 0) + 1);
    const many = [...uses].filter(([path, n]) => n >= MANY && !all.has(path) && !entries.includes(path)).map(([path]) => path);
    const lists = { base: [...all].filter((path) => path !== main), many };
    return {
        name: 'shared',
        setup(b) {
            b.onResolve({ filter: /^shared:/ }, ({ path }) => ({ path: path.slice(7), namespace: 'shared' }));
            b.onLoad({ filter: /.*/, namespace: 'shared' }, ({ path }) => ({ contents: lists[path].map((file) => `import ${JSON.stringify(join(process.cwd(), file))};`).join('\n'), resolveDir: work }));
            const wanted = new Map(entries.filter((path) => path !== main).map((path) => [join(process.cwd(), path), framed.includes(path)]));
            b.onLoad({ filter: /\.js$/ }, ({ path }) => {
                if (!wanted.has(path)) return undefined;
                const also = `import 'shared:base';${wanted.get(path) ? "import 'shared:many';" : ''}`;
                return { contents: `${readFileSync(path, 'utf8')}\n${also}\n`, loader: 'js' };
            });
        },
    };
}
