import { visible } from '../../../proto/contract/visible.js';
import { renderCount } from '../../../proto/contract/words.js';
import type { Severity } from '../../domain/event.js';
import type { Rollout } from '../../domain/rollout/rollout.js';

/** What the timeline says of a rollout as it is now. */
export function eventOf({ name, state, wave, nodes, actor, why, reason }: Rollout): {
  readonly severity: Severity;
  readonly reason: string;
  readonly message: string;
} {
  const because = why === '' ? '' : `: ${visible(why, 300)}`;
  const of = nodes.filter((node) => node.wave === wave).length;
  switch (state) {
    case 'running':
      return {
        severity: 'info',
        reason: 'RolloutWave',
        message: `rollout ${name} of ${actor} begins wave ${wave + 1}, ${renderCount(of, 'node')}: ${visible(reason, 300)}`,
      };
    case 'paused':
      return { severity: 'info', reason: 'RolloutPaused', message: `rollout ${name} is paused${because}` };
    case 'failing':
      return { severity: 'error', reason: 'RolloutFailed', message: `rollout ${name} stops and goes back${because}` };
    case 'failed':
      return { severity: 'warning', reason: 'RolloutTakenBack', message: `rollout ${name} is taken back${because}` };
    case 'succeeded':
      return {
        severity: 'info',
        reason: 'RolloutDone',
        message: `rollout ${name} is done: ${renderCount(nodes.length, 'node')}`,
      };
    case 'aborted':
      return { severity: 'warning', reason: 'RolloutAborted', message: `rollout ${name} was aborted${because}` };
  }
}
