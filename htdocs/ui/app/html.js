// html`…`: templates that become Preact nodes. Text from outside enters as text.
import { h } from '../vendor/preact.js';
import htm from '../vendor/htm.js';

export const html = htm.bind(h);
