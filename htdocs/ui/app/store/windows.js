// Maintenance windows: what people do with them, from any page.
import { del, patch, post } from '../api.js';
import { plural } from '../lib/number.js';
import { span } from '../lib/time.js';
import { loadMonitors } from './monitors.js';
import { go } from './route.js';
import { toast, toastProblem } from './toasts.js';

/** @param {() => Promise<unknown>} what @param {string} failed @returns {Promise<boolean>} */
async function attempt(what, failed) {
    try {
        await what();
        loadMonitors(true).catch(() => {});
        return true;
    } catch (error) {
        toastProblem(error, failed);
        return false;
    }
}

/** @param {any} item */
export const endNow = (item) => attempt(async () => {
    await post(`/maintenance/${item.id}/end`);
    toast(`${item.title} has ended`, { kind: 'good' });
}, 'It could not be ended');

/** @param {any} item @param {number} seconds */
export const extend = (item, seconds) => attempt(async () => {
    await post(`/maintenance/${item.id}/extend`, { seconds });
    toast(`${item.title} goes on for ${span(seconds)} more`, { kind: 'good' });
}, 'It could not be extended');

/** @param {any} item @param {string} startsAt of the occurrence that is left out */
export const skip = (item, startsAt) => attempt(async () => {
    await post(`/maintenance/${item.id}/skip`, { starts_at: startsAt });
    toast(`${item.title} leaves this one out`);
}, 'It could not be left out');

/** @param {any} item */
export const cancel = (item) => attempt(async () => {
    await del(`/maintenance/${item.id}`);
    toast(`${item.title} is cancelled`);
}, 'It could not be cancelled');

/** @param {any} item that is over or was cancelled */
export const erase = (item) => attempt(async () => {
    await del(`/maintenance/${item.id}`);
    toast(`The record of ${item.title} is deleted`);
}, 'It could not be deleted');

/** From now on, for one monitor or a few. @param {{title: string, duration: number, monitors: number[], silence: boolean, pause: boolean}} body */
export async function startNow(body) {
    const made = await post('/maintenance', body);
    loadMonitors(true).catch(() => {});
    toast(`Maintenance of ${plural(body.monitors.length, 'monitor')} for ${span(body.duration)}`, { kind: 'good', undo: async () => { await endNow(made); }, label: 'End it' });
    return made;
}

/** @param {any} body @param {any} [item] what is changed @param {number} [version] */
export const save = (body, item, version) => (item ? patch(`/maintenance/${item.id}`, body, version) : post('/maintenance', body));

/** @param {number} id */
export const openWindow = (id) => go(`maintenance/?id=${id}`);
