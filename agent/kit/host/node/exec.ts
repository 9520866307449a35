import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { BrambleError } from '../../../../proto/contract/errors.js';
import type { Exec, ExecLimits, ExecResult } from '../ports.js';
import { errnoOf } from './errno.js';

const OUTPUT_LIMIT_BYTES = 2 ** 20;

/** Nothing of the agent's own environment reaches a program; words in its output do not depend on a locale. */
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  HOME: '/',
} as const;

export function makeNodeExec(): Exec {
  return { run };
}

function run(argv: readonly [string, ...string[]], limits: ExecLimits): Promise<ExecResult> {
  const [program, ...args] = argv;
  if (limits.signal.aborted) return Promise.reject(new BrambleError('cancelled', `${program} was cancelled`));
  return new Promise((resolve, reject) => {
    const child = start(program, args);
    const stdout = new CappedText();
    const stderr = new CappedText();
    const stop = (error: BrambleError): void => {
      finish();
      killGroup(child);
      reject(error);
    };
    const onAbort = (): void => {
      stop(new BrambleError('cancelled', `${program} was cancelled`));
    };
    const timer = setTimeout(() => {
      stop(new BrambleError('deadline-exceeded', `${program} took longer than ${limits.timeoutMs} ms`));
    }, limits.timeoutMs);
    const finish = (): void => {
      clearTimeout(timer);
      limits.signal.removeEventListener('abort', onAbort);
    };
    limits.signal.addEventListener('abort', onAbort, { once: true });
    child.on('error', (error) => {
      finish();
      reject(startError(program, error));
    });
    if (child.pid === undefined) return; // it has no pipes either; the error follows
    child.stdout.on('data', (chunk: Buffer) => {
      stdout.add(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr.add(chunk);
    });
    child.stdin.on('error', () => {}); // a program that does not read its input is no failure
    child.stdin.end(limits.input ?? '');
    child.on('close', (status) => {
      finish();
      resolve({ status: status ?? undefined, stdout: stdout.text(), stderr: stderr.text() });
    });
  });
}

function start(program: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  try {
    // A process group of its own, so that a timeout also ends what the program has started.
    return spawn(program, args, { cwd: '/', env: ENVIRONMENT, shell: false, detached: true, stdio: 'pipe' });
  } catch (cause) {
    // Node throws at once for what no kernel would take: a NUL in an argument, too many bytes of them.
    throw new BrambleError('invalid-argument', `${program} cannot be given these arguments`, { cause });
  }
}

/** Also lets go of its pipes: a grandchild that holds them open must not hold the agent. */
function killGroup(child: ChildProcessWithoutNullStreams): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // ESRCH: the group has ended by itself meanwhile.
  }
  child.stdout.destroy();
  child.stderr.destroy();
  child.stdin.destroy();
}

function startError(program: string, cause: Error): BrambleError {
  const errno = errnoOf(cause);
  if (errno === 'ENOENT') return new BrambleError('not-found', `no such program: ${program}`, { cause });
  if (errno === 'EACCES') return new BrambleError('permission-denied', `${program} may not be run`, { cause });
  return new BrambleError('unavailable', `${program} cannot be started: ${cause.message}`, { cause });
}

/** Keeps the first MiB and swallows the rest, so that the program never waits for a reader. */
class CappedText {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  add(chunk: Buffer): void {
    const room = OUTPUT_LIMIT_BYTES - this.#bytes;
    if (room <= 0) return;
    this.#chunks.push(chunk.subarray(0, room));
    this.#bytes += Math.min(chunk.length, room);
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
