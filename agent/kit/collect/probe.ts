import type { ConfigState } from '../../../proto/contract/facts.js';
import type { Event } from '../../../proto/gen/bramble/agent/v1/event.js';
import type { Mark } from '../durable/outbox-records.js';
import type { Reach } from '../host/image-link.js';

/** Lines of the kernel's log that one rule matched. */
export interface KernelLogMatch {
  readonly rule: string;
  /** The last of them, inert, at most 200 characters. */
  readonly line: string;
  /** How many since this was told last. */
  readonly count: number;
}

/** Where the controller is, what this node proves itself with, and the keys that the controller signs with. */
export interface AgentReach extends Reach {
  readonly commandKeys: readonly { readonly keyId: string; readonly spkiDer: Uint8Array }[];
}

/** What the agent knows about itself, for the collectors that report its own cost and losses. */
export interface AgentProbe {
  /** Events that wait for the controller's acknowledgement. */
  outboxEventsCount(): number;
  /** Events dropped by the outbox's bound since it was created. */
  outboxDroppedCount(): number;
  /** Samples left out of reports since the agent started: not finite, too large, or over a limit. */
  valuesRefusedCount(): number;
  /** How the newest node config goes; `undefined` while nothing is managed. */
  configState(): ConfigState | undefined;
  /** How often somebody else's change was found, since the agent started; `undefined` while nothing is managed. */
  configDriftsCount(): number | undefined;
  /** The outbox or the ledger cannot be written. */
  storageFailed(): boolean;
  /** Longest stall of the event loop since this was last asked, ms; asking starts anew. */
  stallMs(): number;
  /** This node's wall clock minus the controller's, ms; `undefined` before the first Welcome. */
  controllerOffsetMs(): number | undefined;
  /** The wall clock is behind the clock floor. */
  clockUntrusted(): boolean;
  /** Steps of the wall clock by more than a second since the agent started. */
  clockStepsCount(): number;
  /** Tells the controller, in an event, what the kernel's log said. Never throws. */
  kernelLogMatched(match: KernelLogMatch): void;
  /** What was remembered last under that name, by this process or one before it; `undefined` = nothing. */
  remembered(name: string): string | undefined;
  remember(mark: Mark): Promise<void>;
  /** Tells the controller of something and remembers that: after a crash either both have happened or none. */
  tellAndRemember(kind: NonNullable<Event['kind']>, mark: Mark): Promise<void>;
  /** Tells the controller of something else that happened. Whoever calls it bounds how often. Never throws. */
  happened(what: NonNullable<Event['kind']>): void;
  /** Whom to ask on a connection of one's own, with what, and whose word counts. */
  reach(): AgentReach;
  /** Milliseconds since boot when this process started. */
  readonly agentStartedMs: number;
  /** Empty when the kernel does not tell. */
  readonly bootId: string;
}
