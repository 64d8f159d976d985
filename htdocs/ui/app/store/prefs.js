// What a user prefers. Kept in this browser at once, and with the account when signed in.
import { signal, computed, effect } from '../../vendor/signals.js';
import { browserZone } from '../lib/time.js';
import { root } from '../base.js';

/** @typedef {{theme: 'system'|'light'|'dark', zone: string, times: 'relative'|'absolute', density: 'normal'|'compact', keys: boolean, motion: 'system'|'none', narrow: boolean, checklist: boolean}} Prefs */

/** @type {Prefs} */
const DEFAULTS = { theme: 'system', zone: 'browser', times: 'relative', density: 'normal', keys: true, motion: 'system', narrow: false, checklist: true };
const KEY = `tocsin.prefs ${root.pathname}`;

/** @returns {Partial<Prefs>} */
function stored() {
    try {
        return JSON.parse(localStorage.getItem(KEY) ?? '{}');
    } catch {
        return {};
    }
}

export const prefs = signal(/** @type {Prefs} */ ({ ...DEFAULTS, ...stored() }));

/** The zone that every time is shown in. */
export const zone = computed(() => {
    const chosen = prefs.value.zone;
    if (chosen === 'browser') return browserZone();
    try {
        new Intl.DateTimeFormat('en', { timeZone: chosen });
        return chosen;
    } catch {
        return 'UTC';
    }
});

/** Saves to the account; set by the session store. */
export const account = { save: (/** @type {Prefs} */ _) => {} };

/** @param {Partial<Prefs>} change */
export function setPrefs(change) {
    prefs.value = { ...prefs.peek(), ...change };
    account.save(prefs.peek());
}

/** Takes what the account holds. @param {Partial<Prefs>|undefined} saved */
export function adoptPrefs(saved) {
    const known = Object.entries(saved ?? {}).filter(([key]) => key in DEFAULTS);
    if (known.length) prefs.value = { ...prefs.peek(), ...Object.fromEntries(known) };
}

effect(() => {
    const { theme, density, motion } = prefs.value;
    const data = document.documentElement.dataset;
    if (theme === 'system') delete data.theme;
    else data.theme = theme;
    if (motion === 'none') data.motion = 'none';
    else delete data.motion;
    data.density = density;
    cookie('tocsin_theme', theme === 'system' ? '' : theme);
    cookie('tocsin_motion', motion === 'none' ? 'none' : '');
    try {
        localStorage.setItem(KEY, JSON.stringify(prefs.value));
    } catch { /* a private window: the choice lasts as long as the page */ }
});

/** theme.js reads these before the first paint. @param {string} name @param {string} value */
function cookie(name, value) {
    const had = document.cookie.includes(`${name}=`);
    if (!value && !had) return;
    document.cookie = `${name}=${value}; path=${root.pathname}; max-age=${value ? 31536000 : 0}; samesite=lax`;
}
