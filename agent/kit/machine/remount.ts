import { BrambleError } from '../../../proto/contract/errors.js';
import type { Exec, KernelFiles, MountAccess } from '../host/ports.js';
import { findLocalMount } from './local-mount.js';
import { runAsSystem } from './run-as-system.js';

/** A remount writes out what is dirty first, which on a worn card may take its time. */
const TIMEOUT_MS = 60_000;

const OPTIONS = { 'read-write': 'remount,rw', 'read-only': 'remount,ro' } as const satisfies Record<
  MountAccess,
  string
>;

/**
 * Remounts with mount(8), which adds the options of /etc/fstab. Exit status 0 is all that it says of a success: whoever wants
 * to know looks at the mount table.
 * @throws BrambleError `failed-precondition`, `not-found`, `permission-denied`, `unsupported`, `invalid-argument`
 */
export async function remount(
  { exec, kernel }: { readonly exec: Exec; readonly kernel: KernelFiles },
  mountPoint: string,
  access: MountAccess,
  signal: AbortSignal,
): Promise<void> {
  findLocalMount(kernel, mountPoint);
  const argv = ['mount', '-o', OPTIONS[access], '--', mountPoint] as const;
  const result = await runAsSystem({ exec, kernel }, argv, { signal, timeoutMs: TIMEOUT_MS });
  if (result.status !== 0) throw mountError(firstLine(result.stderr), mountPoint, access);
}

/** What mount(8) prints for errno, in the C locale. Source: util-linux 2.33 to 2.41, libmount/src/hook_mount*.c, context_mount.c. */
function mountError(said: string, mountPoint: string, access: MountAccess): BrambleError {
  // "Bad option" (EINVAL) is what ext4 says since Linux 6.15 once errors have stopped all writing: our options are good ones.
  const isRefusal = /write-protected|Read-only file system|bad option/i.test(said);
  if (isRefusal && access === 'read-write') {
    const hint =
      'look at the kernel log: after errors it takes fsck (at a reboot), a locked card or a dying one another card';
    return new BrambleError('failed-precondition', `the kernel refuses to make ${mountPoint} writable: ${said}`, {
      hint,
    });
  }
  if (/busy/i.test(said)) {
    const hint = 'programs have files of it open for writing: stop them first';
    return new BrambleError('failed-precondition', `${mountPoint} is in use and cannot be made ${access}: ${said}`, {
      hint,
    });
  }
  if (/must be superuser|permission denied|Operation not permitted|Access denied/i.test(said)) {
    const hint = 'run the privileged helper unit of the agent';
    return new BrambleError('permission-denied', `remounting ${mountPoint}: ${said}`, { hint });
  }
  return new BrambleError(
    'failed-precondition',
    `remounting ${mountPoint}: ${said === '' ? 'mount said nothing' : said}`,
  );
}

/** What follows it is advice for people at a terminal. */
function firstLine(text: string): string {
  return (text.trim().split('\n', 1)[0] ?? '').slice(0, 300);
}
