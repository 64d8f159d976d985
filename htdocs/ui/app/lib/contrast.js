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

/** The nearest darker shade with enough contrast on white. @param {string} hex @param {number} [least] */
export function darkened(hex, least = 4.5) {
    let now = hex;
    for (let k = 0.95; contrast(now, '#ffffff') < least && k > 0; k -= 0.05) {
        now = `#${[1, 3, 5].map((i) => Math.round(parseInt(hex.slice(i, i + 2), 16) * k).toString(16).padStart(2, '0')).join('')}`;
    }
    return now;
}
