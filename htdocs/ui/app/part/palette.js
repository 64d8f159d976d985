// The palette: one line that finds pages, monitors and commands (APG editable combobox).
import { html } from '../html.js';
import { signal, computed } from '../../vendor/signals.js';
import { useEffect, useLayoutEffect, useRef } from '../../vendor/hooks.js';
import { fuzzy } from '../lib/search.js';
import { apps, hosts } from '../store/fleet.js';
import { loadMonitors, monitors } from '../store/monitors.js';
import { setPrefs } from '../store/prefs.js';
import { closePalette } from '../store/palette.js';
import { go } from '../store/route.js';
import { can, signOut } from '../store/session.js';
import { shortcuts } from '../store/keys.js';
import { openHelp } from './help.js';
import { Icon, StatusIcon } from './icon.js';
import { PAGES } from './nav.js';

export { openHelp };

/** @typedef {{text: string, note?: string, icon?: import('./icon.js').IconName, status?: import('../lib/status.js').Status, run: () => void}} Command */

const SHOW = 12;
const text = signal('');
const at = signal(0);

/** Commands of the page in view: its shortcuts with a text. @returns {Command[]} */
const ofPage = () => shortcuts.value.filter((group) => group.title !== 'Everywhere')
    .flatMap((group) => group.list.filter((item) => item.keys.length === 1 && /^[a-z]$/.test(item.keys)).map((item) => ({
        text: item.text, note: group.title, icon: /** @type {const} */ ('bolt'), run: () => item.run(new KeyboardEvent('keydown')) })));

/** @returns {Command[]} */
const always = () => [
    ...PAGES.filter((page) => !page.least || can(page.least)).map((page) => ({ text: page.text, note: 'Go to', icon: page.icon, run: () => go(page.path) })),
    ...(can('member') ? [{ text: 'Add a monitor', icon: /** @type {const} */ ('add'), run: () => go('monitors/?new=http') }, { text: 'Plan maintenance', icon: /** @type {const} */ ('maintenance'), run: () => go('maintenance/?new=once') },
        { text: 'Make a status page', icon: /** @type {const} */ ('pages'), run: () => go('pages/?new=page') }, { text: 'Report an incident', icon: /** @type {const} */ ('incidents'), run: () => go('incidents/?new=incident') }] : []),
    ...(can('operator') ? [{ text: 'Add a host', icon: /** @type {const} */ ('hosts'), run: () => import('./enrol.js').then((part) => part.openEnrol()) }] : []),
    { text: 'Theme: light', icon: 'sun', run: () => setPrefs({ theme: 'light' }) },
    { text: 'Theme: dark', icon: 'moon', run: () => setPrefs({ theme: 'dark' }) },
    { text: 'Theme: as the system', icon: 'sun', run: () => setPrefs({ theme: 'system' }) },
    { text: 'Time zone: this browser', icon: 'clock', run: () => setPrefs({ zone: 'browser' }) },
    { text: 'Time zone: UTC', icon: 'clock', run: () => setPrefs({ zone: 'UTC' }) },
    { text: 'Density: normal', icon: 'list', run: () => setPrefs({ density: 'normal' }) },
    { text: 'Density: compact', icon: 'list', run: () => setPrefs({ density: 'compact' }) },
    { text: 'Keyboard shortcuts', icon: 'info', run: openHelp },
    { text: 'Sign out', icon: 'out', run: signOut },
];

const found = computed(() => {
    const q = text.value.trim().toLowerCase();
    /** @type {[number, Command][]} */
    const hits = [];
    for (const command of [...ofPage(), ...always()]) {
        const score = fuzzy(q, command.text.toLowerCase());
        if (score >= 0) hits.push([score, command]);
    }
    if (q) {
        for (const row of monitors.value) {
            const score = fuzzy(q, row.text);
            if (score > 0) hits.push([score - 1, { text: row.name, note: row.url, status: row.status.peek(), run: () => go(`monitors/?id=${row.id}`) }]);
        }
        for (const [list, to, note] of /** @type {[typeof hosts, string, (row: any) => string][]} */ ([[hosts, 'hosts/', (row) => `host ${row.address ?? ''}`], [apps, 'apps/', (row) => `app on ${row.host_name ?? row.host?.name ?? ''}`]])) {
            for (const row of list.rows.value) {
                const score = fuzzy(q, row.text);
                if (score > 0) hits.push([score - 1, { text: row.name, note: note(row), status: row.status.peek(), run: () => go(`${to}?id=${row.id}`) }]);
            }
        }
        hits.sort((a, b) => b[0] - a[0]);
    }
    return hits.slice(0, SHOW).map(([, command]) => command);
});

/** @param {{opening: number}} props */
export function Palette({ opening }) {
    const ref = useRef(/** @type {any} */ (null));
    const list = found.value;
    const close = () => closePalette(opening);
    // before the next key arrives, not after the next frame: what is typed at once belongs in here
    useLayoutEffect(() => {
        const before = /** @type {HTMLElement|null} */ (document.activeElement);
        text.value = '';
        at.value = 0;
        for (const load of [loadMonitors, hosts.load, apps.load]) load().catch(() => {});
        ref.current.showModal();
        return () => { if (before?.isConnected) before.focus(); };
    }, []);
    useEffect(() => { ref.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' }); });
    const run = (/** @type {Command|undefined} */ command) => { if (command) { close(); setTimeout(command.run); } };
    function key(/** @type {KeyboardEvent} */ event) {
        const to = { ArrowDown: at.value + 1, ArrowUp: at.value - 1, PageDown: at.value + 6, PageUp: at.value - 6 }[event.key];
        if (to !== undefined && list.length) {
            event.preventDefault();
            at.value = Math.abs(to - at.value) === 1 ? (to + list.length) % list.length : Math.max(0, Math.min(list.length - 1, to));
        } else if (event.key === 'Enter') {
            event.preventDefault();
            run(list[at.value]);
        }
    }
    return html`<dialog class="palette" ref=${ref} aria-label="Search or run a command" onClose=${close}
            onMouseDown=${(/** @type {any} */ e) => e.target === ref.current && close()}>
        <div class="palette-in"><${Icon} name="search"/><input autofocus role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list"
            aria-activedescendant=${list.length ? `palette-${at.value}` : undefined} aria-label="Search or run a command" placeholder="A monitor, host, app, page, command" value=${text}
            onInput=${(/** @type {any} */ e) => { text.value = e.currentTarget.value; at.value = 0; }} onKeyDown=${key}/><kbd>Esc</kbd></div>
        <ul role="listbox" id="palette-list" aria-label="Results">${list.map((command, i) => html`<li role="option" id=${`palette-${i}`} aria-selected=${i === at.value}
            onClick=${() => run(command)} onMouseMove=${() => { at.value = i; }}>
            ${command.status ? html`<span class=${`badge s-${command.status}`}><${StatusIcon} status=${command.status}/></span>` : html`<${Icon} name=${command.icon ?? 'next'}/>`}
            <span class="cut">${command.text}</span><span class="meta cut grow">${command.note ?? ''}</span></li>`)}</ul>
        <p class=${list.length ? 'sr' : 'palette-none'} role="status">${list.length ? `${list.length} results` : `Nothing matches “${text.value}”.`}</p></dialog>`;
}

