/**
 * `npm run sim`: seeds of a simulated fleet, one after another. The last line is one line of JSON, the exit code says
 * whether no invariant was broken. What is simulated and what is real: ARCHITECTURE.md, "Tests".
 */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { buildTopology } from '../../../controller/domain/testing/fleet.js';
import { mapFleet } from '../../../controller/domain/topology/fleet-map.js';
import type { Topology } from '../../../controller/domain/topology/records.js';
import { whatIfUnplugged } from '../../../controller/domain/topology/what-if.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { runWhole } from '../whole/run-whole.js';
import { runSeeds } from './campaign.js';
import { runLosses } from './losses.js';
import {
  BUILT_IN_POLICY,
  ENFORCED_POLICY,
  enforced,
  parseInjection,
  parsePolicyFile,
  parseSiteSpec,
} from './options.js';
import { comparePolicies } from './policy-diff.js';
import { tableOf } from './table.js';

const USAGE = `usage: npm run sim -- [OPTIONS]

  --first-seed N --seeds K --days D   which seeds (1, 64), and how long each lasts (7)
  --factor N                          how many times as often as in the reference mix faults strike (10)
  --site-spec FILE                    another fleet, in YAML: sites, nodesPerSite, models ...
  --policy FILE                       another healing policy, in YAML
  --inject NAME[:INDEX][@H][+MIN]     this fault instead of the mix, may be repeated
  --against FILE                      the same nights under another policy: acts added and left, time down, peaks, first divergence
  --baselines                         the same seeds with two other ways of healing, side by side
  --whole HOURS                       everything real but the world: controller, store, streams, and the agents on their machines, of
                                      which one or another dies all the time; takes the options above, but for --days
  --losses RUNS                       lose everything that nodes share, so many times each, while one node hangs elsewhere
  --what-if NAME                      what pulling the plug of NAME would do; runs nothing
`;

const values = given();

function given() {
  try {
    return parseArgs({
      options: {
        'first-seed': { type: 'string', default: '1' },
        seeds: { type: 'string', default: '64' },
        days: { type: 'string', default: '7' },
        factor: { type: 'string', default: '10' },
        'site-spec': { type: 'string' },
        policy: { type: 'string' },
        inject: { type: 'string', multiple: true },
        against: { type: 'string' },
        baselines: { type: 'boolean', default: false },
        losses: { type: 'string' },
        whole: { type: 'string' },
        'what-if': { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${USAGE}`);
    return process.exit(2);
  }
}

function whole(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new BrambleError('invalid-argument', `--${name} must be a whole number of at least ${least}`);
}

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const read = (path: string): string => readFileSync(path, 'utf8');
  const spec = values['site-spec'];
  const topology = spec === undefined ? buildTopology() : parseSiteSpec(read(spec), spec);
  const asked = values['what-if'];
  if (asked !== undefined) {
    process.stdout.write(`${JSON.stringify(whatIfUnplugged(mapFleet(topology), asked), undefined, 2)}\n`);
    return 0;
  }
  if (values.losses !== undefined) return losses(whole('losses', values.losses, 1));
  const { policy } = values;
  if (values.whole !== undefined) {
    const text = policy === undefined ? ENFORCED_POLICY : enforced(read(policy), policy);
    return await wholeFleets(whole('whole', values.whole, 1), topology, text);
  }
  const startedMs = process.cpuUsage();
  const nights = {
    firstSeed: whole('first-seed', values['first-seed'], 0),
    seeds: whole('seeds', values.seeds, 1),
    days: whole('days', values.days, 2),
    factor: whole('factor', values.factor, 0),
    topology,
    injections: (values.inject ?? []).map(parseInjection),
  };
  const { against } = values;
  const inForce = policy === undefined ? BUILT_IN_POLICY : parsePolicyFile(read(policy), policy);
  if (against !== undefined) {
    const diff = comparePolicies(nights, inForce, parsePolicyFile(read(against), against));
    process.stdout.write(`${JSON.stringify(diff, undefined, 2)}\n`);
    return diff.a.violations + diff.b.violations === 0 ? 0 : 1;
  }
  const summary = runSeeds({
    ...nights,
    policy: inForce,
    baselines: values.baselines,
    say: (line) => process.stdout.write(`${line}\n`),
  });
  const { user, system } = process.cpuUsage(startedMs);
  const cpuS = (user + system) / 1_000_000;
  process.stdout.write(tableOf([summary.bramble, ...summary.baselines]));
  process.stdout.write(`${JSON.stringify({ ...summary, cpuS: Math.round(10 * cpuS) / 10 })}\n`);
  return summary.violations === 0 ? 0 : 1;
}

async function wholeFleets(hours: number, topology: Topology, policy: string): Promise<number> {
  const startedMs = process.cpuUsage();
  const summary = await runWhole({
    ...{ hours, topology, policy },
    firstSeed: whole('first-seed', values['first-seed'], 0),
    seeds: whole('seeds', values.seeds, 1),
    factor: whole('factor', values.factor, 0),
    injections: (values.inject ?? []).map(parseInjection),
    say: (line) => process.stdout.write(`${line}\n`),
  });
  const { user, system } = process.cpuUsage(startedMs);
  process.stdout.write(`${JSON.stringify({ ...summary, cpuS: Math.round((user + system) / 100_000) / 10 })}\n`);
  return summary.violations === 0 ? 0 : 1;
}

function losses(runs: number): number {
  const outcomes = runLosses(runs);
  for (const outcome of outcomes) process.stdout.write(`${JSON.stringify(outcome)}\n`);
  const sum = (of: (one: (typeof outcomes)[number]) => number): number =>
    outcomes.reduce((total, one) => total + of(one), 0);
  const [wrong, violations] = [sum((one) => one.wrong), sum((one) => one.violations)];
  const unhealed = sum((one) => one.runs - one.healed);
  process.stdout.write(`${JSON.stringify({ runs: sum((one) => one.runs), wrong, violations, unhealed })}\n`);
  return wrong + violations + unhealed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (thrown) {
  const { message, hint } = BrambleError.from(thrown);
  process.stderr.write(`${message}\n${hint === undefined ? '' : `${hint}\n`}`);
  process.exitCode = 2;
}
