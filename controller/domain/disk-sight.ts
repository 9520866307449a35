/** What a fileserver tells of a node that is silent: whether its system still asks for its disk. */

import type { Condition } from './condition.js';

/** `asks`: its system runs, its agent does not tell. `still`: it asked while it reported, and asks no more. */
const KINDS = ['asks', 'still'] as const;
type DiskSightKind = (typeof KINDS)[number];

export interface DiskSight {
  readonly kind: DiskSightKind;
  /** Name of the fileserver. */
  readonly fileserver: string;
  /** When it asked last, by the controller's wall clock. */
  readonly askedAtMs: number;
}

/** A fileserver counts every 30 s and tells with its next report; what it tells is true of a moment so long before. */
const COUNTED_BEFORE_MS = 40_000;
/** An idle system asks at least so often: its agent alone writes what it must not forget. */
const ASKS_WITHIN_MS = 60_000;
const STILL_AFTER_MS = 120_000;
/** Who has asked for nothing so long before its last report has its disk elsewhere. */
const ACTIVE_BEFORE_MS = 10 * 60_000;

/** Times are by the controller's wall clock. */
export interface DiskCase {
  readonly fileserver: string;
  readonly askedAtMs: number;
  /** When the fileserver reported last. */
  readonly toldAtMs: number;
  /** The fileserver's NFS server runs and takes up requests; nobody can be judged by one that does not. */
  readonly isServing: boolean;
  /** Last report of the node itself. */
  readonly lastSeenMs: number;
}

/** `undefined` while it tells nothing. */
export function judgeDiskSight(disk: DiskCase): DiskSight | undefined {
  const { fileserver, askedAtMs, toldAtMs, isServing, lastSeenMs } = disk;
  const countedAtMs = toldAtMs - COUNTED_BEFORE_MS;
  const quietMs = countedAtMs - askedAtMs;
  if (quietMs <= ASKS_WITHIN_MS) {
    const isSinceSilent = askedAtMs > lastSeenMs + ASKS_WITHIN_MS;
    return isSinceSilent ? { kind: 'asks', fileserver, askedAtMs } : undefined;
  }
  const wasActive = askedAtMs >= lastSeenMs - ACTIVE_BEFORE_MS;
  return isServing && wasActive && quietMs >= STILL_AFTER_MS ? { kind: 'still', fileserver, askedAtMs } : undefined;
}

interface SightWords {
  /** As conditions and events call it. */
  readonly type: string;
  readonly severity: 'warning' | 'error';
  what(sight: DiskSight): string;
  readonly remedy: string;
}

export const DISK_SIGHT_WORDS: Readonly<Record<DiskSightKind, SightWords>> = {
  asks: {
    type: 'RunsUnheard',
    severity: 'warning',
    what: ({ fileserver }) => `its system still asks ${fileserver} for its disk: it runs, its agent is not heard`,
    remedy:
      'Leave its power on: it works on its disk. Restart its agent over SSH; when others are silent too, look at the way to the controller.',
  },
  still: {
    type: 'StandsStill',
    severity: 'error',
    what: ({ fileserver }) => `it asks ${fileserver} for nothing any more: it is frozen, off, or its cable is out`,
    remedy:
      'Look at its switch port: with a link it is frozen, and only cutting its power helps; without one it is power or cable.',
  },
};

/** As it was written down before a restart; `undefined` for a condition of another kind. */
export function storedDiskSight({ type, instance, sinceMs }: Condition): DiskSight | undefined {
  const kind = KINDS.find((each) => DISK_SIGHT_WORDS[each].type === type);
  return kind === undefined ? undefined : { kind, fileserver: instance, askedAtMs: sinceMs };
}
