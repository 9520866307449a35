import type { NodeId } from '../../proto/contract/ids.js';
import { visible } from '../../proto/contract/visible.js';
import type { CommandRecord, CommandUpdate } from '../domain/command.js';
import { advanceCommand } from '../domain/command-lifecycle.js';
import type { Told } from './agent-event-words.js';
import type { StoreWriter } from './ports.js';

export interface SettledCommand {
  /** The record as it is now; `undefined` = nothing was changed. */
  readonly record: CommandRecord | undefined;
  /** What to tell people; `undefined` = nothing new. */
  readonly told: Told | undefined;
}

/**
 * Applies what a node said of a command, inside the transaction that stores its word. A node speaks only about commands
 * of its own: anything else changes nothing and is written down.
 */
export async function settleCommand(
  writer: StoreWriter,
  nodeId: NodeId,
  update: CommandUpdate,
  nowMs: number,
): Promise<SettledCommand> {
  const record = await writer.command(update.id);
  if (record === undefined) {
    const message = `it told about command ${update.id}, which is not on record; nothing was changed`;
    return { record: undefined, told: { severity: 'warning', reason: 'UnknownCommandResult', message } };
  }
  if (record.nodeId !== nodeId) {
    const message = `it told an outcome of command ${update.id}, which is not its own; nothing was changed`;
    return { record: undefined, told: { severity: 'warning', reason: 'ForeignCommandResult', message } };
  }
  const next = advanceCommand(record, { kind: 'update', update }, nowMs);
  if (next === record) return { record: undefined, told: undefined };
  await writer.putCommand(next, undefined);
  return { record: next, told: tellCommand(next) };
}

/** What people are told when a command reached this state; `undefined` for the steps in between. */
export function tellCommand(record: CommandRecord): Told | undefined {
  const what = renderAction(record);
  const detail = record.detail === '' ? '' : `: ${record.detail}`;
  switch (record.state) {
    case 'succeeded':
      return { severity: 'info', reason: 'CommandSucceeded', message: `${what} succeeded${detail}` };
    case 'failed':
      return { severity: 'error', reason: 'CommandFailed', message: `${what} failed${detail}` };
    case 'rejected':
      return {
        severity: 'warning',
        reason: 'CommandRejected',
        message: `${what} was rejected (${record.rejection ?? 'other'})${detail}`,
      };
    case 'unknown':
      return { severity: 'warning', reason: 'CommandUnknown', message: `what became of ${what} is not known${detail}` };
    case 'lapsed':
      return { severity: 'warning', reason: 'CommandLapsed', message: `${what} lapsed${detail}` };
    case 'issued':
    case 'dispatched':
    case 'accepted':
    case 'started':
      return undefined;
  }
}

export function renderAction(record: Pick<CommandRecord, 'action'>): string {
  const { action } = record;
  switch (action.kind) {
    case 'restart-unit':
      return `the restart of ${visible(action.unit, 80)}`;
    case 'reboot':
      return 'the reboot';
    case 'remount':
      return `the remount of ${visible(action.mountPoint, 80)} (${action.access})`;
    case 'step-clock':
      return 'the step of the clock';
    case 'identify':
      return 'the blinking';
    case 'stay-away':
      return 'the drill of its uplink';
    case 'diagnose':
      return 'the diagnostics';
    case 'raid-replace': {
      const place = action.oldMember === '' ? 'a vacant place' : visible(action.oldMember, 40);
      return `putting ${visible(action.newMember, 40)} in the place of ${place} in ${visible(action.array, 40)}`;
    }
    case 'switch-apply':
      return 'the change of the ports';
    case 'switch-confirm':
      return `the confirmation of change ${visible(action.changeId, 40)}`;
    case 'switch-roll-back':
      return `the rollback of change ${visible(action.changeId, 40)}`;
    case 'switch-power':
      return `power ${action.action} of ${visible(action.port, 20)}`;
    case 'raid-scrub':
      return `the ${action.action} of a check of ${visible(action.array, 40)}`;
    case 'root-prepare':
      return `preparing image ${visible(action.image, 70)} for board ${visible(action.serial, 16)}`;
    case 'root-activate':
      return `serving generation ${action.generation} to board ${visible(action.serial, 16)}`;
    case 'root-roll-back':
      return `going back from generation ${action.generation} of board ${visible(action.serial, 16)}`;
    case 'cancel-command':
      return `the cancellation of command ${visible(action.commandId, 40)}`;
    case 'root-remove':
      return `removing the roots of board ${visible(action.serial, 16)}`;
    case 'boot-path-repair':
      return `the repair of the boot path of board ${visible(action.serial, 16)}`;
    case 'root-mailbox':
      return `${action.verb} in the mailbox of board ${visible(action.serial, 16)}`;
    case 'pull-image':
      return `the pull of image ${visible(action.image, 12)}`;
    case 'remove-image':
      return `the removal of image ${visible(action.image, 12)}`;
  }
}
