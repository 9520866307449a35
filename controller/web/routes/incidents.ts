import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { INCIDENT_ROUTES } from '../table/incidents.js';

export function incidentHandlers({ healing: { incidents } }: WebOptions): Handlers<typeof INCIDENT_ROUTES> {
  return {
    listIncidents: ({ query: { state, limit, cursor }, caller }) =>
      incidents.list({ state, limit, beforeId: cursor }, caller),
    getIncident: ({ params, caller }) => incidents.detail(params.incident, caller),
    acknowledgeIncident: ({ params, caller }) => incidents.acknowledge(params.incident, caller),
    commentIncident: ({ params, body, caller }) => incidents.comment(params.incident, body.text, caller),
    closeIncident: ({ params, body, caller }) => incidents.close(params.incident, body.reason, caller),
  };
}
