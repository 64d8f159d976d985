import { html } from '../html.js';
import { useEffect } from '../../vendor/hooks.js';
import { href } from '../base.js';
import { boot, needsSetup, user } from '../store/session.js';
import { go } from '../store/route.js';
import { Bars } from '../part/bars.js';
import { Icon, Logo } from '../part/icon.js';
import { Badge } from '../part/status.js';

/** @type {[string, import('../lib/status.js').Status, string][]} */
const SAMPLE = [
    ['Checkout', 'up', '111111111111111111111111'], ['API', 'down', '111111111111111211111133'],
    ['Mail gateway', 'degraded', '111111111222111111111122'], ['Documentation', 'up', '111111111111111111111111'],
];

/** @type {[import('../part/icon.js').IconName, string, string][]} */
const POINTS = [
    ['bolt', 'Seconds, not minutes', 'Checks from every five seconds, each with its phases: name lookup, connect, TLS, first byte, transfer.'],
    ['incidents', 'One outage, one incident', 'It starts at the first failed check, carries who did what, and closes when the site is back.'],
    ['notify', 'Told once, told surely', 'Mail, signed webhooks and chat, retried until they arrive, with the log of every attempt.'],
];

export default function Landing() {
    const to = needsSetup.value ? 'setup/' : user.value ? 'dash/' : '';
    useEffect(() => { if (to) go(to, { replace: true }); }, [to]);
    if (to) return null;
    return html`<div class="landing"><header><a class="plain-brand" href=${href('')}><${Logo}/>${boot.value?.instance || 'Tocsin'}</a>
            <a class="btn primary" href=${href('signin/')}>Sign in</a></header>
        <main id="main" class="stack"><section class="hero"><h1 tabindex="-1">Know that it is down before anybody calls.</h1>
            <p>Tocsin watches your websites from your own server: status, response times, incidents and messages, live in one page. It lives inside the Apache httpd that is already there.</p>
            <div class="row"><a class="btn primary" href=${href('signin/')}>Sign in</a>
                ${boot.value?.features?.signup === 'open' && html`<a class="btn" href=${href('signup/')}>Sign up</a>`}</div></section>
        <ul class="sample" aria-label="Example">${SAMPLE.map(([name, status, bars]) => html`<li><${Badge} status=${status} iconOnly/><b class="grow cut">${name}</b>
            <${Bars} digits=${bars} label=${`${name}, example of the last 24 hours`}/></li>`)}</ul>
        <section class="points" aria-label="What it does">${POINTS.map(([icon, title, text]) => html`<div><${Icon} name=${icon}/><h2>${title}</h2><p>${text}</p></div>`)}</section></main></div>`;
}
