import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BrambleError } from '../../proto/contract/errors.js';
import type { DrainHook } from '../usecases/provisioning/ports.js';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 64 * 1024;

export interface CommandOptions {
  /** Absolute path of a program, and its arguments; no shell reads them. */
  readonly command: readonly [string, ...string[]];
  readonly timeoutMs: number;
}

/** Tells by a program of this machine: phase, node, site and kind follow its arguments. Exit code 0 is yes. */
export function commandDrain({ command: [file, ...fixed], timeoutMs }: CommandOptions): DrainHook {
  return async ({ id, phase, node, site, kind }) => {
    try {
      const { stdout } = await run(file, [...fixed, phase, node, site, kind, id], {
        timeout: timeoutMs,
        maxBuffer: OUTPUT_BYTES_MAX,
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, // nothing of ours is its business
        cwd: '/',
      });
      return lastLine(stdout) || 'it said yes';
    } catch (cause) {
      const told =
        typeof cause === 'object' && cause !== null && 'stderr' in cause ? lastLine(String(cause.stderr)) : '';
      throw new BrambleError('failed-precondition', `the drain program said no${told === '' ? '' : `: ${told}`}`, {
        cause,
      });
    }
  };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
}
