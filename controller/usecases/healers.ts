import { Healing, type HealingDeps } from './healing/healing.js';
import { SteadyClock } from './healing/steady-clock.js';
import type { NodeEntry } from './node-table.js';
import { Provisioning, type ProvisioningDeps } from './provisioning/provisioning.js';
import { Rollouts } from './rollout/rollouts.js';

/** What the controller changes by itself, and what people have it change. */
export interface Healers {
  readonly healing: Healing;
  readonly provisioning: Provisioning;
  readonly rollouts: Rollouts;
}

type Known = Omit<HealingDeps, 'sagas'> &
  Omit<ProvisioningDeps, 'clock' | 'topologies' | 'entryOf' | 'verifyForMs' | 'holdOn' | 'onChanged'>;

/** Two that need each other: healing has things changed, and keeps off what is being changed. */
export async function loadHealers(known: Known): Promise<Healers> {
  const { reader } = known.store;
  const late = {
    clock: new SteadyClock(known.world.clock),
    entryOf: (name: string) => entryNamed(healing, name),
    holdOn: (node: string, isAutomatic: boolean) => healing.holdOn(node, isAutomatic),
  };
  const provisioning = new Provisioning({
    ...{ ...known, ...late, topologies: () => healing.topologies },
    verifyForMs: () => healing.policies.policy.verifyForMs,
    onChanged: () => healing.poke(),
  });
  await provisioning.load(reader);
  const healing: Healing = new Healing({ ...known, sagas: provisioning });
  await healing.load();
  const rollouts = new Rollouts({ ...known, ...late, sagas: provisioning });
  await rollouts.load(reader);
  return { healing, provisioning, rollouts };
}

/** By the map as it is now. */
function entryNamed({ topologies }: Healing, name: string): NodeEntry | undefined {
  topologies.map();
  return topologies.entryOf(name);
}
