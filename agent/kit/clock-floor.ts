import type { Clock } from '../../proto/contract/clock.js';
import type { Files } from './host/ports.js';

export interface ClockFloorOptions {
  readonly files: Files;
  readonly path: string;
  readonly clock: Clock;
  /** When this program was built, ms since 1970-01-01 UTC: time cannot be earlier than that. */
  readonly buildTimeMs: number;
}

/** A floor this far ahead of the stored one is worth a write: certificates live for weeks. */
const WORTH_WRITING_MS = 6 * 3_600_000;
/** And never more often, whatever comes: the floor must not cost flash. */
const WRITE_INTERVAL_MS = 3_600_000;
/** 2200-01-01 UTC: a later stamp is damage, and would make every certificate look expired. */
const LATEST_MS = 7_258_118_400_000;

/**
 * The latest time that has certainly passed: the newest of build time, stored floor and controller time. A board without
 * RTC starts in 1970; certificates are then judged against this. It only rises, and survives restarts.
 */
export class ClockFloor {
  readonly #options: ClockFloorOptions;
  #valueMs: number;
  #storedMs: number;
  #writtenAtMs: number | undefined;

  private constructor(options: ClockFloorOptions, storedMs: number) {
    this.#options = options;
    this.#storedMs = storedMs;
    this.#valueMs = Math.max(options.buildTimeMs, storedMs);
  }

  /** Never throws: a floor that cannot be read is as good as none, and the build time remains. */
  static async load(options: ClockFloorOptions): Promise<ClockFloor> {
    const text = await options.files.readText(options.path).catch(() => undefined);
    return new ClockFloor(options, parseStamp(text));
  }

  /** Ms since 1970-01-01 UTC. */
  get valueMs(): number {
    return this.#valueMs;
  }

  /** False while the wall clock is behind what has certainly passed. */
  trusted(nowMs: number): boolean {
    return nowMs >= this.#valueMs;
  }

  /**
   * Takes a time that an authenticated controller has told, or the wall clock once it is known to be synchronised. Writes
   * at most once an hour. @throws BrambleError of the storage; the value in memory stands.
   */
  async raise(ms: number): Promise<void> {
    if (!Number.isFinite(ms) || ms <= this.#valueMs || ms > LATEST_MS) return;
    this.#valueMs = Math.floor(ms);
    const monotonicMs = this.#options.clock.monotonicMs();
    const isWorthIt = this.#valueMs - this.#storedMs >= WORTH_WRITING_MS;
    const isTooSoon = this.#writtenAtMs !== undefined && monotonicMs - this.#writtenAtMs < WRITE_INTERVAL_MS;
    if (!isWorthIt || isTooSoon) return;
    this.#writtenAtMs = monotonicMs; // a failure waits its hour as well
    const valueMs = this.#valueMs;
    await this.#options.files.writeAtomic(this.#options.path, `${valueMs}\n`);
    this.#storedMs = valueMs;
  }
}

function parseStamp(text: string | undefined): number {
  const ms = Number(text?.trim() ?? '');
  return Number.isSafeInteger(ms) && ms > 0 && ms <= LATEST_MS ? ms : 0;
}
