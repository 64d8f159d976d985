// The small menus of the top bar.
import { html } from '../html.js';
import { href } from '../base.js';
import { browserZone, zoneName } from '../lib/time.js';
import { prefs, setPrefs, zone } from '../store/prefs.js';
import { signOut, user } from '../store/session.js';
import { Menu } from './menu.js';

const openHelp = () => import('./palette.js').then((palette) => palette.openHelp());

/** @type {[import('../store/prefs.js').Prefs['theme'], string][]} */
const THEMES = [['system', 'As the system'], ['light', 'Light'], ['dark', 'Dark']];

export const themeItems = () => THEMES.map(([theme, text]) => ({ text, checked: prefs.value.theme === theme, run: () => setPrefs({ theme }) }));

export const zoneItems = () => {
    const own = browserZone();
    return [
        { text: `This browser (${own})`, checked: prefs.value.zone === 'browser', run: () => setPrefs({ zone: 'browser' }) },
        { text: 'UTC', checked: prefs.value.zone === 'UTC', run: () => setPrefs({ zone: 'UTC' }) },
    ];
};

export const ThemeButton = () => html`<${Menu} label="Theme" icon=${prefs.value.theme === 'dark' ? 'moon' : 'sun'} items=${themeItems} cls="btn quiet icon"/>`;

export const ZoneMenu = () => html`<${Menu} label=${`Time zone: ${zoneName(zone.value)}, ${zone.value}`} items=${zoneItems}>${zoneName(zone.value)}<//>`;

export function AccountMenu() {
    const who = user.value;
    if (!who) return null;
    const items = () => [
        { text: 'Settings', icon: /** @type {const} */ ('settings'), href: href('settings/') },
        { text: 'Keyboard shortcuts', icon: /** @type {const} */ ('info'), keys: '?', run: openHelp },
        null,
        ...themeItems(),
        null,
        ...zoneItems(),
        null,
        { text: 'Sign out', icon: /** @type {const} */ ('out'), run: signOut },
    ];
    const letter = (who.name || who.email).trim()[0]?.toUpperCase() ?? '?';
    return html`<${Menu} label=${`Account of ${who.name || who.email}`} items=${items}><span class="avatar" aria-hidden="true">${letter}</span><//>`;
}
