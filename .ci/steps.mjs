/** Runs npm scripts as steps of a check: several at once, one line each when green, the whole output when red. */
import { spawn } from 'node:child_process';
import { totals } from './totals.mjs';

/**
 * @param {string} script name in package.json, with its arguments
 * @param {{ watch?: boolean, results?: string }} [how] watch: show the output while it runs; results: where its tests
 *   write theirs, so that what failed is named as soon as it ends
 * @returns {Promise<{ script: string, ok: boolean }>}
 */
export async function step(script, { watch = false, results } = {}) {
  const [name, ...words] = script.split(' ');
  const startedMs = performance.now();
  const child = spawn('npm', ['run', '--silent', name, ...(words.length > 0 ? ['--', ...words] : [])], {
    stdio: ['ignore', watch ? 'inherit' : 'pipe', watch ? 'inherit' : 'pipe'],
  });
  const output = [];
  child.stdout?.on('data', (chunk) => output.push(chunk));
  child.stderr?.on('data', (chunk) => output.push(chunk));
  const ok = await new Promise((done) => {
    child.on('error', () => done(false));
    child.on('close', (code) => done(code === 0));
  });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(12)} ${seconds.padStart(6)} s\n`);
  if (!ok) process.stdout.write(Buffer.concat(output).toString());
  if (!ok && results !== undefined) {
    for (const failure of totals([results]).broken) process.stdout.write(`failed: ${failure}\n`);
  }
  return { script: name, ok };
}

/** Runs all steps, at most `width` at a time, to the end even when one fails. */
export async function steps(scripts, width) {
  const waiting = [...scripts];
  const results = [];
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) results.push(await step(next));
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}
