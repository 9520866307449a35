import { BrambleError } from '../../../proto/contract/errors.js';
import type { Exec, KernelFiles } from '../host/ports.js';
import { runAsSystem } from '../machine/run-as-system.js';
import type { BootServices } from './boot-applier.js';

const TIMEOUT_MS = 50_000;
/** Our own unit: its death or a restart of an agent never touches it. */
const DNSMASQ_UNIT = 'bramble-dnsmasq.service';
const CHRONY_UNIT = 'chrony.service';
/** exportfs writes /var/lib/nfs and speaks to nfsd; ifreload sets links up. */
const RIGHTS = 'CAP_SYS_ADMIN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_NET_ADMIN';

/**
 * The same daemons where no service manager keeps them, such as in a container: told by their own programs. Nobody starts
 * dnsmasq again there when it ends.
 */
export function makeProgramBootServices(
  exec: Exec,
  { conf, pid }: { readonly conf: string; readonly pid: string },
): BootServices {
  const run = (argv: Argv, signal: AbortSignal) => exec.run(argv, { signal, timeoutMs: TIMEOUT_MS });
  const must = async (argv: Argv, signal: AbortSignal): Promise<void> => {
    const { status, stderr } = await run(argv, signal);
    if (status !== 0) throw new BrambleError('failed-precondition', `${argv[0]}: ${stderr.trim().slice(0, 300)}`);
  };
  return {
    checkDnsmasq: async (path, signal) => {
      const { status, stderr } = await run(['dnsmasq', '--test', `--conf-file=${path}`], signal);
      return status === 0 ? undefined : stderr.trim().slice(0, 300);
    },
    reloadDnsmasq: (signal) => must(['pkill', '-HUP', '-F', pid], signal),
    restartDnsmasq: async (signal) => {
      await run(['pkill', '-F', pid], signal); // none that runs is fine
      await must(['dnsmasq', `--conf-file=${conf}`], signal);
    },
    reExport: (signal) => must(['exportfs', '-r'], signal),
    reloadInterfaces: (signal) => must(['ifreload', '-a'], signal),
    reloadTime: () => Promise.resolve(),
  };
}

/** Daemons that somebody else keeps: the files are written, and nobody is told. */
export function makeNoBootServices(): BootServices {
  const nobody = (): Promise<undefined> => Promise.resolve(undefined);
  return {
    checkDnsmasq: nobody,
    reloadDnsmasq: nobody,
    restartDnsmasq: nobody,
    reExport: nobody,
    reloadInterfaces: nobody,
    reloadTime: nobody,
  };
}

type Argv = readonly [string, ...string[]];

/** The daemons of the boot path under systemd. Sources: systemctl(1), exportfs(8), ifreload(8), dnsmasq(8), --test. */
export function makeSystemBootServices(on: { readonly exec: Exec; readonly kernel: KernelFiles }): BootServices {
  const run = async (argv: Argv, signal: AbortSignal): Promise<string | undefined> => {
    const { status, stderr, stdout } = await runAsSystem(on, argv, { signal, timeoutMs: TIMEOUT_MS }, RIGHTS);
    if (status === 0) return undefined;
    const words = `${stderr}${stdout}`.trim().replaceAll(/\s+/g, ' ').slice(0, 300);
    return words === '' ? `ended with ${status ?? 'a signal'}` : words;
  };
  const must = async (argv: Argv, signal: AbortSignal): Promise<void> => {
    const why = await run(argv, signal);
    if (why !== undefined) throw new BrambleError('failed-precondition', `${argv[0]}: ${why}`);
  };
  return {
    checkDnsmasq: (path, signal) => run(['dnsmasq', '--test', `--conf-file=${path}`], signal),
    reloadDnsmasq: (signal) => must(['systemctl', 'reload', DNSMASQ_UNIT], signal),
    restartDnsmasq: (signal) => must(['systemctl', 'restart', DNSMASQ_UNIT], signal),
    reExport: (signal) => must(['exportfs', '-r'], signal),
    reloadInterfaces: (signal) => must(['ifreload', '-a'], signal),
    // A fileserver without chrony serves no time; that is told by its own facts, and stops no board.
    reloadTime: (signal) => must(['systemctl', 'try-restart', CHRONY_UNIT], signal),
  };
}
