import { html } from '../html.js';
import { Heading } from '../part/page.js';
export default function Screen() { return html`<${Heading} title="settings"/>`; }
