/** Many seeds, and what they add up to. */

import type { HealingPolicy } from '../../../controller/domain/healing/policy.js';
import type { Topology } from '../../../controller/domain/topology/records.js';
import { BaselineHealer, MACHINE_HEALTH_CHECK, POWER_CYCLE } from './baselines.js';
import type { Books } from './books.js';
import type { FaultName } from './fault-mix.js';
import type { Healer } from './healer.js';
import type { Injection } from './options.js';
import type { Violation } from './oracle.js';
import { type SimOptions, Simulation } from './simulation.js';

export interface Campaign {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly days: number;
  readonly factor: number;
  readonly topology: Topology;
  readonly policy: HealingPolicy;
  /** Instead of the mix; empty = the mix. */
  readonly injections: readonly Injection[];
  readonly baselines: boolean;
  readonly say: (line: string) => void;
}

/** Of one healer over all seeds. */
export interface Outcome {
  readonly healer: string;
  readonly nodeMonths: number;
  readonly events: number;
  readonly passes: number;
  readonly downMinutes: number;
  readonly disruptive: number;
  readonly destructive: number;
  readonly needlessDisruptive: number;
  readonly needlessDestructive: number;
  readonly hands: number;
  readonly faults: Readonly<Record<string, FaultOutcome>>;
}

export interface FaultOutcome {
  readonly struck: number;
  readonly healedPercent: number;
  readonly byHands: number;
  readonly medianHealMinutes: number | undefined;
  readonly needless: number;
}

export interface Summary {
  readonly seeds: number;
  readonly days: number;
  readonly violations: number;
  readonly firstViolation: string | undefined;
  readonly hash: string;
  readonly bramble: Outcome;
  readonly baselines: readonly Outcome[];
}

const MONTH_MS = 30 * 86_400_000;

export function runSeeds(campaign: Campaign): Summary {
  const { say } = campaign;
  let hash = 0;
  const violations: (Violation & { readonly seed: number })[] = [];
  const bramble = runHealer(campaign, undefined, (seed, simulation) => {
    hash = Math.imul(hash, 31) + simulation.hash;
    for (const violation of simulation.oracle.violations) {
      violations.push({ ...violation, seed });
      if (violations.length <= 20)
        say(`seed ${seed}: ${violation.invariant} at ${at(violation.atMs)}: ${violation.what}`);
    }
  });
  const baselines = campaign.baselines
    ? [POWER_CYCLE, MACHINE_HEALTH_CHECK].map((terms) =>
        runHealer(
          campaign,
          () => new BaselineHealer(terms),
          () => undefined,
        ),
      )
    : [];
  const [first] = violations;
  return {
    seeds: campaign.seeds,
    days: campaign.days,
    violations: violations.length,
    firstViolation: first === undefined ? undefined : `seed ${first.seed}: ${first.invariant}: ${first.what}`,
    hash: (hash >>> 0).toString(16),
    bramble,
    baselines,
  };
}

function runHealer(
  { firstSeed, seeds, days, factor, topology, policy, injections }: Campaign,
  makeHealer: (() => Healer) | undefined,
  after: (seed: number, simulation: Simulation) => void,
): Outcome {
  const all: Books[] = [];
  let [events, passes, name] = [0, 0, ''];
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const options: SimOptions = { seed, days, topology, policy, factor: injections.length > 0 ? 0 : factor };
    const simulation = new Simulation(makeHealer === undefined ? options : { ...options, healer: makeHealer() });
    for (const { name, target, atMs, lastsMs } of injections)
      simulation.timeline.at(atMs, () => simulation.trouble.strike(name, target, lastsMs));
    simulation.run();
    after(seed, simulation);
    all.push(simulation.books);
    events += simulation.timeline.eventsCount;
    passes += simulation.passes;
    name = simulation.healer.name;
  }
  const sum = (of: (books: Books) => number): number => all.reduce((total, books) => total + of(books), 0);
  return {
    healer: name,
    nodeMonths: round((seeds * days * 86_400_000 * topology.nodes.length) / MONTH_MS),
    events,
    passes,
    downMinutes: Math.round(sum(({ downMs }) => downMs) / 60_000),
    disruptive: sum(({ disruptive }) => disruptive),
    destructive: sum(({ destructive }) => destructive),
    needlessDisruptive: sum(({ needlessDisruptive }) => needlessDisruptive),
    needlessDestructive: sum(({ needlessDestructive }) => needlessDestructive),
    hands: sum(({ hands }) => hands),
    faults: faultsOf(all),
  };
}

function faultsOf(all: readonly Books[]): Readonly<Record<string, FaultOutcome>> {
  const names = new Set<FaultName>(all.flatMap(({ faults }) => [...faults.keys()]));
  const outcomes = [...names].sort().map((name): [string, FaultOutcome] => {
    const tallies = all.flatMap(({ faults }) => faults.get(name) ?? []);
    const struck = tallies.reduce((sum, tally) => sum + tally.struck, 0);
    const healed = tallies.reduce((sum, tally) => sum + tally.healed, 0);
    const times = tallies.flatMap(({ healMs }) => healMs).sort((a, b) => a - b);
    const median = times[Math.floor(times.length / 2)];
    return [
      name,
      {
        struck,
        healedPercent: struck === 0 ? 0 : round((100 * healed) / struck),
        byHands: tallies.reduce((sum, tally) => sum + tally.byHands, 0),
        medianHealMinutes: median === undefined ? undefined : round(median / 60_000),
        needless: tallies.reduce((sum, tally) => sum + tally.needless, 0),
      },
    ];
  });
  return Object.fromEntries(outcomes);
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}

function at(ms: number): string {
  return `${(ms / 3_600_000).toFixed(3)} h`;
}
