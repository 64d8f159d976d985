// Leaving a form with something in it that is not saved asks first.
import { useLayoutEffect } from '../../vendor/hooks.js';
import { guard } from '../store/route.js';

/** @param {boolean} dirty */
export function useGuard(dirty) {
    // at once: who saves and leaves in one breath is not asked
    useLayoutEffect(() => {
        if (!dirty) return undefined;
        const ask = () => confirm('Leave without saving?');
        const unload = (/** @type {BeforeUnloadEvent} */ event) => event.preventDefault();
        guard.leave = ask;
        addEventListener('beforeunload', unload);
        return () => {
            if (guard.leave === ask) guard.leave = null;
            removeEventListener('beforeunload', unload);
        };
    }, [dirty]);
}
