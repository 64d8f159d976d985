// Contrast (WCAG 2.2) and distance (CIEDE2000) of colours, also as seen with protanopia,
// deuteranopia and tritanopia (Machado, Oliveira, Fernandes 2009, full severity).

export const SIGHTS = {
    normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const rgb = (hex) => [1, 3, 5].map((i) => linear(parseInt(hex.slice(i, i + 2), 16) / 255));
const luminance = (hex) => { const [r, g, b] = rgb(hex); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };

/** @param {string} a @param {string} b */
export function contrast(a, b) {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
}

function lab([r, g, b]) {
    const f = (t) => (t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116);
    const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
    const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
    const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const degrees = (radians) => ((radians * 180) / Math.PI + 360) % 360;
const sin = (deg) => Math.sin((deg * Math.PI) / 180);
const cos = (deg) => Math.cos((deg * Math.PI) / 180);

/** CIEDE2000. */
function ciede(l1, l2) {
    const [L1, a1, b1] = l1;
    const [L2, a2, b2] = l2;
    const mean = (Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2;
    const G = 0.5 * (1 - Math.sqrt(mean ** 7 / (mean ** 7 + 25 ** 7)));
    const [p1, p2] = [(1 + G) * a1, (1 + G) * a2];
    const [C1, C2] = [Math.hypot(p1, b1), Math.hypot(p2, b2)];
    const [h1, h2] = [p1 || b1 ? degrees(Math.atan2(b1, p1)) : 0, p2 || b2 ? degrees(Math.atan2(b2, p2)) : 0];
    let dh = C1 * C2 === 0 ? 0 : h2 - h1;
    if (dh > 180) dh -= 360;
    if (dh < -180) dh += 360;
    const dH = 2 * Math.sqrt(C1 * C2) * sin(dh / 2);
    const L = (L1 + L2) / 2;
    const C = (C1 + C2) / 2;
    let h = h1 + h2;
    if (C1 * C2 !== 0) h = Math.abs(h1 - h2) <= 180 ? h / 2 : h < 360 ? (h + 360) / 2 : (h - 360) / 2;
    const T = 1 - 0.17 * cos(h - 30) + 0.24 * cos(2 * h) + 0.32 * cos(3 * h + 6) - 0.2 * cos(4 * h - 63);
    const SL = 1 + (0.015 * (L - 50) ** 2) / Math.sqrt(20 + (L - 50) ** 2);
    const SC = 1 + 0.045 * C;
    const SH = 1 + 0.015 * C * T;
    const R = -2 * Math.sqrt(C ** 7 / (C ** 7 + 25 ** 7)) * sin(60 * Math.exp(-(((h - 275) / 25) ** 2)));
    return Math.sqrt(((L2 - L1) / SL) ** 2 + ((C2 - C1) / SC) ** 2 + (dH / SH) ** 2 + R * ((C2 - C1) / SC) * (dH / SH));
}

/** @param {string} a @param {string} b @param {string} sight */
export function distance(a, b, sight) {
    const seen = (hex) => { const v = rgb(hex); return SIGHTS[sight].map((row) => Math.max(0, Math.min(1, row.reduce((sum, m, i) => sum + m * v[i], 0)))); };
    return ciede(lab(seen(a)), lab(seen(b)));
}
