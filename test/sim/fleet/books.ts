/** Keeps the books of a run: how long nodes were down, what was healed and how fast, what was done in vain. */

import type { Action } from '../../../controller/domain/healing/action.js';
import { LADDER } from '../../../controller/domain/healing/ladder.js';
import { FAULT_MIX, type FaultName } from './fault-mix.js';
import { isBehindSomethingElse } from './oracle.js';
import type { SimNode, World } from './world.js';

export interface FaultTally {
  struck: number;
  healed: number;
  byHands: number;
  readonly healMs: number[];
  needless: number;
}

export class Books {
  readonly #world: World;
  readonly #downSinceMs = new Map<number, number>();
  readonly faults = new Map<FaultName, FaultTally>();
  readonly #open = new Map<number, { readonly name: FaultName; readonly atMs: number }>();
  downMs = 0;
  disruptive = 0;
  destructive = 0;
  needlessDisruptive = 0;
  needlessDestructive = 0;
  hands = 0;

  constructor(world: World) {
    this.#world = world;
  }

  tallyOf(name: FaultName): FaultTally {
    let tally = this.faults.get(name);
    if (tally === undefined) {
      tally = { struck: 0, healed: 0, byHands: 0, healMs: [], needless: 0 };
      this.faults.set(name, tally);
    }
    return tally;
  }

  struck(name: FaultName, node: SimNode | undefined): void {
    if (node !== undefined && node.fault?.name !== name) return;
    this.tallyOf(name).struck++;
    if (node !== undefined) this.#open.set(node.index, { name, atMs: this.#world.nowMs });
  }

  /** Called whenever the state of a node may have changed. */
  look(node: SimNode): void {
    const { nowMs } = this.#world;
    const isDown = !this.#world.serves(node);
    const sinceMs = this.#downSinceMs.get(node.index);
    if (isDown && sinceMs === undefined) this.#downSinceMs.set(node.index, nowMs);
    else if (!isDown && sinceMs !== undefined) {
      this.downMs += nowMs - sinceMs;
      this.#downSinceMs.delete(node.index);
    }
    const open = this.#open.get(node.index);
    if (open === undefined || node.fault !== undefined || isDown) return;
    this.#open.delete(node.index);
    const tally = this.tallyOf(open.name);
    tally.healed++;
    tally.healMs.push(nowMs - open.atMs);
  }

  repairedByHands(node: SimNode): void {
    this.hands++;
    const open = this.#open.get(node.index);
    if (open === undefined) return;
    this.#open.delete(node.index);
    this.tallyOf(open.name).byHands++;
  }

  started({ node: index, rung }: Action): void {
    const node = this.#world.nodes[index];
    if (node === undefined || rung === 'admit') return;
    const { isDisruptive, isDestructive } = LADDER[rung];
    const isNeedless = isBehindSomethingElse(node) || isTooMuch(node, rung);
    if (isDisruptive) this.disruptive++;
    if (isDestructive) this.destructive++;
    if (isDisruptive && isNeedless) this.needlessDisruptive++;
    if (isDestructive && isNeedless) this.needlessDestructive++;
    if (isDisruptive && isNeedless && node.fault !== undefined) this.tallyOf(node.fault.name).needless++;
  }

  close(): void {
    for (const sinceMs of this.#downSinceMs.values()) this.downMs += this.#world.nowMs - sinceMs;
    this.#downSinceMs.clear();
  }
}

/** A root was thrown away, or power cut, where something gentler would have done. */
function isTooMuch(node: SimNode, rung: string): boolean {
  const cure = FAULT_MIX.find(({ name }) => name === node.fault?.name)?.cure;
  if (cure === undefined) return node.phase !== 'running' && rung === 'R7';
  if (cure === 'power-cycle' || cure === 'boot-path') return rung === 'R6' || rung === 'R7' || rung === 'R8';
  if (cure === 'board') return rung === 'R6' || rung === 'R7';
  return cure === 'repair';
}
