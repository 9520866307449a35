import type { Random } from '../../../proto/contract/random.js';
import type { SimTimer, SimWorld } from './sim-world.js';

export type Direction = 'to-controller' | 'to-agent';

interface Lane {
  isCut: boolean;
  /** Arrivals that a cut holds back; TCP sends them again once it can. */
  held: (() => void)[];
  lastArrivalMs: number;
}

/** How long TCP sends into silence before it gives a connection up. Source: tcp(7), tcp_retries2: about 924 s. */
const TCP_TIMEOUT_MS = 924_000;

/** The way between one agent and the controllers: order is kept, time passes, and it can be cut. */
export class SimPath {
  latencyMs: number;
  /** Up to so much more, per frame, from the seed. */
  jitterMs: number;
  readonly #world: SimWorld;
  readonly #name: string;
  readonly #random: Random;
  readonly #lanes: Readonly<Record<Direction, Lane>> = {
    'to-controller': { isCut: false, held: [], lastArrivalMs: 0 },
    'to-agent': { isCut: false, held: [], lastArrivalMs: 0 },
  };
  readonly #onReset = new Set<() => void>();
  #timeout: SimTimer | undefined;

  constructor(world: SimWorld, name: string, latencyMs: number, jitterMs: number) {
    this.#world = world;
    this.#name = name;
    this.#random = world.randomFor(`path ${name}`);
    this.latencyMs = latencyMs;
    this.jitterMs = jitterMs;
  }

  /** Calls at the other end, after the delay and in order; while the lane is cut, not before it is healed. */
  deliver(direction: Direction, arrive: () => void): void {
    const lane = this.#lanes[direction];
    const earliestMs = this.#world.nowMs + this.latencyMs + this.jitterMs * this.#random.unit();
    lane.lastArrivalMs = Math.max(lane.lastArrivalMs, earliestMs);
    this.#world.after(lane.lastArrivalMs - this.#world.nowMs, () => {
      if (lane.isCut) lane.held.push(arrive);
      else arrive();
    });
  }

  /** Frames that a cut holds back. */
  held(direction: Direction): number {
    return this.#lanes[direction].held.length;
  }

  /** From now on nothing arrives, and nobody is told: half-open silence. */
  cut(direction: Direction | 'both' = 'both'): void {
    this.#world.trace(`${this.#name} cut ${direction}`);
    for (const each of directions(direction)) this.#lanes[each].isCut = true;
    this.#timeout ??= this.#world.after(TCP_TIMEOUT_MS, () => {
      this.reset();
    });
  }

  /** What was held back arrives now, in order. */
  heal(direction: Direction | 'both' = 'both'): void {
    this.#world.trace(`${this.#name} heal ${direction}`);
    for (const each of directions(direction)) {
      const lane = this.#lanes[each];
      lane.isCut = false;
      for (const arrive of lane.held.splice(0)) this.deliver(each, arrive);
    }
    if (this.#lanes['to-agent'].isCut || this.#lanes['to-controller'].isCut) return;
    this.#timeout?.cancel();
    this.#timeout = undefined;
  }

  /** Both ends of every connection on this path learn at once that it is gone. The path itself stays as it is. */
  reset(): void {
    this.#world.trace(`${this.#name} reset`);
    this.#timeout?.cancel();
    this.#timeout = undefined;
    for (const lane of Object.values(this.#lanes)) lane.held = [];
    for (const call of [...this.#onReset]) call();
  }

  /** Answers with the way to stop listening. */
  onReset(call: () => void): () => void {
    this.#onReset.add(call);
    return () => {
      this.#onReset.delete(call);
    };
  }
}

function directions(direction: Direction | 'both'): readonly Direction[] {
  return direction === 'both' ? ['to-controller', 'to-agent'] : [direction];
}
