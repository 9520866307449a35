/** Changes are suspects: what was changed shortly before a node fell silent is taken back before the node is touched. */

import type { Change, Observed } from './observed.js';
import type { HealingPolicy } from './policy.js';

/** A change that can be taken back is waited for so many windows; then it is not the change. */
const PATIENCE_WINDOWS = 4;

/** @param troubleSinceMs when the node was first seen in trouble */
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
  const isVictim = troubleSinceMs >= change.atMs && troubleSinceMs - visibleAtMs <= changeWindowMs;
  return isVictim && change.isRevertable && ageMs <= PATIENCE_WINDOWS * changeWindowMs;
}
