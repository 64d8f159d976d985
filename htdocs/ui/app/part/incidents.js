// What of incidents is loaded when one is opened or made.
export { IncidentDetail } from './incident.js';
export { IncidentNew } from './incidentnew.js';
