// The stand-in's maintenance, status pages and public incidents.
const iso = (at) => new Date(at).toISOString();
const page = (items) => ({ items, next: null });
const fail = (status, extra = {}) => ({ status, problem: { type: 'about:blank', title: extra.title ?? `Status ${status}`, detail: extra.detail ?? '', errors: extra.errors, request_id: 'fake-1', status } });

/** @param {number} now @param {boolean} empty */
export function publicWorld(now, empty) {
    const hour = Math.floor(now / 36e5) * 36e5;
    const window = (id, over) => ({ id, version: 1, title: `Window ${id}`, description: '', zone: 'UTC', starts_at: iso(hour), duration: 7200, repeat: 'once', rule: {}, until: null, everything: false, monitors: [], tags: [], groups: [],
        silence: true, pause: false, show: true, tell: true, tell_before: null, owner: 1, created_at: iso(now - 864e5), created_by: 'ann@example.com', cancelled: false, skipped: [], ...over });
    const page_ = (id, over) => ({ id, version: 1, slug: `page-${id}`, title: `Page ${id}`, description: 'What works at Example, and what does not.', url: '', lang: 'en', zone: 'UTC', theme: 'system', accent: '#2563eb', logo: false, logo_type: null, link: '', robots: true, access: 'public', allow: [], password_set: false,
        publish: 'after', publish_after: 120, day_down: 1800, subscribe: true, enabled: true, owner: 1, created_at: iso(now - 9e8), published_at: iso(now - 42e3), bytes: 48213, error: null, subscribers: 3, components: [], ...over });
    return {
        windows: empty ? [] : [
            window(1, { title: 'Move of the mail store', starts_at: iso(now - 40 * 60e3), monitors: [6, 4], description: 'Mail is **delayed** until it is done.' }),
            window(2, { title: 'Database upgrade', zone: 'Europe/Berlin', starts_at: iso(hour + 26 * 36e5), tags: ['edge'], pause: true, tell_before: 86400 }),
            window(3, { title: 'Patches', zone: 'Europe/Berlin', starts_at: iso(hour - 20 * 864e5), duration: 3600, repeat: 'weekly', rule: { every: 1, days: [7] }, groups: ['Internal'] }),
            window(4, { title: 'New switches', starts_at: iso(now - 5 * 864e5), everything: true }),
            window(5, { title: 'Test of the generator', starts_at: iso(hour + 90 * 36e5), groups: ['Internal'], cancelled: true }),
        ],
        pages: empty ? [] : [
            page_(1, { slug: 'example', title: 'Example Status', components: [
                { id: 11, section: 'Products', kind: 'monitor', monitor: 1, monitor_name: 'Checkout', group: null, name: 'Shop', description: 'Basket and payment', show_ms: true, show_uptime: true },
                { id: 12, section: 'Products', kind: 'monitor', monitor: 2, monitor_name: 'Search API', group: null, name: 'Search', description: '', show_ms: true, show_uptime: true },
                { id: 13, section: 'Company', kind: 'monitor', monitor: 3, monitor_name: 'Website', group: null, name: 'Website', description: '', show_ms: false, show_uptime: true },
                { id: 14, section: 'Company', kind: 'group', monitor: null, monitor_name: null, group: 'Internal', name: 'Internal services', description: '', show_ms: false, show_uptime: true }] }),
            page_(2, { slug: 'partners', title: 'Partners', access: 'password', password_set: true, subscribers: 0, published_at: null, bytes: null, error: 'cannot open the folder: No space left on device' }),
        ],
        subscribers: empty ? [] : [
            { id: 1, type: 'email', address: 'reader@example.org', components: null, state: 'active', confirmed_at: iso(now - 8e8), created_at: iso(now - 8e8), failures: 0, disabled_at: null },
            { id: 2, type: 'webhook', address: 'https://hooks.example.org/status', components: [11], state: 'active', confirmed_at: iso(now - 7e8), created_at: iso(now - 7e8), failures: 2, disabled_at: null },
            { id: 3, type: 'email', address: 'gone@example.org', components: null, state: 'disabled', confirmed_at: iso(now - 9e8), created_at: iso(now - 9e8), failures: 5, disabled_at: iso(now - 1e8) },
        ],
        blank: (id) => page_(id, { published_at: null, bytes: null, subscribers: 0 }), drafts: new Map(), postmortems: new Map([[2, [{ revision: 1, at: iso(now - 6e7), author: 'ann', body: '## Impact\n\nNobody could read it.', published_at: null }, { revision: 2, at: iso(now - 5e7), author: 'bob', body: '## Impact\n\nNobody could read it for **six minutes**.\n\n## Actions\n\n- Renew by a timer', published_at: null }]]]),
    };
}

