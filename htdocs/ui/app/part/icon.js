// Icons: drawn on 20 × 20, in the colour of the text around.
import { html } from '../html.js';

const LINES = {
    dash: 'M3 3h6v7H3zM11 3h6v4h-6zM11 9h6v8h-6zM3 12h6v5H3z',
    monitors: 'M2 10h4l2-5 4 10 2-5h4',
    incidents: 'M4 18V3M4 4h11l-2.5 3.500L15 11H4',
    maintenance: 'M12.500 3a4.500 4.500 0 0 0-4.200 6.100L3 14.400V17h2.600l5.300-5.300A4.500 4.500 0 0 0 17 7.500l-2.700 2.700-2.500-.600-.600-2.500 2.700-2.700A4.500 4.500 0 0 0 12.500 3z',
    pages: 'M3 3h14v14H3zM3 7h14M6 10.500h8M6 13.500h5',
    calendar: 'M3 5h14v12H3zM3 9h14M7 3v4M13 3v4',
    up: 'M5 12l5-5 5 5',
    down: 'M5 8l5 5 5-5',
    notify: 'M3 5h14v10H3zM3 6l7 5 7-5',
    admin: 'M4 5h12M4 10h12M4 15h12M7 3v4M13 8v4M8 13v4',
    hosts: 'M3 3h14v6H3zM3 11h14v6H3zM6 6h.01M6 14h.01M10 6h4M10 14h4',
    apps: 'M10 2l7 4v8l-7 4-7-4V6zM3 6l7 4 7-4M10 10v8',
    deploy: 'M10 15V3M5 8l5-5 5 5M3 17h14',
    settings: 'M10 7a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.300l1.5 1.500M14.2 14.200l1.5 1.500M4.3 15.700l1.5-1.500M14.2 5.800l1.5-1.5',
    search: 'M9 3a6 6 0 1 0 0 12A6 6 0 0 0 9 3zM13.5 13.5 17 17',
    menu: 'M3 5h14M3 10h14M3 15h14',
    more: 'M4 10h.01M10 10h.01M16 10h.01',
    close: 'M5 5l10 10M15 5 5 15',
    add: 'M10 4v12M4 10h12',
    check: 'M4 10.5 8 14.5 16 6',
    test: 'M6 4v12l10-6z',
    pause: 'M7 4v12M13 4v12',
    edit: 'M13 4l3 3-9 9H4v-3zM11 6l3 3',
    trash: 'M4 6h12M8 6V4h4v2M6 6l1 11h6l1-11',
    copy: 'M7 7h9v10H7zM4 13V3h9',
    eye: 'M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5zM10 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z',
    alert: 'M10 3 18 17H2zM10 8v4M10 14.500v.01',
    info: 'M10 2a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM10 9v5M10 6v.01',
    clock: 'M10 2a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM10 5v5l3 2',
    moon: 'M16 12.500A7 7 0 0 1 7.5 4 7 7 0 1 0 16 12.500z',
    sun: 'M10 6.500a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 2v1.500M10 16.500V18M2 10h1.500M16.5 10H18M4.5 4.500l1 1M14.5 14.500l1 1M4.5 15.500l1-1M14.5 5.500l1-1',
    fold: 'M12 5l-5 5 5 5M16 5v10',
    unfold: 'M8 5l5 5-5 5M4 5v10',
    out: 'M8 4H4v12h4M8 10h9M14 7l3 3-3 3',
    user: 'M10 3a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM3.5 17c.5-3.5 3-5 6.5-5s6 1.5 6.5 5',
    sort: 'M6 4v12M3 13l3 3 3-3M14 16V4M11 7l3-3 3 3',
    link: 'M8 12l4-4M7 9l-2 2a3 3 0 0 0 4 4l2-2M13 11l2-2a3 3 0 0 0-4-4L9 7',
    back: 'M12 4 6 10l6 6',
    next: 'M8 4l6 6-6 6',
    undo: 'M5 8h8a4 4 0 0 1 0 8H8M8 4 4 8l4 4',
    list: 'M7 5h10M7 10h10M7 15h10M3.5 5v.01M3.5 10v.01M3.5 15v.01',
    shield: 'M10 2l7 3v5c0 4-3 7-7 8-4-1-7-4-7-8V5zM7 10l2 2 4-4',
    bolt: 'M11 2 4 12h5l-1 6 8-10h-5z',
};

/** @typedef {keyof typeof LINES} IconName */

/** @param {{name: IconName}} props */
export const Icon = ({ name }) => html`<svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" fill="none" stroke="currentColor"
    stroke-width=${name === 'more' ? 2.5 : 1.5} stroke-linecap="round" stroke-linejoin="round"><path d=${LINES[name]}/></svg>`;

// each status has a shape of its own, so that no one depends on colour
const SHAPES = {
    up: html`<path fill="currentColor" fill-rule="evenodd" d="M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm3.8 4.9-4.6 5.2-3-2.9 1-1.1 1.9 1.8 3.6-4z"/>`,
    degraded: html`<path fill="currentColor" fill-rule="evenodd" d="M8 1.2 15.6 14.500H.4zM7.2 6v4.200h1.600V6zm0 5.400V13h1.600v-1.600z"/>`,
    down: html`<path fill="currentColor" fill-rule="evenodd" d="M5.1 1h5.800L15 5.100v5.800L10.9 15H5.100L1 10.900V5.100zm.6 3.600L4.6 5.7 6.9 8l-2.3 2.3 1.1 1.100L8 9.100l2.3 2.3 1.1-1.100L9.1 8l2.3-2.3-1.1-1.100L8 6.900z"/>`,
    maintenance: html`<path fill="currentColor" fill-rule="evenodd" d="M2 1h12a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H2a1 1 0 0 1-1-1V2a1 1 0 0 1 1-1zm8.5 2.200a3 3 0 0 0-3.8 3.700l-3.5 3.5 2.4 2.4 3.5-3.500a3 3 0 0 0 3.7-3.800L10.9 7.4 8.6 5.100z"/>`,
    unknown: html`<g fill="none" stroke="currentColor"><circle cx="8" cy="8" r="6.3" stroke-width="1.4" stroke-dasharray="2.6 1.8"/><path stroke-width="1.5" d="M6 6.400c.2-2.4 4-2.2 3.9.1C9.8 8 8 8 8 9.500M8 10.900v1.2"/></g>`,
    paused: html`<g fill="none" stroke="currentColor"><circle cx="8" cy="8" r="6.3" stroke-width="1.4"/><path stroke-width="1.8" d="M6.3 5.400v5.200M9.7 5.400v5.2"/></g>`,
};

/** @param {{status: import('../lib/status.js').Status}} props */
export const StatusIcon = ({ status }) => html`<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${SHAPES[status]}</svg>`;

export const Logo = () => html`<svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true"><rect width="32" height="32" rx="7" fill="var(--accent)"/>
    <path fill="var(--accent-text)" d="M16 5.500a2 2 0 0 1 2 2v.6c3.6.9 6 4 6 7.900v4.400l2 2.600v1H6v-1l2-2.600V16c0-3.9 2.4-7 6-7.900v-.6a2 2 0 0 1 2-2zM12.9 25.500h6.200a3.1 3.1 0 0 1-6.2 0z"/></svg>`;
