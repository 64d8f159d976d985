import { html } from '../html.js';
import { href } from '../base.js';
import { count } from '../lib/number.js';
import { counts, openIncidents } from '../store/counts.js';
import { prefs, setPrefs } from '../store/prefs.js';
import { overview } from '../store/overview.js';
import { path } from '../store/route.js';
import { can } from '../store/session.js';
import { Icon } from './icon.js';

/** @typedef {{path: string, text: string, icon: import('./icon.js').IconName, least?: import('../store/session.js').Role}} Item @type {Item[]} */
export const PAGES = [
    { path: 'dash/', text: 'Dashboard', icon: 'dash' },
    { path: 'monitors/', text: 'Monitors', icon: 'monitors' },
    { path: 'incidents/', text: 'Incidents', icon: 'incidents' },
    { path: 'maintenance/', text: 'Maintenance', icon: 'maintenance' },
    { path: 'hosts/', text: 'Hosts', icon: 'hosts' },
    { path: 'apps/', text: 'Apps', icon: 'apps' },
    { path: 'notify/', text: 'Notifications', icon: 'notify' },
    { path: 'pages/', text: 'Status pages', icon: 'pages' },
    { path: 'admin/', text: 'Admin', icon: 'admin', least: 'admin' },
    { path: 'settings/', text: 'Settings', icon: 'settings' },
];

/** Only trouble is counted. @param {{of: string}} props */
function Problems({ of }) {
    const fleet = overview.data.value?.fleet;
    const n = of === 'monitors/' ? counts.value?.down ?? 0 : of === 'incidents/' ? openIncidents.value : of === 'apps/' ? fleet?.apps?.down ?? 0 : of === 'hosts/' ? fleet?.hosts?.unknown ?? 0 : 0;
    const word = of === 'incidents/' ? 'open' : of === 'hosts/' ? 'silent' : 'down';
    return n ? html`<span class="count" title=${`${n} ${word}`}>${count(n)}<span class="sr"> ${word}</span></span>` : null;
}

/** @param {{page: Item}} props */
const Link = ({ page }) => html`<a href=${href(page.path)} aria-current=${path.value === page.path ? 'page' : undefined} title=${prefs.value.narrow ? page.text : undefined}>
    <${Icon} name=${page.icon}/><span>${page.text}</span><${Problems} of=${page.path}/></a>`;

/** @param {{full?: boolean}} props full: in the drawer, which does not fold */
export function Nav({ full }) {
    const narrow = prefs.value.narrow && !full;
    return html`${PAGES.filter((page) => !page.least || can(page.least)).map((page) => html`<${Link} key=${page.path} page=${page}/>`)}
        <span class="side-gap"></span>
        ${!full && html`<button type="button" class="side-fold" aria-pressed=${narrow} aria-label="Narrow sidebar" title="Narrow sidebar ([)" onClick=${() => setPrefs({ narrow: !narrow })}>
            <${Icon} name=${narrow ? 'unfold' : 'fold'}/><span>Narrow</span></button>`}`;
}

const TABS = ['dash/', 'monitors/', 'incidents/', 'hosts/'].map((to) => /** @type {Item} */ (PAGES.find((page) => page.path === to)));

/** @param {{more: () => void}} props */
export const TabBar = ({ more }) => html`<nav class="tabbar" aria-label="Main pages">${TABS.map((page) => html`<${Link} key=${page.path} page=${page}/>`)}
    <button type="button" onClick=${more}><${Icon} name="menu"/><span>More</span></button></nav>`;
