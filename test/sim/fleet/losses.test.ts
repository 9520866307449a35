/** When something shared is lost, no node pays for it; and meanwhile a node that truly hangs elsewhere is healed. */

import { expect, test } from 'vitest';
import type { Hold } from '../../../controller/domain/healing/desired.js';
import { LADDER } from '../../../controller/domain/healing/ladder.js';
import { DEFAULT_POLICY } from '../../../controller/domain/healing/policy.js';
import { buildTopology } from '../../../controller/domain/testing/fleet.js';
import { seededRandom } from '../../../proto/contract/random.js';
import type { FaultName } from './fault-mix.js';
import { Simulation } from './simulation.js';

const [MINUTE_MS, HOUR_MS] = [60_000, 3_600_000];
const RUNS = 12;
/** The first site's; what is lost is lost at the second. */
const HUNG = 3;
const SECOND_SITE = 1;

interface Loss {
  readonly name: string;
  readonly strike: readonly (readonly [FaultName, target: number])[];
  /** Whether a node at another site is healed while it lasts. */
  readonly healsElsewhere: boolean;
}

const LOSSES: readonly Loss[] = [
  { name: 'a site', strike: [['uplink-cut', SECOND_SITE]], healsElsewhere: true },
  { name: 'the power of a site', strike: [['site-power', SECOND_SITE]], healsElsewhere: true },
  { name: 'all sites', strike: [['overlay-down', 0]], healsElsewhere: false },
  { name: 'a switch', strike: [['switch-reboot', SECOND_SITE]], healsElsewhere: true },
  { name: 'a fileserver', strike: [['fileserver-reboot', SECOND_SITE]], healsElsewhere: true },
  { name: 'the service of a fileserver', strike: [['nfs-stall', SECOND_SITE]], healsElsewhere: true },
  { name: 'a full export', strike: [['export-full', SECOND_SITE]], healsElsewhere: true },
  {
    name: 'both observers of a site',
    strike: [
      ['fileserver-agent-dead', SECOND_SITE],
      ['switch-agent-dead', SECOND_SITE],
    ],
    healsElsewhere: true,
  },
  { name: 'the ears of the controller', strike: [['controller-lag', 0]], healsElsewhere: false },
  { name: 'the controller, for a while', strike: [['controller-restart', 0]], healsElsewhere: false },
  { name: 'the newest part of the database', strike: [['restored-backup', 0]], healsElsewhere: false },
];

/** Two hours, of which one is lost, beginning after ten minutes. */
function story(seed: number, strike: Loss['strike'], hangAfterMs: number | undefined) {
  const simulation = new Simulation({
    seed,
    days: 1,
    topology: buildTopology(),
    policy: DEFAULT_POLICY,
    factor: 0,
  });
  const { timeline, trouble, world } = simulation;
  const lostAtMs = 10 * MINUTE_MS + seededRandom(seed).unit() * MINUTE_MS;
  const backAtMs = lostAtMs + HOUR_MS;
  const acted: { readonly site: string; readonly rung: string; readonly atMs: number }[] = [];
  simulation.onPass = ({ starts }) => {
    for (const { node, rung } of starts) {
      if (rung === 'admit' || !LADDER[rung].isDisruptive) continue;
      acted.push({ site: world.map.nodes[node]?.record.site ?? '', rung, atMs: world.nowMs });
    }
  };
  for (const [name, target] of strike) timeline.at(Math.round(lostAtMs), () => trouble.strike(name, target, HOUR_MS));
  if (hangAfterMs !== undefined) timeline.at(Math.round(lostAtMs + hangAfterMs), () => trouble.strike('hang', HUNG));
  simulation.runUntil(Math.round(backAtMs));
  const meanwhile = {
    actedOn: acted.map(({ site, rung }) => `${rung} at ${site}`),
    isHealed: isServing(simulation, HUNG),
  };
  simulation.runUntil(3 * HOUR_MS);
  return { simulation, meanwhile, isHealed: isServing(simulation, HUNG), violations: simulation.oracle.violations };
}

function isServing({ world }: Simulation, index: number): boolean {
  const node = world.nodes[index];
  return node !== undefined && world.serves(node);
}

test.for(LOSSES)(
  'losing $name costs no node anything, and one that truly hangs is healed',
  ({ strike, healsElsewhere }) => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const quiet = story(seed, strike, undefined);
      expect([seed, quiet.meanwhile.actedOn, quiet.violations]).toEqual([seed, [], []]);
      const { meanwhile, isHealed, violations } = story(seed, strike, seed * 20_000);
      const isAnywhereElse = meanwhile.actedOn.filter((what) => !what.endsWith('site1'));
      expect([seed, isAnywhereElse, violations]).toEqual([seed, [], []]);
      expect([seed, meanwhile.isHealed, isHealed]).toEqual([seed, healsElsewhere, true]);
    }
  },
);

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
