import { BrambleError } from '../../../proto/contract/errors.js';
import { Counters } from '../counters.js';
import { SteadyClock } from '../healing/steady-clock.js';
import { EMPTY_TOPOLOGY } from '../healing/topology-document.js';
import { NodeTable } from '../node-table.js';
import type { Store, World } from '../ports.js';
import { Provisioning } from '../provisioning/provisioning.js';
import { ProvisioningDesk } from '../provisioning/provisioning-desk.js';
import { RolloutDesk } from '../rollout/rollout-desk.js';
import { Rollouts } from '../rollout/rollouts.js';

/** The desks of a provisioning that nothing can be done with: for the doors in front of it. */
export function idleProvisioning({ store, world }: { readonly store: Store; readonly world: World }) {
  const never = (): never => {
    throw new BrambleError('internal', 'nothing is provisioned here');
  };
  const nodes = new NodeTable();
  const clock = new SteadyClock(world.clock);
  const provisioning = new Provisioning({
    ...{ store, world, nodes, clock, counters: new Counters() },
    boards: { all: () => [], bootOf: never, startsSince: () => 0 },
    commands: { issueIn: never },
    configs: { setIn: never },
    topologies: () => ({ changeIn: never }),
    entryOf: () => undefined,
    verifyForMs: () => 0,
    refreshNode: never,
    revokeIn: never,
    holdOn: () => undefined,
    drain: undefined,
    hold: { because: undefined },
    onCommitted: () => undefined,
    onChanged: () => undefined,
  });
  const rollouts = new Rollouts({
    ...{ store, world, clock, sagas: { startIn: never, get: never }, configs: { setIn: never } },
    entryOf: () => undefined,
    holdOn: () => undefined,
    onCommitted: () => undefined,
  });
  return {
    provisioning: new ProvisioningDesk({ provisioning, topologies: { written: EMPTY_TOPOLOGY }, store }),
    rollouts: new RolloutDesk({ rollouts, nodes, store }),
  };
}
