import type { CommandId, NodeId } from '../../proto/contract/ids.js';
import type { MailboxVerb } from '../../proto/contract/netboot/mailbox.js';
import type { Progress } from '../../proto/contract/progress.js';

export type CommandAction =
  | { readonly kind: 'restart-unit'; readonly unit: string }
  /** `despiteArrays`: md arrays that are not whole, by the names that a person typed. */
  | { readonly kind: 'reboot'; readonly despiteArrays?: readonly string[] | undefined }
  | { readonly kind: 'remount'; readonly mountPoint: string; readonly access: 'read-write' | 'read-only' }
  | { readonly kind: 'step-clock' }
  | { readonly kind: 'identify'; readonly forMs: number }
  /** A drill: it acts as though its uplink were gone, wholly or at the address that it is connected over. */
  | { readonly kind: 'stay-away'; readonly forMs: number; readonly from: 'all' | 'current' }
  | { readonly kind: 'diagnose' }
  /** `oldMember` is empty where its place is vacant. */
  | { readonly kind: 'raid-replace'; readonly array: string; readonly oldMember: string; readonly newMember: string }
  | { readonly kind: 'raid-scrub'; readonly array: string; readonly action: 'start' | 'stop' }
  /** By the digest of its manifest. */
  | { readonly kind: 'pull-image' | 'remove-image'; readonly image: string }
  | {
      readonly kind: 'root-prepare';
      readonly serial: string;
      readonly image: string;
      readonly dataBytes: number;
      readonly freshData: boolean;
    }
  | { readonly kind: 'root-activate' | 'root-roll-back'; readonly serial: string; readonly generation: number }
  /** Ends another command of the same node. */
  | { readonly kind: 'cancel-command'; readonly commandId: string }
  | { readonly kind: 'root-remove'; readonly serial: string; readonly keepData: boolean }
  | { readonly kind: 'boot-path-repair'; readonly serial: string }
  /** A request to a board that runs without its agent. */
  | { readonly kind: 'root-mailbox'; readonly serial: string; readonly verb: MailboxVerb }
  /** `plan`: JSON as `renderSwitchPlan` writes it. The command's id is the id of the change. */
  | { readonly kind: 'switch-apply'; readonly plan: string; readonly confirmWithinMs: number }
  | { readonly kind: 'switch-confirm'; readonly changeId: string }
  | { readonly kind: 'switch-roll-back'; readonly changeId: string }
  | {
      readonly kind: 'switch-power';
      readonly port: string;
      readonly action: 'on' | 'off' | 'cycle';
      readonly offMs: number;
      readonly bootLeaseId: string;
    };

/**
 * Where a command is. `issued` and `dispatched` are ours to know, the others are what the actuator said, except
 * `lapsed`: its deadline passed before any actuator accepted it. `unknown` is settled by a later word, never by a re-run.
 */
export type CommandState =
  | 'issued'
  | 'dispatched'
  | 'accepted'
  | 'started'
  | 'succeeded'
  | 'failed'
  | 'rejected'
  | 'unknown'
  | 'lapsed';

export type RejectionReason =
  | 'bad-signature'
  | 'wrong-target'
  | 'stale-epoch'
  | 'expired'
  | 'precondition'
  | 'unsupported'
  | 'not-allowed'
  | 'invalid-argument'
  | 'ledger-unavailable'
  | 'busy'
  /** A reason of a newer agent. */
  | 'other';

export interface CommandRecord {
  readonly id: CommandId;
  readonly nodeId: NodeId;
  readonly action: CommandAction;
  readonly state: CommandState;
  readonly rejection: RejectionReason | undefined;
  /** For people: what was found or what went wrong. */
  readonly detail: string;
  readonly epoch: number;
  readonly issuedAtMs: number;
  readonly validForMs: number;
  /** Boot in which the command makes sense; empty = any. */
  readonly bootId: string;
  readonly reason: string;
  readonly actor: string;
  readonly updatedAtMs: number;
  /** How far it was when it was last heard of; `undefined` = it tells nothing of that. */
  readonly progress?: Progress | undefined;
}

/** What an actuator says of a command. */
export interface CommandUpdate {
  readonly id: CommandId;
  readonly state: 'accepted' | 'started' | 'succeeded' | 'failed' | 'rejected' | 'unknown';
  readonly rejection: RejectionReason | undefined;
  readonly detail: string;
  readonly tookMs: number;
  readonly progress?: Progress | undefined;
}

/** A command as it travels. */
export interface SignedCommand {
  readonly payload: Uint8Array;
  readonly keyId: string;
  readonly signature: Uint8Array;
}
