/** When something shared is lost, no node pays for it; and meanwhile a node that truly hangs elsewhere is healed. */

import { expect, test } from 'vitest';
import type { Hold } from '../../../controller/domain/healing/desired.js';
import { DEFAULT_POLICY } from '../../../controller/domain/healing/policy.js';
import { buildTopology } from '../../../controller/domain/testing/fleet.js';
import { HUNG, hangAfterMs, isServing, LOSSES, lossStory } from './losses.js';
import { Simulation } from './simulation.js';

const [MINUTE_MS, HOUR_MS] = [60_000, 3_600_000];
const RUNS = 200;

test.for(LOSSES)('losing $name costs no node anything, and one that truly hangs is healed', (loss) => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const quiet = lossStory(seed, loss, undefined);
    expect([seed, quiet.meanwhile.actedOn, quiet.violations]).toEqual([seed, [], []]);
    const { meanwhile, isHealed, violations } = lossStory(seed, loss, hangAfterMs(seed));
    const isAnywhereElse = meanwhile.actedOn.filter((what) => !what.endsWith('site1'));
    expect([seed, isAnywhereElse, violations]).toEqual([seed, [], []]);
    expect([seed, meanwhile.isHealed, isHealed]).toEqual([seed, loss.healsElsewhere, true]);
  }
});

test('a pause holds everything at once, what is queued included, and ends by itself', () => {
  const simulation = new Simulation({ seed: 5, days: 1, topology: buildTopology(), policy: DEFAULT_POLICY, factor: 0 });
  const { timeline, trouble, actuator, world } = simulation;
  timeline.at(MINUTE_MS, () => trouble.strike('hang', HUNG));
  const pause: Hold = {
    id: 'h1',
    kind: 'pause',
    scope: 'fleet',
    owner: 'kim',
    reason: 'looking',
    sinceMs: 0,
    untilMs: 2 * HOUR_MS,
  };
  let cancelledAfterMs: number | undefined;
  simulation.onPass = ({ starts, cancels }) => {
    const [first] = starts;
    if (first !== undefined && cancelledAfterMs === undefined) {
      const atMs = world.nowMs;
      timeline.after(100, () => simulation.hold(pause));
      actuator.onEnd = ({ state }) => {
        if (state === 'cancelled') cancelledAfterMs = world.nowMs - atMs;
      };
    }
    if (world.nowMs < pause.untilMs && cancels.length > 0) expect(cancels).toEqual([first?.id ?? 'a1']);
  };
  simulation.runUntil(2 * HOUR_MS - MINUTE_MS);
  expect(simulation.oracle.violations).toEqual([]);
  expect(isServing(simulation, HUNG)).toBe(false);
  simulation.runUntil(3 * HOUR_MS);
  expect(isServing(simulation, HUNG)).toBe(true);
});

test.for([1, 2, 3, 4])(
  '96 boards of one fileserver start after a power cut when it can serve %i at once',
  (simultaneousBoots) => {
    const topology = buildTopology({
      sites: 1,
      nodesPerSite: 96,
      sparesPerSite: 0,
      nodesPerSwitch: 48,
      nodesPerShelf: 96,
      models: ['3b'],
      images: ['bookworm-1'],
    });
    const simulation = new Simulation({
      seed: 9,
      days: 1,
      topology,
      policy: DEFAULT_POLICY,
      factor: 0,
      simultaneousBoots,
    });
    const { timeline, trouble, world } = simulation;
    const [lostAtMs, lastsMs] = [10 * MINUTE_MS, 5 * MINUTE_MS];
    timeline.at(lostAtMs, () => trouble.strike('site-power', 0, lastsMs));
    simulation.runUntil(lostAtMs + lastsMs + 20 * MINUTE_MS);
    expect(world.nodes.filter((node) => !world.serves(node)).map(({ phase }) => phase)).toEqual([]);
    expect(simulation.oracle.violations).toEqual([]);
  },
);
