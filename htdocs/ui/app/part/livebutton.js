// How fresh the page is, in words, and a pop-over with the details.
import { html } from '../html.js';
import { signal } from '../../vendor/signals.js';
import { useEffect, useId, useRef } from '../../vendor/hooks.js';
import { skew } from '../api.js';
import { absolute, span } from '../lib/time.js';
import { eventCount, lastEvent, retry, state, togglePause } from '../store/live.js';
import { second } from '../store/clock.js';
import { zone } from '../store/prefs.js';
import { boot } from '../store/session.js';
import { Button } from './button.js';
import { place } from './menu.js';

const GLYPH = { connecting: '◌', live: '●', reconnecting: '▲', polling: '◔', paused: '❚❚' };
const WORD = { connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting', polling: 'Polling', paused: 'Paused' };

/** What a screen reader is told: only a change of kind, at most every ten seconds. */
const said = signal('');
let saidAt = 0;

export function LiveButton() {
    const id = useId();
    const button = useRef(/** @type {any} */ (null));
    const pop = useRef(/** @type {any} */ (null));
    const { kind, retryAt } = state.value;
    useEffect(() => {
        const wait = Math.max(0, saidAt + 10000 - Date.now());
        const timer = setTimeout(() => { saidAt = Date.now(); said.value = WORD[kind]; }, wait);
        return () => clearTimeout(timer);
    }, [kind]);
    const left = retryAt && second.value ? Math.max(0, Math.ceil((retryAt - Date.now()) / 1000)) : 0;
    const text = kind === 'polling' ? 'Polling, 5 s' : kind === 'reconnecting' && left ? `Reconnecting in ${left} s` : WORD[kind];
    return html`<button type="button" ref=${button} class="btn quiet live" data-kind=${kind} popovertarget=${id} aria-label=${`Connection: ${text}`}>
            <span class="live-glyph" aria-hidden="true">${GLYPH[kind]}</span><span class="live-text">${text}</span></button>
        <span class="sr" role="status">${said}</span>
        <div class="pop stack" id=${id} ref=${pop} popover="auto" role="dialog" aria-label="Connection" onToggle=${(/** @type {any} */ e) => e.newState === 'open' && place(button.current, pop.current)}>
            <${Details}/><div class="row"><${Button} small onClick=${togglePause} keys=".">${kind === 'paused' ? 'Go on' : 'Pause updates'}<//>
            ${kind === 'reconnecting' && html`<${Button} small onClick=${retry}>Try now<//>`}</div></div>`;
}

function Details() {
    const { kind } = state.value;
    const quiet = second.value ? (Date.now() - lastEvent.value) / 1000 : 0;
    return html`<dl class="kv"><dt>Transport</dt><dd>${kind === 'polling' ? 'Asking every 5 s' : 'Event stream, shared by all tabs'}</dd>
        <dt>Last event</dt><dd>${span(quiet, 1)} ago</dd><dt>Events</dt><dd>${eventCount}</dd>
        <dt>Server’s clock</dt><dd>${Math.abs(skew.value) < 2000 ? 'agrees' : `${span(Math.abs(skew.value) / 1000)} ${skew.value > 0 ? 'ahead' : 'behind'}`}</dd>
        <dt>Server’s time</dt><dd>${absolute(second.value, zone.value)}</dd>${boot.value?.version && html`<dt>Version</dt><dd>${boot.value.version}</dd>`}</dl>`;
}
