import { html } from '../html.js';
import { differences, words } from '../lib/merge.js';
import { Button } from './button.js';
import { closeDialog, Dialog } from './dialog.js';

/**
 * Somebody else saved first: what differs, and the choice.
 * @param {{base: any, mine: any, theirs: any, keep: () => void, take: () => void}} props
 */
export function Conflict({ base, mine, theirs, keep, take }) {
    const list = differences(base, mine, theirs);
    const end = (/** @type {() => void} */ fn) => () => { closeDialog(); fn(); };
    return html`<${Dialog} title="Somebody else changed this meanwhile" wide>
        ${list.length ? html`<p>Nothing is lost yet. These fields differ:</p><div class="scroll-x" tabindex="0" role="region" aria-label="Differences"><table class="diff"><thead><tr><th scope="col">Field</th><th scope="col">Mine</th><th scope="col">Theirs</th></tr></thead>
            <tbody>${list.map((item) => html`<tr key=${item.name}><th scope="row">${item.name.replaceAll('_', ' ')}${item.clash && html` <span class="meta">both changed it</span>`}</th><td>${words(item.mine)}</td><td>${words(item.theirs)}</td></tr>`)}</tbody></table></div>`
            : html`<p>What they saved is the same as yours.</p>`}
        <footer><${Button} onClick=${end(take)}>Take theirs<//><${Button} kind="primary" onClick=${end(keep)}>Keep mine<//></footer><//>`;
}
