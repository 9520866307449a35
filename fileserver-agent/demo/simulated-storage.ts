import type { RaidOrder } from '../../agent/kit/host/ports.js';
import type { Random } from '../../proto/contract/random.js';
import { advanceStorage, carryOut, failMember, rebooted } from './storage.js';
import { kernelSays, liveOn } from './storage-life.js';
import { missingCount, type StorageState } from './storage-state.js';

/** Looks within this time see the same moment, ms. */
const SAME_MOMENT_MS = 200;

/** The disks under a simulated fileserver, as time passes over them. */
export class SimulatedStorage {
  readonly #nowMs: () => number;
  readonly #say: (line: string) => void;
  #state: StorageState;
  /** Somebody has filled what all of them share. */
  isFull = false;

  /** @param say what the kernel writes into its log */
  constructor(state: StorageState, nowMs: () => number, say: (line: string) => void) {
    this.#state = state;
    this.#nowMs = nowMs;
    this.#say = say;
  }

  get state(): StorageState {
    const nowMs = this.#nowMs();
    if (nowMs - this.#state.atMs >= SAME_MOMENT_MS) this.#become(advanceStorage(this.#state, nowMs));
    return this.#state;
  }

  /** @throws BrambleError with the words of mdadm */
  order(order: RaidOrder): void {
    this.#become(carryOut(this.state, order));
  }

  /** Lets happen what happens by itself. */
  live(at: { readonly elapsedMs: number; readonly random: Random; readonly hasTroubles: boolean }): void {
    this.#become(liveOn(this.state, { ...at, nowMs: this.#nowMs() }));
  }

  /** The last disk that is whole fails, unless one is missing already. */
  fail(): void {
    const victim = this.state.members.findLast(({ state }) => state === 'in-sync');
    if (victim !== undefined && missingCount(this.state) === 0) this.#become(failMember(this.state, victim.disk));
  }

  /** Whoever sees to what failed stands before the shelf now. */
  callSomebody(): void {
    if (this.state.repairAtMs !== undefined) this.#become({ ...this.state, repairAtMs: this.#nowMs() });
  }

  reboot(): void {
    this.#become(rebooted(this.state));
  }

  #become(after: StorageState): void {
    const before = this.#state;
    this.#state = after;
    for (const line of kernelSays(before, after)) this.#say(line);
  }
}
