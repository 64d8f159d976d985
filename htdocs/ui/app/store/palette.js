// Whether the command palette is open; the palette itself is loaded when it first is.
import { signal } from '../../vendor/signals.js';

let openings = 0;

/** The number of the opening that is in view, or 0. */
export const paletteOpen = signal(0);
export const openPalette = () => { paletteOpen.value = ++openings; };

/** The browser tells that a dialog was closed a moment later: it may be open again by then. @param {number} opening */
export const closePalette = (opening) => { if (paletteOpen.peek() === opening) paletteOpen.value = 0; };
