import { BrambleError } from '../../../../proto/contract/errors.js';
import type { Exec } from '../../host/ports.js';

/** A tree of a million files on slow disks; what takes longer hangs. */
const TIMEOUT_MS = 30 * 60_000;

export type Argv = readonly [string, ...string[]];

/**
 * Runs a program of the storage kind to its end. Arguments only: ids of volumes are of a form of ours, and absolute.
 * @throws BrambleError `failed-precondition` with its words, `unsupported` (no such program), `cancelled`
 */
export async function runProgram(exec: Exec, argv: Argv, signal: AbortSignal): Promise<string> {
  const result = await tryProgram(exec, argv, signal);
  if (result.ok) return result.text;
  throw new BrambleError('failed-precondition', `${argv[0]}: ${result.text}`);
}

/** As runProgram; a refusal of the program is a result. */
export async function tryProgram(
  exec: Exec,
  argv: Argv,
  signal: AbortSignal,
): Promise<{ readonly ok: boolean; readonly text: string }> {
  try {
    const { status, stdout, stderr } = await exec.run(argv, { signal, timeoutMs: TIMEOUT_MS });
    if (status === 0) return { ok: true, text: stdout };
    const words = `${stderr}${stdout}`.trim().replaceAll(/\s+/g, ' ').slice(0, 300);
    return { ok: false, text: words === '' ? `ended with ${status ?? 'a signal'}` : words };
  } catch (error) {
    if (BrambleError.from(error).code !== 'not-found') throw error;
    throw new BrambleError('unsupported', `there is no ${argv[0]} on this machine`, { cause: error });
  }
}

/** syncfs(2): one flush for a tree of any size. */
export async function syncFilesystem(exec: Exec, path: string, signal: AbortSignal): Promise<void> {
  await runProgram(exec, ['sync', '--file-system', path], signal);
}
