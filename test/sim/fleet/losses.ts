/** What can be lost that nodes share, and a story of each: nobody pays for it, and who truly hangs meanwhile is healed. */

import type { Hold } from '../../../controller/domain/healing/desired.js';
import { LADDER } from '../../../controller/domain/healing/ladder.js';
import { DEFAULT_POLICY } from '../../../controller/domain/healing/policy.js';
import { buildTopology } from '../../../controller/domain/testing/fleet.js';
import { seededRandom } from '../../../proto/contract/random.js';
import type { FaultName } from './fault-mix.js';
import { Simulation } from './simulation.js';

const [MINUTE_MS, HOUR_MS] = [60_000, 3_600_000];
/** The first site's; what is lost is lost at the second. */
export const HUNG = 3;
const SECOND_SITE = 1;

export interface Loss {
  readonly name: string;
  readonly strike: readonly (readonly [FaultName, target: number])[];
  /** Whether a node at another site is healed while it lasts. */
  readonly healsElsewhere: boolean;
  /** The second site is paused meanwhile, and one of its own nodes hangs. */
  readonly isPaused?: true;
}

export const LOSSES: readonly Loss[] = [
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
  { name: 'the leave to act at a site', strike: [['hang', 12]], healsElsewhere: true, isPaused: true },
];

/** Two hours, of which one is lost, beginning after ten minutes. */
export function lossStory(seed: number, { strike, isPaused }: Loss, hangAfterMs: number | undefined) {
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
  if (isPaused === true) timeline.at(Math.round(lostAtMs), () => simulation.hold(pauseOfSite(lostAtMs, backAtMs)));
  if (hangAfterMs !== undefined) timeline.at(Math.round(lostAtMs + hangAfterMs), () => trouble.strike('hang', HUNG));
  simulation.runUntil(Math.round(backAtMs));
  const meanwhile = {
    actedOn: acted.map(({ site, rung }) => `${rung} at ${site}`),
    isHealed: isServing(simulation, HUNG),
  };
  simulation.runUntil(3 * HOUR_MS);
  return { simulation, meanwhile, isHealed: isServing(simulation, HUNG), violations: simulation.oracle.violations };
}

function pauseOfSite(sinceMs: number, untilMs: number): Hold {
  return { id: 'h1', kind: 'pause', scope: 'site2', owner: 'kim', reason: 'works there', sinceMs, untilMs };
}

/** When a node hangs, so that runs differ: within the quarter of an hour after the loss. */
export function hangAfterMs(seed: number): number {
  return 20_000 * (1 + (seed % 40));
}

export interface LossOutcome {
  readonly loss: string;
  readonly runs: number;
  /** Disruptive actions at anybody but the node that hangs at the healthy site. */
  readonly wrong: number;
  /** Runs in which that node was healed while the loss lasted; and in the end. */
  readonly healedMeanwhile: number;
  readonly healed: number;
  readonly violations: number;
}

/** Each loss so many times. */
export function runLosses(runs: number): readonly LossOutcome[] {
  return LOSSES.map((loss) => {
    const outcome = { loss: loss.name, runs, wrong: 0, healedMeanwhile: 0, healed: 0, violations: 0 };
    for (let seed = 1; seed <= runs; seed++) {
      const { meanwhile, isHealed, violations } = lossStory(seed, loss, hangAfterMs(seed));
      outcome.wrong += meanwhile.actedOn.filter((what) => !what.endsWith('site1')).length;
      outcome.healedMeanwhile += meanwhile.isHealed ? 1 : 0;
      outcome.healed += isHealed ? 1 : 0;
      outcome.violations += violations.length;
    }
    return outcome;
  });
}

export function isServing({ world }: Simulation, index: number): boolean {
  const node = world.nodes[index];
  return node !== undefined && world.serves(node);
}
