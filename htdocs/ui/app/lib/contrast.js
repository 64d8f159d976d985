// The contrast of two colours (WCAG 2.2), for an accent that people choose.

/** @param {string} hex "#0b57b5" */
function luminance(hex) {
    const [r, g, b] = [1, 3, 5].map((i) => {
        const c = parseInt(hex.slice(i, i + 2), 16) / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** @param {string} a @param {string} b */
export function contrast(a, b) {
    const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
}

/** @param {string} text */
export const isColour = (text) => /^#[0-9a-f]{6}$/i.test(text);

const GOOD = 4.5;

/** @param {string} hex @param {number} to 0 or 255 @param {number} k how far */
const mixed = (hex, to, k) => `#${[1, 3, 5].map((i) => Math.round(parseInt(hex.slice(i, i + 2), 16) * (1 - k) + to * k).toString(16).padStart(2, '0')).join('')}`;

/** The nearest shade that can be read on `ground`: darker on a light one, lighter on a dark one. @param {string} hex @param {string} ground */
export function readable(hex, ground) {
    const to = contrast('#ffffff', ground) > contrast('#000000', ground) ? 255 : 0;
    let now = hex.toLowerCase();
    for (let k = 0.05; contrast(now, ground) < GOOD && k <= 1; k += 0.05) now = mixed(hex, to, k);
    return now;
}
