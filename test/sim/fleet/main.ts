/** `npm run sim`: seeds of a simulated fleet, one after another; the last line is JSON, the exit code says whether all was well. */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DEFAULT_POLICY } from '../../../controller/domain/healing/policy.js';
import { buildTopology } from '../../../controller/domain/testing/fleet.js';
import { runSeeds } from './campaign.js';

const { values } = parseArgs({
  options: {
    'first-seed': { type: 'string', default: '1' },
    seeds: { type: 'string', default: '64' },
    days: { type: 'string', default: '7' },
    factor: { type: 'string', default: '10' },
    baselines: { type: 'boolean', default: false },
  },
});

const summary = runSeeds({
  firstSeed: Number(values['first-seed']),
  seeds: Number(values.seeds),
  days: Number(values.days),
  factor: Number(values.factor),
  topology: buildTopology(),
  policy: DEFAULT_POLICY,
  baselines: values.baselines,
  say: (line) => process.stdout.write(`${line}\n`),
});
void readFileSync;
process.stdout.write(`${JSON.stringify(summary)}\n`);
process.exitCode = summary.violations === 0 ? 0 : 1;
