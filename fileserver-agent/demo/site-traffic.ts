import type { PiSpec } from '../../agent/demo/pi-spec.js';
import { addressOf } from '../../agent/demo/proc-files.js';
import type { Traffic } from '../../agent/kit/host/traffic.js';

const BYTES_PER_PACKET = 190;
const PACKETS_PER_S = 9;

/** What every Pi with its root here asks for, and when it did last: who stands still asks for nothing. */
export class SiteTraffic {
  readonly #pis: readonly PiSpec[];
  readonly #nowMs: () => number;
  readonly #startedAtMs: number;
  /** Pi -> when it stopped asking. */
  readonly #stillSinceMs = new Map<string, number>();

  constructor(pis: readonly PiSpec[], nowMs: () => number) {
    this.#pis = pis.filter(({ card }) => card === undefined);
    this.#nowMs = nowMs;
    this.#startedAtMs = nowMs();
  }

  set still(names: ReadonlySet<string>) {
    for (const name of this.#stillSinceMs.keys()) if (!names.has(name)) this.#stillSinceMs.delete(name);
    for (const name of names) if (!this.#stillSinceMs.has(name)) this.#stillSinceMs.set(name, this.#nowMs());
  }

  look(): Traffic {
    const nowMs = this.#nowMs();
    const clients = this.#pis.map((pi) => {
      const lastMs = this.#stillSinceMs.get(pi.name) ?? nowMs;
      const packets = Math.round(((lastMs - this.#startedAtMs) / 1_000) * PACKETS_PER_S);
      // Both rounded, so that the moment of the last request stays the same however often one looks.
      const idleS = Math.round(nowMs / 1_000) - Math.round(lastMs / 1_000);
      const count = { packets, bytes: packets * BYTES_PER_PACKET, idleS };
      return { address: addressOf(pi), asked: count, answered: count };
    });
    return { clients, bpdus: [], neighbours: [], blind: '' };
  }
}
