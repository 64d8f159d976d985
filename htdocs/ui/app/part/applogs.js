// The live log of an app.
import { html } from '../html.js';
import { useMemo } from '../../vendor/hooks.js';
import { apiUrl } from '../base.js';
import { logSource } from '../store/logs.js';
import { LogView } from './logview.js';

/** @param {{a: any}} props */
export function AppLogs({ a }) {
    const path = `/apps/${a.id}/logs`;
    const source = useMemo(() => logSource(path), [path]);
    const cursor = useMemo(() => new URLSearchParams(location.hash.slice(1)).get('c') ?? '', []);
    const download = (/** @type {Record<string, any>} */ q) => {
        const url = new URL(apiUrl(`${path}/download`), location.href);
        for (const [key, value] of Object.entries(q)) if (value !== undefined && value !== '') url.searchParams.set(key, String(value));
        return url.href;
    };
    return html`<${LogView} source=${source} name=${`app ${a.id}`} label=${`Log of ${a.name}`} download=${download} server cursor=${cursor}/>`;
}
