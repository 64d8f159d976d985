// Which screen belongs to the address, and who may see it.
import { html } from '../html.js';
import { useEffect } from '../../vendor/hooks.js';
import { asking, boot, bootError, can, load, needsSetup, proving, toSignIn, user } from '../store/session.js';
import { go, path, visits } from '../store/route.js';
import { lazy } from './lazy.js';
import { Plain } from './plain.js';
import { Boundary, Failed, NoAccess } from './states.js';

const Reauth = lazy(() => import('./reauth.js'), 'Reauth', () => null);
const Proof = lazy(() => import('./reauth.js'), 'Proof', () => null);
const Frame = lazy(() => import('./frame.js'), 'Frame', () => null);
const screen = (/** @type {() => Promise<any>} */ load) => lazy(load, 'default');

/**
 * @typedef {{Screen: (props: any) => any, title: string, open?: true, least?: import('../store/session.js').Role}} Route
 * @type {Record<string, Route>}
 */
export const ROUTES = {
    '': { title: '', open: true, Screen: lazy(() => import('../screen/landing.js'), 'default', () => null) },
    'setup/': { title: 'Set up', open: true, Screen: lazy(() => import('../screen/setup.js'), 'default', () => null) },
    'signin/': { title: 'Sign in', open: true, Screen: lazy(() => import('../screen/signin.js'), 'default', () => null) },
    'signup/': { title: 'Sign up', open: true, Screen: lazy(() => import('../screen/signup.js'), 'default', () => null) },
    'dash/': { title: 'Dashboard', Screen: screen(() => import('../screen/dash.js')) },
    'monitors/': { title: 'Monitors', Screen: screen(() => import('../screen/monitors.js')) },
    'incidents/': { title: 'Incidents', Screen: screen(() => import('../screen/incidents.js')) },
    'maintenance/': { title: 'Maintenance', Screen: screen(() => import('../screen/maintenance.js')) },
    'hosts/': { title: 'Hosts', Screen: screen(() => import('../screen/hosts.js')) },
    'apps/': { title: 'Apps', Screen: screen(() => import('../screen/apps.js')) },
    'notify/': { title: 'Notifications', Screen: screen(() => import('../screen/notify.js')) },
    'pages/': { title: 'Status pages', Screen: screen(() => import('../screen/pages.js')) },
    'admin/': { title: 'Admin', least: 'admin', Screen: screen(() => import('../screen/admin.js')) },
    'settings/': { title: 'Settings', Screen: screen(() => import('../screen/settings.js')) },
};

export function App() {
    return html`<${Page}/>${asking.value && html`<${Reauth}/>`}${proving.value && html`<${Proof}/>`}`;
}

function Page() {
    const route = ROUTES[path.value];
    useFocus();
    if (bootError.value && !boot.value) {
        return html`<${Plain} title="Tocsin cannot be reached"><${Failed} error=${bootError.value} what="The server’s answer" retry=${load}/>
            <p class="meta">This page asks again every five seconds.</p><//>`;
    }
    if (!route) return html`<${Plain} title="This page does not exist"><a href=".">Start again</a><//>`;
    const { Screen } = route;
    if (route.open) return html`<${Boundary} key=${path.value}><${Screen}/><//>`;
    if (!user.value) return html`<${Redirect}/>`;
    return html`<${Frame}><${Boundary} key=${path.value}>${route.least && !can(route.least)
        ? html`<h1 tabindex="-1">${route.title}</h1><${NoAccess} need=${route.least}/>` : html`<${Screen}/>`}<//><//>`;
}

/** Nobody is signed in: the sign-in page, or the set-up of a new server. */
function Redirect() {
    useEffect(() => (needsSetup.peek() ? go('setup/', { replace: true }) : toSignIn()), []);
    return null;
}

const FOCUS_MS = 5000;

/**
 * A new page takes the focus to its heading, so that it is announced and Tab starts there. The
 * heading may be drawn anew when the page's data comes; the focus stays with it until somebody acts.
 */
function useFocus() {
    const visit = visits.value;
    useEffect(() => {
        if (!visit) return undefined;
        const stop = () => { clearInterval(timer); removeEventListener('keydown', stop, true); removeEventListener('pointerdown', stop, true); };
        const take = () => {
            const active = document.activeElement;
            const heading = /** @type {HTMLElement|null} */ (document.querySelector('main h1:not(.sr)'));
            if (active?.closest('main') && active.matches('input, select, textarea')) return; // a field took it
            if (heading && active !== heading) heading.focus({ preventScroll: true });
        };
        const began = Date.now();
        const timer = setInterval(() => (Date.now() - began > FOCUS_MS ? stop() : take()), 50);
        addEventListener('keydown', stop, true);
        addEventListener('pointerdown', stop, true);
        take();
        return stop;
    }, [visit]);
}
