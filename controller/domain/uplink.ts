import type { UplinkBudget } from './site.js';

/** What of a site's uplink is ours to use, and how often its nodes may report. The rest is for those who live there. */

export type UplinkDirection = 'down' | 'up';

/** Of what the uplink carries: steady telemetry, and everything of ours together. */
export const TELEMETRY_SHARE = 0.03;
const OUR_SHARE = 0.5;
/** Intervals come in such steps, so that a node more or less changes nobody's. */
const STEP_MS = 5_000;
/** A node that is heard of more seldom could be dead for a quarter of an hour before anybody asks. */
const INTERVAL_MS_MAX = 300_000;

/**
 * What one quiet report costs on the way, with its share of what is answered: TLS record 68, TCP and IPv6 72, tunnel 52, and a
 * bare acknowledgement (124) for it, or for every fourth acknowledgement of ours (40 more).
 */
const REPORT_BYTES = { up: 225, down: 165 } as const satisfies Record<UplinkDirection, number>;

/** @param uplink `undefined` = nobody said what it bears, and nothing is held back */
export function reportIntervalMs(baseMs: number, uplink: UplinkBudget | undefined, nodesCount: number): number {
  if (uplink === undefined) return baseMs;
  const neededMs = (direction: UplinkDirection, bitsPerS: number): number =>
    (nodesCount * REPORT_BYTES[direction] * 8 * 1_000) / (bitsPerS * TELEMETRY_SHARE);
  const longestMs = Math.max(neededMs('up', uplink.upBitsPerS), neededMs('down', uplink.downBitsPerS));
  if (longestMs <= baseMs) return baseMs;
  return Math.max(baseMs, Math.min(INTERVAL_MS_MAX, Math.ceil(longestMs / STEP_MS) * STEP_MS));
}

/** Bytes per second that are ours. */
export function ourBytesPerS(uplink: UplinkBudget, direction: UplinkDirection): number {
  return ((direction === 'down' ? uplink.downBitsPerS : uplink.upBitsPerS) * OUR_SHARE) / 8;
}
