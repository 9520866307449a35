/** `npm test`: the check, the build, the system tests; its last line is the sum of them all. */
import { rmSync } from 'node:fs';
import process from 'node:process';
import { check, UNIT_RESULTS } from './check.mjs';
import { step } from './steps.mjs';
import { totals } from './totals.mjs';

const SYSTEM_RESULTS = 'node_modules/.cache/bramble/system.json';
const RACK_RESULTS = 'node_modules/.cache/bramble/rack.json';

for (const file of [UNIT_RESULTS, SYSTEM_RESULTS, RACK_RESULTS]) rmSync(file, { force: true });

const results = await check();
const built = await step('build');
results.push(built);
if (built.ok) {
  const reporters = (file) => `--reporter=default --reporter=json --outputFile.json=${file}`;
  results.push(await step(`system ${reporters(SYSTEM_RESULTS)}`, { watch: true }));
  // Alone: a rack of emulated machines takes all that this one has.
  results.push(await step(`rack ${reporters(RACK_RESULTS)}`, { watch: true }));
}

const { passed, failed, skipped, broken: failures } = totals([UNIT_RESULTS, SYSTEM_RESULTS, RACK_RESULTS]);
const TESTS = ['unit', 'system', 'rack'];
const broken = results.filter(({ script, ok }) => !ok && !TESTS.includes(script));
if (broken.length > 0)
  process.stdout.write(`failed beside the tests: ${broken.map(({ script }) => script).join(', ')}\n`);
for (const failure of failures) process.stdout.write(`failed: ${failure}\n`);
// A failed step is a failure of the whole, so it counts as one; it never adds to what passed.
const sum = failed + broken.length;
process.stdout.write(`Tests: ${passed} passed, ${sum} failed, ${skipped} skipped\n`);
process.exitCode = sum === 0 && passed > 0 && results.every(({ ok }) => ok) ? 0 : 1;
