import { readdir, readFile, statfs } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { HostFacts } from '../proto/contract/api/doctor.js';
import { newestBackupMs } from './backups/backup-folder.js';
import { clockSynchronised } from './clock-service.js';
import type { Timers } from './usecases/ports.js';

const WINDOW_MS = 60_000;
const RESOLUTION_MS = 50;

/** What this process and its machine have left. What cannot be found out is absent, never made up. */
export class HostWatch {
  readonly #dataDir: string;
  readonly #timers: Timers;
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #lastWindowMs = 0;
  #lastLagMs = 0;
  #cancel = (): void => undefined;

  constructor(dataDir: string, timers: Timers) {
    this.#dataDir = dataDir;
    this.#timers = timers;
  }

  start(): void {
    this.#delays.enable();
    this.#turn();
  }

  stop(): void {
    this.#cancel();
    this.#delays.disable();
  }

  /** Of twenty turns of the loop the slowest but one, of this window and the last. */
  loopLagMs(): number {
    return Math.max(this.#lastLagMs, this.#lagMs());
  }

  async facts(): Promise<HostFacts> {
    const [dataDir, openFiles, lastBackupAtMs, synchronised] = await Promise.all([
      spaceOf(this.#dataDir),
      openFilesOfThis(),
      newestBackupMs(this.#dataDir),
      clockSynchronised(),
    ]);
    return {
      ...(dataDir === undefined ? {} : { dataDir }),
      ...(openFiles === undefined ? {} : { openFiles }),
      ...(lastBackupAtMs === undefined ? {} : { lastBackupAtMs }),
      eventLoopDelayMs: Math.round(Math.max(this.#lastWindowMs, this.#windowMs())),
      clockSynchronised: synchronised,
      runtime: process.version,
    };
  }

  #turn(): void {
    this.#cancel = this.#timers.after(WINDOW_MS, () => {
      this.#lastWindowMs = this.#windowMs();
      this.#lastLagMs = this.#lagMs();
      this.#delays.reset();
      this.#turn();
    });
  }

  #lagMs(): number {
    return Math.max(0, this.#delays.percentile(95) / 1e6 - RESOLUTION_MS);
  }

  /** Of a hundred turns of the loop the slowest but one; what the sampling itself waits is taken off. */
  #windowMs(): number {
    return Math.max(0, this.#delays.percentile(99) / 1e6 - RESOLUTION_MS);
  }
}

async function spaceOf(path: string): Promise<HostFacts['dataDir']> {
  const found = await statfs(path).catch(() => undefined);
  return found && { freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize };
}

async function openFilesOfThis(): Promise<HostFacts['openFiles']> {
  try {
    const [open, limits] = await Promise.all([readdir('/proc/self/fd'), readFile('/proc/self/limits', 'utf8')]);
    return { openCount: open.length, ...parseOpenFilesLimit(limits) };
  } catch {
    return undefined; // no /proc: not told
  }
}

/** The soft limit, which is the one that counts. Source: proc_pid_limits(5). */
export function parseOpenFilesLimit(limits: string): { readonly limit?: number } {
  const soft = /^Max open files\s+(\d+)\s/m.exec(limits)?.[1];
  return soft === undefined ? {} : { limit: Number(soft) };
}
