/** Maintenance: somebody works on a node or a site, says so, and until when. Trouble there is expected. */

import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeId, SiteId } from '../../proto/contract/ids.js';
import { renderDuration } from '../../proto/contract/words.js';

export type MaintenanceScope =
  | { readonly kind: 'node'; readonly nodeId: NodeId }
  | { readonly kind: 'site'; readonly site: SiteId };

export interface Maintenance {
  readonly scope: MaintenanceScope;
  /** Whom to ask. */
  readonly owner: string;
  readonly reason: string;
  readonly sinceMs: number;
  /** Wall clock; from this moment on it is over, whether or not anybody ended it. */
  readonly untilMs: number;
}

export const MAINTENANCE_MS_MIN = 60_000;
/** What is forgotten does not stay silent for ever. */
export const MAINTENANCE_MS_MAX = 90 * 86_400_000;

export function isOver({ untilMs }: Maintenance, nowMs: number): boolean {
  return nowMs >= untilMs;
}

/** What counts for a node: its own comes before its site's, and what is over does not count. */
export function maintenanceInForce(
  own: Maintenance | undefined,
  ofSite: Maintenance | undefined,
  nowMs: number,
): Maintenance | undefined {
  return [own, ofSite].find((one) => one !== undefined && !isOver(one, nowMs));
}

/** @throws BrambleError `invalid-argument` for an end that is too near or too far */
export function assertMaintenanceEnd(nowMs: number, untilMs: number): void {
  const lastsMs = untilMs - nowMs;
  if (lastsMs >= MAINTENANCE_MS_MIN && lastsMs <= MAINTENANCE_MS_MAX) return;
  const [least, most] = [renderDuration(MAINTENANCE_MS_MIN), renderDuration(MAINTENANCE_MS_MAX)];
  throw new BrambleError('invalid-argument', `maintenance lasts between ${least} and ${most} from now`, {
    hint: 'check untilMs: milliseconds since 1970-01-01 UTC',
  });
}

/** "until 2026-11-21T14:00Z (kim: new card)". */
export function renderMaintenance({ owner, reason, untilMs }: Maintenance): string {
  return `until ${new Date(untilMs).toISOString().slice(0, 16)}Z (${owner}: ${reason})`;
}
