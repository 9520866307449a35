import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { BrambleError } from '../../../../../proto/contract/errors.js';
import { parseBootSet } from '../../../../../proto/contract/netboot/parse.js';
import type { RootsAllowance } from '../../../helper/roots-allowance.js';
import { runAsSystem } from '../../../machine/run-as-system.js';
import { standardBootPaths } from '../../../roots/boot-paths.js';
import { makeSystemBootServices } from '../../../roots/boot-services.js';
import { carryOutRoots } from '../../../roots/carry-out.js';
import { chooseDriver } from '../../../roots/choose-driver.js';
import type { LvmThinOptions } from '../../../roots/drivers/lvm-thin.js';
import { makeFileserverRoots } from '../../../roots/fileserver-roots.js';
import { makeFolderImages } from '../../../roots/folder-images.js';
import type { RootsActuator } from '../../../roots/orders.js';
import type { Exec, KernelFiles } from '../../ports.js';
import { lockFile } from '../lock-file.js';
import { readOwnedText } from '../owned-file.js';
import { makePoolFiles } from './pool-files.js';
import { makeNodeUniqueness } from './uniqueness.js';

const MOUNT_TIMEOUT_MS = 50_000;
const MOUNT_RIGHTS = 'CAP_SYS_ADMIN CAP_DAC_OVERRIDE';
const ROOT_UID = 0;

/**
 * Roots on this machine. One process at a time changes them: its lock is held until it ends.
 * @throws BrambleError `failed-precondition` when they cannot be kept as root's list says; the actuator: `unavailable`
 * while another one works
 */
export async function makeNodeRootsActuator(
  on: { readonly exec: Exec; readonly kernel: KernelFiles },
  allowance: RootsAllowance,
): Promise<RootsActuator> {
  const { pool, bootSetPath } = allowance;
  const files = makePoolFiles();
  await files.makeFolder(pool);
  const { signal } = new AbortController();
  const choice = {
    pool,
    files,
    exec: on.exec,
    wanted: allowance.driver,
    thin: allowance.thinPool,
    mount: mountFor(on),
  };
  const driver = await chooseDriver(choice, signal);
  const roots = makeFileserverRoots({
    paths: standardBootPaths(pool),
    files,
    driver,
    source: makeFolderImages({ exec: on.exec, files, pool }),
    unique: makeNodeUniqueness(),
    services: makeSystemBootServices(on),
    digest: (text) => createHash('sha256').update(text).digest('hex'),
    held: () => new Set(),
  });
  const bootSet = async () => parseBootSet(parseJson(await readOwnedText(bootSetPath, ROOT_UID), bootSetPath));
  return async (order, stop) => {
    if (order.kind !== 'look') await lockFile(join(pool, '.lock'), 'roots');
    return carryOutRoots({ ...roots, bootSet }, order, stop);
  };
}

/** What a sandboxed process mounts is seen by nobody else: systemd does it for the whole machine. */
function mountFor(on: { readonly exec: Exec; readonly kernel: KernelFiles }): LvmThinOptions['mount'] {
  return async (argv, signal) => {
    const limits = { signal, timeoutMs: MOUNT_TIMEOUT_MS };
    const { status, stderr } = await runAsSystem(on, argv, limits, MOUNT_RIGHTS);
    return { ok: status === 0, text: stderr.trim().slice(0, 300) };
  };
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BrambleError('failed-precondition', `${path} is not JSON`, { cause });
  }
}
