/** Changes are suspects: what was changed shortly before a node fell silent is taken back before the node is touched. */

import type { Change, Observed } from './observed.js';
import type { HealingPolicy } from './policy.js';

/**
 * A change is a suspect for as long as its window lasts; and, if it can be taken back, until it was, for every node that has
 * not been seen well since: an outage may have hidden for hours what the change did.
 * @param troubleSinceMs when the node was first seen in trouble
 */
export function isSuspectChange(
  { controller }: Observed,
  { changeWindowMs }: HealingPolicy,
  change: Change,
  troubleSinceMs: number,
  nowMs: number,
): boolean {
  if (change.isReverted) return false;
  // What it did could be seen from here on: a controller that was away learns of the change and of its victims together.
  const visibleAtMs = Math.max(change.atMs, controller.graceUntilMs);
  const ageMs = nowMs - visibleAtMs;
  if (ageMs <= changeWindowMs) return true;
  return change.isRevertable && troubleSinceMs - visibleAtMs <= changeWindowMs;
}
