/** How fresh our word of a node is: a verdict about contact, never about health. */

/**
 * `gone`: it said goodbye and is expected back. `unobserved`: nothing heard yet, and the observer has not listened for
 * long enough to call that silence.
 */
export type Liveness = 'fresh' | 'late' | 'silent' | 'gone' | 'unobserved';

/** Added to every limit: jitter of the agent, a slow uplink, a busy controller. */
const SLACK_MS = 5_000;
/** A goodbye that does not say when its sender will be back. */
const GOODBYE_DEFAULT_MS = 10 * 60_000;
/** No goodbye excuses silence for longer than this. */
const GOODBYE_MAX_MS = 60 * 60_000;

/** Age of the last report from which a node is late. */
export function lateAfterMs(reportIntervalMs: number): number {
  return 1.5 * reportIntervalMs + SLACK_MS;
}

/** Age of the last report from which a node is silent: its time to live. */
export function silentAfterMs(reportIntervalMs: number): number {
  return 3 * reportIntervalMs + SLACK_MS;
}

/** How long a goodbye excuses silence; `expectedBackMs` as the agent said it, 0 = unknown. */
export function goodbyeExcuseMs(expectedBackMs: number): number {
  const said = expectedBackMs > 0 ? expectedBackMs : GOODBYE_DEFAULT_MS;
  return Math.min(said, GOODBYE_MAX_MS) + SLACK_MS;
}

/** All times on the observer's monotonic clock. */
export interface Contact {
  /** As assigned to this node. */
  readonly reportIntervalMs: number;
  /** Last report; `undefined` = none since the observer started. */
  readonly lastSeenAtMs: number | undefined;
  /** Until when a goodbye excuses silence; `undefined` = none was said since the last report. */
  readonly excusedUntilMs: number | undefined;
  /** Until when never having been heard means nothing. */
  readonly graceUntilMs: number;
}

export interface LivenessVerdict {
  readonly liveness: Liveness;
  /** When time alone changes the verdict; `undefined` = only a report does. */
  readonly recheckAtMs: number | undefined;
}

/** Judges contact with one node at `nowMs` on the monotonic clock. */
export function judgeLiveness(contact: Contact, nowMs: number): LivenessVerdict {
  const { lastSeenAtMs, excusedUntilMs, graceUntilMs, reportIntervalMs } = contact;
  if (excusedUntilMs !== undefined && nowMs < excusedUntilMs) return { liveness: 'gone', recheckAtMs: excusedUntilMs };
  if (lastSeenAtMs === undefined) {
    if (nowMs < graceUntilMs) return { liveness: 'unobserved', recheckAtMs: graceUntilMs };
    return { liveness: 'silent', recheckAtMs: undefined };
  }
  const lateAtMs = lastSeenAtMs + lateAfterMs(reportIntervalMs);
  const silentAtMs = lastSeenAtMs + silentAfterMs(reportIntervalMs);
  if (nowMs < lateAtMs) return { liveness: 'fresh', recheckAtMs: lateAtMs };
  if (nowMs < silentAtMs) return { liveness: 'late', recheckAtMs: silentAtMs };
  return { liveness: 'silent', recheckAtMs: undefined };
}
