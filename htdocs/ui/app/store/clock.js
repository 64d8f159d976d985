// The time now, by the server's clock. Components that show spans read one of these.
import { signal } from '../../vendor/signals.js';
import { skew } from '../api.js';

const now = () => Date.now() + skew.peek();

/** Each second. */
export const second = signal(now());
/** Each ten seconds: enough for lists. */
export const tick = signal(now());

let n = 0;
setInterval(() => {
    if (document.hidden) return;
    second.value = now();
    if (++n % 10 === 0) tick.value = second.value;
}, 1000);

document.addEventListener('visibilitychange', () => {
    if (!document.hidden) second.value = tick.value = now();
});
skew.subscribe(() => { second.value = tick.value = now(); });

export { now };
