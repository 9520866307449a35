import { BrambleError } from '../../../proto/contract/errors.js';
import { NodeTable } from '../node-table.js';
import type { Store, World } from '../ports.js';
import { PortDesk } from '../switches/port-desk.js';
import { Rollouts } from '../switches/rollouts.js';

/** Ports of no switch at all, for tests of what is around them. */
export function idlePorts({ store, world }: { readonly store: Store; readonly world: World }): PortDesk {
  const nodes = new NodeTable();
  const commands = { issueIn: () => Promise.reject(new BrambleError('unavailable', 'nobody takes orders here')) };
  const rollouts = new Rollouts({ store, world, nodes, commands, onCommitted: () => undefined });
  return new PortDesk({ rollouts, nodes, store });
}
