import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples, wholeNumber } from '../../agent/kit/collectors/sample.js';

/** Numbers of the NFS server, from its own files. Source: Linux 6.1, fs/nfsd/stats.c and net/sunrpc/stats.c. */
export interface NfsdStats {
  readonly threads: number;
  /** Requests that threads have taken up. */
  readonly calls: number;
  readonly badCalls: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** @throws BrambleError `data-loss` for a file that was cut */
export function parseNfsd(text: string): NfsdStats {
  const fields = new Map(text.split('\n').map((line) => [line.split(' ', 1)[0] ?? '', line.split(' ')]));
  const number = (line: string, at: number): number =>
    wholeNumber(fields.get(line)?.[at], `/proc/net/rpc/nfsd: ${line}`);
  return {
    threads: number('th', 1),
    calls: number('rpc', 1),
    badCalls: number('rpc', 2),
    readBytes: number('io', 1),
    writtenBytes: number('io', 2),
  };
}

/**
 * How often a transport had something for a thread and found none idle, over all pools; `undefined` when the file says nothing.
 * A client that has gone wakes a thread as well, which closes its transport and takes up no request. Source: Linux 6.1,
 * net/sunrpc/svc_xprt.c svc_xprt_enqueue() and svc_pool_stats_show().
 */
export function parseWaits(text: string): number | undefined {
  const pools = text.split('\n').filter((line) => /^\d+ \d+ \d+ \d+ /.test(line));
  if (pools.length === 0) return undefined;
  return pools.reduce((sum, line) => {
    const [, , enqueued, woken] = line.split(' ').map(Number);
    return sum + (enqueued ?? 0) - (woken ?? 0);
  }, 0);
}

/**
 * For how long requests have waited and none was taken up: every thread waits for storage. An idle server is no stalled one.
 */
export class NfsdStall {
  #calls: number | undefined;
  #waits = 0;
  #sinceMs: number | undefined;

  observe(calls: number, waits: number, nowMs: number): number {
    const isFirst = this.#calls === undefined || calls < this.#calls;
    if (isFirst || calls !== this.#calls) {
      this.#sinceMs = undefined;
      this.#waits = waits;
    } else if (waits > this.#waits) this.#sinceMs ??= nowMs;
    this.#calls = calls;
    return this.#sinceMs === undefined ? 0 : nowMs - this.#sinceMs;
  }
}

/** The NFS server as a whole. */
export function makeNfsServerCollector(): Collector {
  let stall = new NfsdStall();
  return {
    name: 'nfs-server',
    intervalMs: 0,
    timeoutMs: 5_000,
    collect({ kernel, clock }) {
      const text = kernel.readText('/proc/net/rpc/nfsd');
      if (text === undefined) {
        stall = new NfsdStall();
        return noData('the NFS server is not loaded');
      }
      const stats = parseNfsd(text);
      const waits = parseWaits(kernel.readText('/proc/fs/nfsd/pool_stats') ?? '');
      const graceEnded = kernel.readText('/proc/fs/nfsd/v4_end_grace')?.trim();
      const samples = new Samples();
      samples.number('nfsd_threads_count', stats.threads);
      samples.number('nfsd_calls_count', stats.calls);
      samples.number('nfsd_bad_calls_count', stats.badCalls);
      samples.number('nfsd_read_bytes', stats.readBytes);
      samples.number('nfsd_written_bytes', stats.writtenBytes);
      if (waits !== undefined) {
        samples.number('nfsd_stalled_ms', stall.observe(stats.calls, waits, clock.monotonicMs()));
      }
      samples.flag('nfsd_grace_flag', graceEnded === undefined || graceEnded === '' ? undefined : graceEnded === 'N');
      return ok(samples.list);
    },
  };
}
