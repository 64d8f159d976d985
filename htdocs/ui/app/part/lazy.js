// A component whose module comes when it is first needed.
import { html } from '../html.js';
import { signal } from '../../vendor/signals.js';
import { problem } from '../api.js';
import { Failed, Skeleton } from './states.js';

/**
 * @param {() => Promise<any>} load
 * @param {string} name what the module exports
 * @param {() => any} [waiting] what shows meanwhile
 * @returns {(props: any) => any}
 */
export function lazy(load, name, waiting = () => html`<h1 tabindex="-1" class="sr">Loading</h1><${Skeleton} label="Loading the page"/>`) {
    const module = signal(/** @type {any} */ (null));
    const broken = signal(false);
    let asked = false;
    function ask() {
        if (asked) return;
        asked = true;
        load().then((m) => { module.value = m; }, () => { broken.value = true; });
    }
    return function Lazy(props) {
        ask();
        if (module.value) {
            const Real = module.value[name];
            return html`<${Real} ...${props}/>`;
        }
        // offline, or a newer release has taken this one's place
        return broken.value ? html`<${Failed} error=${problem(0, { title: 'No connection, or a new version was installed.' })} what="This page" retry=${() => location.reload()}/>` : waiting();
    };
}