/** A weekly window every seven days, the others once: enough to look at. */
function occurrences(w, from, to) {
    const first = Date.parse(w.starts_at);
    const out = [];
    for (let at = first; at < to && out.length < 80; at += 7 * 864e5) {
        if (at + w.duration * 1000 > from && !w.skipped.includes(iso(at))) out.push({ starts_at: iso(at), ends_at: iso(w.ended ?? at + w.duration * 1000) });
        if (w.repeat === 'once') break;
    }
    return out;
}
function shown(w) {
    const now = Date.now();
    const next = w.cancelled ? null : occurrences(w, now, now + 100 * 864e5).find((o) => Date.parse(o.ends_at) > now) ?? null;
    const state = w.cancelled ? 'cancelled' : !next ? 'completed' : Date.parse(next.starts_at) <= now ? 'in-progress' : 'upcoming';
    const { cancelled: _, skipped: __, ended: ___, ...item } = w;
    return { ...item, state, next };
}
const rules = (body) => Object.fromEntries(Object.entries({ title: body.title === '' && 'must not be empty', duration: body.duration < 60 && 'must be at least 60' }).filter(([, rule]) => rule));

/** @type {[string, RegExp, (c: any) => any][]} */
export const publicRoutes = [
    ['GET', /^\/maintenance$/, ({ w, query }) => page(w.windows.map(shown).filter((item) => (!query.get('state') || item.state === query.get('state')) && (!query.get('monitor') || item.everything || item.monitors.includes(Number(query.get('monitor'))))).reverse())],
    ['GET', /^\/maintenance\/calendar$/, ({ w, query }) => page(w.windows.flatMap((item) => occurrences(item, Date.parse(query.get('from')), Date.parse(query.get('to')))
        .map((o, i) => ({ id: item.id * 100 + i, maintenance: item.id, title: item.title, zone: item.zone, ...o, state: item.cancelled ? 'cancelled' : 'upcoming' }))))],
    ['GET', /^\/maintenance\/(\d+)$/, ({ w, id }) => { const item = w.windows.find((x) => x.id === id); return item ? { ...shown(item), covers: 2, occurrences: occurrences(item, Date.now() - 30 * 864e5, Date.now() + 100 * 864e5).map((o, i) => ({ id: i, ...o, state: item.cancelled ? 'cancelled' : 'upcoming' })) } : fail(404); }],
    ['POST', /^\/maintenance$/, ({ w, body, tell }) => {
        const errors = rules(body);
        if (Object.keys(errors).length) return fail(422, { errors });
        const item = { ...w.windows[0], description: '', zone: 'UTC', repeat: 'once', rule: {}, until: null, everything: false, monitors: [], tags: [], groups: [], silence: true, pause: false, show: true, tell: true, tell_before: null, created_by: 'ann@example.com', cancelled: false, skipped: [], ended: undefined, ...body, id: w.windows.length + 1, version: 1, starts_at: body.starts_at ?? iso(Date.now()) };
        w.windows.push(item);
        cover(w, item);
        tell('maintenance', { id: item.id });
        return { status: 201, body: shown(item) };
    }],
    ['PATCH', /^\/maintenance\/(\d+)$/, ({ w, id, body, ifMatch, tell }) => {
        const item = w.windows.find((x) => x.id === id);
        if (ifMatch && ifMatch !== String(item.version)) return fail(412, { title: 'Changed meanwhile' });
        Object.assign(item, body, { version: item.version + 1 });
        tell('maintenance', { id });
        return shown(item);
    }],
    ['DELETE', /^\/maintenance\/(\d+)$/, ({ w, id, tell }) => { w.windows.find((x) => x.id === id).cancelled = true; tell('maintenance', { id }); return null; }],
    ['POST', /^\/maintenance\/(\d+)\/(end|extend|skip)$/, ({ w, id, verb, body, tell }) => {
        const item = w.windows.find((x) => x.id === id);
        if (verb === 'end') item.ended = Date.now();
        if (verb === 'extend') item.duration += body.seconds;
        if (verb === 'skip') item.skipped.push(iso(Date.parse(body.starts_at)));
        item.version++;
        if (verb === 'end') cover(w, item);
        tell('maintenance', { id });
        return shown(item);
    }],
];

