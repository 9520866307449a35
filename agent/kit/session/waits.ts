import { type Goodbye, GoodbyeReason } from '../../../proto/gen/bramble/agent/v1/link.js';
import { type BackoffLimits, CONTROLLER_BACKOFF, fullJitterMs, PATH_BACKOFF, WAY_BACKOFF } from './backoff.js';

/** How long an agent waits before it comes back, by what happened. `unit`: random, from [0, 1). All in ms. */

/** From dialling to an open stream. Long: when a whole fleet comes back at once, handshakes queue at the controller. */
export const DIAL_LIMIT_MS = 60_000;
/** From Hello to Welcome. */
export const GREETING_LIMIT_MS = 60_000;

/** A tunnel that was just put in place is up by then. */
export const TUNNEL_UP_MS = 15_000;
/** From one try to get back into the tunnel to the next. */
export const PREFER_AGAIN_MS = 3_600_000;

/** A stream that lasted so long was no failure. */
const STABLE_AFTER_MS = 30_000;
/** A lone agent whose stream dropped is back before anybody misses it. */
const AT_ONCE_MS = 2_000;
/** Where nobody answers at one address, the next may lead around what is broken. */
const OTHER_ADDRESS_MS = 500;
/** Who is not wanted asks seldom, but does ask: a person may have changed their mind. */
const UNWANTED_MIN_MS = 5 * 60_000;
const UNWANTED_MAX_MS = 60 * 60_000;
/** A newer process of this node took over: this one steps back, in case they are two. */
const SUPERSEDED_MIN_MS = 5_000;
const OVER_LIMIT_MIN_MS = 60_000;
/** A controller that says it will be back later than this is asked earlier all the same. */
const EXPECTED_BACK_MAX_MS = 10 * 60_000;
const RENEWAL_AGAIN_MIN_MS = 60_000;
const RENEWAL_AGAIN_MAX_MS = 600_000;

/** Whether somebody was there. `no-answer`: nobody, for as long as is waited. `no-way`: a system on the way said so at once. */
export type Reach = 'reached' | 'no-answer' | 'no-way';

const LIMITS: Readonly<Record<Reach, BackoffLimits>> = {
  reached: CONTROLLER_BACKOFF,
  'no-answer': PATH_BACKOFF,
  'no-way': WAY_BACKOFF,
};

export interface Loss {
  readonly reach: Reach;
  /** There is another address to try in this round. */
  readonly hasOther: boolean;
  /** How long the stream was live; `undefined` = it never was. */
  readonly livedMs: number | undefined;
}

export function afterLoss(
  failures: number,
  unit: number,
  { reach, hasOther, livedMs }: Loss,
): { readonly waitMs: number; readonly failures: number } {
  if (livedMs !== undefined && livedMs >= STABLE_AFTER_MS) return { waitMs: unit * AT_ONCE_MS, failures: 0 };
  if (reach !== 'reached' && hasOther) return { waitMs: unit * OTHER_ADDRESS_MS, failures };
  return { waitMs: fullJitterMs(unit, failures, LIMITS[reach]), failures: failures + 1 };
}

/** One address may belong to somebody else: only when all of them refuse us we are not wanted. */
export function afterRefusal(refusals: number, endpointsCount: number, failures: number, unit: number): number {
  if (refusals < endpointsCount) return fullJitterMs(unit, failures, CONTROLLER_BACKOFF);
  return between(UNWANTED_MIN_MS, UNWANTED_MAX_MS, unit);
}

/** `spreadMs`: over which time the controller wants its agents back. */
export function afterGoodbye(
  { reason, expectedBackMs }: Pick<Goodbye, 'reason' | 'expectedBackMs'>,
  spreadMs: number,
  failures: number,
  unit: number,
): { readonly waitMs: number; readonly isFailure: boolean } {
  const backoffMs = fullJitterMs(unit, failures, CONTROLLER_BACKOFF);
  switch (reason) {
    case GoodbyeReason.SHUTDOWN:
      return { waitMs: Math.min(expectedBackMs, EXPECTED_BACK_MAX_MS) + unit * spreadMs, isFailure: false };
    case GoodbyeReason.REVOKED:
    case GoodbyeReason.FROZEN:
      return { waitMs: between(UNWANTED_MIN_MS, UNWANTED_MAX_MS, unit), isFailure: true };
    case GoodbyeReason.SUPERSEDED:
      return { waitMs: SUPERSEDED_MIN_MS + backoffMs, isFailure: true };
    case GoodbyeReason.OVER_LIMIT:
      return { waitMs: OVER_LIMIT_MIN_MS + backoffMs, isFailure: true };
    default:
      return { waitMs: backoffMs, isFailure: true }; // a reason of a newer controller
  }
}

/** A drill is over: as after a path that works again. Where only one address is shunned, the next is dialled as after any that does not answer. */
export function afterAway(forMs: number, way: 'all' | 'current', unit: number): number {
  return way === 'all' ? forMs + unit * AT_ONCE_MS : unit * OTHER_ADDRESS_MS;
}

export function afterRenewalFailure(unit: number): number {
  return between(RENEWAL_AGAIN_MIN_MS, RENEWAL_AGAIN_MAX_MS, unit);
}

function between(minMs: number, maxMs: number, unit: number): number {
  return minMs + unit * (maxMs - minMs);
}
