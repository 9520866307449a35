import type { Clock } from '../../../proto/contract/clock.js';
import type { Event } from '../../../proto/gen/bramble/agent/v1/event.js';
import type { EventStamp, Outbox } from '../durable/outbox.js';
import type { Mark } from '../durable/outbox-records.js';

/** Stamps what happened and puts it where it survives. */
export class EventRecorder {
  readonly #outbox: Pick<Outbox, 'add'>;
  readonly #clock: Clock;
  readonly #bootId: string;

  constructor(outbox: Pick<Outbox, 'add'>, clock: Clock, bootId: string) {
    this.#outbox = outbox;
    this.#clock = clock;
    this.#bootId = bootId;
  }

  /** Resolves once it is durable, or in memory where storage has failed. @throws BrambleError `invalid-argument` (too large) */
  async record(kind: NonNullable<Event['kind']>, priority: 'result' | 'normal' = 'normal'): Promise<void> {
    await this.#outbox.add(kind, this.#stamp(), priority);
  }

  /** As record(); the mark is kept with the event, both or none. */
  async recordMarked(kind: NonNullable<Event['kind']>, mark: Mark): Promise<void> {
    await this.#outbox.add(kind, this.#stamp(), 'normal', mark);
  }

  #stamp(): EventStamp {
    return {
      bootId: this.#bootId,
      uptimeMs: Math.floor(this.#clock.monotonicMs()),
      wallClockUnixMs: Math.floor(this.#clock.nowMs()),
    };
  }
}
