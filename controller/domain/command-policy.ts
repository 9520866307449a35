/** Which command may be issued to which node, now. */

import { BrambleError, type ErrorCode } from '../../proto/contract/errors.js';
import { isMountPoint } from '../../proto/contract/mount-point.js';
import { parseSwitchPlan } from '../../proto/contract/switch/parse-plan.js';
import { blockingFindings, preflight } from '../../proto/contract/switch/preflight.js';
import type { CommandAction } from './command.js';
import type { NodeLifecycle } from './node.js';

/** Commands of one node whose outcome is awaited: as many as an actuator queues. */
export const OPEN_COMMANDS_MAX = 16;

export interface CommandQuestion {
  readonly action: CommandAction;
  readonly lifecycle: NodeLifecycle;
  /** Why the controller issues no commands at all; `undefined` = it does. */
  readonly heldBecause: string | undefined;
  /** What the live agent said in its hello; `undefined` = not connected. */
  readonly live: { readonly bootId: string; readonly supportedActions: readonly string[] } | undefined;
  readonly openCount: number;
}

export type CommandDecision =
  /** `bootId`: the boot in which the command makes sense; empty = any. */
  | { readonly kind: 'allowed'; readonly bootId: string }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly why: string; readonly hint: string };

/** Names of systemd.unit(5), with a type that can be restarted. No wildcard, no path. */
const UNIT_NAME = /^[A-Za-z0-9:_.@-]{1,200}\.(service|socket|timer|mount|path|target)$/;

const UPGRADE = 'upgrade the agent of this node';
const SWITCH_ONLY = 'only the agent of a switch can; upgrade it if this node is one';
const FILESERVER = 'only the agent of a fileserver can; upgrade it if this node is one';
/** Where a newer agent alone would not help. */
const WHO_CAN: Partial<Record<CommandAction['kind'], string>> = {
  identify: 'only the agent of a Raspberry Pi can; upgrade it if this node is one',
  'raid-replace': FILESERVER,
  'raid-scrub': FILESERVER,
  'root-prepare': FILESERVER,
  'root-activate': FILESERVER,
  'root-roll-back': FILESERVER,
  'root-remove': FILESERVER,
  'boot-path-repair': FILESERVER,
  'root-mailbox': FILESERVER,
  'switch-apply': SWITCH_ONLY,
  'switch-confirm': SWITCH_ONLY,
  'switch-roll-back': SWITCH_ONLY,
  'switch-power': SWITCH_ONLY,
  'pull-image': FILESERVER,
  'remove-image': FILESERVER,
};

const AWAY = 'wait until it is back, or cycle its power';

const refused = (code: ErrorCode, why: string, hint: string): CommandDecision => ({ kind: 'refused', code, why, hint });

export function judgeCommand(question: CommandQuestion): CommandDecision {
  const { action, lifecycle, heldBecause, live, openCount } = question;
  if (lifecycle === 'revoked') return refused('failed-precondition', 'the node is revoked', 'enrol it again first');
  if (lifecycle === 'frozen') {
    const hint = 'find out which board is the true one, then thaw or revoke the node';
    return refused('failed-precondition', 'the node is frozen: its credential was seen on two boards', hint);
  }
  if (heldBecause !== undefined) {
    const hint = 'make sure that no other controller serves this fleet, then promote this one';
    return refused('failed-precondition', `commands are held: ${heldBecause}`, hint);
  }
  if (openCount >= OPEN_COMMANDS_MAX) {
    const hint = 'wait until the node has settled some of them';
    return refused('failed-precondition', `${openCount} commands of this node are still open`, hint);
  }
  if (live !== undefined && !live.supportedActions.includes(actionName(action))) {
    return refused('failed-precondition', `its agent cannot do "${action.kind}"`, WHO_CAN[action.kind] ?? UPGRADE);
  }
  return judgeAction(action, live?.bootId);
}

function judgeAction(action: CommandAction, bootId: string | undefined): CommandDecision {
  switch (action.kind) {
    case 'restart-unit':
      if (UNIT_NAME.test(action.unit)) return { kind: 'allowed', bootId: '' };
      return refused('invalid-argument', 'not the full name of a unit', 'give it with its type, such as "ssh.service"');
    case 'reboot':
      // Bound to the boot that the operator sees: a command that arrives after the node rebooted must not reboot it again.
      if (bootId !== undefined && bootId !== '') return { kind: 'allowed', bootId };
      return refused('failed-precondition', 'the node is not connected', AWAY);
    case 'remount':
      if (!isMountPoint(action.mountPoint)) {
        return refused('invalid-argument', 'not a mount point', 'give its absolute path, such as /boot/firmware');
      }
      return inThisBoot(bootId);
    case 'identify':
      return inThisBoot(bootId); // nobody looks for a light that comes on later
    case 'stay-away':
      return inThisBoot(bootId); // a drill of what is connected now
    case 'raid-replace':
      return inThisBoot(bootId); // names of disks mean something else after the next boot
    case 'root-activate':
    case 'root-roll-back':
    case 'root-remove':
      return inThisBoot(bootId); // about what the operator sees that the board is served
    case 'root-mailbox':
      return inThisBoot(bootId); // about a board that is silent now
    case 'switch-apply':
      return judgePlan(action.plan, bootId);
    case 'switch-power':
      return inThisBoot(bootId);
    case 'cancel-command':
    case 'root-prepare':
    case 'switch-confirm':
    case 'switch-roll-back':
    case 'boot-path-repair': // puts right what is wrong, whenever it arrives
    case 'raid-scrub':
    case 'pull-image':
    case 'remove-image':
    case 'step-clock':
    case 'diagnose':
      return { kind: 'allowed', bootId: '' };
  }
}

/** The switch judges once more, against what is in place there. */
function judgePlan(text: string, bootId: string | undefined): CommandDecision {
  try {
    const found = blockingFindings(preflight(parseSwitchPlan(JSON.parse(text)), undefined));
    const first = found[0];
    if (first === undefined) return inThisBoot(bootId);
    return refused(
      'failed-precondition',
      first.message,
      'change the plan; `bramble switch plan` shows all that is wrong',
    );
  } catch (error) {
    const { message } = BrambleError.from(error);
    return refused('invalid-argument', message.slice(0, 500), 'give a plan as `bramble switch plan` takes it');
  }
}

/** What the operator sees of the node is what the command is about: not for a node that is away, nor after its next boot. */
function inThisBoot(bootId: string | undefined): CommandDecision {
  if (bootId !== undefined) return { kind: 'allowed', bootId };
  return refused('failed-precondition', 'the node is not connected', AWAY);
}

/** As agents name their actions: the field of Command.action in the contract. */
function actionName(action: CommandAction): string {
  return action.kind.replaceAll('-', '_');
}
