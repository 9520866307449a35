import { BrambleError } from '../../../proto/contract/errors.js';
import type { Exec, ExecLimits, ExecResult } from '../host/ports.js';
import type { Lifetime } from './lifetime.js';
import type { SimWorld } from './sim-world.js';

/** A program of the simulated machine, by the name that argv[0] calls it. */
export type SimProgram = (argv: readonly [string, ...string[]], limits: ExecLimits) => ExecResult | Promise<ExecResult>;

export type SimPrograms = Map<string, SimProgram>;

export function exited(status: number, stdout = '', stderr = ''): ExecResult {
  return { status, stdout, stderr };
}

/** What every machine has: enough to test with, no more. */
export function basicPrograms(world: SimWorld): SimPrograms {
  return new Map<string, SimProgram>([
    ['true', () => exited(0)],
    ['false', () => exited(1)],
    ['cat', (_argv, { input }) => exited(0, input ?? '')],
    ['printf', ([, , ...rest]) => exited(0, rest.map((word) => `${word}\n`).join(''))],
    [
      'sleep',
      ([, seconds]) =>
        new Promise((resolve) => {
          world.after(Number(seconds) * 1000, () => {
            resolve(exited(0));
          });
        }),
    ],
  ]);
}

export function makeSimExec(world: SimWorld, programs: SimPrograms, life: Lifetime): Exec {
  return {
    run: (argv, limits) =>
      life.guard(async () => {
        const [name] = argv;
        const program = programs.get(name);
        if (program === undefined) throw new BrambleError('not-found', `no such program: ${name}`);
        if (limits.signal.aborted) throw cancelled(name);
        return race(world, name, limits, async () => program(argv, limits));
      }),
  };
}

function race(world: SimWorld, name: string, limits: ExecLimits, work: () => Promise<ExecResult>): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      timer.cancel();
      limits.signal.removeEventListener('abort', onAbort);
      settle();
    };
    const onAbort = (): void => {
      finish(() => {
        reject(cancelled(name));
      });
    };
    const timer = world.after(limits.timeoutMs, () => {
      const error = new BrambleError('deadline-exceeded', `${name} took longer than ${limits.timeoutMs} ms`);
      finish(() => {
        reject(error);
      });
    });
    limits.signal.addEventListener('abort', onAbort, { once: true });
    work().then(
      (result) => {
        finish(() => {
          resolve(result);
        });
      },
      (error: unknown) => {
        finish(() => {
          reject(error);
        });
      },
    );
  });
}

function cancelled(name: string): BrambleError {
  return new BrambleError('cancelled', `${name} was cancelled`);
}
