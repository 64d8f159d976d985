import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { get } from '../api.js';
import { href } from '../base.js';
import { instant, span } from '../lib/time.js';
import { on } from '../store/live.js';
import { resource } from '../store/resource.js';
import { DeliveryTable } from './deliveries.js';
import { Empty, Failed } from './states.js';
import { Badge } from './status.js';
import { Time } from './time.js';

/** A part of a monitor's page that is read when its tab opens and again when such an event comes. @param {number} id @param {string} what @param {string} event */
function usePart(id, what, event) {
    const data = useMemo(() => resource(() => get(`/monitors/${id}/${what}`)), [id, what]);
    useEffect(() => {
        data.load();
        return on(event, () => { data.load(); });
    }, [data]);
    return data;
}

/** @param {{id: number}} props */
export function MonitorIncidents({ id }) {
    const data = usePart(id, 'incidents', 'incident');
    const list = data.data.value?.items;
    return html`<${Failed} error=${data.error.value} what="The incidents" retry=${data.load} old=${Boolean(list)}/>
        ${list && (list.length === 0 ? html`<${Empty} icon="check" title="No incidents"><p>None since this monitor was made.</p><//>`
            : html`<table class="table stackable"><thead><tr><th scope="col">State</th><th scope="col">Incident</th><th scope="col">Started</th><th scope="col">Resolved</th><th scope="col">Duration</th></tr></thead><tbody>
                ${list.map((/** @type {any} */ item) => { const from = instant(item.started_at); const to = instant(item.resolved_at); return html`<tr key=${item.id}><td data-label="State"><${Badge} status=${to ? 'up' : 'down'} word=${to ? 'resolved' : 'open'}/></td>
                    <td data-label="Incident"><a href=${href(`incidents/?id=${item.id}`)}>#${item.id} ${item.title}</a></td><td data-label="Started"><${Time} at=${from} exact/></td><td data-label="Resolved"><${Time} at=${to} exact/></td>
                    <td data-label="Duration">${from !== null && to !== null ? span((to - from) / 1000) : 'goes on'}</td></tr>`; })}</tbody></table>`)}`;
}

/** @param {{id: number}} props */
export function MonitorDeliveries({ id }) {
    const data = usePart(id, 'notifications', 'delivery');
    const list = data.data.value?.items;
    return html`<${Failed} error=${data.error.value} what="The notifications" retry=${data.load} old=${Boolean(list)}/>
        ${list && (list.length === 0 ? html`<${Empty} icon="notify" title="Nobody was told anything yet"><p>Messages go out when the status changes.</p><a href=${href('notify/')}>Channels</a><//>` : html`<${DeliveryTable} list=${list} reload=${data.load} brief/>`)}`;
}
