import { BrambleError } from '../../../proto/contract/errors.js';
import type { Exec, ExecLimits, ExecResult, KernelFiles } from '../host/ports.js';

/**
 * systemd runs the program, in the namespaces of the system itself: what a sandboxed unit mounts stays in its sandbox. The
 * transient unit is as narrow as a remount or a word to the time service allows.
 */
const BY_SYSTEMD = [
  'systemd-run',
  '--quiet',
  '--wait',
  '--pipe',
  '--collect',
  '--service-type=exec',
  '--property=RuntimeMaxSec=60',
  '--property=NoNewPrivileges=yes',
] as const;

const RIGHTS = 'CAP_SYS_ADMIN CAP_DAC_OVERRIDE';

/**
 * Runs a program for the whole system, with the capabilities in `rights` at most. Where systemd is not in charge, as in a container, it runs here.
 * @throws BrambleError `unsupported` (no such program), `deadline-exceeded`, `cancelled`
 */
export async function runAsSystem(
  { exec, kernel }: { readonly exec: Exec; readonly kernel: Pick<KernelFiles, 'list'> },
  argv: readonly [string, ...string[]],
  limits: ExecLimits,
  rights: string = RIGHTS,
): Promise<ExecResult> {
  // sd_booted(3): this directory is what tells.
  const isBySystemd = kernel.list('/run/systemd/system') !== undefined;
  try {
    return await exec.run(
      isBySystemd ? [...BY_SYSTEMD, `--property=CapabilityBoundingSet=${rights}`, '--', ...argv] : argv,
      limits,
    );
  } catch (error) {
    if (BrambleError.from(error).code !== 'not-found') throw error;
    throw new BrambleError('unsupported', `there is no ${isBySystemd ? BY_SYSTEMD[0] : argv[0]} on this machine`, {
      cause: error,
    });
  }
}
