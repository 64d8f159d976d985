// types: checks every module of the pages, templates included, with tsc in strict mode.
//   node types.mjs
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { convert } from './htm2jsx.mjs';

const top = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const app = join(top, 'htdocs/ui/app');
const out = mkdtempSync(join(tmpdir(), 'tocsin-types.'));
const VENDOR = { preact: 'preact', hooks: 'preact/hooks', signals: '@preact/signals', 'signals-core': '@preact/signals-core', htm: 'htm', uplot: 'uplot' };
const OPTIONS = {
    target: 'es2023', module: 'esnext', moduleResolution: 'bundler', lib: ['es2023', 'esnext', 'dom', 'dom.iterable'], types: [],
    jsx: 'react-jsx', jsxImportSource: 'preact', allowJs: true, checkJs: true, strict: true, noEmit: true, skipLibCheck: true,
    noImplicitReturns: false, noFallthroughCasesInSwitch: true,
};

let errors = 0;
let templates = 0;
const complain = (message) => { errors++; console.error(message); };
const files = (dir) => readdirSync(dir, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? files(join(dir, entry.name)) : entry.name.endsWith('.js') ? [join(dir, entry.name)] : []));

for (const file of files(app)) {
    const name = relative(top, file);
    const result = convert(readFileSync(file, 'utf8'), name, complain);
    const target = join(out, relative(app, file)).replace(/\.js$/, '.jsx').replace(`${out}/`, `${out}/app/`);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, result.code);
    templates += result.templates;
}
mkdirSync(join(out, 'vendor'));
for (const [name, module] of Object.entries(VENDOR)) {
    const more = ['htm', 'uplot'].includes(name) ? `export { default } from '${module}';` : '';
    writeFileSync(join(out, 'vendor', `${name}.d.ts`), `export * from '${module}';\n${more}\n`);
}
symlinkSync(join(top, 'node_modules'), join(out, 'node_modules'));
writeFileSync(join(out, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS, include: ['app'] }));
const tsc = spawnSync(join(top, 'node_modules/.bin/tsc'), ['-p', out, '--pretty', 'false'], { encoding: 'utf8', cwd: out });
const lines = (tsc.stdout + tsc.stderr).split('\n').filter(Boolean);
for (const line of lines) console.error(line.replace(/^app\//, 'htdocs/ui/app/').replace('.jsx(', '.js('));
errors += lines.filter((line) => /error TS/.test(line)).length;
rmSync(out, { recursive: true, force: true });
console.log(`${templates} templates, ${errors} errors`);
process.exitCode = errors || tsc.status ? 1 : 0;
