import type { BootRecord } from '../../proto/contract/boot/record.js';
import type { BootTrouble } from '../../proto/contract/boot/stage.js';
import type { NodeId } from '../../proto/contract/ids.js';
import type { CommandUpdate } from './command.js';

export type AgentEventKind =
  | { readonly kind: 'boot-observed'; readonly previousBootId: string }
  | {
      readonly kind: 'agent-started';
      readonly agentVersion: string;
      readonly previousExit: 'clean' | 'crash' | 'boot' | 'first-start' | 'unknown';
    }
  | { readonly kind: 'command-update'; readonly update: CommandUpdate }
  | { readonly kind: 'events-dropped'; readonly droppedCount: number }
  | { readonly kind: 'clock-stepped'; readonly stepMs: number }
  | { readonly kind: 'desired-state-failed'; readonly revision: number; readonly detail: string }
  /** Lines of the kernel's log that matched a rule of the agent's; `line` is the last of them. */
  | { readonly kind: 'kernel-log-matched'; readonly rule: string; readonly line: string; readonly count: number }
  /** What became of a node config, or of drift from it. */
  | {
      readonly kind: 'node-config-settled';
      readonly revision: number;
      readonly outcome: 'applied' | 'refused' | 'undone' | 'drift-corrected' | 'unknown';
      /** What was changed, in words. */
      readonly changes: readonly string[];
      readonly detail: string;
    }
  /** One change of an md array; `before` and `after` are empty where there was, or is, nothing. */
  | {
      readonly kind: 'raid-changed';
      readonly change:
        | 'array-appeared'
        | 'array-vanished'
        | 'array-state'
        | 'member-state'
        | 'missing-count'
        | 'sync-action'
        | 'mismatches'
        | 'unknown';
      readonly array: string;
      /** Empty for the array itself. */
      readonly member: string;
      readonly before: string;
      readonly after: string;
    }
  /** The present boot of a board, as its fileserver sees it; times since that fileserver's boot. */
  | { readonly kind: 'board-boot'; readonly record: BootRecord; readonly trouble: BootTrouble | undefined }
  /** Lines of a board's kernel log that it sent over the network. */
  | {
      readonly kind: 'netconsole-lines';
      readonly address: string;
      readonly mac: string;
      readonly lines: readonly string[];
      readonly droppedCount: number;
    }
  /** A kind of a newer agent: kept and acknowledged, shown as unknown. */
  | { readonly kind: 'unknown' };

/** An event as an agent sent it. (node, bootId, sequence) identifies it. */
export interface AgentEvent {
  readonly bootId: string;
  readonly sequence: number;
  readonly uptimeMs: number;
  /** The agent's wall clock: shown, never used for order. */
  readonly wallClockMs: number;
  readonly what: AgentEventKind;
}

export type Severity = 'info' | 'warning' | 'error';

/** What happened to the fleet, in the controller's order: agents' events and the controller's own. Feeds every timeline. */
export interface FleetEvent {
  /** Ascends without reuse; the cursor of event streams. 0 before it is stored. */
  readonly id: number;
  readonly atMs: number;
  readonly nodeId: NodeId | undefined;
  readonly severity: Severity;
  /** CamelCase, closed by convention: NodeEnrolled, ConditionChanged, CommandSucceeded, ... */
  readonly reason: string;
  /** One sentence. Text from nodes in it is inert: it passed through `visible()`. */
  readonly message: string;
}
