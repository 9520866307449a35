/** Seeds of whole fleets: the same faults as in the simulator of the engine, and processes that die all the time. */

import type { Topology } from '../../../controller/domain/topology/records.js';
import type { FaultName } from '../fleet/fault-mix.js';
import type { Injection } from '../fleet/options.js';
import type { Violation } from '../fleet/oracle.js';
import { WholeFleet } from './whole-fleet.js';

const [SECOND_MS, MINUTE_MS, HOUR_MS] = [1_000, 60_000, 3_600_000];
/** Everybody is there, and the controller has listened for long enough. */
const SETTLED_MS = 10 * MINUTE_MS;
/** No fault strikes and nobody dies in the last part, so that it can be seen whether everything comes to rest. */
const QUIET_END_MS = 40 * MINUTE_MS;
/** A fault of its own simulation (restore.test.ts), and one that is made by a person's order. */
const NOT_PLAYED: readonly FaultName[] = ['restored-backup', 'bad-change'];

export interface WholeCampaign {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly hours: number;
  /** How many times as often as in the mix faults strike. */
  readonly factor: number;
  readonly topology: Topology;
  /** YAML. */
  readonly policy: string;
  /** Instead of the mix; empty = the mix. */
  readonly injections: readonly Injection[];
  readonly say: (line: string) => void;
}

export interface WholeSummary {
  readonly seeds: number;
  readonly hours: number;
  readonly violations: number;
  readonly firstViolation: string | undefined;
  /** Of every frame and every line of every log. */
  readonly hash: string;
  readonly events: number;
  readonly deeds: number;
}

export async function runWhole(campaign: WholeCampaign): Promise<WholeSummary> {
  const violations: (Violation & { readonly seed: number })[] = [];
  const hashes: string[] = [];
  let [events, deeds] = [0, 0];
  for (let seed = campaign.firstSeed; seed < campaign.firstSeed + campaign.seeds; seed++) {
    const fleet = await playWhole(seed, campaign);
    for (const violation of fleet.referee.violations) {
      violations.push({ ...violation, seed });
      const { invariant, atMs, what } = violation;
      if (violations.length <= 20)
        campaign.say(`seed ${seed}: ${invariant} at ${(atMs / HOUR_MS).toFixed(3)} h: ${what}`);
    }
    hashes.push(fleet.sim.traceHash);
    events += fleet.sim.stepsCount;
    deeds += fleet.referee.deeds.length;
    await fleet.store.close();
  }
  const [first] = violations;
  const firstViolation = first === undefined ? undefined : `seed ${first.seed}: ${first.invariant}: ${first.what}`;
  const { seeds, hours } = campaign;
  return { seeds, hours, violations: violations.length, firstViolation, hash: hashes.join(' '), events, deeds };
}

/** One seed to its end. */
export async function playWhole(
  seed: number,
  { hours, factor, topology, policy, injections }: Omit<WholeCampaign, 'say' | 'firstSeed' | 'seeds'>,
): Promise<WholeFleet> {
  const fleet = await WholeFleet.start(seed, { topology, policy });
  await fleet.runUntil(SETTLED_MS);
  const endMs = hours * HOUR_MS;
  const quietMs = endMs - QUIET_END_MS;
  for (const { name, target, atMs, lastsMs } of injections)
    fleet.timeline.at(atMs, () => fleet.trouble.strike(name, target, lastsMs));
  if (injections.length === 0) {
    fleet.trouble.schedule(quietMs, factor, NOT_PLAYED);
    fleet.crashAgents(90 * SECOND_MS, quietMs);
  }
  await fleet.runUntil(endMs);
  await fleet.finish();
  return fleet;
}
