import type { Exec } from '../../agent/kit/host/ports.js';
import { BrambleError } from '../../proto/contract/errors.js';

const TIMEOUT_MS = 10_000;

/** Standard output of a program that must succeed. @throws BrambleError `failed-precondition` with its words */
export async function runProgram(
  exec: Exec,
  argv: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<string> {
  const { status, stdout, stderr } = await exec.run(argv, { signal, timeoutMs: TIMEOUT_MS });
  if (status === 0) return stdout;
  const words = `${stderr}${stdout}`.trim().replaceAll(/\s+/g, ' ').slice(0, 200);
  throw new BrambleError('failed-precondition', `${argv[0]}: ${words === '' ? `ended with ${status}` : words}`);
}

/** As the kernel takes it: nothing that a program could read as an option, a pattern or a list. */
export function assertPortName(port: string): void {
  if (/^[a-z][a-z0-9_-]{0,14}$/.test(port)) return;
  throw new BrambleError('invalid-argument', `not the name of a port: ${JSON.stringify(port.slice(0, 40))}`);
}
