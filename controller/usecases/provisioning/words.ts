import { visible } from '../../../proto/contract/visible.js';
import type { Severity } from '../../domain/event.js';
import type { Saga, SagaKind } from '../../domain/provisioning/saga.js';

const KIND_WORDS: Readonly<Record<SagaKind, string>> = {
  provision: 'provisioning',
  reimage: 'its reimage',
  rollback: 'the way back to its root before',
  release: 'its release',
  rescue: 'its rescue',
  relocate: 'its move to a spare board',
};

/** What the timeline says of a saga as it is now. */
export function eventOf({ state, direction, kind, target, actor, reason, why }: Saga): {
  readonly severity: Severity;
  readonly reason: string;
  readonly message: string;
} {
  const what = `${KIND_WORDS[kind]} (${target.node})`;
  if (state === 'succeeded') {
    return { severity: 'info', reason: 'ProvisioningDone', message: `${what} is done and verified` };
  }
  if (state === 'undone') {
    const message = `${what} is undone, and all is as before: ${visible(why, 400)}`;
    return { severity: 'warning', reason: 'ProvisioningUndone', message };
  }
  if (direction === 'back') {
    const message = `${what} goes back: ${visible(why, 400)}`;
    return { severity: 'warning', reason: 'ProvisioningFailed', message };
  }
  const message = `${actor} began ${what}: ${visible(reason, 400)}`;
  return { severity: 'info', reason: 'ProvisioningStarted', message };
}
