import { BrambleError } from '../../../proto/contract/errors.js';
import type { ClientMode } from '../../../proto/contract/overlay/network.js';
import type { AgentConfig } from '../config.js';
import { makeHelperMachine, makeHelperServices, makeHelperTunnel } from '../helper/client.js';
import { makeHelperConfig } from '../helper/config-client.js';
import { makeNodeExec } from '../host/node/exec.js';
import { makeNodeFiles } from '../host/node/files.js';
import { makeHelperCall } from '../host/node/helper-socket.js';
import { makeKernelFiles } from '../host/node/kernel-files.js';
import { makeNodeLed } from '../host/node/led.js';
import { makeNodeRandom } from '../host/node/random.js';
import { makeChildServices } from '../host/node/services-child.js';
import { makeSystemdServices } from '../host/node/services-systemd.js';
import type { Machine, Services } from '../host/ports.js';
import { makeLocalMachine, noMachine, type OwnOrders } from '../machine/local-machine.js';
import type { ConfigActuator } from '../node-config/machine.js';
import { makeLocalTunnel, TUNNEL_DIR, TUNNEL_UNIT } from '../tunnel/local-tunnel.js';
import type { TunnelActuator } from '../tunnel/order.js';

/** What an agent acts through. */
export interface Means {
  readonly services: Services;
  readonly machine: Machine;
  close(): Promise<void>;
}

/** The service manager that the configuration names, and with it what may be done to the machine. */
export function openMeans({ services, helperSocket, rootsSocket }: AgentConfig, own?: OwnOrders): Means {
  switch (services.kind) {
    case 'child': {
      const children = makeChildServices({ units: services.units, random: makeNodeRandom() });
      children.start();
      return { services: children, machine: noMachine(), close: () => children.close() };
    }
    case 'none':
      return { services: noServices, machine: { ...noMachine(), ...(own !== undefined && { own }) }, close: nothing };
    case 'systemd':
      return { ...systemdMeans(helperSocket, rootsSocket ?? helperSocket, own), close: nothing };
  }
}

function systemdMeans(
  helperSocket: string | undefined,
  rootsSocket: string | undefined,
  own: OwnOrders | undefined,
): Omit<Means, 'close'> {
  const exec = makeNodeExec();
  if (helperSocket === undefined) {
    const services = makeSystemdServices(exec);
    return {
      services,
      machine: makeLocalMachine({ exec, kernel: makeKernelFiles(), services, led: makeNodeLed(), own }),
    };
  }
  const call = makeHelperCall(helperSocket);
  const rootsCall = makeHelperCall(rootsSocket ?? helperSocket);
  return { services: makeHelperServices(exec, call), machine: makeHelperMachine(call, rootsCall) };
}

/** Who puts node configs in place: only a helper does. */
export function openConfigActuator({ helperSocket }: AgentConfig): ConfigActuator | undefined {
  return helperSocket === undefined ? undefined : makeHelperConfig(makeHelperCall(helperSocket));
}

/** Who keeps the tunnel: a helper, or this process itself where it has the rights. */
export function openTunnel(
  { tunnel, helperSocket }: AgentConfig,
  services: Services,
): { readonly mode: ClientMode; readonly actuator: TunnelActuator } | undefined {
  if (tunnel === undefined) return undefined;
  const { mode, dir = TUNNEL_DIR } = tunnel;
  if (helperSocket !== undefined) return { mode, actuator: makeHelperTunnel(makeHelperCall(helperSocket)) };
  return { mode, actuator: makeLocalTunnel({ files: makeNodeFiles(), services, dir, unit: TUNNEL_UNIT }) };
}

const nothing = (): Promise<void> => Promise.resolve();

const refuse = (): Promise<never> =>
  Promise.reject(new BrambleError('unsupported', 'the configuration of this agent names no service manager'));

const noServices: Services = { state: refuse, restart: refuse, reboot: refuse };
