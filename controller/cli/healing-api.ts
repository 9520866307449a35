import {
  Done,
  HealingStatus,
  type HoldAsk,
  HoldList,
  HoldView,
  NodeHealingView,
  PolicyList,
  PolicyView,
} from '../../proto/contract/api/healing.js';
import {
  AddressList,
  type PlacementAsk,
  PlacementView,
  type TopologyPut,
  TopologyView,
  WhatIfView,
} from '../../proto/contract/api/topology.js';
import type { Ask } from './image-api.js';
import { IncidentApi } from './incident-api.js';
import { ProvisioningApi } from './provisioning-api.js';
import { RolloutApi } from './rollout-api.js';

/** What of the controller's HTTP API is about healing, incidents, the topology, and what nodes boot. */
export class HealingApi {
  readonly incidents: IncidentApi;
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
    this.incidents = new IncidentApi(ask);
  }

  get provisioning(): ProvisioningApi {
    return new ProvisioningApi(this.#ask);
  }

  get rollouts(): RolloutApi {
    return new RolloutApi(this.#ask);
  }

  status(): Promise<HealingStatus> {
    return this.#ask('GET', '/api/v1/healing', HealingStatus);
  }

  node(id: string, limit: number): Promise<NodeHealingView> {
    return this.#ask('GET', `/api/v1/nodes/${encodeURIComponent(id)}/healing?limit=${limit}`, NodeHealingView);
  }

  async repaired(id: string): Promise<void> {
    await this.#ask('POST', `/api/v1/nodes/${encodeURIComponent(id)}/repaired`, Done);
  }

  policy(): Promise<PolicyView> {
    return this.#ask('GET', '/api/v1/healing/policy', PolicyView);
  }

  async policies(): Promise<readonly PolicyView[]> {
    return (await this.#ask('GET', '/api/v1/healing/policies', PolicyList)).policies;
  }

  setPolicy(text: string, reason: string): Promise<PolicyView> {
    return this.#ask('PUT', '/api/v1/healing/policy', PolicyView, { text, reason });
  }

  async holds(): Promise<readonly HoldView[]> {
    return (await this.#ask('GET', '/api/v1/healing/holds', HoldList)).holds;
  }

  hold(ask: HoldAsk): Promise<HoldView> {
    return this.#ask('POST', '/api/v1/healing/holds', HoldView, ask);
  }

  async lift(id: string): Promise<void> {
    await this.#ask('DELETE', `/api/v1/healing/holds/${encodeURIComponent(id)}`, Done);
  }

  topology(): Promise<TopologyView> {
    return this.#ask('GET', '/api/v1/topology', TopologyView);
  }

  /** `topology` as an operator wrote it: the controller says what is wrong with it. */
  setTopology(wish: Omit<TopologyPut, 'topology'> & { readonly topology: unknown }): Promise<TopologyView> {
    return this.#ask('PUT', '/api/v1/topology', TopologyView, wish);
  }

  addresses(): Promise<AddressList> {
    return this.#ask('GET', '/api/v1/topology/addresses', AddressList);
  }

  whatIf(name: string): Promise<WhatIfView> {
    return this.#ask('GET', `/api/v1/topology/what-if?pull=${encodeURIComponent(name)}`, WhatIfView);
  }

  place(ask: PlacementAsk): Promise<PlacementView> {
    return this.#ask('POST', '/api/v1/placement', PlacementView, ask);
  }
}
