/** How long a controller that has just started holds nobody's silence against them. */

import { silentAfterMs } from './liveness.js';

/** Longest wait of an agent between two attempts to dial: the cap of its back-off. */
export const AGENT_BACKOFF_MAX_MS = 300_000;

export interface AmnestyTerms {
  /** Longest interval between reports that any agent may still be working by. */
  readonly longestReportIntervalMs: number;
  /** Upper end of the random wait that agents were given for a restart of the controller. */
  readonly reconnectSpreadMs: number;
}

/**
 * Twice the longest time to live and a minute; at least as long as an agent may wait before it dials again, because a
 * controller that was away for long meets agents in the middle of their back-off.
 */
export function amnestyMs(terms: AmnestyTerms): number {
  const timeToLiveMs = silentAfterMs(terms.longestReportIntervalMs);
  const dialWaitMs = Math.max(AGENT_BACKOFF_MAX_MS, terms.reconnectSpreadMs);
  return Math.max(2 * timeToLiveMs + 60_000, dialWaitMs + timeToLiveMs);
}

/** A node that was enrolled a moment ago has this long until its first report is missed. */
export function newcomerGraceMs(reportIntervalMs: number): number {
  return 2 * silentAfterMs(reportIntervalMs) + 60_000;
}

/** Random wait before agents return to a controller that went away: 200 streams a second, and a minute at least. */
export function reconnectSpreadMs(nodesCount: number): number {
  return Math.max(60_000, Math.ceil(nodesCount / 200) * 1_000);
}
