import { html } from '../html.js';
import { blocks } from '../lib/markdown.js';

/** @param {import('../lib/markdown.js').Node|string} node @returns {any} */
function show(node) {
    if (typeof node === 'string') return node;
    const kids = node.kids.map(show);
    switch (node.tag) {
    case 'a': return html`<a href=${node.href} target="_blank" rel="noopener noreferrer nofollow">${kids}</a>`;
    case 'code': return html`<code>${kids}</code>`;
    case 'strong': return html`<strong>${kids}</strong>`;
    case 'em': return html`<em>${kids}</em>`;
    case 'ul': return html`<ul class="md-list">${kids}</ul>`;
    case 'ol': return html`<ol class="md-list">${kids}</ol>`;
    case 'li': return html`<li>${kids}</li>`;
    case 'pre': return html`<pre class="excerpt">${kids}</pre>`;
    case 'blockquote': return html`<blockquote>${kids}</blockquote>`;
    case 'h4': return html`<p><strong>${kids}</strong></p>`;
    default: return html`<p>${kids}</p>`;
    }
}

/** Text from people, as nodes. @param {{text: string}} props */
export const Markdown = ({ text }) => html`${blocks(text).map(show)}`;
