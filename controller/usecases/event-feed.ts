import type { FleetEvent } from '../domain/event.js';
import type { Store, World } from './ports.js';

const PAGE_MAX = 500;

/** Events wait for it: the next one is told when this one was taken in. */
type EventListener = (event: FleetEvent) => Promise<void>;

/**
 * Follows the timeline as it is committed, whoever wrote to it: every event once, in the order of its id. Read when
 * poked and at every sweep, so a writer that forgets to poke delays its events by a second at most.
 */
export class EventFeed {
  readonly #store: Store;
  readonly #world: World;
  #listener: EventListener | undefined;
  #lastId: number;
  #reading: Promise<void> | undefined;
  #isPoked = false;

  private constructor(store: Store, world: World, afterId: number) {
    this.#store = store;
    this.#world = world;
    this.#lastId = afterId;
  }

  /** Begins after the newest event that there is now. */
  static async open(store: Store, world: World): Promise<EventFeed> {
    const [newest] = await store.reader.eventsNewest(undefined, { limit: 1 });
    return new EventFeed(store, world, newest?.id ?? 0);
  }

  /** From now on events are told; those committed since `open` come first. */
  listen(listener: EventListener): void {
    this.#listener = listener;
    this.poke();
  }

  /** Something was, or may have been, committed. */
  poke(): void {
    if (this.#listener === undefined) return;
    this.#isPoked = true;
    this.#reading ??= this.#read(this.#listener).finally(() => {
      this.#reading = undefined;
    });
  }

  /** Resolves when nothing is being read. */
  async settled(): Promise<void> {
    await this.#reading;
  }

  async #read(listener: EventListener): Promise<void> {
    try {
      let isMore = false;
      while (this.#isPoked || isMore) {
        this.#isPoked = false;
        const events = await this.#store.reader.eventsAfter(this.#lastId, { limit: PAGE_MAX });
        isMore = events.length === PAGE_MAX;
        for (const event of events) {
          this.#lastId = event.id;
          await listener(event);
        }
      }
    } catch (thrown) {
      this.#world.log.warn({ err: thrown }, 'the timeline could not be followed; tried again within a second');
    }
  }
}
