/** `npm test`: the check, the build, the system tests; its last line is the sum of them all. */
import { rmSync } from 'node:fs';
import process from 'node:process';
import { check, UNIT_RESULTS } from './check.mjs';
import { step } from './steps.mjs';
import { totals } from './totals.mjs';

const SYSTEM_RESULTS = 'node_modules/.cache/bramble/system.json';
const RACK_RESULTS = 'node_modules/.cache/bramble/rack.json';
const PROVISIONS_RESULTS = 'node_modules/.cache/bramble/rack-provisions.json';
const RESULTS = [UNIT_RESULTS, SYSTEM_RESULTS, RACK_RESULTS, PROVISIONS_RESULTS];

for (const file of RESULTS) rmSync(file, { force: true });

const results = await check();
const built = await step('build');
results.push(built);
if (built.ok) {
  const tests = (name, file) =>
    step(`${name} --reporter=default --reporter=json --outputFile.json=${file}`, { watch: true, results: file });
  results.push(await tests('system', SYSTEM_RESULTS));
  // Nothing else beside them: two racks of emulated machines, which wait for most of their time, take all that this one has.
  const racks = [tests('rack', RACK_RESULTS), tests('rack:provisions', PROVISIONS_RESULTS)];
  results.push(...(await Promise.all(racks)));
}

const { passed, failed, skipped, broken: failures } = totals(RESULTS);
const TESTS = ['unit', 'system', 'rack', 'rack:provisions'];
const broken = results.filter(({ script, ok }) => !ok && !TESTS.includes(script));
if (broken.length > 0)
  process.stdout.write(`failed beside the tests: ${broken.map(({ script }) => script).join(', ')}\n`);
for (const failure of failures) process.stdout.write(`failed: ${failure}\n`);
// A failed step is a failure of the whole, so it counts as one; it never adds to what passed.
const sum = failed + broken.length;
process.stdout.write(`Tests: ${passed} passed, ${sum} failed, ${skipped} skipped\n`);
process.exitCode = sum === 0 && passed > 0 && results.every(({ ok }) => ok) ? 0 : 1;
