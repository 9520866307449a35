import { expect, test } from 'vitest';
import { makeNodeClock } from './clock.js';
import { makeNodeExec } from './exec.js';

const exec = makeNodeExec();
const limits = { signal: new AbortController().signal, timeoutMs: 10_000 };

test('a program sees no environment but PATH, HOME and the C locale', async () => {
  const { stdout } = await exec.run(['env'], limits);
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0])
      .sort(),
  ).toEqual(['HOME', 'LC_ALL', 'PATH']);
});

test('output beyond 1 MiB is swallowed, and the program still ends', async () => {
  const { status, stdout } = await exec.run(['seq', '1', '1000000'], limits);
  expect(status).toBe(0);
  expect(stdout).toHaveLength(2 ** 20);
});

test('what a program has started ends with it at a timeout', async () => {
  const script = 'sleep 31.4159 & echo $!; wait';
  const clock = makeNodeClock();
  const before = clock.monotonicMs();
  const running = exec.run(['sh', '-c', script], { ...limits, timeoutMs: 100 });
  await expect(running).rejects.toMatchObject({ code: 'deadline-exceeded' });
  expect(clock.monotonicMs() - before).toBeLessThan(5_000);
  // The killed grandchild may take a moment to be gone.
  await expect.poll(async () => (await exec.run(['pgrep', '-f', 'sleep 31.4159'], limits)).stdout).toBe('');
});

test('a program that a signal ended has no exit status', async () => {
  expect(await exec.run(['sh', '-c', 'kill -9 $$'], limits)).toMatchObject({ status: undefined });
});

test('input that a program does not read is no failure', async () => {
  const result = await exec.run(['true'], { ...limits, input: 'x'.repeat(1_000_000) });
  expect(result.status).toBe(0);
});

test('a file that is no program is permission-denied', async () => {
  await expect(exec.run(['/etc/passwd'], limits)).rejects.toMatchObject({ code: 'permission-denied' });
});

test('arguments that no kernel takes are refused', async () => {
  await expect(exec.run(['true', 'a\0b'], limits)).rejects.toMatchObject({ code: 'invalid-argument' });
  await expect(exec.run(['true', 'x'.repeat(10_000_000)], limits)).rejects.toMatchObject({ code: 'invalid-argument' });
});
