// Where the site lives: two folders above this module, both in the source and in a release.
// Every address is made from it, so any path in front works.

export const root = new URL('../../', import.meta.url);

/** @param {string} path relative to the site, for example 'monitors/?id=4' */
export const href = (path) => root.pathname + path;

/** @param {string} path below /api/v1, with the slash */
export const apiUrl = (path) => `${root.pathname}api/v1${path}`;

/** The site's path of a full address, or null when it is elsewhere. @param {URL} url */
export function sitePath(url) {
    if (url.origin !== root.origin || !url.pathname.startsWith(root.pathname)) return null;
    return url.pathname.slice(root.pathname.length).replace(/index\.html$/, '');
}
