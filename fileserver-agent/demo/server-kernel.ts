import type { PiSpec } from '../../agent/demo/pi-spec.js';
import { renderDiskstats, renderMountinfo, renderNetDev } from '../../agent/demo/proc-files.js';
import type { SimulatedMachine } from '../../agent/demo/simulated-machine.js';
import type { FilesystemStat, KernelFiles } from '../../agent/kit/host/ports.js';
import { SimKernelFiles } from '../../agent/sim/sim-kernel-files.js';
import { fullStatOf, renderEtab, renderExportMounts, type SiteExport, statOf } from './exports.js';
import { renderArp, renderLeases, renderNfsd, renderPoolStats, servedBytes } from './nfs-files.js';
import { renderStorageDiskstats, renderStorageFiles } from './storage-files.js';
import type { StorageState } from './storage-state.js';

export interface ServerKernelOptions {
  readonly machine: SimulatedMachine;
  readonly pis: readonly PiSpec[];
  readonly exports: readonly SiteExport[];
  readonly storage: () => StorageState;
  /** Somebody has filled what all of them share. */
  readonly isFull: () => boolean;
  readonly nowMs: () => number;
}

/** The kernel of the board, with what a fileserver has beside it. */
export class ServerKernel implements KernelFiles {
  readonly #options: ServerKernelOptions;
  #shown: { readonly of: StorageState; readonly files: SimKernelFiles } | undefined;

  constructor(options: ServerKernelOptions) {
    this.#options = options;
  }

  readText(path: string): string | undefined {
    return this.#own().readText(path) ?? this.#options.machine.kernel.readText(path);
  }

  list(path: string): readonly string[] | undefined {
    const lists = [this.#own().list(path), this.#options.machine.kernel.list(path)].filter(
      (each) => each !== undefined,
    );
    return lists.length === 0 ? undefined : [...new Set(lists.flat())].sort();
  }

  statFilesystem(mountPoint: string): FilesystemStat | undefined {
    const found = this.#options.exports.find(({ path }) => path === mountPoint);
    if (found !== undefined) return this.#options.isFull() ? fullStatOf(found) : statOf(found, this.#options.nowMs());
    return this.#options.machine.kernel.statFilesystem(mountPoint);
  }

  /** Rendered once for every state of the storage: a report reads a hundred files of one moment. */
  #own(): SimKernelFiles {
    const of = this.#options.storage();
    if (this.#shown?.of === of) return this.#shown.files;
    const files = new SimKernelFiles({ ...renderStorageFiles(of), ...this.#served(of) });
    this.#shown = { of, files };
    return files;
  }

  #served(storage: StorageState): Readonly<Record<string, () => string>> {
    const { machine, pis, exports, nowMs } = this.#options;
    const { spec, boot } = machine;
    const clients = pis.filter(({ card }) => card === undefined).length;
    const uptimeS = (): number => (nowMs() - boot.bootedAtMs) / 1_000;
    const netDev = (): string => {
      const { state } = machine;
      const { received, sent } = servedBytes(uptimeS(), clients);
      const receivedBytes = state.receivedBytes + received;
      return renderNetDev(spec, { ...state, receivedBytes, transmittedBytes: state.transmittedBytes + sent });
    };
    return {
      '/proc/self/net/dev': netDev,
      '/proc/diskstats': () => renderDiskstats(spec, machine.state) + renderStorageDiskstats(storage),
      '/proc/self/mountinfo': () => renderMountinfo(spec) + renderExportMounts(exports),
      '/proc/net/rpc/nfsd': () => renderNfsd(uptimeS(), clients),
      '/proc/fs/nfsd/pool_stats': () => renderPoolStats(uptimeS(), clients),
      '/proc/fs/nfsd/v4_end_grace': () => 'Y\n',
      '/proc/net/arp': () => renderArp(pis),
      '/var/lib/nfs/etab': () => renderEtab(exports),
      '/var/lib/misc/dnsmasq.leases': () => renderLeases(pis, nowMs()),
    };
  }
}
