import { makeNodeClock } from '../../agent/kit/host/node/clock.js';
import { makeNodeExec } from '../../agent/kit/host/node/exec.js';
import { makeNodeFiles } from '../../agent/kit/host/node/files.js';
import { makeNodeSignatureCheck } from '../../agent/kit/host/node/image-crypto.js';
import { makeKernelFiles } from '../../agent/kit/host/node/kernel-files.js';
import { makeNodeKeys } from '../../agent/kit/host/node/keys.js';
import { whileLocked } from '../../agent/kit/host/node/lock-file.js';
import { readOwnedText } from '../../agent/kit/host/node/owned-file.js';
import { makePoolFiles } from '../../agent/kit/host/node/roots/pool-files.js';
import { makeNodeUniqueness } from '../../agent/kit/host/node/roots/uniqueness.js';
import { makeNodeTreeWriters } from '../../agent/kit/host/node/tree-writer.js';
import type { Exec, KernelFiles } from '../../agent/kit/host/ports.js';
import { runAsSystem } from '../../agent/kit/machine/run-as-system.js';
import type { OwnProgram } from '../../agent/kit/program/agent-program.js';
import type { BootServices } from '../../agent/kit/roots/boot-applier.js';
import { type BootPaths, bootFolders, standardBootPaths } from '../../agent/kit/roots/boot-paths.js';
import {
  makeNoBootServices,
  makeProgramBootServices,
  makeSystemBootServices,
} from '../../agent/kit/roots/boot-services.js';
import { carryOutRoots } from '../../agent/kit/roots/carry-out.js';
import { chooseDriver } from '../../agent/kit/roots/choose-driver.js';
import type { Ext4VolumeOptions } from '../../agent/kit/roots/drivers/ext4-volumes.js';
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
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** Where root's own files are, when not at their places. */
export interface RootsProgramParts {
  readonly policyPath?: string | undefined;
  readonly imagePolicyPath?: string | undefined;
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
 * Roots on this machine. One process at a time changes them: its lock goes with it.
 * @throws BrambleError `failed-precondition` when they cannot be kept as root's file says; the actuator: `unavailable`
 * while another one works
 */
async function openRoots(policy: RootsPolicy, parts: RootsProgramParts): Promise<RootsActuator> {
  const { pool, stateDir } = policy;
  const [exec, kernel, keys, files] = [makeNodeExec(), makeKernelFiles(), makeNodeKeys(), makePoolFiles()];
  const clock = makeNodeClock();
  await files.makeFolder(pool);
  const paths = standardBootPaths(pool, policy.system);
  const choice = {
    pool,
    files,
    exec,
    wanted: policy.driver,
    thin: policy.thinPool,
    mount: mountFor(policy, { exec, kernel }),
  };
  const roots = makeFileserverRoots({
    paths,
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
      ...{ check: makeNodeSignatureCheck(), trees: makeNodeTreeWriters(), clock },
      readPolicy: () => readOwnedText(parts.imagePolicyPath ?? IMAGE_POLICY_PATH, ROOT_UID),
    }),
    unique: makeNodeUniqueness(),
    services: servicesOf(policy, paths, { exec, kernel }),
    digest: (text) => digestOf(keys.sha256(new TextEncoder().encode(text))),
    limit: {
      perHour: policy.changesPerHour,
      now: () => ({ bootId: kernel.readText(BOOT_ID)?.trim() ?? '', ms: clock.monotonicMs() }),
    },
  });
  return async (order, stop, tell) => {
    const work = () => carryOutRoots(roots, order, stop, tell);
    return order.kind === 'look' || order.kind === 'read-answer' ? work() : whileLocked(`${pool}/.lock`, 'roots', work);
  };
}

interface Machinery {
  readonly exec: Exec;
  readonly kernel: KernelFiles;
}

function servicesOf({ services }: RootsPolicy, paths: BootPaths, on: Machinery): BootServices {
  switch (services) {
    case 'systemd':
      return makeSystemBootServices(on);
    case 'programs':
      return makeProgramBootServices(on.exec, bootFolders(paths));
    case 'none':
      return makeNoBootServices();
  }
}

/** What a sandboxed process mounts is seen by nobody else: systemd does it for the whole machine. */
function mountFor({ services }: RootsPolicy, on: Machinery): Ext4VolumeOptions['mount'] {
  return async (argv, signal) => {
    const limits = { signal, timeoutMs: MOUNT_TIMEOUT_MS };
    const isOurs = services !== 'systemd';
    const { status, stderr } = await (isOurs ? on.exec.run(argv, limits) : runAsSystem(on, argv, limits, MOUNT_RIGHTS));
    return { ok: status === 0, text: stderr.trim().slice(0, 300) };
  };
}
