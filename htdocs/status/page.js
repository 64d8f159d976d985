// The public status page is complete without this. Here it learns to tell its age, to read each
// day by pointer, touch and keyboard, and to show times in another zone.
'use strict';
(() => {
const MINUTE = 60000;
const old = () => Number(document.body.dataset.fresh) * 1000;
const LAST = 89;
const root = document.documentElement;
const find = (id) => document.getElementById(id);
const all = (css, from = document) => [...from.querySelectorAll(css)];

// ---- what the reader chose

const kept = (name, value) => {
    try {
        if (value === undefined) return localStorage.getItem(`tocsin-${name}`);
        localStorage.setItem(`tocsin-${name}`, value);
    } catch { /* storage is closed to us: the choice lasts as long as the page */ }
    return null;
};
if (kept('theme')) root.dataset.theme = kept('theme');

// ---- small makers

const make = (tag, props, ...inside) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) {
        if (name in node && name !== 'role') node[name] = value;
        else node.setAttribute(name, value);
    }
    node.append(...inside);
    return node;
};
const icon = (status) => {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
    svg.setAttribute('class', 'i');
    svg.setAttribute('aria-hidden', 'true');
    use.setAttribute('href', `#i${status}`);
    svg.append(use);
    return svg;
};
const badge = (status) => make('span', { className: `s s${status}` }, icon(status), word(`s${status}`));
const word = (name, value = '') => (find('words').dataset[name] ?? '').replace('{1}', value);
const duration = (s) => {
    const [d, h, m] = [Math.floor(s / 86400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60];
    if (d) return h ? `${d} d ${h} h` : `${d} d`;
    if (h) return m ? `${h} h ${m} min` : `${h} h`;
    return m ? `${m} min` : `${Math.floor(s)} s`;
};
const locale = () => (root.lang === 'en' ? 'en-GB' : root.lang);
const dayName = (date) => new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short', year: 'numeric', weekday: 'short', timeZone: 'UTC' }).format(date);

// ---- the time of the server, the age of what is shown

let skew = 0;
let summary = null;
let failed = 0;
let asked = null;
const now = () => Date.now() + skew;
const written = () => Date.parse(document.body.dataset.at);

function judge(known = true) {
    const banner = find('banner');
    const title = find('overall');
    const age = Math.max(0, now() - written());
    const late = known && age > old();
    if (late && !banner.dataset.was) {
        banner.dataset.was = banner.className;
        title.dataset.was = title.textContent;
        banner.className = 'banner s0';
        banner.querySelector('use').setAttribute('href', '#i0');
    } else if (!late && banner.dataset.was) {
        banner.className = banner.dataset.was;
        title.textContent = title.dataset.was;
        banner.querySelector('use').setAttribute('href', `#i${banner.className.slice(-1)}`);
        delete banner.dataset.was;
    }
    if (late) {
        const said = word('stale', duration(Math.floor(age / MINUTE) * 60));
        if (title.textContent !== said) title.textContent = said;
        if (banner.ariaLabel) banner.ariaLabel = said;
    }
    if (find('age')) find('age').textContent = late ? '' : ` (${new Intl.RelativeTimeFormat(locale(), { style: 'short' }).format(-Math.floor(age / 1000), 'second')})`;
    const note = find('note');
    const said = failed ? word('late', clock(new Date(failed + skew), false)) : '';
    if (note && note.textContent !== said) note.textContent = said;
}

function load() {
    asked ??= fetch(document.body.dataset.summary, { cache: 'no-cache' }).then(async (response) => {
        if (!response.ok) throw new Error(String(response.status));
        const date = Date.parse(response.headers.get('date') ?? '');
        const ahead = date ? date + 1000 * Number(response.headers.get('age') ?? 0) - Date.now() : skew; // a cache says since when it has it
        summary = await response.json();
        skew = ahead;
        failed = 0;
    }).catch(() => { failed ||= Date.now(); }).finally(() => { asked = null; });
    return asked;
}

async function refresh() {
    await load();
    if (!failed && summary.rev !== document.body.dataset.rev) await redraw();
    if (!failed && summary.rev === document.body.dataset.rev) figures();
    judge();
}

// What moves each minute: the time, and the newest response.
function figures() {
    document.body.dataset.at = summary.generated_at;
    for (const time of all('#updated time, .when time')) {
        time.dateTime = summary.generated_at;
        delete time.dataset.was;
        time.textContent = clock(new Date(written()), true);
    }
    for (const c of summary.components) {
        const ms = find(`c-${c.id}`)?.querySelector('.ms');
        if (ms && c.ms !== undefined) ms.textContent = `${c.ms} ms`;
    }
}

// The page was written anew: its words come from the server, in its language, as parsed nodes.
function redraw() {
    return new Promise((done) => {
        const request = new XMLHttpRequest();
        request.open('GET', location.pathname);
        request.responseType = 'document';
        request.setRequestHeader('Cache-Control', 'no-cache');
        request.onloadend = () => {
            const fresh = request.response?.querySelector('main');
            if (fresh && request.status === 200 && !find('subscribe')?.contains(document.activeElement)) exchange(request.response, fresh);
            done();
        };
        request.send();
    });
}

function exchange(page, fresh) {
    const open = all('details[open][id]').map((d) => d.id);
    const focused = document.activeElement?.closest?.('[id]')?.id;
    hide();
    document.querySelector('main').replaceWith(document.adoptNode(fresh));
    Object.assign(document.body.dataset, page.body.dataset);
    for (const id of open) if (find(id)) find(id).open = true;
    enhance();
    if (focused && document.activeElement === document.body) find(focused)?.focus();
}

// ---- zones

let zone = '';
function clock(date, whole) {
    const day = whole ? { day: 'numeric', month: 'short', year: 'numeric' } : {};
    return new Intl.DateTimeFormat(locale(), { ...day, hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zone || document.body.dataset.zone, timeZoneName: 'short' }).format(date);
}
function localize() {
    for (const time of all('time[datetime*=T]')) {
        time.dataset.was ??= time.textContent;
        time.textContent = zone ? clock(new Date(time.dateTime), !time.classList.contains('t')) : time.dataset.was;
    }
}

function tools() {
    const bar = find('tools');
    if (!bar) return;
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const own = document.body.dataset.zone;
    const zones = [...new Set([own, 'UTC', here])].map((name) => make('option', { value: name }, name === here && name !== own ? `${word('here')}: ${name}` : name));
    const zoneBox = make('select', { ariaLabel: word('zone') }, ...zones);
    zoneBox.onchange = () => { zone = zoneBox.value === own ? '' : zoneBox.value; kept('zone', zoneBox.value); localize(); judge(); };
    if (zones.some((option) => option.value === kept('zone'))) { zoneBox.value = kept('zone'); zone = zoneBox.value === own ? '' : zoneBox.value; }
    const themeBox = make('select', { ariaLabel: word('theme') }, ...['system', 'light', 'dark'].map((name) => make('option', { value: name }, word(name))));
    themeBox.value = root.dataset.theme;
    themeBox.onchange = () => { root.dataset.theme = themeBox.value; kept('theme', themeBox.value); };
    bar.append(zoneBox, themeBox);
}

// ---- days

let sheet = null; // what is shown about a day
let shown = null; // { strip, day }
let leaving = 0;

const dateOf = (day) => new Date(Date.parse(summary?.today ?? document.body.dataset.at.slice(0, 10)) - (LAST - day) * 86400000);
function facts(strip, day) {
    const date = dateOf(day);
    const status = Number(strip.dataset.days[day]);
    const d = summary?.components.find((c) => c.id === strip.dataset.key)?.day?.find((x) => x.d === date.toISOString().slice(0, 10)) ?? {};
    const good = (d.up_s ?? 0) + (d.degraded_s ?? 0);
    const sum = good + (d.down_s ?? 0);
    const percent = Math.floor(good * 10000 / sum) / 100;
    const lines = [];
    if (sum) lines.push(`${word('uptime')}: ${percent === 100 ? '100' : percent.toFixed(2)} %`);
    for (const [n, name] of [[3, 'down_s'], [2, 'degraded_s'], [4, 'maint_s']]) if (d[name]) lines.push(`${word(`s${n}`)}: ${duration(d[name])}`);
    if (d.p95_ms) lines.push(`${word('p95')}: ${d.p95_ms} ms`);
    if (d.checks) lines.push(`${word('checks')}: ${d.checks}${d.failed ? `, ${word('failed')} ${d.failed}` : ''}`);
    const incidents = (d.incidents ?? []).map((id) => summary.incidents.find((i) => i.id === id)).filter(Boolean);
    return { name: dayName(date), status, lines, incidents };
}

function hide() {
    clearTimeout(leaving);
    shown?.strip.removeAttribute('aria-controls');
    sheet?.remove();
    all('.pick').forEach((mark) => mark.remove());
    shown = null;
}

function show(strip, day) {
    day = Math.min(LAST, Math.max(0, day));
    clearTimeout(leaving);
    if (shown?.strip !== strip) hide();
    shown = { strip, day };
    const { name, status, lines, incidents } = facts(strip, day);
    const links = incidents.map((i) => make('li', {}, make('a', { href: i.page }, i.title)));
    const turn = (step, label) => make('button', { type: 'button', className: 'btn', onclick: () => show(strip, day + step) }, label);
    const held = sheet?.contains(document.activeElement) ? [...sheet.querySelectorAll('button')].indexOf(document.activeElement) : -1;
    sheet ??= make('div', { id: 'day', className: 'sheet', role: 'group', onpointerenter: () => clearTimeout(leaving), onpointerleave: leave });
    sheet.ariaLabel = name;
    sheet.replaceChildren(
        make('h3', {}, make('time', { dateTime: dateOf(day).toISOString().slice(0, 10) }, name), badge(status)),
        make('ul', {}, ...lines.map((line) => make('li', {}, line)), ...links),
        make('div', { className: 'turn' }, turn(-1, word('prev')), turn(1, word('next')), make('button', { type: 'button', className: 'btn', onclick: () => { strip.focus(); hide(); } }, word('close'))));
    strip.setAttribute('aria-valuenow', day);
    strip.setAttribute('aria-valuetext', [name, word(`s${status}`), ...lines, ...incidents.map((i) => i.title)].join(', '));
    strip.setAttribute('aria-controls', 'day');
    strip.after(sheet);
    sheet.querySelectorAll('button')[held]?.focus();
    clearTimeout(leaving); // the button that was pressed is gone, which is no reason to go as well
    place(strip, day);
    if (!summary) load().then(() => { if (summary && shown?.strip === strip) show(strip, shown.day); });
}

function place(strip, day) {
    const box = strip.getBoundingClientRect();
    const svg = strip.querySelector('svg').getBoundingClientRect();
    const step = svg.width / (LAST + 1);
    const at = svg.left - box.left + step * day;
    const mark = strip.querySelector('.pick') ?? make('i', { className: 'pick' });
    mark.style.left = `${at - step * 0.15}px`;
    mark.style.width = `${step}px`;
    strip.append(mark);
    sheet.style.top = `${strip.offsetTop + strip.offsetHeight + 8}px`;
    const room = strip.parentNode.clientWidth - sheet.offsetWidth - 8;
    sheet.style.left = `${Math.max(8, Math.min(room, strip.offsetLeft + at - sheet.offsetWidth / 2))}px`;
}

function leave(event) {
    if (event.pointerType === 'touch' || shown?.strip === document.activeElement || sheet?.contains(document.activeElement)) return;
    leaving = setTimeout(hide, 250);
}

const dayAt = (strip, event) => {
    const box = strip.querySelector('svg').getBoundingClientRect();
    return Math.floor((event.clientX - box.left) / box.width * (LAST + 1));
};

function turnTo(strip, event) {
    const day = shown?.strip === strip ? shown.day : LAST;
    const bad = (step) => {
        for (let i = day + step; i >= 0 && i <= LAST; i += step) if ('234'.includes(strip.dataset.days[i])) return i;
        return day;
    };
    switch (event.key) {
    case 'ArrowLeft': case 'ArrowDown': return day - 1;
    case 'ArrowRight': case 'ArrowUp': return day + 1;
    case 'PageDown': return day - 7;
    case 'PageUp': return day + 7;
    case 'Home': return 0;
    case 'End': return LAST;
    case 'n': return bad(1);
    case 'p': return bad(-1);
    case 'Enter': case ' ': return day;
    default: return null;
    }
}

function follow(strip) {
    const attributes = { role: 'slider', tabindex: 0, 'aria-valuemin': 0, 'aria-valuemax': LAST, 'aria-valuenow': LAST };
    for (const [name, value] of Object.entries(attributes)) strip.setAttribute(name, value);
    strip.setAttribute('aria-valuetext', `${dayName(dateOf(LAST))}, ${word(`s${strip.dataset.days[LAST]}`)}`);
    strip.onpointermove = (event) => { if (event.pointerType !== 'touch' || event.buttons) show(strip, dayAt(strip, event)); };
    strip.onpointerdown = (event) => show(strip, dayAt(strip, event));
    strip.onpointerleave = leave;
    strip.onfocus = () => { if (shown?.strip !== strip && strip.matches(':focus-visible')) show(strip, LAST); };
    strip.onkeydown = (event) => {
        if (event.ctrlKey || event.altKey || event.metaKey) return;
        if (event.key === 'Escape') { hide(); return; }
        const day = turnTo(strip, event);
        if (day === null) return;
        event.preventDefault();
        show(strip, day);
        if (event.key === 'Enter') sheet.querySelector('a')?.focus();
    };
}

// ---- subscribing without leaving the page

function subscribe(form) {
    if (new URL(form.action).origin !== location.origin) return;
    form.onsubmit = async (event) => {
        event.preventDefault();
        const said = form.querySelector('.said');
        const button = form.querySelector('button');
        if (button.ariaDisabled === 'true') return;
        button.ariaDisabled = 'true';
        said.textContent = word('sending');
        try {
            const response = await fetch(form.action, { method: 'POST', headers: { Accept: 'application/json' }, body: new URLSearchParams(new FormData(form)) });
            const problem = response.ok ? null : await response.json().catch(() => null);
            said.textContent = response.ok ? word(form.type.value === 'webhook' ? 'senthook' : 'sent') : problem?.detail ?? word('notsent');
            if (response.ok) form.reset();
        } catch { said.textContent = word('notsent'); }
        button.ariaDisabled = 'false';
    };
}

function enhance() {
    all('.strip[data-days]').forEach(follow);
    all('form.ask').forEach(subscribe);
    localize();
}

function start() {
    tools();
    enhance();
    if (!document.body.dataset.at) return;
    let last = Date.now();
    const again = () => {
        if (document.hidden || Date.now() - last < MINUTE - 500) return;
        last = Date.now();
        refresh();
    };
    setInterval(again, MINUTE / 6);
    setInterval(() => { if (!document.hidden) judge(Boolean(summary || failed)); }, 5000);
    addEventListener('visibilitychange', again);
    addEventListener('focusout', (event) => {
        if (shown && !shown.strip.contains(event.relatedTarget) && !sheet.contains(event.relatedTarget) && (event.target === shown.strip || sheet.contains(event.target))) leaving = setTimeout(hide, 250);
    });
    addEventListener('pointerdown', (event) => { if (shown && !event.target.closest('.strip, .sheet')) hide(); });
    addEventListener('keydown', (event) => { if (event.key === 'Escape' && shown) { const { strip } = shown; if (sheet.contains(document.activeElement)) strip.focus(); hide(); } });
    const unfolded = [];
    addEventListener('beforeprint', () => { hide(); for (const d of all('details:not([open])')) { d.open = true; unfolded.push(d); } });
    addEventListener('afterprint', () => { for (const d of unfolded.splice(0)) d.open = false; });
    judge(false);
    if (Date.now() - written() > 1.5 * MINUTE) refresh(); // from a cache, or nobody writes any more
}
if (document.readyState === 'loading') addEventListener('DOMContentLoaded', start);
else start();
})();
