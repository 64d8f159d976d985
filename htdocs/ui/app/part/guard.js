// Leaving a form with something in it that is not saved asks first.
import { useEffect } from '../../vendor/hooks.js';
import { guard } from '../store/route.js';

/** @param {boolean} dirty */
export function useGuard(dirty) {
    useEffect(() => {
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
