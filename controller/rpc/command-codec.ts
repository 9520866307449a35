import { assertNever } from '../../proto/contract/assert.js';
import {
  AwayFrom,
  Command,
  MailboxVerb,
  MountAccess,
  PowerAction,
  ScrubAction,
} from '../../proto/gen/bramble/agent/v1/command.js';
import type { CommandRecord } from '../domain/command.js';
import type { CommandCodec } from '../usecases/ports.js';

/** Commands as the contract says. What comes out is what is signed, and travels unchanged. */
export const commandCodec: CommandCodec = {
  encode(command) {
    return Command.encode({
      id: command.id,
      targetNodeId: command.nodeId,
      epoch: command.epoch,
      issuedAtUnixMs: command.issuedAtMs,
      validForMs: command.validForMs,
      preconditions: { bootId: command.bootId },
      reason: command.reason,
      actor: command.actor,
      action: writeAction(command.action),
    }).finish();
  },
};

const MOUNT_ACCESS = { 'read-write': MountAccess.READ_WRITE, 'read-only': MountAccess.READ_ONLY } as const;

const POWER = { on: PowerAction.ON, off: PowerAction.OFF, cycle: PowerAction.CYCLE } as const;

const AWAY_FROM = { all: AwayFrom.ALL, current: AwayFrom.CURRENT } as const;

const MAILBOX = { 'restart-agent': MailboxVerb.RESTART_AGENT } as const;

const SCRUB = { start: ScrubAction.START, stop: ScrubAction.STOP } as const;

function writeAction(action: CommandRecord['action']): NonNullable<Command['action']> {
  switch (action.kind) {
    case 'restart-unit':
      return { $case: 'restartUnit', value: { unit: action.unit } };
    case 'reboot':
      return { $case: 'reboot', value: { despiteArrays: [...(action.despiteArrays ?? [])] } };
    case 'remount':
      return { $case: 'remount', value: { mountPoint: action.mountPoint, access: MOUNT_ACCESS[action.access] } };
    case 'step-clock':
      return { $case: 'stepClock', value: {} };
    case 'identify':
      return { $case: 'identify', value: { forMs: action.forMs } };
    case 'stay-away':
      return { $case: 'stayAway', value: { forMs: action.forMs, from: AWAY_FROM[action.from] } };
    case 'diagnose':
      return { $case: 'diagnose', value: {} };
    case 'raid-replace': {
      const { array, oldMember, newMember } = action;
      return { $case: 'raidReplace', value: { array, oldMember, newMember } };
    }
    case 'raid-scrub':
      return { $case: 'raidScrub', value: { array: action.array, action: SCRUB[action.action] } };
    case 'root-prepare': {
      const { serial, image, dataBytes, freshData } = action;
      return { $case: 'rootPrepare', value: { serial, image, dataBytes, freshData } };
    }
    case 'root-activate':
      return { $case: 'rootActivate', value: { serial: action.serial, generation: action.generation } };
    case 'root-roll-back':
      return { $case: 'rootRollBack', value: { serial: action.serial, generation: action.generation } };
    case 'cancel-command':
      return { $case: 'cancelCommand', value: { commandId: action.commandId } };
    case 'root-remove':
      return { $case: 'rootRemove', value: { serial: action.serial, keepData: action.keepData } };
    case 'boot-path-repair':
      return { $case: 'bootPathRepair', value: { serial: action.serial } };
    case 'root-mailbox':
      return { $case: 'rootMailbox', value: { serial: action.serial, verb: MAILBOX[action.verb] } };
    case 'switch-apply':
      return { $case: 'switchApply', value: { plan: action.plan, confirmWithinMs: action.confirmWithinMs } };
    case 'switch-confirm':
      return { $case: 'switchConfirm', value: { changeId: action.changeId } };
    case 'switch-roll-back':
      return { $case: 'switchRollBack', value: { changeId: action.changeId } };
    case 'switch-power': {
      const { port, offMs, bootLeaseId } = action;
      return { $case: 'switchPower', value: { port, action: POWER[action.action], offMs, bootLeaseId } };
    }
    case 'pull-image':
      return { $case: 'pullImage', value: { image: Buffer.from(action.image, 'hex') } };
    case 'remove-image':
      return { $case: 'removeImage', value: { image: Buffer.from(action.image, 'hex') } };
    default:
      return assertNever(action, 'command action');
  }
}
