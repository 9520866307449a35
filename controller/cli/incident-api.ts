import { IncidentDetail, IncidentList, IncidentView } from '../../proto/contract/api/incidents.js';
import type { Ask } from './image-api.js';

/** What of the controller's HTTP API is about incidents. */
export class IncidentApi {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  list(state: 'open' | 'closed' | 'all', limit: number): Promise<IncidentList> {
    return this.#ask('GET', `/api/v1/incidents?state=${state}&limit=${limit}`, IncidentList);
  }

  get(id: string): Promise<IncidentDetail> {
    return this.#ask('GET', path(id), IncidentDetail);
  }

  acknowledge(id: string): Promise<IncidentView> {
    return this.#ask('POST', `${path(id)}/acknowledge`, IncidentView);
  }

  comment(id: string, text: string): Promise<IncidentView> {
    return this.#ask('POST', `${path(id)}/comments`, IncidentView, { text });
  }

  close(id: string, reason: string): Promise<IncidentView> {
    return this.#ask('POST', `${path(id)}/close`, IncidentView, { reason });
  }
}

function path(id: string): string {
  return `/api/v1/incidents/${encodeURIComponent(id)}`;
}
