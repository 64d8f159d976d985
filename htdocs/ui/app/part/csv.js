import { shown } from '../store/view.js';
import { now } from '../store/clock.js';

/** A cell is quoted, and one that a spreadsheet would run as a formula is made text. @param {unknown} value */
const cell = (value) => {
    const text = String(value ?? '');
    return `"${(/^[=+\-@\t]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text).replaceAll('"', '""')}"`;
};

/** @param {string} name @param {unknown[][]} rows */
export function saveCsv(name, rows) {
    const text = rows.map((row) => row.map(cell).join(',')).join('\r\n');
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([`\ufeff${text}`], { type: 'text/csv' }));
    link.download = `${name}-${new Date(now()).toISOString().slice(0, 16).replace(':', '')}Z.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** The list as it is shown: filtered and in this order. */
export function exportList() {
    const iso = (/** @type {number|null} */ at) => (at === null ? '' : new Date(at).toISOString());
    saveCsv('monitors', [['id', 'name', 'address', 'status', 'since', 'last check', 'response ms', 'uptime 24 h', 'uptime 30 d', 'group', 'tags'],
        ...shown.peek().map((row) => [row.id, row.name, row.url, row.status.peek(), iso(row.since), iso(row.checkedAt), row.ms, row.up24, row.up30, row.group, row.tags.join(' ')])]);
}

