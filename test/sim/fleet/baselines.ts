/** Two ways of healing that are in use elsewhere, on the same world: what Bramble is measured against. */

import type { Rung } from '../../../controller/domain/healing/ladder.js';
import type { Observed } from '../../../controller/domain/healing/observed.js';
import type { FleetMap } from '../../../controller/domain/topology/fleet-map.js';
import { type Healer, isBusy, type Wanted } from './healer.js';

const [MINUTE_MS, HOUR_MS] = [60_000, 3_600_000];
const PASS_MS = 10_000;

interface Terms {
  readonly name: string;
  readonly rung: Rung;
  readonly silentMs: number;
  /** Between two attempts at one node. */
  readonly againMs: number;
  /** Attempts until somebody is asked. */
  readonly attemptsMax: number;
  /** Share of a site above which nothing is done; 1 = no limit. */
  readonly unhealthyMax: number;
}

/** The script that many a rack has: no word for five minutes, power off and on again. */
export const POWER_CYCLE: Terms = {
  name: 'power-cycle after 5 min of silence',
  rung: 'R4',
  silentMs: 5 * MINUTE_MS,
  againMs: 15 * MINUTE_MS,
  attemptsMax: 5,
  unhealthyMax: 1,
};

/**
 * A MachineHealthCheck as its documentation suggests it: unhealthy for 5 min, at most 40 % of a group, a fresh machine
 * each time; nodeStartupTimeout of 10 min until the next try. Source: cluster-api book, "Configure a MachineHealthCheck".
 */
export const MACHINE_HEALTH_CHECK: Terms = {
  name: 'MachineHealthCheck 40 % and reimage',
  rung: 'R7',
  silentMs: 5 * MINUTE_MS,
  againMs: 10 * MINUTE_MS,
  attemptsMax: 5,
  unhealthyMax: 0.4,
};

export class BaselineHealer implements Healer {
  readonly name: string;
  readonly portsStartOff = false;
  readonly #terms: Terms;
  readonly #silentSinceMs = new Map<number, number>();
  readonly #attempts = new Map<number, { readonly count: number; readonly lastMs: number }>();
  #next = 1;

  constructor(terms: Terms) {
    this.name = terms.name;
    this.#terms = terms;
  }

  pass(observed: Observed, map: FleetMap, repaired: ReadonlySet<number>, nowMs: number): Wanted {
    const { silentMs, unhealthyMax } = this.#terms;
    for (const index of repaired) this.#attempts.delete(index);
    const unhealthy: number[] = [];
    for (const { index } of map.nodes) {
      // Neither waits for a controller that has just started: whoever has not been heard is silent.
      const agent = observed.nodes[index]?.agent;
      if (agent === 'silent' || agent === 'unobserved') {
        const sinceMs = this.#silentSinceMs.get(index) ?? nowMs;
        this.#silentSinceMs.set(index, sinceMs);
        if (nowMs - sinceMs >= silentMs) unhealthy.push(index);
      } else if (agent === 'fresh') {
        this.#silentSinceMs.delete(index);
        const tried = this.#attempts.get(index);
        if (tried !== undefined && nowMs - tried.lastMs > HOUR_MS) this.#attempts.delete(index);
      }
    }
    const bySite = new Map<number, number>();
    for (const index of unhealthy) {
      const site = map.nodes[index]?.site ?? -1;
      bySite.set(site, (bySite.get(site) ?? 0) + 1);
    }
    const hands: number[] = [];
    const starts = unhealthy.flatMap((index) => {
      const node = map.nodes[index];
      if (node === undefined || isBusy(observed.actions, index)) return [];
      const size = map.elements[node.site]?.members.length ?? 1;
      if ((bySite.get(node.site) ?? 0) > unhealthyMax * size) return [];
      const tried = this.#attempts.get(index) ?? { count: 0, lastMs: Number.NEGATIVE_INFINITY };
      if (nowMs - tried.lastMs < this.#terms.againMs) return [];
      if (tried.count >= this.#terms.attemptsMax) {
        hands.push(index);
        return [];
      }
      this.#attempts.set(index, { count: tried.count + 1, lastMs: nowMs });
      return [this.#action(index, node.record.name, nowMs)];
    });
    const isCalm = this.#silentSinceMs.size === 0;
    return {
      starts,
      cancels: [],
      reverts: [],
      hands,
      lookAgainAtMs: isCalm ? undefined : nowMs + PASS_MS,
      plan: undefined,
    };
  }

  #action(node: number, name: string, nowMs: number) {
    const { rung } = this.#terms;
    return {
      id: `b${this.#next++}`,
      node,
      name,
      rung,
      row: 'silent',
      isCycle: true,
      spare: undefined,
      plannedAtMs: nowMs,
    };
  }
}
