// Whether the command palette is open; the palette itself is loaded when it first is.
import { signal } from '../../vendor/signals.js';

export const paletteOpen = signal(false);
export const openPalette = () => { paletteOpen.value = true; };
export const closePalette = () => { paletteOpen.value = false; };