/** @param {any} w @param {any} body @param {any} tell */
function changed(w, p, body, tell) {
    const { password, ...rest } = body;
    Object.assign(p, rest, { version: p.version + 1, password_set: p.password_set || Boolean(password) });
    tell('page', { id: p.id });
    setTimeout(() => { if (!p.error) Object.assign(p, { published_at: iso(Date.now()), bytes: 48213 }); tell('page', { id: p.id }); }, 120);
    return p;
}
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** A page as the server would draw it, or near enough to look at. */
function drawn(draft) {
    const parts = (draft.components ?? []).map((c) => `<li><b>${escape(c.name)}</b> ${escape(c.description)} &#10003; Operational</li>`).join('');
    const dark = draft.theme === 'dark';
    return `<!DOCTYPE html><html lang="${escape(draft.lang ?? 'en')}"><head><meta name="color-scheme" content="light dark"><meta charset="utf-8"><title>${escape(draft.title)}</title></head><body${dark ? ' bgcolor="#0f172a" text="#e2e8f0"' : ''}><main><h1>${escape(draft.title)}</h1><p>${escape(draft.description)}</p>
        ${draft.incident ? `<article><h2>${escape(draft.incident.title)}</h2><p>${escape(draft.incident.phase)}: ${escape(draft.incident.body)}</p></article>` : ''}<ul>${parts}</ul></main></body></html>`;
}

publicRoutes.push(
    ['GET', /^\/pages$/, ({ w }) => page(w.pages.map((p) => ({ ...p, components: p.components.length, address: null })))],
    ['POST', /^\/pages$/, ({ w, body, tell }) => {
        if (w.pages.some((p) => p.slug === body.slug)) return fail(409, { title: 'There is a page with this slug already.', errors: { slug: 'is taken' } });
        const p = { ...w.blank(w.pages.length + 1), ...body };
        w.pages.push(p);
        return { status: 201, body: changed(w, p, {}, tell) };
    }],
    ['GET', /^\/pages\/(\d+)$/, ({ w, id }) => w.pages.find((p) => p.id === id) ?? fail(404)],
    ['PATCH', /^\/pages\/(\d+)$/, ({ w, id, body, ifMatch, tell }) => {
        const p = w.pages.find((x) => x.id === id);
        if (ifMatch && ifMatch !== String(p.version)) return fail(412, { title: 'Changed meanwhile' });
        if (body.slug && w.pages.some((x) => x !== p && x.slug === body.slug)) return fail(409, { title: 'There is a page with this slug already.', errors: { slug: 'is taken' } });
        return changed(w, p, body, tell);
    }],
    ['PUT', /^\/pages\/(\d+)\/components$/, ({ w, id, body, ifMatch, tell }) => {
        const p = w.pages.find((x) => x.id === id);
        if (ifMatch && ifMatch !== String(p.version)) return fail(412, { title: 'Changed meanwhile' });
        const components = body.components.map((c, i) => ({ monitor: null, group: null, ...c, id: c.id ?? 100 + ++w.seq + i, monitor_name: w.monitors.get(c.monitor)?.name ?? null }));
        return changed(w, p, { components }, tell);
    }],
    ['DELETE', /^\/pages\/(\d+)$/, ({ w, id, tell }) => { w.pages = w.pages.filter((p) => p.id !== id); tell('page', { id }); return null; }],
    ['PUT', /^\/pages\/(\d+)\/logo$/, ({ w, id, tell }) => changed(w, w.pages.find((p) => p.id === id), { logo: true, logo_type: 'image/png' }, tell)],
    ['DELETE', /^\/pages\/(\d+)\/logo$/, ({ w, id, tell }) => { changed(w, w.pages.find((p) => p.id === id), { logo: false }, tell); return null; }],
    ['POST', /^\/pages\/(\d+)\/publish$/, ({ w, id, tell }) => changed(w, w.pages.find((p) => p.id === id), {}, tell)],
    ['POST', /^\/pages\/(\d+)\/preview$/, ({ w, id, body }) => {
        const key = `44444444-4444-4444-8444-${String(w.drafts.size).padStart(12, '0')}`;
        w.drafts.set(key, { ...w.pages.find((p) => p.id === id), ...body });
        return { status: 201, body: { id: key, url: `/api/v1/pages/${id}/preview/${key}` } };
    }],
    ['GET', /^\/pages\/\d+\/preview\/(.+)$/, ({ w, key }) => ({ html: drawn(w.drafts.get(key)) })],
    ['GET', /^\/pages\/(\d+)\/subscribers$/, ({ w, id }) => page(id === 1 ? w.subscribers : [])],
    ['POST', /^\/pages\/(\d+)\/subscribers\/import$/, ({ w, body }) => { for (const address of body.addresses) w.subscribers.push({ ...w.subscribers[0], id: w.subscribers.length + 1, address, confirmed_at: body.confirmed ? iso(Date.now()) : null }); return { added: body.addresses.length, known: 0, failed: [] }; }],
    ['DELETE', /^\/pages\/\d+\/subscribers\/(\d+)$/, ({ w, id }) => { w.subscribers = w.subscribers.filter((s) => s.id !== id); return null; }],
);

