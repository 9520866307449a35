import { type RolloutAsk, type RolloutBecome, RolloutList, RolloutView } from '../../proto/contract/api/rollout.js';
import type { Ask } from './image-api.js';

/** What of the controller's HTTP API is about rollouts. */
export class RolloutApi {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  start(ask: RolloutAsk): Promise<RolloutView> {
    return this.#ask('POST', '/api/v1/rollouts', RolloutView, ask);
  }

  async list(): Promise<readonly RolloutView[]> {
    return (await this.#ask('GET', '/api/v1/rollouts?limit=100', RolloutList)).rollouts;
  }

  become(id: string, become: RolloutBecome): Promise<RolloutView> {
    return this.#ask('POST', `/api/v1/rollouts/${encodeURIComponent(id)}/state`, RolloutView, become);
  }
}
