// Parts of the lists that are needed seldom: when there is nothing yet, or many are chosen.
export { BulkBar } from './bulkbar.js';
export { Checklist } from './checklist.js';
export { exportList } from './csv.js';
export { FirstUrl } from './firsturl.js';
