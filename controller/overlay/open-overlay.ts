import { join } from 'node:path';
import type { SiteId } from '../../proto/contract/ids.js';
import { parseOverlayPrefix } from '../../proto/contract/overlay/network.js';
import { GATEWAY_FILES } from '../../proto/contract/overlay/server-config.js';
import type { OverlayNode } from '../domain/overlay/book.js';
import type { UplinkBudget } from '../domain/site.js';
import type { Controller } from '../usecases/controller.js';
import { GatewayKeeper } from '../usecases/overlay/gateway-keeper.js';
import { Overlay } from '../usecases/overlay/overlay.js';
import { OverlayDesk } from '../usecases/overlay/overlay-view.js';
import type { OverlayAuthority, OverlayServices, OverlaySettings } from '../usecases/overlay/ports.js';
import { Tunnels } from '../usecases/overlay/tunnels.js';
import type { Store, Trust, World } from '../usecases/ports.js';
import { GatewayFolder } from './folder.js';
import { ManagementSocket } from './management.js';
import { childGateway, systemdServices } from './services.js';
import { startTcpRelay, type TcpRelay } from './tcp-relay.js';

/** One is built; addresses are laid out for more. */
const GATEWAY = 0;
const DEVICE = 'bramble0';
/** The unit's user may not look into the data directory, where the keys of the fleet are. */
const SHARED_DIR = '/var/lib/bramble-overlay';
/** Of the packaged unit: bramble-openvpn@.service. */
const UNIT = `bramble-openvpn@${GATEWAY}.service`;

export interface OverlayParts {
  readonly dataDir: string;
  readonly store: Store;
  readonly world: World;
  readonly authority: { readonly overlay: OverlayAuthority; readonly trust: Trust };
  /** Asked only after start(). */
  readonly controller: () => Pick<Controller, 'core'>;
  /** Of the controller, as nodes reach them through their tunnel; asked only after start(). */
  readonly controllerPorts: () => readonly number[];
  /** `undefined` = nobody said what the uplink bears. */
  readonly uplinkOf: (site: SiteId) => UplinkBudget | undefined;
}

export interface OpenedOverlay {
  readonly overlay: Overlay;
  readonly desk: OverlayDesk;
  /** Puts the gateway in order; to be called when the controller's ports are known. */
  start(onClose: (name: string, close: () => Promise<unknown>) => void): Promise<void>;
  counters(): Readonly<Record<string, number>>;
}

/** Joins the overlay's parts as the configuration says. Starts nothing. */
export function makeOverlay(settings: OverlaySettings, parts: OverlayParts): OpenedOverlay {
  const { dataDir, store, world, controller } = parts;
  const { overlay: authority, trust } = parts.authority;
  const prefix = parseOverlayPrefix(settings.prefix);
  const isUnit = settings.services === 'systemd';
  const dir = join(isUnit ? SHARED_DIR : join(dataDir, 'overlay'), `gateway-${GATEWAY}`);
  const socket = isUnit ? `/run/bramble-openvpn/${GATEWAY}.sock` : join(dir, 'management.sock');
  const { host, port, tcpPort, listen, nodePorts } = settings;
  const remotes = [
    { host, port, protocol: 'udp' } as const,
    ...(tcpPort === 0 ? [] : [{ host, port: tcpPort, protocol: 'tcp' } as const]),
  ];
  const { services, close } = servicesOf(settings, dir);
  const tunnels = new Tunnels({
    ...{ store, world, authority, trust },
    terms: { overlay: prefix, gateway: GATEWAY, remotes, nodePorts },
  });
  const keeper = new GatewayKeeper({
    ...{ store, clock: world.clock, log: world.log, authority, services },
    folder: new GatewayFolder(dir),
    process: new ManagementSocket(socket),
    config: {
      ...{ overlay: prefix, gateway: GATEWAY, folder: dir, socket, device: DEVICE },
      listen: { host: listen, port },
    },
    shaped: () =>
      Array.from(overlay.places.sites).flatMap(([site, sitesPrefix]) => {
        const uplink = parts.uplinkOf(site);
        return uplink === undefined ? [] : [{ prefix: sitesPrefix, downBitsPerS: uplink.downBitsPerS }];
      }),
    policy: () => {
      const tcpFallback = tcpPort === 0 ? undefined : { port: tcpPort, relayPort: port };
      const controllerPorts = parts.controllerPorts();
      return { overlay: prefix, gateway: GATEWAY, device: DEVICE, controllerPorts, nodePorts, tcpFallback };
    },
  });
  const overlay: Overlay = new Overlay({
    ...{ store, world, prefix, authority, tunnels, keeper },
    nodes: () => nodesInService(controller().core),
    send: (id, answer) => {
      controller().core.sessions.send(id, { kind: 'tunnel-profile', answer });
    },
  });
  const desk = new OverlayDesk({
    ...{ overlay, tunnels, prefix, gateway: GATEWAY, reader: store.reader },
    nodes: () => controller().core.nodes,
  });
  let relay: TcpRelay | undefined;
  return {
    overlay,
    desk,
    start: async (onClose) => {
      onClose('overlay gateway', close);
      if (tcpPort !== 0) {
        relay = await startTcpRelay({
          listen: { host: listen, port },
          gateway: { host: loopback(listen), port },
        });
        const open = relay;
        onClose('overlay relay', () => open.close());
      }
      await overlay.start();
      onClose('overlay', () => overlay.stop());
    },
    counters: () => ({
      overlay_tunnels: overlay.sight.tunnels.length,
      ...Object.fromEntries(Object.entries(relay?.counters() ?? {}).map(([name, n]) => [`overlay_tcp_${name}`, n])),
    }),
  };
}

function nodesInService({ nodes }: Controller['core']): readonly OverlayNode[] {
  const inService = [...nodes.all()].filter(({ node }) => node.lifecycle !== 'revoked');
  return inService.map(({ node: { id, site } }) => ({ id, site }));
}

function servicesOf(
  { services }: OverlaySettings,
  dir: string,
): { readonly services: OverlayServices; readonly close: () => Promise<void> } {
  if (services === 'systemd') return { services: systemdServices(UNIT), close: () => Promise.resolve() };
  const child = childGateway({
    configPath: join(dir, GATEWAY_FILES.config),
    policyPath: join(dir, GATEWAY_FILES.policy),
    shapingPath: join(dir, GATEWAY_FILES.shaping),
    device: DEVICE,
    logPath: join(dir, 'openvpn.log'),
  });
  return { services: child, close: () => child.close() };
}

/** Where the gateway is heard by a program of its own machine. */
function loopback(listen: string): string {
  if (listen === '::') return '::1';
  return listen === '0.0.0.0' ? '127.0.0.1' : listen;
}
