import { BrambleError } from '../../../proto/contract/errors.js';
import type { HostClock } from '../host/ports.js';
import type { Lifetime } from './lifetime.js';
import type { SimWorld } from './sim-world.js';

export interface SimClockOptions {
  /** Wall clock at the first boot, ms since 1970-01-01 UTC. A board without RTC starts near 0. */
  readonly wallClockMs?: number;
  /** How much too fast the oscillator runs, parts per million; negative = slow. */
  readonly driftPpm?: number;
}

/** 2026-01-01 UTC. */
export const SIM_WALL_CLOCK_MS = 1_767_225_600_000;

/** The clocks of one simulated board. Both follow virtual time with its drift; only the wall clock can be set. */
export class SimBoardClock {
  readonly #world: SimWorld;
  readonly #rate: number;
  #bootedAtMs: number;
  /** Wall clock minus the drifting time since the world began. */
  #wallOffsetMs: number;

  constructor(world: SimWorld, options: SimClockOptions = {}) {
    this.#world = world;
    this.#rate = 1 + (options.driftPpm ?? 0) / 1e6;
    this.#bootedAtMs = world.nowMs;
    this.#wallOffsetMs = (options.wallClockMs ?? SIM_WALL_CLOCK_MS) - world.nowMs * this.#rate;
  }

  nowMs(): number {
    return Math.floor(this.#world.nowMs * this.#rate + this.#wallOffsetMs);
  }

  monotonicMs(): number {
    return (this.#world.nowMs - this.#bootedAtMs) * this.#rate;
  }

  /** Virtual time that passes while the board counts `ms`. */
  worldMs(ms: number): number {
    return ms / this.#rate;
  }

  setWall(wallClockMs: number): void {
    this.#wallOffsetMs = wallClockMs - this.#world.nowMs * this.#rate;
  }

  jump(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** The monotonic clock starts again; the wall clock goes on as if there were an RTC. */
  reboot(): void {
    this.#bootedAtMs = this.#world.nowMs;
  }
}

/** The clock port of one process on that board. */
export function makeSimClock(world: SimWorld, board: SimBoardClock, life: Lifetime): HostClock {
  return {
    nowMs: () => board.nowMs(),
    monotonicMs: () => board.monotonicMs(),
    sleep: (ms, signal) =>
      life.guard(
        () =>
          new Promise<void>((resolve, reject) => {
            const cancelled = (): void => {
              timer.cancel();
              reject(new BrambleError('cancelled', 'sleep was cancelled'));
            };
            const timer = world.after(board.worldMs(Math.max(0, ms)), () => {
              signal.removeEventListener('abort', cancelled);
              resolve();
            });
            if (signal.aborted) cancelled();
            else signal.addEventListener('abort', cancelled, { once: true });
          }),
      ),
  };
}
