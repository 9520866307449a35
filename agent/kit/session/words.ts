import type { SignedCommand } from '../../../proto/gen/bramble/agent/v1/command.js';
import type { Cadence, DesiredState } from '../../../proto/gen/bramble/agent/v1/desired.js';
import type { AuditHead, ControllerFrame, Welcome } from '../../../proto/gen/bramble/agent/v1/link.js';
import type { TunnelProfile } from '../../../proto/gen/bramble/agent/v1/tunnel.js';
import type { Away, Shunned } from './away.js';
import type { Reach } from './waits.js';

/** The words of the session machine: what it is in, what happens to it, and what it has done. */

export interface SessionState {
  readonly phase: Phase;
  /** Number of the newest stream; 0 = none yet. */
  readonly stream: number;
  /** Addresses of the controller, and which of them is next. */
  readonly endpoints: { readonly count: number; readonly index: number };
  /** Failures since the last stream that lasted. */
  readonly failures: number;
  /** How many times in a row the other end has refused us, whatever the address. */
  readonly refusals: number;
  readonly cadence: Cadence;
  /** When the credential wants to be renewed; `undefined` = not known yet, or under way. */
  readonly renewAtMs: number | undefined;
  /** When the first address, which leads through the tunnel, is worth another try; `undefined` = this node has none. */
  readonly preferAtMs: number | undefined;
  /** An address that is not dialled for a while, as though nobody answered there; `undefined` = none. */
  readonly shunned: Shunned | undefined;
}

export type Phase =
  | { readonly kind: 'waiting'; readonly untilMs: number }
  | { readonly kind: 'dialing'; readonly untilMs: number }
  /** Hello is sent. */
  | { readonly kind: 'greeting'; readonly untilMs: number }
  | LivePhase
  | { readonly kind: 'stopped' };

export interface LivePhase {
  readonly kind: 'live';
  readonly sinceMs: number;
  readonly heardAtMs: number;
  /** Sequences of events that were sent and not acknowledged, ascending. */
  readonly unacknowledged: readonly number[];
  /** Events up to this sequence need not be offered now; 0 = all of them. */
  readonly offeredThrough: number;
  readonly resendAtMs: number | undefined;
}

export type SessionEvent =
  | { readonly kind: 'start' }
  /** The moment that wakeAtMs() named has come, or something else woke the machine: it looks at the time. */
  | { readonly kind: 'wake' }
  | { readonly kind: 'opened'; readonly stream: number }
  /** The stream could not be opened or is over. `isRefused`: the other end does not want us. `reach`: absent = it was reached. */
  | { readonly kind: 'lost'; readonly stream: number; readonly isRefused: boolean; readonly reach?: Reach }
  | { readonly kind: 'frame'; readonly stream: number; readonly frame: ControllerFrame['frame'] }
  | { readonly kind: 'events-waiting' }
  | { readonly kind: 'events-sent'; readonly stream: number; readonly sequences: readonly number[] }
  | { readonly kind: 'cadence'; readonly cadence: Cadence }
  | { readonly kind: 'renewal-due'; readonly atMs: number }
  | { readonly kind: 'renewed'; readonly endpointsCount: number; readonly nextAtMs: number | undefined }
  | { readonly kind: 'renewal-failed' }
  | { readonly kind: 'tunnel-in-place' }
  /** A drill: as though the uplink were gone. */
  | ({ readonly kind: 'stay-away' } & Away)
  | { readonly kind: 'stop' };

export type SessionEffect =
  | { readonly kind: 'dial'; readonly stream: number; readonly endpointIndex: number }
  | { readonly kind: 'send-hello' }
  | { readonly kind: 'close'; readonly stream: number }
  | { readonly kind: 'go-live'; readonly welcome: Welcome }
  | { readonly kind: 'go-offline' }
  | { readonly kind: 'report-in-full' }
  | { readonly kind: 'offer-events'; readonly after: number; readonly limit: number }
  | { readonly kind: 'acknowledge'; readonly throughSequence: number }
  | { readonly kind: 'report-acknowledged'; readonly throughSequence: number }
  | { readonly kind: 'answer-probe'; readonly nonce: string }
  | { readonly kind: 'take-command'; readonly command: SignedCommand }
  | { readonly kind: 'take-tunnel'; readonly profile: TunnelProfile }
  | { readonly kind: 'consider-revision'; readonly revision: number }
  | { readonly kind: 'apply'; readonly desired: DesiredState }
  | { readonly kind: 'remember-head'; readonly head: AuditHead }
  | { readonly kind: 'renew'; readonly endpointIndex: number }
  | { readonly kind: 'say-goodbye' };

/** When the event is looked at, and a random number from [0, 1) for it. */
export interface Moment {
  readonly nowMs: number;
  readonly unit: number;
}

export interface Step {
  readonly state: SessionState;
  readonly effects: readonly SessionEffect[];
}
