// Which screen belongs to the address, and who may see it.
import { html } from '../html.js';
import { signal, effect } from '../../vendor/signals.js';
import { problem } from '../api.js';
import { useEffect } from '../../vendor/hooks.js';
import { boot, bootError, can, load, needsSetup, toSignIn, user } from '../store/session.js';
import { go, path, visits } from '../store/route.js';
import { Frame } from './frame.js';
import { DialogHost } from './dialog.js';
import { Reauth } from './reauth.js';
import { Toasts } from './toasts.js';
import { Plain } from './plain.js';
import { Boundary, Failed, NoAccess, Skeleton } from './states.js';

/**
 * @typedef {{load: () => Promise<{default: () => any}>, title: string, open?: true, least?: import('../store/session.js').Role}} Route
 * @type {Record<string, Route>}
 */
export const ROUTES = {
    '': { title: '', open: true, load: () => import('../screen/landing.js') },
    'setup/': { title: 'Set up', open: true, load: () => import('../screen/setup.js') },
    'signin/': { title: 'Sign in', open: true, load: () => import('../screen/signin.js') },
    'signup/': { title: 'Sign up', open: true, load: () => import('../screen/signup.js') },
    'dash/': { title: 'Dashboard', load: () => import('../screen/dash.js') },
    'monitors/': { title: 'Monitors', load: () => import('../screen/monitors.js') },
    'incidents/': { title: 'Incidents', load: () => import('../screen/incidents.js') },
    'notify/': { title: 'Notifications', load: () => import('../screen/notify.js') },
    'admin/': { title: 'Admin', least: 'admin', load: () => import('../screen/admin.js') },
    'settings/': { title: 'Settings', load: () => import('../screen/settings.js') },
};

/** The modules that are there. @type {import('../../vendor/signals.js').Signal<Record<string, () => any>>} */
const screens = signal(/** @type {Record<string, () => any>} */ ({}));
const broken = signal('');

effect(() => {
    const here = path.value;
    const route = ROUTES[here];
    if (!route || screens.peek()[here]) return;
    route.load().then(
        (module) => { screens.value = { ...screens.peek(), [here]: module.default }; broken.value = ''; },
        () => { broken.value = here; }, // offline, or a newer release has taken this one's place
    );
});

export function App() {
    return html`<${Page}/><${DialogHost}/><${Reauth}/><${Toasts}/>`;
}

function Page() {
    const route = ROUTES[path.value];
    useFocus();
    if (bootError.value && !boot.value) {
        return html`<${Plain} title="Tocsin cannot be reached"><${Failed} error=${bootError.value} what="The server’s answer" retry=${load}/>
            <p class="meta">This page asks again every five seconds.</p><//>`;
    }
    if (!route) return html`<${Plain} title="This page does not exist"><a href=".">Start again</a><//>`;
    const Screen = screens.value[path.value];
    if (route.open) return Screen ? html`<${Boundary} key=${path.value}><${Screen}/><//>` : null;
    if (!user.value) return html`<${Redirect}/>`;
    return html`<${Frame}><${Boundary} key=${path.value}>${route.least && !can(route.least)
        ? html`<h1 tabindex="-1">${route.title}</h1><${NoAccess} need=${route.least}/>`
        : Screen ? html`<${Screen}/>`
            : broken.value === path.value ? html`<${Failed} error=${problem(0, { title: 'No connection, or a new version was installed.' })} what="This page" retry=${() => location.reload()}/>`
                : html`<h1 tabindex="-1">${route.title}</h1><${Skeleton} label=${`Loading ${route.title}`}/>`}<//><//>`;
}

/** Nobody is signed in: the sign-in page, or the set-up of a new server. */
function Redirect() {
    useEffect(() => (needsSetup.peek() ? go('setup/', { replace: true }) : toSignIn()), []);
    return null;
}

/** A new page takes the focus to its heading, so that it is announced and Tab starts there. */
function useFocus() {
    const visit = visits.value;
    const ready = Boolean(screens.value[path.value]);
    useEffect(() => {
        if (!visit || !ready) return;
        const active = document.activeElement;
        if (active && active !== document.body && active.closest('main')?.querySelector('[autofocus]') === active) return;
        const heading = /** @type {HTMLElement|null} */ (document.querySelector('main h1'));
        heading?.focus({ preventScroll: true });
    }, [visit, ready]);
}
