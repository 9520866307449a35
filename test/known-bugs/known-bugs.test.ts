import { expect, test } from 'vitest';
import { plan } from '../../controller/domain/healing/plan.js';
import { DEFAULT_POLICY } from '../../controller/domain/healing/policy.js';
import { buildTopology } from '../../controller/domain/testing/fleet.js';
import type { Topology } from '../../controller/domain/topology/records.js';
import type { PlanFunction } from '../sim/fleet/engine-healer.js';
import type { FaultName } from '../sim/fleet/fault-mix.js';
import { Simulation } from '../sim/fleet/simulation.js';
import { KNOWN_BUGS } from './bugs.js';

const MINUTES = 10 * 60_000;
const [MINUTE_MS, HOUR_MS, DAY_MS] = [60_000, 3_600_000, 86_400_000];
const DAYS = 2;
const SEEDS = 30;
/** Faults strike so many times as often as in the mix, beside these: hour, what, which, for how many minutes. */
const FACTOR = 5;
const NEMESIS: readonly (readonly [hour: number, fault: FaultName, target: number, minutes: number])[] = [
  [3, 'raid-rebuild', 0, 360],
  [3.5, 'card-dying', 2, 0],
  [4, 'hang', 17, 0],
  [6, 'agent-dead', 7, 0],
  [7, 'unit-failed', 3, 0],
  [9, 'hang', 4, 0],
  [9.01, 'restored-backup', 0, 120],
  [12, 'hang', 12, 0],
  [12.01, 'controller-restart', 0, 1],
  [14, 'site-power', 0, 5],
  [17, 'bad-change', 1, 0],
  [19, 'fileserver-agent-dead', 1, 90],
  [19, 'switch-agent-dead', 1, 90],
  [19.2, 'uplink-cut', 1, 60],
  [22, 'hang', 5, 0],
  [22, 'hang', 6, 0],
  [23, 'hang', 1, 0],
  [26, 'fileserver-reboot', 1, 90],
  [28, 'board-dead', 12, 0],
  [30, 'controller-restart', 0, 5],
  [33, 'controller-lag', 0, 60],
  [33.05, 'hang', 10, 0],
  [36, 'hang', 9, 0],
  [36, 'hang', 11, 0],
  [36, 'hang', 13, 0],
  [36, 'hang', 14, 0],
  [36, 'hang', 8, 0],
];

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

/** A site is paused for a day: whoever asks nobody acts there. Ends as soon as one of the invariants is broken. */
function run(seed: number, planFunction: PlanFunction, until: readonly string[]): Simulation {
  const simulation = new Simulation({
    seed,
    days: DAYS,
    topology: fleetWithProtectedPorts(),
    policy: DEFAULT_POLICY,
    factor: 0,
    plan: planFunction,
  });
  simulation.hold({
    id: 'h1',
    kind: 'pause',
    scope: 'site3',
    owner: 'kim',
    reason: 'works there',
    sinceMs: 0,
    untilMs: DAY_MS,
  });
  simulation.trouble.schedule(DAYS * DAY_MS, FACTOR);
  for (const [hour, fault, target, minutes] of NEMESIS)
    simulation.timeline.at(hour * HOUR_MS, () => simulation.trouble.strike(fault, target, minutes * MINUTE_MS));
  const isFound = (): boolean => simulation.oracle.violations.some(({ invariant }) => until.includes(invariant));
  for (let atMs = HOUR_MS; atMs <= DAYS * DAY_MS && !isFound(); atMs += HOUR_MS) simulation.runUntil(atMs);
  simulation.finish();
  return simulation;
}

test.for(KNOWN_BUGS)('found: $name', { timeout: MINUTES }, ({ caughtBy, make }) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violations } = run(seed, make(), caughtBy).oracle;
    if (violations.some(({ invariant }) => caughtBy.includes(invariant))) return;
  }
  expect.fail(`not found within ${SEEDS} seeds`);
});

test('the engine itself, in the same runs, breaks nothing', { timeout: MINUTES }, () => {
  for (let seed = 1; seed <= 4; seed++) expect([seed, run(seed, plan, []).oracle.violations]).toEqual([seed, []]);
});
