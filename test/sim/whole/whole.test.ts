/** Everything between a fact and a deed, in one run: agents with their ledgers and outboxes, streams, evidence, plan, store. */

import { expect, test } from 'vitest';
import { buildTopology } from '../../../controller/domain/testing/fleet.js';
import type { FaultName } from '../fleet/fault-mix.js';
import { playWhole, runWhole } from './run-whole.js';
import { WholeFleet } from './whole-fleet.js';

const [MINUTE_MS, HOUR_MS] = [60_000, 3_600_000];
const MINUTES = 10 * MINUTE_MS;
const POLICY = 'name: sim\nversion: 1\nmode: enforce\n';
const SEEDS = [1];
/** The first site's third and fourth Pi; losses strike the second site. */
const [HUNG, OTHER, SECOND_SITE] = [2, 3, 1];

async function started(seed: number): Promise<WholeFleet> {
  const fleet = await WholeFleet.start(seed, { topology: buildTopology(), policy: POLICY });
  await fleet.runUntil(10 * MINUTE_MS);
  return fleet;
}

function isServing({ world }: WholeFleet, index: number): boolean {
  const node = world.nodes[index];
  return node !== undefined && world.serves(node);
}

test('a quiet fleet is left alone', { timeout: MINUTES }, async () => {
  const fleet = await started(1);
  await fleet.runUntil(HOUR_MS);
  expect([fleet.referee.deeds, fleet.referee.violations]).toEqual([[], []]);
  expect(fleet.core.healing.memory.nodes.size).toBe(0);
});

const LOSSES: readonly (readonly [name: string, strike: readonly (readonly [FaultName, number])[]])[] = [
  ['a site', [['uplink-cut', SECOND_SITE]]],
  ['a fileserver', [['fileserver-reboot', SECOND_SITE]]],
  ['the service of a fileserver', [['nfs-stall', SECOND_SITE]]],
  ['a switch', [['switch-agent-dead', SECOND_SITE]]],
  [
    'both observers of a site',
    [
      ['fileserver-agent-dead', SECOND_SITE],
      ['switch-agent-dead', SECOND_SITE],
    ],
  ],
];

test.for(LOSSES)(
  '%s is lost: one that hangs elsewhere is healed, and nobody else pays',
  { timeout: MINUTES },
  async ([, strike]) => {
    for (const seed of SEEDS) {
      const fleet = await started(seed);
      for (const [name, target] of strike) fleet.trouble.strike(name, target, HOUR_MS);
      fleet.timeline.after(seed * 30_000, () => fleet.trouble.strike('hang', HUNG));
      await fleet.runUntil(30 * MINUTE_MS);
      const cuts = fleet.referee.deeds.filter((deed) => deed.startsWith('cycle'));
      expect([seed, cuts, isServing(fleet, HUNG), fleet.referee.violations]).toEqual([
        seed,
        [`cycle ${HUNG}`],
        true,
        [],
      ]);
    }
  },
);

test('an agent that dies for good comes back by the mailbox in its root, and its board keeps its power', {
  timeout: MINUTES,
}, async () => {
  const fleet = await started(1);
  fleet.trouble.strike('agent-dead', HUNG);
  await fleet.runUntil(30 * MINUTE_MS);
  await fleet.finish();
  expect([fleet.world.nodes[HUNG]?.agentDead, fleet.referee.deeds, fleet.referee.violations]).toEqual([
    false,
    [`mailbox ${HUNG}`],
    [],
  ]);
});

test('a controller that dies between any two steps neither forgets an act nor does it twice', {
  timeout: MINUTES,
}, async () => {
  for (let seed = 10; seed < 12; seed++) {
    const fleet = await started(seed);
    fleet.trouble.strike('hang', HUNG);
    fleet.trouble.strike('boot-dir-missing', OTHER);
    for (let minute = 1; minute <= 12; minute += 3)
      fleet.timeline.after(minute * MINUTE_MS + seed * 1_700, () => fleet.crash(5_000));
    await fleet.runUntil(HOUR_MS);
    await fleet.finish();
    expect([seed, isServing(fleet, HUNG), isServing(fleet, OTHER), fleet.referee.violations]).toEqual([
      seed,
      true,
      true,
      [],
    ]);
  }
});

test('agents that die between any two steps carry out no order twice, and the fleet is healed all the same', {
  timeout: MINUTES,
}, async () => {
  for (const seed of SEEDS) {
    const fleet = await started(seed);
    fleet.trouble.strike('hang', HUNG);
    fleet.trouble.strike('unit-failed', 20);
    const agents = fleet.agents.length;
    for (let at = 0; at < 900; at += 3)
      fleet.timeline.after(1_000 * at, () => fleet.crashAgent(at % 2 === 0 ? agents - 1 - (at % 6) : at));
    await fleet.runUntil(HOUR_MS);
    await fleet.finish();
    const { world } = fleet;
    const ill = world.nodes.filter((node) => node.fault !== undefined || !world.serves(node)).map(({ index }) => index);
    expect([seed, ill, fleet.referee.violations]).toEqual([seed, [], []]);
  }
});

test('every fault of the mix, with agents and a controller that die all the time, breaks no invariant, and a seed repeats itself', {
  timeout: MINUTES,
}, async () => {
  const terms = { hours: 3, factor: 1_000, injections: [], policy: POLICY, topology: buildTopology() };
  const summary = await runWhole({ ...terms, firstSeed: 1, seeds: 2, say: () => undefined });
  expect([summary.violations, summary.firstViolation]).toEqual([0, undefined]);
  expect(summary.deeds).toBeGreaterThan(3);
  const [first, second] = summary.hash.split(' ');
  expect(second).not.toBe(first);
  // Frame by frame, and every line of every log.
  expect((await playWhole(1, terms)).sim.traceHash).toBe(first);
});

test('a pause holds within a second, and what it held goes on afterwards', { timeout: MINUTES }, async () => {
  for (const seed of SEEDS) {
    const fleet = await started(seed);
    fleet.trouble.strike('hang', HUNG);
    await fleet.runUntil(10 * MINUTE_MS + seed * 45_000);
    await fleet.pause(30 * MINUTE_MS);
    await fleet.runUntil(40 * MINUTE_MS);
    await fleet.runUntil(75 * MINUTE_MS);
    await fleet.finish();
    expect([seed, isServing(fleet, HUNG), fleet.referee.violations]).toEqual([seed, true, []]);
  }
});

test('a wall clock that jumps by ten years changes no decision', { timeout: MINUTES }, async () => {
  const deedsOf = async (jumps: boolean): Promise<readonly string[]> => {
    const fleet = await started(5);
    fleet.trouble.strike('hang', HUNG);
    if (jumps) fleet.timeline.after(20_000, () => fleet.trouble.strike('clock-jump', 0));
    await fleet.runUntil(40 * MINUTE_MS);
    expect(fleet.referee.violations).toEqual([]);
    return fleet.referee.deeds;
  };
  expect(await deedsOf(true)).toEqual(await deedsOf(false));
});
