import {
  emptyMemory,
  type HealMemory,
  type Incident,
  type NodeHeal,
  type NodeHistory,
} from '../../domain/healing/memory.js';
import type { FleetMap } from '../../domain/topology/fleet-map.js';
import type { StoreReader, StoreWriter } from '../ports.js';
import type { HealedNode } from './ports.js';
import type { SteadyClock } from './steady-clock.js';

const SETTING = 'healing-memory';

/** What of the memory belongs to no node. */
interface Shared {
  readonly incidents: readonly Incident[];
  readonly startedAtMs: readonly number[];
  readonly destroyedAtMs: readonly number[];
  readonly reverted: readonly string[];
  readonly nextAction: number;
}

type ShiftMs = (ms: number) => number;

const shiftHeal = (heal: NodeHeal, shift: ShiftMs): NodeHeal => ({
  ...heal,
  sinceMs: shift(heal.sinceMs),
  troubleSinceMs: shift(heal.troubleSinceMs),
  actionEndedAtMs: heal.actionEndedAtMs === undefined ? undefined : shift(heal.actionEndedAtMs),
  wellSinceMs: heal.wellSinceMs === undefined ? undefined : shift(heal.wellSinceMs),
});

const shiftHistory = (history: NodeHistory, shift: ShiftMs): NodeHistory => ({
  ...history,
  atMs: shift(history.atMs),
  disruptedAtMs: history.disruptedAtMs.map(shift),
});

/** Keeps what a pass concluded beyond the end of this process: what was tried, what a node has behind it, who waits for hands. */
export class MemoryKeeper {
  readonly #clock: SteadyClock;

  constructor(clock: SteadyClock) {
    this.#clock = clock;
  }

  async load(reader: StoreReader, map: FleetMap): Promise<HealMemory> {
    // The wall clock may have gone back meanwhile: what is on record has happened all the same.
    const shift: ShiftMs = (ms) => Math.min(this.#clock.nowMs(), this.#clock.monotonicOf(ms));
    const nodes = new Map<number, NodeHeal>();
    const histories = new Map<number, NodeHistory>();
    for (const { name, heal, history } of await reader.healing.healedNodes()) {
      const index = map.nodeByName.get(name)?.index;
      if (index === undefined) continue;
      if (heal !== undefined) nodes.set(index, shiftHeal(heal, shift));
      if (history !== undefined) histories.set(index, shiftHistory(history, shift));
    }
    const shared = parseShared(await reader.setting(SETTING));
    const memory = { ...emptyMemory(), nodes, histories };
    if (shared === undefined) return memory;
    const incidents = shared.incidents.map((incident): [string, Incident] => [
      incident.cause,
      // Who was its probe is named by an index of a map that is gone; whoever is next is another.
      { ...incident, sinceMs: shift(incident.sinceMs), lastSeenMs: shift(incident.lastSeenMs), canaries: [] },
    ]);
    return {
      ...memory,
      incidents: new Map(incidents),
      startedAtMs: shared.startedAtMs.map(shift),
      destroyedAtMs: shared.destroyedAtMs.map(shift),
      reverted: new Set(shared.reverted),
      nextAction: shared.nextAction,
    };
  }

  /** Whether there is anything to write. */
  differs(before: HealMemory, after: HealMemory): boolean {
    if (changedIn(before, after).size > 0) return true;
    return JSON.stringify(this.#shared(before)) !== JSON.stringify(this.#shared(after));
  }

  /** Writes what is another than before. Parts that did not change are the very same objects. */
  async save(writer: StoreWriter, map: FleetMap, before: HealMemory, after: HealMemory): Promise<void> {
    for (const index of changedIn(before, after)) {
      const name = map.nodes[index]?.record.name;
      if (name !== undefined) await writer.healing.putHealedNode(this.#stored(name, index, after));
    }
    const text = JSON.stringify(this.#shared(after));
    if (text !== JSON.stringify(this.#shared(before))) await writer.putSetting(SETTING, text);
  }

  #stored(name: string, index: number, { nodes, histories }: HealMemory): HealedNode {
    const shift: ShiftMs = (ms) => this.#clock.wallOf(ms);
    const [heal, history] = [nodes.get(index), histories.get(index)];
    return {
      name,
      heal: heal === undefined ? undefined : shiftHeal(heal, shift),
      history: history === undefined ? undefined : shiftHistory(history, shift),
    };
  }

  #shared(memory: HealMemory): Shared {
    const shift: ShiftMs = (ms) => this.#clock.wallOf(ms);
    return {
      incidents: [...memory.incidents.values()].map((incident) => ({
        ...incident,
        sinceMs: shift(incident.sinceMs),
        lastSeenMs: shift(incident.lastSeenMs),
      })),
      startedAtMs: memory.startedAtMs.map(shift),
      destroyedAtMs: memory.destroyedAtMs.map(shift),
      reverted: [...memory.reverted],
      nextAction: memory.nextAction,
    };
  }
}

function changedIn(before: HealMemory, after: HealMemory): ReadonlySet<number> {
  const changed = new Set<number>();
  const compare = (was: ReadonlyMap<number, unknown>, is: ReadonlyMap<number, unknown>): void => {
    for (const [index, value] of is) if (was.get(index) !== value) changed.add(index);
    for (const index of was.keys()) if (!is.has(index)) changed.add(index);
  };
  compare(before.nodes, after.nodes);
  compare(before.histories, after.histories);
  return changed;
}

/** Written by save() alone; anything else is as if nothing had been. */
function parseShared(text: string | undefined): Shared | undefined {
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null && 'nextAction' in value ? (value as Shared) : undefined; // as written
}
