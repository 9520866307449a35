import { BrambleError } from '../../../proto/contract/errors.js';
import { isMountPoint } from '../../../proto/contract/mount-point.js';
import { MountAccess as WireAccess } from '../../../proto/gen/bramble/agent/v1/command.js';
import type { ActionArguments, ActionHost, CommandHandler, Outcome, Refusal } from '../command/handler.js';
import type { MountAccess } from '../host/ports.js';
import { findLocalMount } from '../machine/local-mount.js';

type Remount = ActionArguments<'remount'>;

/**
 * Remounts one filesystem that the node's own configuration allows. What it has come to shows in the kernel's mount table,
 * which is all that is ever looked at: no path is touched. Doing it again changes nothing.
 */
export function makeRemount(allowedMounts: ReadonlySet<string>): CommandHandler<Remount> {
  return {
    requiresBootId: false,
    check: async (args, context) => check(args, allowedMounts, context),
    async before({ mountPoint }, { host }) {
      return findLocalMount(host.kernel, mountPoint).isReadOnly ? 'read-only' : 'read-write';
    },
    async run(args, context, signal) {
      const wanted = accessOf(args);
      try {
        await context.host.machine.remount(args.mountPoint, wanted, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        const { message, hint } = BrambleError.from(error);
        return { kind: 'failed', detail: hint === undefined ? message : `${message}; ${hint}` };
      }
      return judge(args, context);
    },
    observe: async (args, _before, context) => judge(args, context),
  };
}

function check(args: Remount, allowed: ReadonlySet<string>, { host }: ActionHost): Refusal | undefined {
  const { mountPoint, access } = args;
  if (!isMountPoint(mountPoint)) {
    const detail = `not a mount point: ${JSON.stringify(mountPoint.slice(0, 64))}`;
    return { kind: 'rejected', reason: 'invalid-argument', detail };
  }
  if (access !== WireAccess.READ_WRITE && access !== WireAccess.READ_ONLY) {
    return { kind: 'rejected', reason: 'invalid-argument', detail: `this agent knows no access ${access}` };
  }
  if (!allowed.has(mountPoint)) {
    const detail = `allowedMounts of this node does not name ${mountPoint}`;
    return { kind: 'rejected', reason: 'not-allowed', detail };
  }
  try {
    findLocalMount(host.kernel, mountPoint);
    return undefined;
  } catch (error) {
    return { kind: 'rejected', reason: 'precondition', detail: BrambleError.from(error).message };
  }
}

/** Only for arguments that check() has let through. */
function accessOf({ access }: Remount): MountAccess {
  return access === WireAccess.READ_ONLY ? 'read-only' : 'read-write';
}

function judge(args: Remount, { host }: ActionHost): Outcome {
  const wanted = accessOf(args);
  const { isReadOnly, source } = findLocalMount(host.kernel, args.mountPoint);
  const now: MountAccess = isReadOnly ? 'read-only' : 'read-write';
  const detail = `${args.mountPoint} (${source}) is ${now}`;
  if (now === wanted) return { kind: 'succeeded', detail };
  return { kind: 'failed', detail: `${detail}; the kernel has not taken the remount: look at its log` };
}
