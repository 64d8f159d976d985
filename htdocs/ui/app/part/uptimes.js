import { html } from '../html.js';
import { useEffect, useMemo } from '../../vendor/hooks.js';
import { get } from '../api.js';
import { percent, plural } from '../lib/number.js';
import { span } from '../lib/time.js';
import { on } from '../store/live.js';
import { byId } from '../store/monitors.js';
import { resource } from '../store/resource.js';
import { barPaths } from './bars.js';
import { Failed } from './states.js';

const WINDOWS = /** @type {[string, string][]} */ ([['24h', '24 hours'], ['7d', '7 days'], ['30d', '30 days'], ['90d', '90 days']]);

/** Uptime by seconds, and the last 24 hours as bars. @param {{m: any}} props */
export function Uptimes({ m }) {
    const data = useMemo(() => resource(() => get(`/monitors/${m.id}/uptime`, { windows: '24h,7d,30d,90d' })), [m.id]);
    useEffect(() => {
        data.load();
        const timer = setInterval(() => { if (!document.hidden) data.load(); }, 15000);
        const off = on('status', (event) => { if (event.id === m.id) data.load(); });
        return () => { clearInterval(timer); off(); };
    }, [m.id]);
    const windows = data.data.value?.windows;
    const month = windows?.['30d'];
    const row = byId.get(m.id);
    row?.beat.value;
    const digits = row?.bars || m.bars24 || '';
    return html`<${Failed} error=${data.error.value} what="The uptime" retry=${data.load} old=${Boolean(windows)}/>
        <section class="card uptimes" aria-label="Uptime">${WINDOWS.map(([key, text]) => html`<div key=${key}><b>${windows ? percent(windows[key]?.percent) : '\u2007'}</b><span class="meta">${text}${windows?.[key]?.down_s ? `, down ${span(windows[key].down_s)}` : ''}</span></div>`)}
            <div class="bars-24"><svg class="bars" width="239" height="24" viewBox="0 0 239 24" role="img" aria-label="Status of the last 24 hours, one bar an hour, now at the right">${barPaths(digits.padStart(24, '0').slice(-24), 10, 24)}</svg>
                <span class="meta">24 hours, to now</span>
                ${month && html`<span class="soft">${month.down_s ? `Down ${span(month.down_s)} in 30 days` : 'No downtime in 30 days'}${month.incidents ? ` · ${plural(month.incidents, 'incident')}` : ''}${month.mttr_s ? ` · back after ${span(month.mttr_s)} on average` : ''}${month.mtbf_s ? ` · ${span(month.mtbf_s, 1)} between failures` : ''}</span>`}</div></section>`;
}
