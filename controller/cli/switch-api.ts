import {
  type PortChangeCreate,
  PortChangeList,
  PortChangeView,
  type PortPreview,
  PortPreviewList,
  type PortWish,
  SwitchPortsView,
} from '../../proto/contract/api/switch.js';
import type { Ask } from './image-api.js';

/** What of the controller's HTTP API is about ports of switches. */
export class SwitchApi {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  ports(nodeId: string): Promise<SwitchPortsView> {
    return this.#ask('GET', `/api/v1/nodes/${encodeURIComponent(nodeId)}/ports`, SwitchPortsView);
  }

  async preview(switches: readonly PortWish[]): Promise<readonly PortPreview[]> {
    return (await this.#ask('POST', '/api/v1/port-changes/preview', PortPreviewList, { switches })).switches;
  }

  begin(create: PortChangeCreate): Promise<PortChangeView> {
    return this.#ask('POST', '/api/v1/port-changes', PortChangeView, create);
  }

  async changes(nodeId: string | undefined): Promise<readonly PortChangeView[]> {
    const of = nodeId === undefined ? '' : `?node=${encodeURIComponent(nodeId)}`;
    return (await this.#ask('GET', `/api/v1/port-changes${of}`, PortChangeList)).changes;
  }

  change(id: string): Promise<PortChangeView> {
    return this.#ask('GET', `/api/v1/port-changes/${encodeURIComponent(id)}`, PortChangeView);
  }

  approve(id: string): Promise<PortChangeView> {
    return this.#ask('POST', `/api/v1/port-changes/${encodeURIComponent(id)}/approve`, PortChangeView);
  }

  takeBack(id: string, reason: string): Promise<PortChangeView> {
    return this.#ask('POST', `/api/v1/port-changes/${encodeURIComponent(id)}/take-back`, PortChangeView, { reason });
  }
}
