import { makeNodeClock } from '../../agent/kit/host/node/clock.js';
import { makeNodeExec } from '../../agent/kit/host/node/exec.js';
import { makeNodeFiles } from '../../agent/kit/host/node/files.js';
import { makeNodeSignatureCheck } from '../../agent/kit/host/node/image-crypto.js';
import { makeKernelFiles } from '../../agent/kit/host/node/kernel-files.js';
import { makeNodeKeys } from '../../agent/kit/host/node/keys.js';
import { lockFile } from '../../agent/kit/host/node/lock-file.js';
import { readOwnedText } from '../../agent/kit/host/node/owned-file.js';
import { makePoolFiles } from '../../agent/kit/host/node/roots/pool-files.js';
import { makeNodeUniqueness } from '../../agent/kit/host/node/roots/uniqueness.js';
import { makeNodeTreeWriters } from '../../agent/kit/host/node/tree-writer.js';
import type { Exec, KernelFiles } from '../../agent/kit/host/ports.js';
import { runAsSystem } from '../../agent/kit/machine/run-as-system.js';
import type { OwnProgram } from '../../agent/kit/program/agent-program.js';
import type { BootServices } from '../../agent/kit/roots/boot-applier.js';
import { type BootPaths, standardBootPaths } from '../../agent/kit/roots/boot-paths.js';
import { makeSystemBootServices } from '../../agent/kit/roots/boot-services.js';
import { carryOutRoots } from '../../agent/kit/roots/carry-out.js';
import { chooseDriver } from '../../agent/kit/roots/choose-driver.js';
import type { LvmThinOptions } from '../../agent/kit/roots/drivers/lvm-thin.js';
import { makeFileserverRoots } from '../../agent/kit/roots/fileserver-roots.js';
import type { RootsActuator } from '../../agent/kit/roots/orders.js';
import { ImageFiles } from '../../proto/chunks/image-files.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { digestOf } from '../../proto/contract/images/digest.js';
import { IMAGE_POLICY_PATH } from '../images/policy.js';
import { parseRootsOrder } from './parse-order.js';
import { parseRootsPolicy, ROOTS_POLICY_PATH, type RootsPolicy, refusePorts } from './policy.js';
import { makeStoreImages } from './store-images.js';

const MOUNT_TIMEOUT_MS = 50_000;
const MOUNT_RIGHTS = 'CAP_SYS_ADMIN CAP_DAC_OVERRIDE';
const ROOT_UID = 0;

/** Where things are, and who is told; standard but for tests. */
export interface RootsProgramParts {
  readonly policyPath?: string;
  readonly imagePolicyPath?: string;
  readonly paths?: (pool: string) => BootPaths;
  readonly services?: BootServices;
}

/** The part of the fileserver agent that has root's rights: it keeps the roots of boards, and their boot path. */
export function makeRootsProgram(parts: RootsProgramParts = {}): OwnProgram {
  return {
    orders: () => async (text, signal, caller) => {
      const order = parseRootsOrder(text);
      const policy = parseRootsPolicy(await policyText(parts.policyPath ?? ROOTS_POLICY_PATH));
      if (order.kind === 'apply') refusePorts(policy, order.set);
      const carryOut = await openRoots(policy, parts);
      // Only making a root takes long enough to be worth an end, and leaves nothing behind.
      const until = order.kind === 'prepare' && caller !== undefined ? caller.stopped : signal;
      return JSON.stringify(await carryOut(order, until, caller?.tell ?? (() => undefined)));
    },
    keep: () => Promise.reject(new BrambleError('unsupported', 'roots leave nothing open: the next look finishes it')),
  };
}

/** A machine of which root has not said that it keeps roots keeps none. */
async function policyText(path: string): Promise<string> {
  if ((await makeNodeFiles().readText(path)) !== undefined) return readOwnedText(path, ROOT_UID);
  throw new BrambleError('unsupported', `no roots are kept here: there is no ${path}`);
}

/**
 * Roots on this machine. One process at a time changes them: its lock is held until it ends.
 * @throws BrambleError `failed-precondition` when they cannot be kept as root's file says; the actuator: `unavailable`
 * while another one works
 */
async function openRoots(policy: RootsPolicy, parts: RootsProgramParts): Promise<RootsActuator> {
  const { pool, stateDir } = policy;
  const [exec, kernel, keys, files] = [makeNodeExec(), makeKernelFiles(), makeNodeKeys(), makePoolFiles()];
  await files.makeFolder(pool);
  const choice = { pool, files, exec, wanted: policy.driver, thin: policy.thinPool, mount: mountFor({ exec, kernel }) };
  const roots = makeFileserverRoots({
    paths: (parts.paths ?? standardBootPaths)(pool),
    files,
    driver: await chooseDriver(choice, new AbortController().signal),
    source: makeStoreImages({
      ...{
        stateDir,
        pool,
        keys,
        poolFiles: files,
        files: makeNodeFiles(),
        images: new ImageFiles(`${stateDir}/images`),
      },
      ...{ check: makeNodeSignatureCheck(), trees: makeNodeTreeWriters(), clock: makeNodeClock() },
      readPolicy: () => readOwnedText(parts.imagePolicyPath ?? IMAGE_POLICY_PATH, ROOT_UID),
    }),
    unique: makeNodeUniqueness(),
    services: parts.services ?? makeSystemBootServices({ exec, kernel }),
    digest: (text) => digestOf(keys.sha256(new TextEncoder().encode(text))),
    held: () => new Set(),
  });
  return async (order, stop, tell) => {
    if (order.kind !== 'look') await lockFile(`${pool}/.lock`, 'roots');
    return carryOutRoots(roots, order, stop, tell);
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
