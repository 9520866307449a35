import { assertNever } from '../../proto/contract/assert.js';
import { Command, MountAccess } from '../../proto/gen/bramble/agent/v1/command.js';
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

function writeAction(action: CommandRecord['action']): NonNullable<Command['action']> {
  switch (action.kind) {
    case 'restart-unit':
      return { $case: 'restartUnit', value: { unit: action.unit } };
    case 'reboot':
      return { $case: 'reboot', value: {} };
    case 'remount':
      return { $case: 'remount', value: { mountPoint: action.mountPoint, access: MOUNT_ACCESS[action.access] } };
    case 'step-clock':
      return { $case: 'stepClock', value: {} };
    case 'identify':
      return { $case: 'identify', value: { forMs: action.forMs } };
    case 'diagnose':
      return { $case: 'diagnose', value: {} };
    default:
      return assertNever(action, 'command action');
  }
}
