import { BrambleError } from '../../../proto/contract/errors.js';
import type { Random } from '../../../proto/contract/random.js';
import type { ServiceState, Services } from '../host/ports.js';
import type { Lifetime } from './lifetime.js';
import type { SimWorld } from './sim-world.js';

/** The units of one simulated machine. They outlive the agent, not the boot. */
export class SimUnits {
  /** Virtual time that a restart takes, ms. */
  restartMs = 50;
  readonly #random: Random;
  readonly #units = new Map<string, ServiceState>();
  readonly #restarts = new Map<string, number>();
  #boots = 1;

  constructor(random: Random, names: readonly string[]) {
    this.#random = random;
    for (const name of names) this.#units.set(name, this.#started());
  }

  get(name: string): ServiceState | undefined {
    return this.#units.get(name);
  }

  /** A test's hand: the unit dies. */
  fail(name: string): void {
    this.#units.set(name, { active: 'failed', invocationId: this.#units.get(name)?.invocationId ?? '' });
  }

  restart(name: string): void {
    this.#units.set(name, this.#started());
    this.#restarts.set(name, this.restarts(name) + 1);
  }

  /** How often it was restarted by somebody: what at-most-once is held against. */
  restarts(name: string): number {
    return this.#restarts.get(name) ?? 0;
  }

  starts(name: string): number {
    return this.#boots + this.restarts(name);
  }

  /** Every unit starts anew with the machine. */
  boot(): void {
    this.#boots += 1;
    for (const name of this.#units.keys()) this.#units.set(name, this.#started());
  }

  #started(): ServiceState {
    const invocationId = Array.from(this.#random.bytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('');
    return { active: 'active', invocationId };
  }
}

/** `reboot` is what the machine does once it has accepted one. */
export function makeSimServices(world: SimWorld, units: SimUnits, life: Lifetime, reboot: () => void): Services {
  const find = (unit: string): ServiceState => {
    const state = units.get(unit);
    if (state === undefined) throw new BrambleError('not-found', `no such unit: ${unit}`);
    return state;
  };
  return {
    state: (unit) => life.guard(async () => find(unit)),
    restart: (unit) =>
      life.guard(async () => {
        find(unit);
        // The service manager does the work: it goes on even when the agent dies meanwhile.
        await new Promise<void>((resolve) => {
          world.after(units.restartMs, () => {
            units.restart(unit);
            resolve();
          });
        });
      }),
    reboot: () =>
      life.guard(async () => {
        reboot();
      }),
  };
}
