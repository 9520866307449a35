import { BrambleError } from '../../../proto/contract/errors.js';
import { NodeTable } from '../node-table.js';
import type { Store, World } from '../ports.js';
import { PortChanges } from '../switches/port-changes.js';
import { PortDesk } from '../switches/port-desk.js';

/** Ports of no switch at all, for tests of what is around them. */
export function idlePorts({ store, world }: { readonly store: Store; readonly world: World }): PortDesk {
  const nodes = new NodeTable();
  const commands = { issueIn: () => Promise.reject(new BrambleError('unavailable', 'nobody takes orders here')) };
  const changes = new PortChanges({ store, world, nodes, commands, onCommitted: () => undefined });
  return new PortDesk({ changes, nodes, store });
}
