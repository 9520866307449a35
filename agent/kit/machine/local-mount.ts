import { BrambleError } from '../../../proto/contract/errors.js';
import { type LocalMount, localMountAt } from '../collectors/filesystems-visible.js';
import { parseMountInfo } from '../collectors/mount-table.js';
import type { KernelFiles } from '../host/ports.js';

/**
 * The filesystem of this machine that is mounted there, by the kernel's own table: no path is touched, so a dead server
 * behind another mount holds nobody.
 * @throws BrambleError `not-found` (nothing is mounted there), `failed-precondition` (not on storage of this machine),
 * `data-loss` (the table is not understood)
 */
export function findLocalMount(kernel: Pick<KernelFiles, 'readText'>, mountPoint: string): LocalMount {
  const table = kernel.readText('/proc/self/mountinfo');
  if (table === undefined) throw new BrambleError('unsupported', 'this machine has no mount table');
  const found = localMountAt(parseMountInfo(table), mountPoint);
  if (found === undefined) throw new BrambleError('not-found', `nothing is mounted at ${mountPoint}`);
  if (found.kind === 'local') return found;
  throw new BrambleError('failed-precondition', `${mountPoint} is not storage of this machine, but ${found.type}`, {
    hint: 'only filesystems on local storage are remounted',
  });
}
