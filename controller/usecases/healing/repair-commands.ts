/** Repairs in place (R1): which order puts right what a node's own agent says of it. */

import type { Action } from '../../domain/healing/action.js';
import type { NodeEntry } from '../node-table.js';
import type { Agents, RemedyCommand } from './remedy-commands.js';

/** Later than this a restart would be a surprise. */
const VALID_FOR_MS = 60_000;

/** `undefined`: nothing that a repair in place could do, or nobody who could. */
export function repairFor({ row }: Pick<Action, 'row'>, { own }: Agents): RemedyCommand | undefined {
  if (own === undefined || row !== 'unit-failed') return undefined;
  const unit = failedUnit(own);
  if (unit === undefined) return undefined;
  return { entry: own, action: { kind: 'restart-unit', unit }, validForMs: VALID_FOR_MS };
}

/** The one that failed first. The agent tells only of units that its own configuration lets it restart. */
function failedUnit({ conditions }: NodeEntry): string | undefined {
  const failed = conditions.filter(
    ({ rule, raised, status }) => rule.type === 'UnitFailed' && raised && status === 'true',
  );
  return failed.toSorted((a, b) => a.sinceMs - b.sinceMs)[0]?.instance;
}
