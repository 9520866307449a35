import { type ProvisioningAsk, ProvisioningList, ProvisioningView } from '../../proto/contract/api/provisioning.js';
import type { Ask } from './image-api.js';

/** What of the controller's HTTP API changes what boards boot. */
export class ProvisioningApi {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  start(ask: ProvisioningAsk): Promise<ProvisioningView> {
    return this.#ask('POST', '/api/v1/provisioning', ProvisioningView, ask);
  }

  get(id: string): Promise<ProvisioningView> {
    return this.#ask('GET', `/api/v1/provisioning/${encodeURIComponent(id)}`, ProvisioningView);
  }

  async of(node: string, limit: number): Promise<readonly ProvisioningView[]> {
    const query = `node=${encodeURIComponent(node)}&limit=${limit}`;
    return (await this.#ask('GET', `/api/v1/provisioning?${query}`, ProvisioningList)).provisionings;
  }

  abort(id: string, reason: string): Promise<ProvisioningView> {
    return this.#ask('POST', `/api/v1/provisioning/${encodeURIComponent(id)}/abort`, ProvisioningView, { reason });
  }
}
