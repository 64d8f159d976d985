// The event stream of the leading tab: opens it, notices when it is gone (also when nothing says
// so), and opens it again with growing waits.
import { apiUrl } from '../base.js';
import { givesStream } from '../api.js';

const EVENTS = ['checks', 'status', 'monitor', 'incident', 'maintenance', 'page', 'channel', 'delivery', 'test', 'health', 'host', 'app', 'action', 'deploy', 'enrolled', 'resync', 'ping', 'bye'];
const SILENCE_MS = 35000; // the server says something each 15 s
const WAIT_MS = [1000, 2000, 4000, 8000, 15000, 30000];

/**
 * @param {{state: (next: import('./live.js').State) => void, event: (event: string, data: any) => void, resync: boolean}} to
 */
export function openStream(to) {
    /** @type {EventSource|null} */
    let source = null;
    let tries = 0;
    let cursor = '';
    let missed = to.resync; // events may have been lost: read all again once it is open
    let heardAt = 0;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    let timer;

    function open() {
        clearTimeout(timer);
        source?.close();
        source = new EventSource(apiUrl('/events') + (cursor ? `?after=${encodeURIComponent(cursor)}` : ''));
        heardAt = Date.now();
        source.onopen = () => {
            tries = 0;
            heardAt = Date.now();
            to.state({ kind: 'live', at: Date.now(), retryAt: 0 });
            if (missed) to.event('resync', {});
            missed = false;
        };
        source.onerror = failed;
        for (const name of EVENTS) source.addEventListener(name, receive);
    }

    function receive(/** @type {Event} */ raw) {
        const event = /** @type {MessageEvent} */ (raw);
        heardAt = Date.now();
        if (event.lastEventId) cursor = event.lastEventId;
        if (event.type === 'bye') return;
        try {
            to.event(event.type, event.data ? JSON.parse(event.data) : {});
        } catch {
            to.event('resync', {}); // half an event: what it said is read again
        }
    }

    async function failed() {
        if (!cursor) missed = true; // nothing tells the server where we stopped
        if (source?.readyState === EventSource.CONNECTING) {
            // the browser tries again by itself and says where it stopped
            to.state({ kind: 'reconnecting', at: Date.now(), retryAt: 0 });
            return;
        }
        // refused for good, as far as the browser is concerned: ask why
        source?.close();
        const wait = WAIT_MS[Math.min(tries++, WAIT_MS.length - 1)] * (0.8 + Math.random() * 0.4);
        const gives = await givesStream();
        if (gives) to.state({ kind: 'reconnecting', at: Date.now(), retryAt: Date.now() + wait });
        else to.state({ kind: 'polling', at: Date.now(), retryAt: 0 });
        timer = setTimeout(open, gives ? wait : 60000);
    }

    const watch = setInterval(() => {
        if (source?.readyState === EventSource.OPEN && Date.now() - heardAt > SILENCE_MS) {
            to.state({ kind: 'reconnecting', at: Date.now(), retryAt: Date.now() });
            open();
        }
    }, 5000);

    addEventListener('online', () => { if (source?.readyState !== EventSource.OPEN) open(); });
    addEventListener('pagehide', () => { source?.close(); clearInterval(watch); clearTimeout(timer); });
    addEventListener('pageshow', (event) => { if (event.persisted) { missed = true; open(); } });
    open();

    return {
        retry() {
            tries = 0;
            if (source?.readyState !== EventSource.OPEN) open();
        },
    };
}
