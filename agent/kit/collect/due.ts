/** When collectors run that do not run at every report. Pure. */

/**
 * Where in its interval a collector of a node runs, ms: the same fact is not gathered by a whole fleet at the same moment,
 * even when all of it was switched on at the same moment.
 */
export function phaseMs(nodeId: string, collectorName: string, intervalMs: number): number {
  return intervalMs === 0 ? 0 : fnv1a(`${nodeId}/${collectorName}`) % intervalMs;
}

/** The first moment after `nowMs` at which the collector runs again; with interval 0 that is at once. */
export function nextRunMs(nowMs: number, intervalMs: number, phase: number): number {
  if (intervalMs === 0) return nowMs;
  const next = Math.floor((nowMs - phase) / intervalMs) * intervalMs + phase + intervalMs;
  return next > nowMs ? next : next + intervalMs; // fractions of a millisecond may round down to now
}

/** 32 bits. Source: Fowler, Noll, Vo; RFC 9923. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}
