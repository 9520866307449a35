/** Who of the world has which machine: how it is now, and what its agent tells of it. */

import type { Sample } from '../../../proto/contract/facts.js';
import type { SimFileserver, SimNode, SimSwitch, World } from '../fleet/world.js';
import { type AgentState, type FleetAgent, UNIT } from './fleet-agent.js';

const IN_SYSTEM: ReadonlySet<SimNode['phase']> = new Set(['running', 'hung']);

/** A board whose kernel hangs, or whose root does not answer, is silent with its connections open. */
export function piState(world: World, node: SimNode): AgentState {
  const machine = !IN_SYSTEM.has(node.phase) ? 'off' : node.agentDead ? 'dead' : 'runs';
  const site = world.map.nodes[node.index]?.record.site ?? '';
  const hearsController = world.serves(node) && isUplinkUp(world, site);
  return { machine, hearsController, isHeard: hearsController && !node.isUnheard };
}

export function serverState(world: World, { isUp, agentDead, site }: SimFileserver): AgentState {
  const isReached = isUplinkUp(world, site);
  return { machine: !isUp ? 'off' : agentDead ? 'dead' : 'runs', hearsController: isReached, isHeard: isReached };
}

export function switchState(world: World, { hasPower, agentDead, site }: SimSwitch): AgentState {
  const isReached = isUplinkUp(world, site);
  return { machine: !hasPower ? 'off' : agentDead ? 'dead' : 'runs', hearsController: isReached, isHeard: isReached };
}

/** Whether the controller runs is told by its own network: here it is only about the way to it. */
function isUplinkUp({ sites, overlayUp }: World, site: string): boolean {
  const { hasUplink, hasPower } = sites.get(site) ?? { hasUplink: false, hasPower: false };
  return hasUplink && hasPower && overlayUp;
}

/** What a Pi feels itself, beside what the collectors of its agent find. */
export function piFacts({ cardDying, board }: SimNode): readonly Sample[] {
  return [
    { fact: 'power_undervoltage_flag', instance: '', value: board === 'weak' ? 1 : 0 },
    ...(cardDying ? ([{ fact: 'card_verify_state', instance: 'mmcblk0', value: 2 }] as const) : []),
  ];
}

/** Units fail with the fault of their node, and the fault is over with the restart of its unit. */
export class UnitFaults {
  /** How often the unit had been started when it failed. */
  readonly #failedAt = new Map<SimNode, number>();

  keep(node: SimNode, { host }: Pick<FleetAgent, 'host'>): void {
    const { units } = host.board;
    if (!node.unitFailed) {
      this.#failedAt.delete(node);
      return;
    }
    const failedAt = this.#failedAt.get(node);
    if (failedAt === undefined) {
      this.#failedAt.set(node, units.starts(UNIT));
      units.fail(UNIT);
    } else if (units.starts(UNIT) > failedAt) {
      node.unitFailed = false;
      if (node.fault?.name === 'unit-failed') node.fault = undefined;
    }
  }
}
