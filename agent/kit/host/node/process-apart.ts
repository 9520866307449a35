import { spawn } from 'node:child_process';
import { BrambleError } from '../../../../proto/contract/errors.js';
import type { Exec, KernelFiles } from '../ports.js';

export interface ProcessApart {
  /** Of the transient unit, where systemd runs it. */
  readonly unit: string;
  readonly args: readonly string[];
}

const TIMEOUT_MS = 20_000;

/**
 * Starts this program once more, outside of the unit and the process group that asks: it lives on when they end. Resolves when it
 * runs. Source: systemd-run(1), --service-type=exec.
 * @throws BrambleError `unavailable`
 */
export async function startApart(
  { exec, kernel }: { readonly exec: Exec; readonly kernel: Pick<KernelFiles, 'list'> },
  { unit, args }: ProcessApart,
  signal: AbortSignal,
): Promise<void> {
  const [, program = ''] = process.argv;
  const command = [process.execPath, ...process.execArgv, program, ...args] as const;
  // sd_booted(3): this directory is what tells.
  if (kernel.list('/run/systemd/system') === undefined) return startDetached(command);
  const options = ['--quiet', '--collect', '--service-type=exec', '--property=Restart=on-failure', `--unit=${unit}`];
  const { status, stderr } = await exec.run(['systemd-run', ...options, '--', ...command], {
    signal,
    timeoutMs: TIMEOUT_MS,
  });
  if (status === 0) return;
  throw new BrambleError('unavailable', `systemd-run: ${stderr.trim().slice(0, 200)}`);
}

function startDetached([program, ...args]: readonly [string, ...string[]]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { detached: true, stdio: 'ignore' });
    child.once('error', (cause) => {
      reject(new BrambleError('unavailable', 'no further process can be started', { cause }));
    });
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
  });
}
