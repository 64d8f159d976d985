// What stands on a status page: sections in order, each with components in order. Everything
// here gives a new list and leaves the old one alone.

/**
 * @typedef {{key: string, id: number|null, kind: 'monitor'|'group', monitor: number|null, group: string|null, name: string, description: string, show_ms: boolean, show_uptime: boolean}} Component
 * @typedef {{key: string, name: string, items: Component[]}} Section
 */

let keys = 0;
export const newKey = () => `k${++keys}`;

/** @param {any[]} components of the API @returns {Section[]} */
export function toSections(components) {
    const out = /** @type {Section[]} */ ([]);
    for (const c of components) {
        let section = out.find((s) => s.name === c.section);
        if (!section) out.push(section = { key: newKey(), name: c.section, items: [] });
        section.items.push({ key: newKey(), id: c.id, kind: c.kind, monitor: c.monitor ?? null, group: c.group ?? null, name: c.name, description: c.description ?? '', show_ms: c.show_ms, show_uptime: c.show_uptime });
    }
    return out;
}

/** As the API takes them. @param {Section[]} sections */
export const toComponents = (sections) => sections.flatMap((section) => section.items.map(({ key: _, id, ...c }) => ({
    ...(id ? { id } : {}), section: section.name.trim(), kind: c.kind, ...(c.kind === 'monitor' ? { monitor: c.monitor } : { group: c.group }), name: c.name.trim(), description: c.description.trim(), show_ms: c.show_ms, show_uptime: c.show_uptime })));

/** Components that were new have a number once they are saved. @param {Section[]} sections @param {Section[]} sent @param {any[]} saved the API's answer, in the order sent */
export function withIds(sections, sent, saved) {
    const ids = new Map(sent.flatMap((section) => section.items).map((item, i) => [item.key, saved[i]?.id ?? null]));
    return sections.map((section) => ({ ...section, items: section.items.map((item) => ({ ...item, id: ids.get(item.key) ?? item.id })) }));
}

/** @template T @param {T[]} list @param {number} i @param {number} by */
function swapped(list, i, by) {
    const to = i + by;
    if (to < 0 || to >= list.length) return list;
    const out = [...list];
    [out[i], out[to]] = [out[to], out[i]];
    return out;
}

/** @param {Section[]} sections @param {string} key @param {1|-1} by */
export const moveSection = (sections, key, by) => swapped(sections, sections.findIndex((s) => s.key === key), by);

/** Within its section, and from its end to the next one. @param {Section[]} sections @param {string} key @param {1|-1} by */
export function moveItem(sections, key, by) {
    const s = sections.findIndex((section) => section.items.some((item) => item.key === key));
    const i = sections[s].items.findIndex((item) => item.key === key);
    const inside = i + by >= 0 && i + by < sections[s].items.length;
    if (!inside && !sections[s + by]) return sections;
    return sections.map((section, n) => {
        if (n === s) return { ...section, items: inside ? swapped(section.items, i, by) : section.items.filter((item) => item.key !== key) };
        if (!inside && n === s + by) return { ...section, items: by > 0 ? [sections[s].items[i], ...section.items] : [...section.items, sections[s].items[i]] };
        return section;
    });
}

/** @param {Section[]} sections @param {string} key @param {Partial<Component>} change */
export const changeItem = (sections, key, change) => sections.map((section) => ({ ...section, items: section.items.map((item) => (item.key === key ? { ...item, ...change } : item)) }));

/** @param {Section[]} sections @param {string} key */
export const dropItem = (sections, key) => sections.map((section) => ({ ...section, items: section.items.filter((item) => item.key !== key) }));

/** To the end of a section; a first section is made for it. @param {Section[]} sections @param {string} section key @param {Component} item */
export function addItem(sections, section, item) {
    if (!sections.length) return [{ key: newKey(), name: '', items: [item] }];
    const at = sections.some((s) => s.key === section) ? section : sections[sections.length - 1].key;
    return sections.map((s) => (s.key === at ? { ...s, items: [...s.items, item] } : s));
}

/** Where it is, in words. @param {Section[]} sections @param {string} key */
export function placeWords(sections, key) {
    const section = sections.find((s) => s.items.some((item) => item.key === key));
    if (!section) return '';
    const i = section.items.findIndex((item) => item.key === key);
    return `${section.items[i].name}: position ${i + 1} of ${section.items.length}${section.name ? ` in ${section.name}` : ''}`;
}
