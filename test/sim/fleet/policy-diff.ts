/** The same nights under two policies: what the other one does more, what it leaves, and where they part. */

import { LADDER } from '../../../controller/domain/healing/ladder.js';
import type { HealingPolicy } from '../../../controller/domain/healing/policy.js';
import type { Topology } from '../../../controller/domain/topology/records.js';
import type { Injection } from './options.js';
import { Simulation } from './simulation.js';

export interface PolicyNights {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly days: number;
  readonly factor: number;
  readonly topology: Topology;
  /** Instead of the mix; empty = the mix. */
  readonly injections: readonly Injection[];
}

/** Of one policy over all seeds. */
export interface PolicyFigures {
  readonly policy: string;
  readonly downMinutes: number;
  /** Acts by rung. */
  readonly acts: Readonly<Record<string, number>>;
  readonly needlessDisruptive: number;
  readonly hands: number;
  /** Most disruptive acts at the same time in the fleet. */
  readonly inFlightPeak: number;
  readonly violations: number;
}

export interface PolicyDiff {
  readonly a: PolicyFigures;
  readonly b: PolicyFigures;
  /** Rung -> how many more (or fewer) the second one begins. */
  readonly added: Readonly<Record<string, number>>;
  /** `undefined` = they do the same, act by act. */
  readonly firstDivergence: string | undefined;
}

interface Night {
  readonly acts: readonly string[];
  readonly simulation: Simulation;
  readonly inFlightPeak: number;
}

const HOUR_MS = 3_600_000;

export function comparePolicies(nights: PolicyNights, a: HealingPolicy, b: HealingPolicy): PolicyDiff {
  const all: [Night[], Night[]] = [[], []];
  let firstDivergence: string | undefined;
  for (let seed = nights.firstSeed; seed < nights.firstSeed + nights.seeds; seed++) {
    const [first, second] = [play(nights, a, seed), play(nights, b, seed)];
    all[0].push(first);
    all[1].push(second);
    firstDivergence ??= parting(seed, first.acts, second.acts);
  }
  const [figuresA, figuresB] = [figuresOf(a, all[0]), figuresOf(b, all[1])];
  const rungs = [...new Set([...Object.keys(figuresA.acts), ...Object.keys(figuresB.acts)])].sort();
  const added = rungs.map((rung) => [rung, (figuresB.acts[rung] ?? 0) - (figuresA.acts[rung] ?? 0)] as const);
  return {
    a: figuresA,
    b: figuresB,
    added: Object.fromEntries(added.filter(([, count]) => count !== 0)),
    firstDivergence,
  };
}

function play({ days, factor, topology, injections }: PolicyNights, policy: HealingPolicy, seed: number): Night {
  const isMixed = injections.length === 0;
  const simulation = new Simulation({ seed, days, topology, policy, factor: isMixed ? factor : 0 });
  const acts: string[] = [];
  let inFlightPeak = 0;
  simulation.onPass = ({ starts }) => {
    const { nowMs, map } = simulation.world;
    for (const { node, rung } of starts)
      acts.push(`${(nowMs / HOUR_MS).toFixed(3)} h: ${rung} at ${map.nodes[node]?.record.name}`);
    const isDisruptive = (rung: (typeof starts)[number]['rung']): boolean =>
      rung !== 'admit' && LADDER[rung].isDisruptive;
    const open = simulation.actuator.sights().filter(({ state }) => state === 'queued' || state === 'running');
    const inFlight = [...open, ...starts].filter(({ rung }) => isDisruptive(rung)).length;
    inFlightPeak = Math.max(inFlightPeak, inFlight);
  };
  for (const { name, target, atMs, lastsMs } of injections)
    simulation.timeline.at(atMs, () => simulation.trouble.strike(name, target, lastsMs));
  simulation.run();
  return { acts, simulation, inFlightPeak };
}

function parting(seed: number, a: readonly string[], b: readonly string[]): string | undefined {
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at++) {
    if (a[at] !== b[at]) return `seed ${seed}: ${a[at] ?? 'nothing more'} against ${b[at] ?? 'nothing more'}`;
  }
  return undefined;
}

function figuresOf({ name, hash }: HealingPolicy, nights: readonly Night[]): PolicyFigures {
  const sum = (of: (night: Night) => number): number => nights.reduce((total, night) => total + of(night), 0);
  const acts = new Map<string, number>();
  for (const act of nights.flatMap((night) => night.acts)) {
    const rung = / h: (\S+) at /.exec(act)?.[1] ?? '';
    acts.set(rung, (acts.get(rung) ?? 0) + 1);
  }
  return {
    policy: `${name} ${hash}`,
    downMinutes: Math.round(sum(({ simulation }) => simulation.books.downMs) / 60_000),
    acts: Object.fromEntries([...acts].sort(([x], [y]) => (x < y ? -1 : 1))),
    needlessDisruptive: sum(({ simulation }) => simulation.books.needlessDisruptive),
    hands: sum(({ simulation }) => simulation.books.hands),
    inFlightPeak: Math.max(0, ...nights.map((night) => night.inFlightPeak)),
    violations: sum(({ simulation }) => simulation.oracle.violations.length),
  };
}
