import type { Collector } from '../../kit/collect/collector.js';
import { noData, ok } from '../../kit/collect/collector.js';
import { Samples } from '../../kit/collectors/sample.js';
import { type NfsMount, parseMountstats } from './nfs-mountstats.js';

const MOUNTSTATS = '/proc/self/mountstats';
/** Without any NFS mount it is looked for one this often, ms. */
const SURVEY_MS = 60_000;

/**
 * For how long a mount has got no answer while requests waited for one. The kernel counts requests sent and answers received
 * per connection; what is between them waits. But a request that was sent again counts twice and is answered once, so that
 * the difference never comes back to 0 after a disturbance: how much of it will never be answered is learnt from the times
 * when answers came. What stands still is judged by what was sent since then. It cannot be seen here that a connection is
 * being made in vain: nothing is sent then, and the kernel's log tells ("nfs: server ... not responding").
 */
export class StallWatch {
  #received: number | undefined;
  /** Grows when requests may have been sent again: over a new connection, or over the same one. */
  #disturbances = 0;
  /** Sent, and never to be answered; `undefined` before any answer was seen. */
  #lost: number | undefined;
  /** Since when requests wait without an answer. */
  #sinceMs: number | undefined;
  /** When requests were last seen under way; `undefined` when none was at the last look. */
  #waitingAtMs: number | undefined;

  /** Length of the stall that is under way, ms, 0 when there is none; `undefined` while that cannot be known. */
  observe({ sent, received, connects, retransmits }: NfsMount, nowMs: number): number | undefined {
    const waiting = unanswered(sent, received);
    const disturbances = connects + retransmits;
    const isAnswered = this.#received !== undefined && received !== this.#received;
    if (waiting === 0) this.#lost = 0;
    // Requests were sent again: of what is open after an answer, all may be lost. Later polls know better.
    else if (isAnswered && (this.#lost === undefined || disturbances !== this.#disturbances)) this.#lost = waiting;
    else if (this.#lost !== undefined) this.#lost = Math.min(this.#lost, waiting);
    if (this.#received === undefined || isAnswered) this.#disturbances = disturbances;
    this.#received = received;
    if (this.#lost === undefined) return undefined;
    const isWaiting = waiting > this.#lost;
    // What was under way at the last look, and got no answer since, has waited at least since then.
    if (isAnswered || !isWaiting) this.#sinceMs = undefined;
    else this.#sinceMs ??= this.#waitingAtMs ?? nowMs;
    this.#waitingAtMs = isWaiting ? nowMs : undefined;
    return this.#sinceMs === undefined ? 0 : nowMs - this.#sinceMs;
  }
}

/** Both counters are unsigned longs: they wrap at 2^32 on 32-bit kernels. */
function unanswered(sent: number, received: number): number {
  return sent >= received ? sent - received : Math.max(0, sent + 2 ** 32 - received) % 2 ** 32;
}

/** One mount between polls. */
class Mount {
  #last: NfsMount;
  readonly #stall = new StallWatch();
  #stalledMs: number | undefined;
  #roundTripUs: number | undefined;

  constructor(first: NfsMount, nowMs: number) {
    this.#last = first;
    this.#stalledMs = this.#stall.observe(first, nowMs);
  }

  /** `false`: it was mounted anew, and counts from 0. */
  observe(now: NfsMount, nowMs: number): boolean {
    const operations = now.operations - this.#last.operations;
    const roundTripMs = now.roundTripMs - this.#last.roundTripMs;
    if (operations < 0 || roundTripMs < 0 || now.server !== this.#last.server) return false;
    // Without a request nothing new is known of the way to the server: the figure before stands.
    if (operations > 0) this.#roundTripUs = Math.round((roundTripMs * 1000) / operations);
    this.#stalledMs = this.#stall.observe(now, nowMs);
    this.#last = now;
    return true;
  }

  addTo(samples: Samples): void {
    const { mountPoint, server, operations, retransmits, timeouts } = this.#last;
    samples.text('nfs_server_text', server, mountPoint);
    samples.number('nfs_operations_count', operations, mountPoint);
    samples.number('nfs_round_trip_us', this.#roundTripUs, mountPoint);
    samples.number('nfs_retransmits_count', retransmits, mountPoint);
    samples.number('nfs_timeouts_count', timeouts, mountPoint);
    samples.number('nfs_stalled_ms', this.#stalledMs, mountPoint);
  }
}

/**
 * How the fileserver answers, per mount, without ever touching the mount: a file below it would hold the agent for as long as
 * the server is silent. Mount points that are mounted over show the newest mount.
 */
export function makeNfsCollector(): Collector {
  let mounts: ReadonlyMap<string, Mount> = new Map();
  let noneSinceMs = Number.NEGATIVE_INFINITY;
  return {
    name: 'nfs',
    intervalMs: 0,
    timeoutMs: 5_000,
    collect({ kernel, clock }) {
      const nowMs = clock.monotonicMs();
      if (nowMs - noneSinceMs < SURVEY_MS) return noData('nothing is mounted over NFS');
      const text = kernel.readText(MOUNTSTATS);
      if (text === undefined) return noData(`no ${MOUNTSTATS}`);
      mounts = new Map(parseMountstats(text).map((stats) => [stats.mountPoint, follow(mounts, stats, nowMs)]));
      if (mounts.size === 0) {
        noneSinceMs = nowMs;
        return noData('nothing is mounted over NFS');
      }
      const samples = new Samples();
      for (const mount of mounts.values()) mount.addTo(samples);
      return ok(samples.list);
    },
  };
}

function follow(mounts: ReadonlyMap<string, Mount>, stats: NfsMount, nowMs: number): Mount {
  const known = mounts.get(stats.mountPoint);
  return known?.observe(stats, nowMs) === true ? known : new Mount(stats, nowMs);
}
