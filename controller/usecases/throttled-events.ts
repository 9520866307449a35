import type { FleetEvent } from '../domain/event.js';
import type { Store, World } from './ports.js';

const KEYS_MAX = 1_000;

/**
 * Writes events that somebody outside can cause at will: the same thing at most once per interval, a bounded number of
 * different things, and never while anybody waits for it.
 */
export class ThrottledEvents {
  readonly #store: Store;
  readonly #world: Pick<World, 'clock' | 'log'>;
  readonly #intervalMs: number;
  /** Key -> when it was last told, monotonic; and how often it was left out since. */
  readonly #told = new Map<string, { atMs: number; leftOut: number }>();

  constructor(store: Store, world: Pick<World, 'clock' | 'log'>, intervalMs: number) {
    this.#store = store;
    this.#world = world;
    this.#intervalMs = intervalMs;
  }

  tell(key: string, event: Omit<FleetEvent, 'id' | 'atMs'>): void {
    const nowMs = this.#world.clock.monotonicMs();
    const last = this.#told.get(key);
    if (last !== undefined && nowMs - last.atMs < this.#intervalMs) {
      last.leftOut += 1;
      return;
    }
    if (this.#told.size >= KEYS_MAX) this.#told.clear();
    this.#told.set(key, { atMs: nowMs, leftOut: 0 });
    const message =
      last === undefined || last.leftOut === 0 ? event.message : `${event.message} (and ${last.leftOut} more like it)`;
    const atMs = this.#world.clock.nowMs();
    void this.#store
      .transact((writer) => writer.addFleetEvent({ ...event, atMs, message }))
      .catch((thrown: unknown) => {
        this.#world.log.warn({ err: thrown, reason: event.reason }, 'an event could not be written down');
      });
  }
}
