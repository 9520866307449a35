/** The reference mix, many times over: no invariant is broken, everything comes to rest, and a seed repeats itself. */

import process from 'node:process';
import { expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../../../controller/domain/healing/policy.js';
import { buildTopology } from '../../../controller/domain/testing/fleet.js';
import { runSeeds } from './campaign.js';
import { Simulation } from './simulation.js';
import { tableOf } from './table.js';

const MINUTES = 10 * 60_000;
const CAMPAIGN = {
  firstSeed: 1,
  days: 7,
  factor: 10,
  topology: buildTopology(),
  policy: DEFAULT_POLICY,
  injections: [],
  say: (line: string) => process.stdout.write(`${line}\n`),
};

test('64 seeds of a week break no invariant, within 90 s of processor time', { timeout: MINUTES }, () => {
  const before = process.cpuUsage();
  const { violations, firstViolation, bramble } = runSeeds({ ...CAMPAIGN, seeds: 64, baselines: false });
  const { user, system } = process.cpuUsage(before);
  expect([violations, firstViolation]).toEqual([0, undefined]);
  expect(bramble.faults['hang']?.struck).toBeGreaterThan(100);
  expect(bramble.faults['hang']?.medianHealMinutes).toBeLessThanOrEqual(6);
  expect((user + system) / 1_000_000).toBeLessThan(90);
});

test('a node is down half as long as under the better baseline, and hardly anything is done in vain', {
  timeout: MINUTES,
}, () => {
  const { bramble, baselines } = runSeeds({ ...CAMPAIGN, seeds: 6, baselines: true });
  process.stdout.write(tableOf([bramble, ...baselines]));
  const least = (of: (one: typeof bramble) => number): number => Math.min(...baselines.map(of));
  expect(bramble.downMinutes).toBeLessThanOrEqual(0.5 * least(({ downMinutes }) => downMinutes));
  expect(bramble.needlessDisruptive).toBeLessThanOrEqual(0.02 * least(({ needlessDisruptive }) => needlessDisruptive));
});

test('the same seed tells the same story, another seed another one', () => {
  const run = (seed: number) => {
    const simulation = new Simulation({ ...CAMPAIGN, seed, days: 3 });
    simulation.run();
    return { hash: simulation.hash, events: simulation.timeline.eventsCount };
  };
  expect(run(11)).toEqual(run(11));
  expect(run(11)).not.toEqual(run(12));
});

test('after the last fault everything comes to rest: nothing stays down that nobody was asked about', {
  timeout: MINUTES,
}, () => {
  for (let seed = 100; seed < 108; seed++) {
    const simulation = new Simulation({ ...CAMPAIGN, seed, days: 6 });
    simulation.run();
    const { world } = simulation;
    const down = world.nodes.filter((node) => !world.serves(node) && node.fault === undefined);
    expect([seed, down.map(({ index, phase }) => `${index} ${phase}`)]).toEqual([seed, []]);
  }
});
