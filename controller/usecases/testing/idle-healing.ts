import { BrambleError } from '../../../proto/contract/errors.js';
import { Counters } from '../counters.js';
import { Healing } from '../healing/healing.js';
import { type FindNode, HealingDesk } from '../healing/healing-desk.js';
import { NodeTable } from '../node-table.js';
import type { Store, World } from '../ports.js';
import { healingPorts } from './healing-ports.js';

/** The desk of a healing that knows nobody and never looks: for the doors in front of it. */
export function idleHealing(given: {
  readonly store: Store;
  readonly world: World;
  readonly find: FindNode;
}): HealingDesk {
  const { store, world, find } = given;
  const nodes = new NodeTable();
  const never = (): never => {
    throw new BrambleError('internal', 'nothing is healed here');
  };
  const healing = new Healing({
    ...{ store, world, nodes, ...healingPorts },
    boards: { seenBy: () => [] },
    commands: { issueIn: never },
    configs: { rollback: never },
    maintenances: { inForce: () => [] },
    hold: { because: undefined },
    journal: { write: () => undefined },
    sagas: {
      holds: () => [],
      startIn: never,
      get: never,
      abilities: () => undefined,
      workedOnUntilMs: () => undefined,
    },
    counters: new Counters(),
    graceUntilMs: 0,
    channels: [],
    onChanged: () => undefined,
    onCommitted: () => undefined,
  });
  return new HealingDesk({ healing, find, store });
}
