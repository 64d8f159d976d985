// The settings of a status page as a form holds them, and what is sent.
import { contrast, isColour } from './contrast.js';
import { toComponents, toSections } from './sections.js';
import { zoneProblem } from './zone.js';

/** What the server checks an accent against, by theme: tocsin.page_background of sql/shared/page.sql. @type {Record<string, string>} */
export const GROUND = { light: '#f5f6f8', system: '#f5f6f8', dark: '#0e1116' };
export const LEAST_CONTRAST = 4.5;

/** @typedef {import('./sections.js').Section} Section */
/**
 * @typedef {{title: string, slug: string, description: string, url: string, lang: string, zone: string, theme: 'light'|'dark'|'system', accent: string, link: string, robots: boolean,
 *   access: 'public'|'password'|'address', allow: string, password: string, publish: 'never'|'after', publish_after: number, day_down: number, subscribe: boolean, enabled: boolean, sections: Section[]}} Values
 */

/** @param {any} page of the API @returns {Values} */
export const valuesOf = (page) => ({
    title: page.title, slug: page.slug, description: page.description, url: page.url, lang: page.lang, zone: page.zone, theme: page.theme, accent: page.accent, link: page.link, robots: page.robots,
    access: page.access, allow: (page.allow ?? []).join('\n'), password: '', publish: page.publish, publish_after: page.publish_after, day_down: page.day_down, subscribe: page.subscribe, enabled: page.enabled,
    sections: toSections(page.components ?? []),
});

/** @param {Values} v @returns {Record<string, unknown>} */
export function settingsOf(v) {
    const { sections: _, allow, password, ...rest } = v;
    return { ...rest, title: v.title.trim(), slug: v.slug.trim().toLowerCase(), accent: v.accent.toLowerCase(), allow: allow.split(/[\s,]+/).filter(Boolean), ...(password ? { password } : {}) };
}

const same = (/** @type {unknown} */ a, /** @type {unknown} */ b) => JSON.stringify(a) === JSON.stringify(b);

/** Only what differs from what is stored. @param {Values} v @param {Values} stored */
export function changesOf(v, stored) {
    const before = settingsOf(stored);
    const settings = Object.fromEntries(Object.entries(settingsOf(v)).filter(([name, value]) => !same(value, before[name])));
    return { settings, components: same(toComponents(v.sections), toComponents(stored.sections)) ? null : toComponents(v.sections) };
}

/** @param {Values} v @param {Values} stored */
export function isDirty(v, stored) {
    const { settings, components } = changesOf(v, stored);
    return components !== null || Object.keys(settings).length > 0;
}

/** For the table of differences when two people edit. @param {Values} v */
export const flat = (v) => ({ ...settingsOf(v), password: v.password ? 'a new one' : '', components: toComponents(v.sections).map((c) => `${c.section ? `${c.section}: ` : ''}${c.name}`) });

/** @param {string} title */
export const suggestSlug = (title) => title.toLowerCase().normalize('NFKD').replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 60).replace(/-+$/, '');

/** @param {string} slug */
export const slugProblem = (slug) => (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(slug) ? (['api', 'assets'].includes(slug) ? 'This word is reserved.' : '') : 'Small letters, digits and hyphens, at most 63.');

/** @param {string} accent @param {string} theme */
export function accentProblem(accent, theme) {
    if (!isColour(accent)) return 'A colour like #2563eb.';
    const have = contrast(accent, GROUND[theme]);
    return have < LEAST_CONTRAST ? `Too weak on ${theme === 'dark' ? 'dark' : 'light'}: ${(Math.floor(have * 100) / 100).toFixed(2)}:1, and 4.5:1 is needed to read it.` : '';
}

/** What the form can see itself, by field, and on which tab it is. @param {Values} v @param {boolean} hasPassword @returns {Record<string, string>} */
export function problems(v, hasPassword) {
    /** @type {Record<string, string>} */
    const out = {};
    const put = (/** @type {string} */ name, /** @type {string|false} */ why) => { if (why) out[name] = why; };
    put('title', !v.title.trim() && 'Give it a title.');
    put('slug', slugProblem(v.slug.trim().toLowerCase()));
    put('zone', zoneProblem(v.zone));
    put('accent', accentProblem(v.accent, v.theme));
    put('url', Boolean(v.url) && !/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/.test(v.url) && 'http:// or https://, a host, and perhaps a path.');
    put('link', Boolean(v.link) && !/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/.test(v.link) && 'http:// or https://, a host, and perhaps a path.');
    put('password', v.access === 'password' && (v.password ? v.password.length < 8 && 'At least 8 characters.' : !hasPassword && 'Choose one that you give to the readers.'));
    put('allow', v.access === 'address' && !v.allow.trim() && 'At least one address or network.');
    return out;
}

/** @type {Record<string, string>} */
export const TAB_OF = { title: 'content', description: 'content', components: 'content', publish: 'content', publish_after: 'content', day_down: 'content', theme: 'branding', accent: 'branding', link: 'branding', logo: 'branding', lang: 'branding', zone: 'branding',
    slug: 'address', url: 'address', robots: 'address', enabled: 'address', access: 'access', password: 'access', allow: 'access', subscribe: 'subscribers' };
