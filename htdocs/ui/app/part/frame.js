// The frame of the console: top bar, navigation, banners, main.
import { html } from '../html.js';
import { useEffect } from '../../vendor/hooks.js';
import { signal } from '../../vendor/signals.js';
import { online } from '../api.js';
import { href } from '../base.js';
import { absolute } from '../lib/time.js';
import { lostSince, retry, start } from '../store/live.js';
import { watchCounts } from '../store/overview.js';
import { openPalette, paletteOpen } from '../store/palette.js';
import { prefs, zone } from '../store/prefs.js';
import { boot } from '../store/session.js';
import { Button } from './button.js';
import { Dialog, DialogHost } from './dialog.js';
import { Icon, Logo } from './icon.js';
import { LiveButton } from './livebutton.js';
import { AccountMenu, ThemeButton, ZoneMenu } from './menus.js';
import { Nav, TabBar } from './nav.js';
import { lazy } from './lazy.js';
import { useShortcuts } from './shortcuts.js';
import { Toasts } from './toasts.js';
import { pageName } from '../store/title.js';

const loadPalette = () => import('./palette.js');
const Palette = lazy(loadPalette, 'Palette', () => null);
const drawer = signal(false);

/** @param {{children?: any}} props */
export function Frame({ children }) {
    useEffect(() => {
        start();
        // ready before it is asked for: what is typed at once must not be lost
        const timer = setTimeout(() => loadPalette().catch(() => { /* it is asked for again when it is needed */ }), 1000);
        const stop = watchCounts();
        return () => { clearTimeout(timer); stop(); };
    }, []);
    useShortcuts();
    return html`<div class=${`frame ${prefs.value.narrow ? 'narrow' : ''}`}>
        <a class="skip" href="#main" onClick=${skip}>Skip to content</a>
        <${Top}/>
        <nav class="side" aria-label="Pages"><${Nav}/></nav>
        <main class="main" id="main" tabindex="-1">${boot.value?.demo && html`<${Demo}/>`}<${Banners}/>${children}</main>
        <${TabBar} more=${() => { drawer.value = true; }}/>
        ${drawer.value && html`<${Drawer}/>`}${paletteOpen.value > 0 && html`<${Palette} key=${paletteOpen.value} opening=${paletteOpen.value}/>`}<${DialogHost}/><${Toasts}/></div>`;
}

function skip(/** @type {Event} */ event) {
    event.preventDefault();
    document.getElementById('main')?.focus();
}

function Top() {
    return html`<header class="top">
        <span class="only-narrow"><${Button} kind="quiet" icon="menu" label="Menu" onClick=${() => { drawer.value = true; }}/></span>
        <a class="brand" href=${href('dash/')} aria-label="Tocsin, to the dashboard"><${Logo}/><span class="cut">${boot.value?.instance || 'Tocsin'}</span></a>
        <span class="top-title cut">${pageName}</span>
        <button type="button" class="top-search" onClick=${openPalette} aria-label="Search or run a command Ctrl K" aria-keyshortcuts="Control+K"><${Icon} name="search"/><span>Search or run a command</span>${' '}<kbd>Ctrl K</kbd></button>
        <span class="grow hide-phone"></span>
        <${LiveButton}/><span class="hide-phone"><${ZoneMenu}/></span><span class="hide-phone"><${ThemeButton}/></span><${AccountMenu}/></header>`;
}

function Drawer() {
    const close = () => { drawer.value = false; };
    return html`<${Dialog} title="Pages" cls="dialog drawer" onClose=${close}><nav class="side" aria-label="Pages" onClick=${close}><${Nav} full/></nav><//>`;
}

/** Of a demonstration: nobody takes its numbers for real ones. */
const Demo = () => html`<aside class="demo" aria-label="Demonstration"><p><b>Demo.</b> The data is made up and nothing is saved.</p>${/^https:/.test(boot.value?.install_url ?? '') && html`<a href=${boot.value?.install_url} target="_blank" rel="noopener noreferrer">Install Tocsin</a>`}</aside>`;

/** What concerns every page. The room of an announcement is there before its text, so that it is read out. */
function Banners() {
    const lost = lostSince.value;
    return html`<div role="status" class="banners">${lost > 0
        ? html`<div class="banner"><${Icon} name="clock"/><p><b>Connection lost.</b> Showing what was known at ${absolute(lost, zone.value)}.</p><${Button} small onClick=${retry}>Try now<//></div>`
        : !online.value && html`<div class="banner"><${Icon} name="alert"/><p>The server does not answer. Changes cannot be saved now.</p></div>`}</div>`;
}
