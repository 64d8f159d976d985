// Who is signed in, and what the server is like: the answer of GET /bootstrap.
import { signal, computed } from '../../vendor/signals.js';
import { ask, asProblem, call, csrf, patch, post } from '../api.js';
import { account, adoptPrefs } from './prefs.js';
import { go, path, query } from './route.js';

/**
 * @typedef {'viewer'|'member'|'operator'|'admin'} Role
 * @typedef {{id: number, email: string, name: string, role: Role}} User
 * @typedef {{user: User|null, role: Role|null, csrf: string, server_time?: string, version?: string,
 *   demo?: boolean, install_url?: string, instance?: string, public_url?: string, prefs?: any, features?: {signup?: string, setup_needed?: boolean}, counts?: any}} Bootstrap
 */

/** @type {Role[]} */
export const ROLES = ['viewer', 'member', 'operator', 'admin'];

export const boot = signal(/** @type {Bootstrap|null} */ (null));
/** Why nothing could be started. */
export const bootError = signal(/** @type {import('../api.js').Problem|null} */ (null));
export const user = computed(() => boot.value?.user ?? null);
export const role = computed(() => boot.value?.user?.role ?? boot.value?.role ?? null);

/** Whether the user's role is at least this. @param {Role} least */
export const can = (least) => role.value !== null && ROLES.indexOf(role.value) >= ROLES.indexOf(least);

export const needsSetup = computed(() => Boolean(boot.value?.features?.setup_needed));

export async function load() {
    try {
        const answer = /** @type {Bootstrap} */ (await call('GET', '/bootstrap', { anonymous: true }));
        csrf.token = answer.csrf ?? '';
        boot.value = answer;
        bootError.value = null;
        adoptPrefs(answer.prefs);
    } catch (error) {
        bootError.value = asProblem(error);
    }
}

/** @param {string} email @param {string} password @param {boolean} remember */
export async function signIn(email, password, remember) {
    await post('/session', { email: email.trim(), password, remember }, { anonymous: true });
    await load();
}

export async function signOut() {
    await call('DELETE', '/session', { anonymous: true }).catch(() => {});
    // a full load: nothing of this account stays in memory, and the other tabs learn it by the storage event
    localStorage.setItem('tocsin.left', String(Date.now()));
    location.assign(new URL('../'.repeat(path.peek() ? 1 : 0) + 'signin/', location.href));
}

addEventListener('storage', (event) => {
    if (event.key === 'tocsin.left' && user.peek()) location.reload();
});

/** Open while the session has ended and the user is asked for the password. @type {import('../../vendor/signals.js').Signal<null|((ok: boolean) => void)>} */
export const asking = signal(/** @type {null|((ok: boolean) => void)} */ (null));

/** Open while the server wants to be sure that it is still the same person. @type {import('../../vendor/signals.js').Signal<null|((ok: boolean) => void)>} */
export const proving = signal(/** @type {null|((ok: boolean) => void)} */ (null));

/** One question at a time, however many calls wait for its answer. @param {typeof asking} where @returns {() => Promise<boolean>} */
function questions(where) {
    /** @type {Promise<boolean>|null} */
    let open = null;
    return () => {
        open ??= new Promise((resolve) => {
            where.value = (ok) => {
                where.value = null;
                open = null;
                resolve(ok);
            };
        });
        return open;
    };
}

ask.reload = load;
ask.again = questions(asking);
ask.proof = questions(proving);

account.save = (prefs) => {
    if (user.peek()) patch('/me', { prefs }).catch(() => { /* this browser has it */ });
};

/** The sign-in page, which comes back here. */
export function toSignIn() {
    const back = path.peek() + (query.peek().toString() ? `?${query.peek()}` : '');
    go(`signin/${back ? `?next=${encodeURIComponent(back)}` : ''}`, { replace: true });
}
