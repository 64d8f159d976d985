// What can be done to monitors from anywhere. What can be undone is done at once and offers Undo.
import { get, post } from '../api.js';
import { plural } from '../lib/number.js';
import { byId, expect, forget, loadMonitors } from './monitors.js';
import { overview } from './overview.js';
import { toast, toastProblem } from './toasts.js';

/** @param {number[]} ids */
const named = (ids) => (ids.length === 1 ? byId.get(ids[0])?.name ?? 'The monitor' : plural(ids.length, 'monitor'));

/** @param {string} op @param {number[]} ids @param {any} [args] */
export async function bulk(op, ids, args) {
    const answer = await post('/monitors/bulk', args ? { op, ids, args } : { op, ids });
    const failed = answer?.failed ?? [];
    if (failed.length) {
        const first = Object.entries(failed[0].errors ?? {})[0];
        toast(`${plural(failed.length, 'monitor')} could not be changed${first ? `: ${first[0]} ${first[1]}` : ''}`, { kind: 'bad' });
    }
    overview.load();
    loadMonitors(true).catch(() => {});
    return answer;
}

/** @param {number[]} ids @param {boolean} on @param {boolean} [again] it is the undoing itself */
export async function pause(ids, on, again = false) {
    try {
        await bulk(on ? 'pause' : 'resume', ids);
        for (const id of ids) expect(id, on ? 'paused' : 'unknown');
        if (!again) toast(`${named(ids)} ${on ? 'paused' : 'resumed'}`, { undo: () => pause(ids, !on, true) });
    } catch (error) {
        toastProblem(error, `${named(ids)} could not be ${on ? 'paused' : 'resumed'}`);
    }
}

/** @param {number[]} ids */
export async function remove(ids) {
    const name = named(ids);
    try {
        await bulk('delete', ids);
        forget(ids);
        toast(`${name} deleted. It is kept for 7 days.`, { undo: () => restore(ids) });
        return true;
    } catch (error) {
        toastProblem(error, `${name} could not be deleted`);
        return false;
    }
}

/** @param {number[]} ids */
export async function restore(ids) {
    try {
        await bulk('restore', ids);
        await loadMonitors(true);
        toast(`${named(ids)} restored`, { kind: 'good' });
    } catch (error) {
        toastProblem(error, 'It could not be restored');
    }
}

/** Checks a saved monitor now; the result comes by the event stream. @param {number} id */
export async function checkNow(id) {
    try {
        await post(`/monitors/${id}/check`);
        toast(`${named([id])} is being checked`);
    } catch (error) {
        toastProblem(error, 'The check could not be started');
    }
}

/** @param {number} id of the incident */
export async function acknowledge(id) {
    try {
        await post(`/incidents/${id}/ack`);
        toast('Acknowledged', { kind: 'good' });
        overview.load();
    } catch (error) {
        toastProblem(error, 'It could not be acknowledged');
    }
}

/** @param {number} id */
export const readMonitor = (id) => get(`/monitors/${id}`);
