import { refusedForBoot } from '../../../proto/contract/other-boot.js';
import {
  type Command,
  CommandState,
  type CommandUpdate,
  RejectionReason,
} from '../../../proto/gen/bramble/agent/v1/command.js';
import type { LedgerEntry } from '../durable/ledger.js';
import type { Refusal as HandlerRefusal } from './handler.js';

/** Why nothing was done. */
export interface Refusal {
  readonly rejection: RejectionReason;
  readonly detail: string;
}

/** What a command is judged against at one moment. */
export interface Situation {
  readonly bootId: string;
  readonly epochHighest: number;
  /** The controller's time; `undefined` = not known, which refuses nothing. */
  readonly controllerNowMs: number | undefined;
  /** The handler of its action; `undefined` = this agent does not know the action. */
  readonly handler: { readonly requiresBootId: boolean } | undefined;
}

/** The first reason against it, in the order in which reasons count. */
export function findRefusal(command: Command, situation: Situation): Refusal | undefined {
  const { bootId, epochHighest, handler } = situation;
  if (command.epoch < epochHighest) {
    const detail = `epoch ${command.epoch} is over: this node has obeyed epoch ${epochHighest}`;
    return { rejection: RejectionReason.STALE_EPOCH, detail };
  }
  const lateMs = latenessMs(command, situation.controllerNowMs);
  if (lateMs >= 0) {
    return { rejection: RejectionReason.EXPIRED, detail: `its time to start ended ${Math.round(lateMs)} ms ago` };
  }
  if (handler === undefined) {
    const name = command.action?.$case ?? 'an action that it does not know';
    return { rejection: RejectionReason.UNSUPPORTED, detail: `this agent cannot carry out ${name}` };
  }
  const wanted = command.preconditions?.bootId ?? '';
  if (wanted === '' && handler.requiresBootId) {
    return { rejection: RejectionReason.PRECONDITION, detail: 'it must name the boot in which it makes sense' };
  }
  if (wanted !== '' && wanted !== bootId) {
    return {
      rejection: RejectionReason.PRECONDITION,
      detail: `${refusedForBoot(wanted)}${bootId || 'unknown'}`,
    };
  }
  return undefined;
}

/** How long the last moment to start has passed, ms; negative before. */
function latenessMs(command: Command, controllerNowMs: number | undefined): number {
  if (controllerNowMs === undefined) return Number.NEGATIVE_INFINITY;
  return controllerNowMs - (command.issuedAtUnixMs + command.validForMs);
}

const REJECTION = {
  precondition: RejectionReason.PRECONDITION,
  unsupported: RejectionReason.UNSUPPORTED,
  'not-allowed': RejectionReason.NOT_ALLOWED,
  'invalid-argument': RejectionReason.INVALID_ARGUMENT,
} as const satisfies Record<HandlerRefusal['reason'], RejectionReason>;

export function fromHandler({ reason, detail }: HandlerRefusal): Refusal {
  return { rejection: REJECTION[reason], detail };
}

const NOT_RUN = { tookMs: 0, progress: undefined } as const;

export function rejected(commandId: string, { rejection, detail }: Refusal): CommandUpdate {
  return { commandId, state: CommandState.REJECTED, rejection, detail, ...NOT_RUN };
}

/** What became of a command that came before. */
export function repeated({ command, state, detail }: LedgerEntry): CommandUpdate {
  // The ledger keeps no reason: most commands that it took and never started had run out of time. The detail has the rest.
  const rejection = state === CommandState.REJECTED ? RejectionReason.EXPIRED : RejectionReason.UNSPECIFIED;
  return { commandId: command.id, state, rejection, detail, ...NOT_RUN };
}
