import { html } from '../html.js';
import { useEffect } from '../../vendor/hooks.js';
import { pageName } from '../store/title.js';

/** A page's heading, with its actions; it is the window's title as well. @param {{title: string, note?: any, children?: any, name?: string}} props */
export function Heading({ title, note, children, name }) {
    useEffect(() => { pageName.value = name ?? title; }, [title, name]);
    return html`<div class="head"><h1 tabindex="-1">${title}${note !== undefined && html` <span class="soft">${note}</span>`}</h1>${children}</div>`;
}
