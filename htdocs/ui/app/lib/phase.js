// How far an incident is, as the public reads it.

export const PHASES = /** @type {[string, string][]} */ ([['investigating', 'Investigating'], ['identified', 'Identified'], ['monitoring', 'Monitoring'], ['resolved', 'Resolved']]);
export const SEVERITIES = /** @type {[string, string][]} */ ([['critical', 'critical'], ['major', 'major'], ['minor', 'minor']]);

/** @param {string|null|undefined} phase */
export const phaseName = (phase) => PHASES.find(([key]) => key === phase)?.[1] ?? String(phase ?? '');
