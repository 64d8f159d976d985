// The colours: every contrast that text, controls and status need, and how far apart the status
// colours and the chart's lines are for people who see colours differently.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { contrast, distance, SIGHTS } from './colour.mjs';

const css = readFileSync(new URL('../../htdocs/ui/style/tokens.css', import.meta.url), 'utf8');
const blocks = [...css.matchAll(/\{([^{}]*--bg:[^{}]*)\}/g)].map(([, body]) => Object.fromEntries([...body.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map(([, name, value]) => [name, value])));
const STATUSES = ['up', 'degraded', 'down', 'maintenance', 'unknown', 'paused'];
const SURFACES = ['bg', 'surface', 'raised', 'hover', 'selected'];
const [light, dark, chosenDark] = blocks;

test('the dark theme is the same by choice and by system', () => {
    assert.equal(blocks.length, 3);
    assert.deepEqual(dark, chosenDark);
});

test('the public page has the colours of the console', () => {
    const page = readFileSync(new URL('../../htdocs/status/page.css', import.meta.url), 'utf8');
    const own = [...page.matchAll(/\{([^{}]*--bg:[^{}]*)\}/g)].map(([, body]) => [...body.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map(([, name, value]) => [name, value]));
    assert.equal(own.filter((pairs) => pairs.length > 20).length, 3);
    own.filter((pairs) => pairs.length > 20).forEach((pairs, i) => {
        const other = pairs.filter(([name, value]) => name !== 'track' && blocks[i][name] !== value);
        assert.deepEqual(other, []);
    });
});

for (const [name, theme] of Object.entries({ light, dark })) {
    const least = (fg, backs, need) => { for (const back of backs) assert.ok(contrast(theme[fg], theme[back]) >= need, `${name}: ${fg} on ${back} is ${contrast(theme[fg], theme[back]).toFixed(2)}, needs ${need}`); };
    test(`${name}: text can be read on every surface`, () => {
        least('text', SURFACES, 7);
        for (const fg of ['text-2', 'text-3', 'link']) least(fg, SURFACES, 4.5);
        least('accent-text', ['accent'], 4.5);
        least('danger-text', ['danger'], 4.5);
    });
    test(`${name}: borders of controls and the focus ring can be seen`, () => {
        least('border-strong', ['bg', 'surface', 'raised', 'hover'], 3);
        least('focus', SURFACES, 3);
        least('accent', ['bg', 'surface', 'raised', 'hover'], 3);
    });
    test(`${name}: each status as text, as a fill, on its tint`, () => {
        for (const status of STATUSES) {
            least(`${status}-fg`, [...SURFACES, `${status}-tint`], 4.5);
            least(`${status}-fill`, SURFACES, 3);
            least(`${status}-on`, [`${status}-fill`], 4.5);
            least('text', [`${status}-tint`], 7);
        }
    });
    for (const sight of Object.keys(SIGHTS)) {
        const apart = (names, need) => {
            for (const [i, a] of names.entries()) for (const b of names.slice(i + 1)) assert.ok(distance(theme[a], theme[b], sight) >= need, `${name}, ${sight}: ${a} and ${b} are ${distance(theme[a], theme[b], sight).toFixed(1)} apart, need ${need}`);
        };
        test(`${name}, ${sight}: status fills are told apart`, () => apart(STATUSES.map((s) => `${s}-fill`), 14.5));
        test(`${name}, ${sight}: the chart's colours are told apart`, () => apart([1, 2, 3, 4, 5, 6, 7, 8].map((n) => `chart-${n}`), 13));
    }
    test(`${name}: the chart's colours stand out`, () => { for (let n = 1; n <= 8; n++) least(`chart-${n}`, ['surface'], 3); });
}
