import { commandId, type NodeId } from '../../../proto/contract/ids.js';
import { parseSwitchPlan } from '../../../proto/contract/switch/parse-plan.js';
import type { SwitchPlan } from '../../../proto/contract/switch/plan.js';
import type { StoreReader } from '../ports.js';

/** Orders of one switch that are looked through. */
const LOOKED_AT_MAX = 1_000;

/** The plan of a switch that was kept last, as far as its orders are remembered; `undefined` = none was. */
export async function keptPlan(reader: StoreReader, switchId: NodeId): Promise<SwitchPlan | undefined> {
  const orders = await reader.commandsNewest(switchId, { limit: LOOKED_AT_MAX });
  const kept = orders
    .filter(({ action, state }) => action.kind === 'switch-confirm' && state === 'succeeded')
    .toSorted((a, b) => b.updatedAtMs - a.updatedAtMs)[0];
  if (kept?.action.kind !== 'switch-confirm') return undefined;
  const applied = await reader.command(commandId(kept.action.changeId));
  return applied?.action.kind === 'switch-apply' ? parseSwitchPlan(JSON.parse(applied.action.plan)) : undefined;
}
