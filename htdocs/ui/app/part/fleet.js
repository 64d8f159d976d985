// Small things that the pages of hosts and apps share.
import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { get } from '../api.js';
import { href } from '../base.js';
import { fullness, percentage, stateText, statusOf } from '../lib/fleet.js';
import { on } from '../store/live.js';
import { resource } from '../store/resource.js';
import { Badge, LiveBadge } from './status.js';

/** A share as a bar and in words; over its threshold it has the shape and the colour of "degraded". @param {{pct: number|null|undefined, limit?: number|null, label: string, old?: boolean}} props */
export function Meter({ pct, limit, label, old }) {
    if (pct === null || pct === undefined) return html`<span class="meter"><span class="meta">—</span></span>`;
    const status = old ? 'unknown' : fullness(pct, limit);
    return html`<span class=${`meter s-${status}`} title=${`${label} ${percentage(pct)}${old ? ', last known' : limit && pct >= limit ? `, above ${limit} %` : ''}`}><span class="sr">${label} </span><i aria-hidden="true"><b style=${{ width: `${Math.min(100, pct)}%` }}></b></i><span class="num">${percentage(pct)}${status === 'degraded' ? html`<span aria-hidden="true"> ▲</span><span class="sr"> above its threshold</span>` : ''}</span></span>`;
}

/** The status of an app with what it does, in words. @param {{app: any}} props */
export const AppBadge = ({ app }) => html`<${Badge} status=${statusOf(app.status?.value ?? app.status)} word=${stateText({ ...app, status: app.status?.value ?? app.status })}/>`;

/** A row's status as it may be shown now: what was not asked for too long is unknown. @param {{row: import('../store/fleet.js').Row}} props */
export const RowBadge = ({ row }) => (row.status.value === 'unknown' && row.reason === 'silent' ? html`<${Badge} status="unknown" word="silent" since=${row.since}/>` : html`<${LiveBadge} monitor=${{ status: row.status.value, since: row.since, checkedAt: row.seenAt, interval: row.poll_s ?? 30 }}/>`);

/** @param {{host: any}} props */
export const HostLink = ({ host }) => html`<a href=${href(`hosts/?id=${host.id}`)}>${host.name}</a>`;

/**
 * Something of the API that is read when it is first shown and again when such an event comes.
 * @param {string} path @param {string[]} events @param {(event: any) => boolean} [mine] @param {Record<string, any>} [query]
 */
export function usePart(path, events, mine = () => true, query) {
    const data = useMemo(() => resource(() => get(path, query)), [path, JSON.stringify(query)]);
    useEffect(() => {
        data.load();
        /** @type {ReturnType<typeof setTimeout>|undefined} */
        let soon;
        const offs = [...events, 'resync'].map((name) => on(name, (event) => {
            if (name !== 'resync' && !mine(event)) return;
            clearTimeout(soon);
            soon = setTimeout(data.load, 200);
        }));
        return () => { clearTimeout(soon); offs.forEach((off) => off()); };
    }, [data]);
    return data;
}
