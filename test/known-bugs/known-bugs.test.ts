import { expect, test } from 'vitest';
import { plan } from '../../controller/domain/healing/plan.js';
import { DEFAULT_POLICY } from '../../controller/domain/healing/policy.js';
import { buildTopology } from '../../controller/domain/testing/fleet.js';
import type { Topology } from '../../controller/domain/topology/records.js';
import type { PlanFunction } from '../sim/fleet/engine-healer.js';
import { Simulation } from '../sim/fleet/simulation.js';
import { KNOWN_BUGS } from './bugs.js';

const MINUTES = 10 * 60_000;
const DAY_MS = 86_400_000;
const SEEDS = 1_000;

/** The default fleet, in which one port of each switch is protected. */
function fleetWithProtectedPorts(): Topology {
  const topology = buildTopology();
  return {
    ...topology,
    switches: topology.switches.map((one) => ({
      ...one,
      ports: one.ports.map((port) => (port.port === 2 ? { ...port, isProtected: true } : port)),
    })),
  };
}

/** A site is paused for a day: whoever asks nobody acts there. */
function run(seed: number, planFunction: PlanFunction): Simulation {
  const simulation = new Simulation({
    seed,
    days: 4,
    topology: fleetWithProtectedPorts(),
    policy: DEFAULT_POLICY,
    factor: 20,
    plan: planFunction,
  });
  simulation.hold({
    id: 'h1',
    kind: 'pause',
    scope: 'site3',
    owner: 'kim',
    reason: 'works there',
    sinceMs: 0,
    untilMs: 1.5 * DAY_MS,
  });
  simulation.run();
  return simulation;
}

test.for(KNOWN_BUGS)('found: $name', { timeout: MINUTES }, ({ caughtBy, make }) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violations } = run(seed, make()).oracle;
    const found = violations.filter(({ invariant }) => caughtBy.includes(invariant));
    if (found.length === 0) continue;
    expect(found.length).toBeGreaterThan(0);
    return;
  }
  expect.fail(`not found within ${SEEDS} seeds`);
});

test('the engine itself, in the same runs, breaks nothing', { timeout: MINUTES }, () => {
  for (let seed = 1; seed <= 10; seed++) expect([seed, run(seed, plan).oracle.violations]).toEqual([seed, []]);
});
