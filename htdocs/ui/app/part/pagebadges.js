// Badges, the bar for other sites, and feeds: what to copy, and how it looks now.
import { html } from '../html.js';
import { useState } from '../../vendor/hooks.js';
import { href } from '../base.js';
import { addressOf } from '../screen/pages.js';
import { Copy } from './button.js';
import { Select } from './field.js';

const KINDS = /** @type {[string, string][]} */ ([['', 'Status'], ['uptime', 'Uptime of 90 days'], ['ms', 'Response time']]);
const FEEDS = /** @type {[string, string][]} */ ([['feed.atom', 'Atom feed'], ['feed.json', 'JSON feed'], ['summary.json', 'All of it as JSON'], ['maintenance.ics', 'Maintenance for calendars']]);

const quoted = (/** @type {string} */ text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

/** @param {import('./pageedit.js').TabProps} props */
export function Badges({ page }) {
    const [of, setOf] = useState('');
    const [kind, setKind] = useState('');
    const file = of ? `badge/${of}${kind ? `-${kind}` : ''}.svg` : `badge${kind ? `-${kind}` : ''}.svg`;
    const address = addressOf(page);
    const name = of ? page.components.find((/** @type {any} */ c) => String(c.id) === of)?.name ?? page.title : page.title;
    const alt = `${name}: ${(KINDS.find(([k]) => k === kind)?.[1] ?? '').toLowerCase()}`;
    const frame = `<iframe src="${quoted(address)}embed/" title="${quoted(page.title)}" width="100%" height="64" loading="lazy"></iframe>`;
    return html`<section class="card narrow-page" aria-labelledby="badges"><header><h2 id="badges">Badge</h2></header><div class="card-body form">
            <div class="grid2"><${Select} label="Of" value=${of} onChange=${setOf} options=${[['', 'The whole page'], ...page.components.map((/** @type {any} */ c) => /** @type {[string, string]} */ ([String(c.id), c.name]))]}/><${Select} label="Says" value=${kind} onChange=${setKind} options=${KINDS}/></div>
            ${page.published_at && page.access === 'public' ? html`<p class="badge-shown"><img src=${href(`status/${page.slug}/${file}`)} alt=${alt}/></p>` : html`<p class="soft">${page.published_at ? 'Only who may read the page sees its badges.' : 'It shows here once the page is published.'}</p>`}
            <${Snippet} label="HTML" text=${`<a href="${quoted(address)}"><img src="${quoted(address)}${file}" alt="${quoted(alt)}"></a>`}/><${Snippet} label="Markdown" text=${`[![${alt.replace(/[[\]]/g, '')}](${address}${file})](${address})`}/></div></section>
        <section class="card narrow-page" aria-labelledby="embed"><header><h2 id="embed">Bar for other sites</h2></header><div class="card-body form"><p class="soft">A frame of 64 pixels in height, without scripts of ours in your page.</p><${Snippet} label="HTML of the bar" text=${frame}/></div></section>
        <section class="card narrow-page" aria-labelledby="feeds"><header><h2 id="feeds">Feeds and data</h2></header><ul class="lines">${FEEDS.map(([path, text]) => html`<li key=${path}><span class="grow"><b>${text}</b><br/><a class="meta" href=${address + path} target="_blank" rel="noopener">${address}${path}</a></span><${Copy} text=${address + path}/></li>`)}</ul></section>`;
}

/** @param {{label: string, text: string}} props */
const Snippet = ({ label, text }) => html`<div class="field"><div class="row"><span class="label grow">${label}</span><${Copy} text=${text}/></div><pre class="excerpt" tabindex="0" role="region" aria-label=${label}>${text}</pre></div>`;
