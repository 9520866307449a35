import { BrambleError } from '../../../proto/contract/errors.js';
import type { AgentConfig } from '../config.js';
import { makeHelperServices } from '../helper/client.js';
import { makeHelperConfig } from '../helper/config-client.js';
import { makeNodeExec } from '../host/node/exec.js';
import { makeHelperCall } from '../host/node/helper-socket.js';
import { makeNodeRandom } from '../host/node/random.js';
import { makeChildServices } from '../host/node/services-child.js';
import { makeSystemdServices } from '../host/node/services-systemd.js';
import type { Services } from '../host/ports.js';
import type { ConfigActuator } from '../node-config/machine.js';

export interface OpenServices extends Services {
  close(): Promise<void>;
}

/** The service manager that the configuration names. */
export function openServices({ services, helperSocket }: AgentConfig): OpenServices {
  const exec = makeNodeExec();
  switch (services.kind) {
    case 'child': {
      const children = makeChildServices({ units: services.units, random: makeNodeRandom() });
      children.start();
      return children;
    }
    case 'none':
      return { ...noServices, close: nothing };
    case 'systemd': {
      const real =
        helperSocket === undefined ? makeSystemdServices(exec) : makeHelperServices(exec, makeHelperCall(helperSocket));
      return { ...real, close: nothing };
    }
  }
}

/** Who puts node configs in place: only a helper does. */
export function openConfigActuator({ helperSocket }: AgentConfig): ConfigActuator | undefined {
  return helperSocket === undefined ? undefined : makeHelperConfig(makeHelperCall(helperSocket));
}

const nothing = (): Promise<void> => Promise.resolve();

const refuse = (): Promise<never> =>
  Promise.reject(new BrambleError('unsupported', 'the configuration of this agent names no service manager'));

const noServices: Services = { state: refuse, restart: refuse, reboot: refuse };
