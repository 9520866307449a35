import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { BrambleError } from '../../../../proto/contract/errors.js';

/**
 * flock(1) locks the open file that it inherits, and the lock stays with us when it ends: with the process it goes, by
 * whatever death. Source: flock(1), flock(2). The file is on a local filesystem.
 * @param what for the error: what it is that only one works on
 * @throws BrambleError `unavailable` while another one works, `unsupported` without flock(1)
 */
export async function lockFile(path: string, what: string): Promise<number> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const descriptor = openSync(path, 'a', 0o600);
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      const child = spawn('flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', descriptor] });
      child.on('error', (cause) => {
        reject(new BrambleError('unsupported', 'this machine has no flock program (util-linux)', { cause }));
      });
      child.on('exit', resolve);
    });
    if (status === 0) return descriptor;
    throw new BrambleError('unavailable', `another helper works on ${what} right now`);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Works while nobody else does. @throws BrambleError as lockFile(), and of the work */
export async function whileLocked<T>(path: string, what: string, work: () => Promise<T>): Promise<T> {
  const descriptor = await lockFile(path, what);
  try {
    return await work();
  } finally {
    closeSync(descriptor);
  }
}
