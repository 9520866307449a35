import type { ProvisioningStepView, ProvisioningView } from '../../proto/contract/api/provisioning.js';
import { renderDuration } from '../../proto/contract/words.js';
import type { FactGroup } from './facts-view.js';

/** What is over is shown for this long. */
const SHOWN_FOR_MS = 3_600_000;

/** What is changed of what a node boots, step by step; nothing when that is long over. */
export function stepGroups(changes: readonly ProvisioningView[], controllerMs: number): readonly FactGroup[] {
  const [newest] = changes;
  if (newest === undefined) return [];
  const { kind, state, direction, why, steps, atMs, actor } = newest;
  if (state !== 'running' && controllerMs - atMs > SHOWN_FOR_MS) return [];
  const how = state === 'running' ? (direction === 'back' ? 'goes back' : 'under way') : state;
  const reason = why === '' ? [] : ([['Why', why]] as const);
  const rows = steps.map((step) => [step.title, stepText(step, controllerMs)] as const);
  return [{ title: `${kind}: ${how}`, rows: [['By', actor], ...reason, ...rows] }];
}

function stepText({ state, startedAtMs, endedAtMs, detail }: ProvisioningStepView, controllerMs: number): string {
  if (startedAtMs === undefined) return state;
  const tookMs = Math.max(0, (endedAtMs ?? controllerMs) - startedAtMs);
  const words = `${state}, ${endedAtMs === undefined ? 'for' : 'in'} ${renderDuration(tookMs)}`;
  return detail === '' ? words : `${words}: ${detail}`;
}
