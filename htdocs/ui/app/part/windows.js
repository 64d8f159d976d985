// What of maintenance is loaded when it is first needed.
export { Calendar } from './calendar.js';
export { WindowDetail } from './windowdetail.js';
export { WindowEdit } from './windowedit.js';
export { askStart, InMaintenance } from './windowstart.js';
