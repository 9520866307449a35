import type { KeyChange, OverlayChanges, OverlayView, TunnelState } from '../../../proto/contract/api/overlay.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import {
  clientAddress,
  clientName,
  nodeAddress,
  opsPrefix,
  routerAddress,
  transitPrefix,
} from '../../../proto/contract/overlay/network.js';
import { type Prefix6, renderPrefix6 } from '../../../proto/contract/overlay/prefix.js';
import { covers, scopeOf } from '../../domain/access/authorise.js';
import { clientOf } from '../../domain/overlay/book.js';
import { assertMay, type Caller } from '../access/caller.js';
import { nodeView } from '../fleet-view.js';
import type { NodeTable } from '../node-table.js';
import type { StoreReader } from '../ports.js';
import type { Overlay } from './overlay.js';
import type { LiveTunnel } from './ports.js';
import type { Tunnels } from './tunnels.js';

export interface OverlayDeskDeps {
  readonly overlay: Overlay;
  readonly tunnels: Tunnels;
  readonly prefix: Prefix6;
  readonly gateway: number;
  readonly nodes: () => NodeTable;
  readonly reader: Pick<StoreReader, 'sites'>;
}

/** The overlay for people and tools, as far as each may see it. */
export class OverlayDesk {
  readonly #deps: OverlayDeskDeps;

  constructor(deps: OverlayDeskDeps) {
    this.#deps = deps;
  }

  /** @throws BrambleError `permission-denied` */
  async view(caller: Caller): Promise<OverlayView> {
    assertMay(caller, 'nodes.read');
    const { overlay, prefix, gateway } = this.#deps;
    const scope = scopeOf(caller.principal, 'nodes.read');
    const { atMs, trouble, tunnels } = overlay.sight;
    const mine = (site: string): boolean => covers(scope, site);
    return {
      prefix: renderPrefix6(prefix),
      opsPrefix: renderPrefix6(opsPrefix(prefix)),
      gateway: {
        address: routerAddress(transitPrefix(prefix, gateway)),
        answering: trouble === undefined,
        trouble: trouble ?? '',
        seenAtMs: atMs,
        tunnelsCount: tunnels.length,
      },
      sites: (await this.#sites()).filter(({ site }) => mine(site)),
      clients: this.#clients().filter(({ site }) => mine(site)),
      nodes: this.#nodes().filter(({ site }) => mine(site)),
    };
  }

  /** @throws BrambleError `permission-denied` */
  async diff(caller: Caller): Promise<OverlayChanges> {
    assertMay(caller, 'fleet.manage');
    return {
      changes: (await this.#deps.overlay.diff()).map(({ path, kind, lines }) => ({ path, kind, lines: [...lines] })),
    };
  }

  /** @throws BrambleError `permission-denied`, `failed-precondition` */
  async changeKey({ step, despite }: KeyChange, caller: Caller): Promise<{ behind: string[] }> {
    assertMay(caller, 'fleet.manage');
    const { overlay } = this.#deps;
    if (step === 'begin') await overlay.beginKeyChange(caller.actor);
    else await overlay.finishKeyChange(caller.actor, despite);
    return { behind: overlay.behind().map((id) => this.#deps.nodes().get(id)?.node.name ?? id) };
  }

  async #sites(): Promise<OverlayView['sites']> {
    const { overlay, tunnels, reader, nodes } = this.#deps;
    const [usage, known] = await Promise.all([overlay.usage(), reader.sites()]);
    return Array.from(overlay.places.sites, ([site, prefix]) => {
      const { receivedBytes = 0, sentBytes = 0 } = usage.get(site) ?? {};
      const monthlyBytes = known.find(({ id }) => id === site)?.uplink?.monthlyBytes;
      const gateway = tunnels.gatewayOf(site);
      return {
        site,
        prefix: renderPrefix6(prefix),
        ...(gateway === undefined ? {} : { gatewayName: nodes().get(gateway.nodeId)?.node.name ?? gateway.nodeId }),
        tunnel: gateway === undefined ? ('down' as const) : this.#stateOf(this.#live(gateway.nodeId)),
        ...{ receivedBytes, sentBytes },
        ...(monthlyBytes === undefined ? {} : { monthlyBytes }),
      };
    }).toSorted((a, b) => (a.site < b.site ? -1 : 1));
  }

  #clients(): OverlayView['clients'] {
    const { overlay, tunnels, nodes } = this.#deps;
    const behind = new Set<string>(overlay.behind());
    const views = tunnels.all().flatMap((record) => {
      const client = clientOf(record, overlay.places);
      const entry = nodes().get(record.nodeId);
      if (client === undefined || entry === undefined) return [];
      const live = this.#live(record.nodeId);
      return [
        {
          ...{ nodeId: record.nodeId, name: entry.node.name, site: record.site, mode: record.mode },
          prefix: renderPrefix6(client.prefix),
          address: clientAddress(client),
          tunnel: this.#stateOf(live),
          agent: nodeView(entry).liveness,
          ...(live === undefined ? {} : { from: live.remote, connectedAtMs: live.connectedAtMs }),
          ...{ receivedBytes: live?.receivedBytes ?? 0, sentBytes: live?.sentBytes ?? 0 },
          profile: behind.has(record.nodeId) ? ('behind' as const) : ('current' as const),
          certificateExpiresAtMs: record.expiresAtMs,
        },
      ];
    });
    return views.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  #nodes(): OverlayView['nodes'] {
    const { overlay, nodes, tunnels } = this.#deps;
    const views = Array.from(overlay.places.nodes, ([id, own]) => {
      const node = nodes().get(id)?.node;
      if (node === undefined) return [];
      const record = tunnels.of(id);
      const client = record && clientOf(record, overlay.places);
      const address = client === undefined ? nodeAddress(own) : clientAddress(client);
      return [{ nodeId: id, name: node.name, site: node.site, prefix: renderPrefix6(own), address }];
    });
    return views.flat().toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  #live(nodeId: string): LiveTunnel | undefined {
    return this.#deps.overlay.sight.tunnels.find(({ name }) => name === clientName(nodeId));
  }

  #stateOf(live: LiveTunnel | undefined): TunnelState {
    if (this.#deps.overlay.sight.trouble !== undefined) return 'unknown';
    return live === undefined ? 'down' : 'up';
  }
}

/** What a controller without an overlay answers. */
export function noOverlay(): BrambleError {
  return new BrambleError('failed-precondition', 'this controller has no overlay', {
    hint: 'give it a prefix and a host in the section overlay of its configuration',
  });
}
