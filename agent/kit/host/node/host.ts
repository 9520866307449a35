import type { Host, Machine, Net, Services } from '../ports.js';
import { makeNodeClock } from './clock.js';
import { makeNodeExec } from './exec.js';
import { makeNodeFiles } from './files.js';
import { makeNodeGzip } from './gzip.js';
import { makeKernelFiles } from './kernel-files.js';
import { makeKernelLog } from './kernel-log.js';
import { makeNodeKeys } from './keys.js';
import { makeNodeRandom } from './random.js';

export interface NodeHostOptions {
  /** Where the machine's filesystem is seen, "/" unless a container mounts it elsewhere. For kernel files only. */
  readonly root: string;
  readonly net: Net;
  readonly services: Services;
  readonly machine: Machine;
}

/** The machine that this process runs on. */
export function makeNodeHost({ root, net, services, machine }: NodeHostOptions): Host {
  return {
    net,
    services,
    machine,
    clock: makeNodeClock(),
    exec: makeNodeExec(),
    files: makeNodeFiles(),
    gzip: makeNodeGzip(),
    kernel: makeKernelFiles(root),
    kernelLog: makeKernelLog(),
    keys: makeNodeKeys(),
    random: makeNodeRandom(),
  };
}
