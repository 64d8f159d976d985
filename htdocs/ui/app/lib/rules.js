// Rules that a form checks before it sends; the server's word is final.

/** @param {string} text */
export function urlProblem(text) {
    if (!text.trim()) return 'Enter the address to watch.';
    let url;
    try {
        url = new URL(text.trim());
    } catch {
        return 'This is not a complete address. It starts with http:// or https://.';
    }
    if (!['http:', 'https:'].includes(url.protocol)) return 'Only http:// and https:// are watched.';
    if (url.username || url.password) return 'Put the user and password in a header, not in the address.';
    return '';
}

/** @param {string} text */
export function emailProblem(text) {
    if (!text.trim()) return 'Enter your e-mail address.';
    return /^[^\s@]+@[^\s@]+$/.test(text.trim()) ? '' : 'This is not an e-mail address.';
}

/** @param {string} text */
export function passwordProblem(text) {
    if (!text) return 'Choose a password.';
    return [...text].length < 12 ? 'Use at least 12 characters. A few words do well.' : '';
}

/** 0 to 4: length counts most, then variety. @param {string} text */
export function strength(text) {
    const size = [...text].length;
    const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^\w]/].filter((re) => re.test(text)).length;
    const repeats = new Set(text).size < size / 3;
    if (size < 8) return size ? 1 : 0;
    if (size < 12 || repeats) return 1;
    return Math.min(4, 1 + Number(size >= 12) + Number(size >= 16 || kinds >= 3) + Number(size >= 20));
}

export const STRENGTH = ['', 'too short', 'fair', 'good', 'strong'];

/** Where to go after sign-in: a page of this site, or the dashboard. @param {string|null} next */
export function safeNext(next) {
    return next && /^[a-z]+\/(\?[^#\s]*)?$/.test(next) ? next : 'dash/';
}

/** "200-399,401" @param {string} text */
export function expectProblem(text) {
    return /^[1-5]\d\d(-[1-5]\d\d)?(,[1-5]\d\d(-[1-5]\d\d)?){0,19}$/.test(text.replaceAll(' ', ''))
        ? '' : 'Codes and ranges with commas between, for example 200-399,401.';
}
