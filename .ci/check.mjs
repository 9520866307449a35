/** `npm run check`: everything that needs no running process. Two at a time; the slowest first. */
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { step, steps } from './steps.mjs';

export const UNIT_RESULTS = 'node_modules/.cache/bramble/unit.json';

const STEPS = [
  `unit --reporter=default --reporter=json --outputFile.json=${UNIT_RESULTS}`,
  'lint',
  'types',
  'types:zones',
  'boundaries',
  'unused',
  'proto',
  'style',
];

export async function check() {
  const generated = await step('gen');
  if (!generated.ok) return [generated];
  return steps(STEPS, Math.max(2, Math.min(availableParallelism(), 4)));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const failed = (await check()).filter(({ ok }) => !ok);
  if (failed.length > 0) process.stdout.write(`check failed: ${failed.map(({ script }) => script).join(', ')}\n`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}
