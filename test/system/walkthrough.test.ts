import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** README promises a living fleet three minutes after `npm ci`; half of them is kept for the build. */
const UP_MS_MAX = 90_000;
/** As many as the commands name; both processes of the site have some. */
const PIS = 8;

interface Step {
  readonly command: string;
  /** What the answer has in it. */
  readonly words: string;
}

/** The commands of README's marked blocks, in their order. */
function stepsOf(markdown: string): readonly Step[] {
  const blocks = [...markdown.matchAll(/^```sh walkthrough\n(.*?)^```$/gms)].map(([, block = '']) => block);
  const lines = blocks.flatMap((block) => block.split('\n')).filter((line) => line !== '');
  return lines.map((line) => {
    const [command = '', words = ''] = line.split('#=>');
    return { command: command.trim(), words: words.trim() };
  });
}

const STEPS = stepsOf(readFileSync('README.md', 'utf8'));

interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** As a reader does it: a shell, in the folder of the checkout. */
function inShell(command: string, cwd: string): Promise<Outcome> {
  const env = { PATH: process.env['PATH'], HOME: cwd };
  return new Promise((resolve) => {
    execFile('bash', ['-c', command], { cwd, env }, (error, out, err) => {
      resolve({ status: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

describe('README’s first ten minutes', () => {
  let dir = '';
  let started: ChildProcess;
  let said = '';

  beforeAll(async () => {
    dir = mkdtempSync(path.join(tmpdir(), 'bramble-walk-'));
    symlinkSync(path.resolve('dist'), path.join(dir, 'dist'));
    const argv = ['dist/bramble-quickstart.mjs', '--data', path.join(dir, '.bramble'), '--port', '0'];
    started = spawn(process.execPath, [...argv, '--demo-pis', String(PIS), '--demo-calm'], {
      cwd: dir,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`not up in ${UP_MS_MAX} ms: ${said}`)), UP_MS_MAX);
      const hear = (chunk: Buffer): void => {
        said += chunk.toString();
        if (!said.includes('Sign in with this link')) return;
        clearTimeout(late);
        resolve();
      };
      started.stdout?.on('data', hear);
      started.stderr?.on('data', hear);
      started.once('exit', (status) => reject(new Error(`it ended with ${status}: ${said}`)));
    });
  });
  afterAll(async () => {
    if (started.exitCode === null) {
      const ended = new Promise((resolve) => started.once('exit', resolve));
      started.kill('SIGINT');
      await ended;
    }
    rmSync(dir, { recursive: true, force: true });
  });

  test('there is a walk, and each step says what comes of it', () => {
    expect(STEPS.length).toBeGreaterThan(10);
    for (const { command, words } of STEPS) expect(words, command).not.toBe('');
  });

  test('the fleet is up with its address and a way in', () => {
    expect(said).toMatch(/^Bramble is up: http:\/\/127\.0\.0\.1:\d+$/m);
  });

  for (const { command, words } of STEPS) {
    test(command, async () => {
      const { status, out, err } = await inShell(command, dir);
      expect({ status, err }).toEqual({ status: 0, err: '' });
      expect(out).toContain(words);
    });
  }
});
