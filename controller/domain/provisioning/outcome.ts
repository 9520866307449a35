/** What became of a step, out of what is known of it. */

import { BOOT_LIMITS, type BootStage } from '../../../proto/contract/boot/stage.js';
import { NO_ROOTS } from '../../../proto/contract/netboot/prepared.js';
import { NOT_ON_TRIAL } from '../../../proto/contract/switch/change.js';
import { renderDuration } from '../../../proto/contract/words.js';
import type { CommandRecord } from '../command.js';
import type { Order, Outcome } from './advance.js';
import type { StepRecord } from './saga.js';

/** An outcome that is not known is asked for again; after this long the step is tried once more: every one may be. */
const UNKNOWN_FOR_MS = 90_000;

const pending = (detail: string): Outcome => ({ kind: 'pending', detail });
const done = (detail: string): Outcome => ({ kind: 'done', detail });
const failed = (detail: string): Outcome => ({ kind: 'failed', detail });

/** Of a step whose command is under way. @param command `undefined` = it is not on record any more */
export function commandOutcome(
  command: Pick<CommandRecord, 'state' | 'detail' | 'updatedAtMs'> | undefined,
  way: Order['way'],
  nowMs: number,
): Outcome {
  if (command === undefined) return failed('its order is not on record any more');
  const { state, detail, updatedAtMs } = command;
  switch (state) {
    case 'succeeded':
      return done(stepWords(detail));
    case 'failed':
    case 'rejected':
      return isSoAlready(detail, way) ? done(detail) : failed(detail === '' ? state : detail);
    case 'lapsed':
      return failed('it did not get there in time');
    case 'unknown':
      return nowMs - updatedAtMs < UNKNOWN_FOR_MS
        ? pending('nobody knows yet')
        : failed('nobody told what became of it');
    case 'issued':
    case 'dispatched':
    case 'accepted':
    case 'started':
      return pending(state);
  }
}

/** A switch tells the whole difference of its file: which ports are in it is enough for a step. */
function stepWords(detail: string): string {
  const ports = [...detail.matchAll(/^[ +-]iface (\S+)/gm)].map(([, name]) => name);
  return ports.length === 0 ? detail : `changed: ${[...new Set(ports)].join(', ')}`;
}

/** What was to be taken away is not there: that was wanted. */
function isSoAlready(detail: string, way: Order['way']): boolean {
  return detail.includes(NO_ROOTS) || (way === 'undo' && detail.includes(NOT_ON_TRIAL));
}

/** What a fileserver says of the revision that it was given. */
export function configOutcome(
  revision: number,
  told: {
    readonly reached: number;
    readonly tried: { readonly triedRevision: number; readonly outcome: string; readonly detail: string } | undefined;
  },
): Outcome {
  if (told.reached >= revision) return done(`revision ${revision} is in force`);
  const { tried } = told;
  if (tried?.triedRevision === revision && (tried.outcome === 'refused' || tried.outcome === 'undone')) {
    return failed(`revision ${revision} was ${tried.outcome}: ${tried.detail}`);
  }
  return pending(`revision ${revision} is not in force yet`);
}

/** What is known of the board since it got power. */
export interface BootSight {
  /** Of a boot that began since then; `undefined` = none was seen. */
  readonly stage: BootStage | undefined;
  /** Boots that its fileserver saw begin since then. */
  readonly bootsCount: number;
  /** Its agent has connected in another boot than before. */
  readonly isNewBoot: boolean;
  /** It reports, and nothing is wrong. */
  readonly isWell: boolean;
  /** Since when without a break, on the clock of `nowMs`. */
  readonly wellSinceMs: number | undefined;
  /** Whether anybody of this name is enrolled. */
  readonly isEnrolled: boolean;
  /** Where it stands, for people. */
  readonly words: string;
}

/** What a boot is judged by. */
export interface BootTerms {
  readonly nowMs: number;
  /** How long a node must be well before it counts as verified for good. */
  readonly verifyForMs: number;
}

export function bootOutcome({ name }: Pick<StepRecord, 'name'>, sight: BootSight, terms: BootTerms): Outcome {
  const { nowMs, verifyForMs } = terms;
  const { stage, bootsCount, isNewBoot, isWell, wellSinceMs, isEnrolled, words } = sight;
  // Its fileserver holds it back by now: no patience brings it up.
  const loops = bootsCount > BOOT_LIMITS.loopStarts && !isNewBoot;
  if (name === 'follow-rescue') {
    const isUp = stage === 'nfs-mounted' || stage === 'agent-hello' || stage === 'verified';
    if (isUp) return done('it has mounted the rescue system: board, cable and network carry it');
    return loops ? failed(loopWords(bootsCount)) : pending(words);
  }
  if (loops) return failed(loopWords(bootsCount));
  if (!isEnrolled) return pending(`it is not enrolled yet: bramble enrol list. ${words}`);
  if (!isNewBoot) return pending(words);
  if (name === 'follow') return isWell ? done('verified: its agent reports, and nothing is wrong') : pending(words);
  if (!isWell || wellSinceMs === undefined) return pending('it is not well');
  const forMs = nowMs - wellSinceMs;
  const most = renderDuration(verifyForMs);
  if (forMs >= verifyForMs) return done(`well for ${most}`);
  return { kind: 'pending', detail: `well for ${renderDuration(forMs)} of ${most}`, isOnItsWay: true };
}

function loopWords(bootsCount: number): string {
  return `it began to boot ${bootsCount} times since it got power, and never came up`;
}
