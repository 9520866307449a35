import type { NodeKind } from '../../../proto/contract/ids.js';
import type { ClientMode } from '../../../proto/contract/overlay/network.js';
import type { Collector } from '../collect/collector.js';
import type { AgentProbe } from '../collect/probe.js';
import type { Handlers } from '../command/handler.js';
import type { JoinFile } from '../enroll/join.js';
import type { Host } from '../host/ports.js';
import type { Log } from '../log.js';
import type { ConfigActuator } from '../node-config/machine.js';
import type { TunnelActuator } from '../tunnel/order.js';
import type { Watch } from '../watch/watch.js';

/** What makes one of the three agents out of the kit. */
export interface AgentOptions {
  readonly kind: NodeKind;
  /** Semantic version of the agent. */
  readonly version: string;
  readonly host: Host;
  readonly log: Log;
  /** Directory of everything that must survive: identity, outbox, ledger. */
  readonly stateDir: string;
  /** Needed until the node has enrolled once. */
  readonly join: JoinFile | undefined;
  readonly collectors: (probe: AgentProbe) => readonly Collector[];
  /** What is looked at more often than reports go; nothing when absent. */
  readonly watches?: ((probe: AgentProbe) => readonly Watch[]) | undefined;
  readonly handlers: Handlers;
  /** Who puts node configs in place; without it every config is refused. */
  readonly configActuator?: ConfigActuator | undefined;
  /** Who keeps its tunnel, and what for; absent = it has none of its own. */
  readonly tunnel?: { readonly mode: ClientMode; readonly actuator: TunnelActuator } | undefined;
  /** When this program was built, ms since 1970-01-01 UTC: time cannot be earlier than that. */
  readonly buildTimeMs: number;
  /** Called every few seconds as long as real work gets done: feeds a watchdog. */
  readonly progress: () => void;
  /** Called at every tick, between two reports: gives back memory that nobody needs any more. */
  readonly tidyMemory: () => void;
  /** Called once, when the state is open and the agent looks for its controller. */
  readonly notifyReady: () => void;
}
