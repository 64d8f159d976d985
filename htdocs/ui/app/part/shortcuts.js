import { useEffect } from '../../vendor/hooks.js';
import { addShortcuts } from '../store/keys.js';
import { togglePause } from '../store/live.js';
import { prefs, setPrefs } from '../store/prefs.js';
import { go } from '../store/route.js';
import { can } from '../store/session.js';
import { openPalette } from '../store/palette.js';

const openHelp = () => import('./palette.js').then((palette) => palette.openHelp());

/** The shortcuts of every page. */
export function useShortcuts() {
    useEffect(() => addShortcuts('Everywhere', [
        { keys: 'Ctrl+k', text: 'Search or run a command', run: openPalette, always: true },
        { keys: '?', text: 'This sheet', run: openHelp },
        { keys: '/', text: 'Search', run: () => {
            const own = /** @type {HTMLElement|null} */ (document.querySelector('[data-search]'));
            if (own) own.focus();
            else openPalette();
        } },
        { keys: 'g d', text: 'Dashboard', run: () => go('dash/') },
        { keys: 'g m', text: 'Monitors', run: () => go('monitors/') },
        { keys: 'g i', text: 'Incidents', run: () => go('incidents/') },
        { keys: 'g c', text: 'Maintenance', run: () => go('maintenance/') },
        { keys: 'g h', text: 'Hosts', run: () => go('hosts/') },
        { keys: 'g l', text: 'Apps', run: () => go('apps/') },
        { keys: 'g n', text: 'Notifications', run: () => go('notify/') },
        { keys: 'g p', text: 'Status pages', run: () => go('pages/') },
        ...(can('admin') ? [{ keys: 'g a', text: 'Admin', run: () => go('admin/') }] : []),
        { keys: 'g s', text: 'Settings', run: () => go('settings/') },
        ...(can('member') ? [{ keys: 'n', text: 'New monitor', run: () => go('monitors/?new=http') }] : []),
        { keys: '.', text: 'Pause or go on with updates', run: togglePause },
        { keys: '[', text: 'Narrow sidebar', run: () => setPrefs({ narrow: !prefs.peek().narrow }) },
        { keys: 'F6', text: 'To the notes and back', always: true, run: () => {
            const notes = document.getElementById('toasts');
            const to = document.activeElement === notes ? document.getElementById('main') : notes;
            to?.focus();
        } },
    ]), []);
}
