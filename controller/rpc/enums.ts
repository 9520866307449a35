import type { NodeKind } from '../../proto/contract/ids.js';
import {
  CommandState as WireCommandState,
  RejectionReason as WireRejectionReason,
} from '../../proto/gen/bramble/agent/v1/command.js';
import { PreviousExit as WirePreviousExit } from '../../proto/gen/bramble/agent/v1/event.js';
import { GoodbyeReason as WireGoodbyeReason } from '../../proto/gen/bramble/agent/v1/link.js';
import { NodeKind as WireNodeKind } from '../../proto/gen/bramble/agent/v1/node.js';
import type { CommandUpdate, RejectionReason } from '../domain/command.js';
import type { AgentEventKind } from '../domain/event.js';
import type { GoodbyeReason } from '../usecases/agent-messages.js';

/**
 * Numbers of the wire and words of ours. Each table is complete by its type in one direction; a number that is in none of
 * them comes from a newer agent and becomes a word that never looks healthy.
 */

type PreviousExit = Extract<AgentEventKind, { readonly kind: 'agent-started' }>['previousExit'];

const NODE_KIND = {
  pi: WireNodeKind.PI,
  fileserver: WireNodeKind.FILESERVER,
  switch: WireNodeKind.SWITCH,
} as const satisfies Record<NodeKind, WireNodeKind>;

const GOODBYE_REASON = {
  shutdown: WireGoodbyeReason.SHUTDOWN,
  reboot: WireGoodbyeReason.REBOOT,
  superseded: WireGoodbyeReason.SUPERSEDED,
  revoked: WireGoodbyeReason.REVOKED,
  frozen: WireGoodbyeReason.FROZEN,
  'over-limit': WireGoodbyeReason.OVER_LIMIT,
  unknown: WireGoodbyeReason.UNSPECIFIED,
} as const satisfies Record<GoodbyeReason, WireGoodbyeReason>;

const PREVIOUS_EXIT = {
  clean: WirePreviousExit.CLEAN,
  crash: WirePreviousExit.CRASH,
  boot: WirePreviousExit.BOOT,
  'first-start': WirePreviousExit.FIRST_START,
  unknown: WirePreviousExit.UNSPECIFIED,
} as const satisfies Record<PreviousExit, WirePreviousExit>;

const COMMAND_STATE = {
  accepted: WireCommandState.ACCEPTED,
  started: WireCommandState.STARTED,
  succeeded: WireCommandState.SUCCEEDED,
  failed: WireCommandState.FAILED,
  rejected: WireCommandState.REJECTED,
  unknown: WireCommandState.UNKNOWN,
} as const satisfies Record<CommandUpdate['state'], WireCommandState>;

const REJECTION_REASON = {
  'bad-signature': WireRejectionReason.BAD_SIGNATURE,
  'wrong-target': WireRejectionReason.WRONG_TARGET,
  'stale-epoch': WireRejectionReason.STALE_EPOCH,
  expired: WireRejectionReason.EXPIRED,
  precondition: WireRejectionReason.PRECONDITION,
  unsupported: WireRejectionReason.UNSUPPORTED,
  'not-allowed': WireRejectionReason.NOT_ALLOWED,
  'invalid-argument': WireRejectionReason.INVALID_ARGUMENT,
  'ledger-unavailable': WireRejectionReason.LEDGER_UNAVAILABLE,
  busy: WireRejectionReason.BUSY,
  other: WireRejectionReason.UNSPECIFIED,
} as const satisfies Record<RejectionReason, WireRejectionReason>;

function reader<Word extends string>(table: Readonly<Record<Word, number>>): (wire: number) => Word | undefined {
  // Object.entries widens the keys of the table to string.
  const words = new Map(Object.entries(table).map(([word, wire]) => [wire as number, word as Word]));
  return (wire) => words.get(wire);
}

const nodeKindOf = reader(NODE_KIND);
const goodbyeReasonOf = reader(GOODBYE_REASON);
const previousExitOf = reader(PREVIOUS_EXIT);
const rejectionReasonOf = reader(REJECTION_REASON);

export const readNodeKind = (wire: number): NodeKind | 'unknown' => nodeKindOf(wire) ?? 'unknown';
export const readGoodbyeReason = (wire: number): GoodbyeReason => goodbyeReasonOf(wire) ?? 'unknown';
export const readPreviousExit = (wire: number): PreviousExit => previousExitOf(wire) ?? 'unknown';
export const readRejectionReason = (wire: number): RejectionReason => rejectionReasonOf(wire) ?? 'other';
/** `undefined` for a state of a newer agent: the caller keeps the event and knows no more. */
export const readCommandState = reader(COMMAND_STATE);

export const writeGoodbyeReason = (reason: GoodbyeReason): WireGoodbyeReason => GOODBYE_REASON[reason];
