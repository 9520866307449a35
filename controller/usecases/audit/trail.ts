import type { AuditEntry } from '../../domain/audit/record.js';
import type { Store, World } from '../ports.js';

/** What anybody can cause at will is written at most once per interval for the same thing, and so many times in all. */
const SAME_EVERY_MS = 60_000;
const PER_INTERVAL_MAX = 120;
const KEYS_MAX = 1_000;

/**
 * Writes what has no transaction of its own: refusals, failed tries. Those are samples, so that nobody can fill the disk
 * by being refused; how many were left out is said with the next one.
 */
export class AuditTrail {
  readonly #store: Store;
  readonly #world: Pick<World, 'clock' | 'log'>;
  readonly #seen = new Map<string, { atMs: number; leftOut: number }>();
  #interval = { sinceMs: -Infinity, count: 0 };
  #leftOut = 0;
  readonly #writing = new Set<Promise<void>>();

  constructor(store: Store, world: Pick<World, 'clock' | 'log'>) {
    this.#store = store;
    this.#world = world;
  }

  /** Refusals that were not written, since the start. */
  get leftOutCount(): number {
    return this.#leftOut;
  }

  sampled(entry: Omit<AuditEntry, 'atMs'>): void {
    const { actor, action, target, details } = entry;
    const key = JSON.stringify([actor.name, actor.source, action, target]);
    const nowMs = this.#world.clock.monotonicMs();
    const last = this.#seen.get(key);
    if ((last !== undefined && nowMs - last.atMs < SAME_EVERY_MS) || !this.#hasRoom(nowMs)) {
      if (last !== undefined) last.leftOut += 1;
      this.#leftOut += 1;
      return;
    }
    if (this.#seen.size >= KEYS_MAX) this.#seen.clear();
    this.#seen.set(key, { atMs: nowMs, leftOut: 0 });
    const more = last === undefined || last.leftOut === 0 ? {} : { leftOutBefore: last.leftOut };
    this.#write({ ...entry, details: { ...details, ...more } });
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing);
  }

  #hasRoom(nowMs: number): boolean {
    if (nowMs - this.#interval.sinceMs >= SAME_EVERY_MS) this.#interval = { sinceMs: nowMs, count: 0 };
    this.#interval.count += 1;
    return this.#interval.count <= PER_INTERVAL_MAX;
  }

  #write(entry: Omit<AuditEntry, 'atMs'>): void {
    const atMs = this.#world.clock.nowMs();
    const writing = this.#store
      .transact((writer) => writer.audit.add({ ...entry, atMs }))
      .then(
        () => undefined,
        (thrown: unknown) => {
          this.#world.log.warn(
            { err: thrown, action: entry.action },
            'a refusal could not be written to the audit log',
          );
        },
      )
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }
}
