// Where the page is read, and who may read it.
import { html } from '../html.js';
import { root } from '../base.js';
import { addressOf } from '../screen/pages.js';
import { Copy } from './button.js';
import { Check, Field, Radios } from './field.js';

/** A host of the page's own: the same folder as its root. @param {string} url @param {string} slug */
function snippet(url, slug) {
    let host = 'status.example.com';
    try {
        host = new URL(url).hostname;
    } catch { /* none yet: an example */ }
    return `<VirtualHost *:443>
  ServerName ${host}
  SSLEngine on
  SSLCertificateFile    /etc/ssl/${host}/fullchain.pem
  SSLCertificateKeyFile /etc/ssl/${host}/privkey.pem

  # TOCSIN_STATUS is defined in tocsin.conf: where tocsind writes status pages
  Alias /assets/ "\${TOCSIN_STATUS}/assets/"
  Alias / "\${TOCSIN_STATUS}/${slug}/"
</VirtualHost>`;
}

/** @param {import('./pageedit.js').TabProps} props */
export function Address({ page, v, set, errors }) {
    const text = snippet(v.url, v.slug || page.slug);
    return html`<div class="card card-body form narrow-page"><p>It is read at <a href=${addressOf(page)} target="_blank" rel="noopener">${addressOf(page)}</a>.</p>
            <${Field} label="Its word in the address" mono value=${v.slug} onInput=${(/** @type {string} */ slug) => set({ slug: slug.trim().toLowerCase() })} error=${errors.slug} maxlength=${63} help=${v.slug !== page.slug ? 'The old address stops: links to it, badges and feeds break.' : new URL(`status/${v.slug}/`, root).href}/>
            <${Field} label="Address of its own" need="optional" type="url" inputmode="url" value=${v.url} onInput=${(/** @type {string} */ url) => set({ url: url.trim() })} error=${errors.url} placeholder="https://status.example.com/" help="Links in mails, feeds and badges are made with it."/>
            <${Check} label="Search engines may list it" checked=${v.robots} onChange=${(/** @type {boolean} */ robots) => set({ robots })}/>
            <${Check} label="Switched on" checked=${v.enabled} onChange=${(/** @type {boolean} */ enabled) => set({ enabled })} help="Off takes its files away; settings and subscribers stay."/></div>
        <section class="card narrow-page" aria-labelledby="vhost"><header><h2 id="vhost">A virtual host for it</h2><${Copy} text=${text}/></header><div class="card-body stack"><p class="soft">Put this into the configuration of httpd, set the certificate, and reload it. Access stays as it is set here.</p><pre class="excerpt" tabindex="0" role="region" aria-label="Configuration of the virtual host">${text}</pre></div></section>`;
}

/** @param {import('./pageedit.js').TabProps} props */
export function Access({ page, v, set, errors }) {
    return html`<div class="card card-body form narrow-page"><${Radios} label="Who may read it" name="access" value=${v.access} onChange=${(/** @type {any} */ access) => set({ access })} options=${[['public', 'Everybody'], ['password', 'Who has the password'], ['address', 'Some addresses']]}/>
        ${v.access === 'password' && html`<${Field} label="Password" type="password" autocomplete="new-password" value=${v.password} onInput=${(/** @type {string} */ password) => set({ password })} error=${errors.password} placeholder=${page.password_set ? '•••• kept unless you enter another' : ''} help="At least 8 characters. The browser asks for a name as well: any will do."/>`}
        ${v.access === 'address' && html`<${Field} label="Addresses and networks" rows=${4} value=${v.allow} onInput=${(/** @type {string} */ allow) => set({ allow })} error=${errors.allow ?? Object.entries(errors).find(([name]) => name.startsWith('allow'))?.[1]} placeholder=${'192.0.2.0/24\n2001:db8::/32'} help="One a line."/>`}
        <p class="soft">It holds for all files of the page, badges and feeds as well, and also while the database is down. httpd may ask for more: any Require of yours in a Location for this address counts in addition.</p></div>`;
}