function postmortem(w, id, wanted) {
    const list = w.postmortems.get(id) ?? [];
    const p = wanted ? list.find((r) => r.revision === wanted) : list.at(-1);
    const shown = list.find((r) => r.published_at);
    return { version: list.length, incident: id, revision: p?.revision ?? 0, body: p?.body ?? '', at: p?.at ?? null, author: p?.author ?? null, published_revision: shown?.revision ?? null, published_at: shown?.published_at ?? null, template: list.length ? null : '## Impact\n\n## Cause\n\n## Actions\n\n- ', revisions: [...list].reverse().map(({ body: _, ...r }) => r) };
}
const say = (w, i, kind, more = {}) => i.events.push({ id: ++w.seq, at: iso(Date.now()), actor: 'Ann Operator', kind, body: '', public: false, ...more });

publicRoutes.push(
    ['POST', /^\/incidents$/, ({ w, body, tell }) => {
        const id = w.incidents.length + 1;
        const i = { ...w.incidents[0], id, version: 1, title: body.title, severity: body.severity, state: 'open', auto: false, started_at: body.started_at ?? iso(Date.now()), acked_at: null, acked_by: null, resolved_at: null, monitor: null, monitor_name: null, phase: body.phase, public_title: body.public_title ?? '', published_at: body.publish ? iso(Date.now()) : null,
            monitors: (body.monitors ?? []).map((m) => ({ id: m, name: w.monitors.get(m).name })), events: [] };
        say(w, i, 'opened', { body: body.publish ? '' : body.body });
        if (body.publish) say(w, i, 'update', { phase: body.phase, body: body.body, public: true });
        w.incidents.unshift(i);
        tell('incident', { id });
        return { status: 201, body: i };
    }],
    ['POST', /^\/incidents\/(\d+)\/(updates|publish|withdraw)$/, ({ w, id, verb, body, tell }) => {
        const i = w.incidents.find((x) => x.id === id);
        if (verb === 'withdraw') { i.published_at = null; say(w, i, 'withdrawn'); }
        if (verb === 'publish') { Object.assign(i, { published_at: iso(Date.now()), public_title: body.public_title }); say(w, i, 'published'); if (body.body) say(w, i, 'update', { phase: i.phase, body: body.body, public: true }); }
        if (verb === 'updates') { i.phase = body.phase; say(w, i, 'update', { phase: body.phase, body: body.body, public: body.public }); if (body.public) i.published_at ??= iso(Date.now()); if (body.phase === 'resolved') i.resolved_at ??= iso(Date.now()); }
        i.version++;
        tell('incident', { id });
        return i;
    }],
    ['GET', /^\/incidents\/(\d+)\/postmortem$/, ({ w, id, query }) => postmortem(w, id, Number(query.get('revision')))],
    ['PUT', /^\/incidents\/(\d+)\/postmortem$/, ({ w, id, body, ifMatch }) => {
        const list = w.postmortems.get(id) ?? [];
        if (ifMatch && ifMatch !== String(list.length)) return fail(412, { title: 'Changed meanwhile' });
        w.postmortems.set(id, [...list, { revision: list.length + 1, at: iso(Date.now()), author: 'Ann Operator', body: body.body, published_at: null }]);
        return postmortem(w, id);
    }],
    ['POST', /^\/incidents\/(\d+)\/postmortem\/publish$/, ({ w, id, body }) => { for (const r of w.postmortems.get(id)) r.published_at = r.revision === body.revision ? iso(Date.now()) : null; return postmortem(w, id); }],
);

/** Monitors follow the window that began or ended just now. */
function cover(w, item) {
    const on = shown(item).state === 'in-progress';
    for (const id of item.monitors) Object.assign(w.monitors.get(id), { status: on ? 'maintenance' : 'up', since: iso(Date.now()), seq: ++w.seq });
}
