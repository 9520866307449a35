import { BrambleError } from '../../../proto/contract/errors.js';
import type { ExportLine } from '../../../proto/contract/netboot/exports.js';
import type { Exec, ExecResult, KernelFiles } from '../host/ports.js';
import { runAsSystem } from '../machine/run-as-system.js';
import type { BootServices } from './boot-applier.js';

const TIMEOUT_MS = 50_000;
/** Our own unit: its death or a restart of an agent never touches it. */
const DNSMASQ_UNIT = 'bramble-dnsmasq.service';
const CHRONY_UNIT = 'chrony.service';
/** exportfs writes /var/lib/nfs and speaks to nfsd; ifreload sets links up; who mounts by NFS has a port below 1024. */
const RIGHTS = 'CAP_SYS_ADMIN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_NET_ADMIN CAP_NET_BIND_SERVICE';
/** Only root of this machine comes from there, by a port below 1024. */
const HERE = '127.0.0.1';
/** It gives up within seconds: a server that does not answer is what is to be found out. Source: nfs(5). */
const PROBE_OPTIONS = 'ro,nosuid,nodev,noexec,vers=3,proto=tcp,nolock,soft,timeo=50,retrans=1,retry=0';
const WORDS_MAX = 300;
/** Each of them starts a program. */
const LOOKS_MAX = 200;

type Argv = readonly [string, ...string[]];

/** A program's end, as these services need it: what it said, and why it failed. */
interface Ended {
  readonly out: string;
  readonly why: string | undefined;
}

type RunProgram = (argv: Argv, signal: AbortSignal) => Promise<Ended>;

/**
 * The same daemons where no service manager keeps them, such as in a container: told by their own programs. Nobody starts
 * dnsmasq again there when it ends.
 */
export function makeProgramBootServices(
  exec: Exec,
  { conf, pid }: { readonly conf: string; readonly pid: string },
): BootServices {
  const run: RunProgram = async (argv, signal) => ended(await exec.run(argv, { signal, timeoutMs: TIMEOUT_MS }));
  const must = mustOf(run);
  return {
    ...commonServices(run),
    reloadDnsmasq: (signal) => must(['pkill', '-HUP', '-F', pid], signal),
    restartDnsmasq: async (signal) => {
      await run(['pkill', '-F', pid], signal); // none that runs is fine
      // Until it has gone it has the ports; it takes milliseconds.
      for (let look = 0; look < LOOKS_MAX && (await run(['pkill', '-0', '-F', pid], signal)).why === undefined; look++);
      await must(['dnsmasq', `--conf-file=${conf}`], signal);
    },
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
    probeMount: nobody,
  };
}

/** The daemons of the boot path under systemd. Source: systemctl(1). */
export function makeSystemBootServices(on: { readonly exec: Exec; readonly kernel: KernelFiles }): BootServices {
  const run: RunProgram = async (argv, signal) =>
    ended(await runAsSystem(on, argv, { signal, timeoutMs: TIMEOUT_MS }, RIGHTS));
  const must = mustOf(run);
  return {
    ...commonServices(run),
    reloadDnsmasq: (signal) => must(['systemctl', 'reload', DNSMASQ_UNIT], signal),
    restartDnsmasq: (signal) => must(['systemctl', 'restart', DNSMASQ_UNIT], signal),
    // A fileserver without chrony serves no time; that is told by its own facts, and stops no board.
    reloadTime: (signal) => must(['systemctl', 'try-restart', CHRONY_UNIT], signal),
  };
}

/** What no service manager has to do with. Sources: exportfs(8), ifreload(8), dnsmasq(8), --test. */
function commonServices(
  run: RunProgram,
): Pick<BootServices, 'checkDnsmasq' | 'reExport' | 'reloadInterfaces' | 'probeMount'> {
  const must = mustOf(run);
  return {
    checkDnsmasq: async (path, signal) => (await run(['dnsmasq', '--test', `--conf-file=${path}`], signal)).why,
    reExport: (signal) => must(['exportfs', '-r'], signal),
    reloadInterfaces: (signal) => must(['ifreload', '-a'], signal),
    probeMount: (line, folder, signal) => probeMount(run, line, folder, signal),
  };
}

/**
 * A board's own address cannot be borrowed, so the same directory is exported to this machine as well for as long as the mount
 * takes, read-only; what a crash leaves of that the next exportfs -r takes away.
 */
async function probeMount(
  run: RunProgram,
  { path, address, fsid }: ExportLine,
  folder: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const real = await run(['realpath', '-e', path], signal);
  if (real.why !== undefined) return real.why;
  const { out, why } = await run(['exportfs', '-s'], signal);
  if (why !== undefined) return why;
  // A board's root is a link to its generation, and what the link led to when it was exported is what is listed.
  const target = real.out.trim();
  const isExported = out.split('\n').some((each) => each.split(/\s+/)[0] === target && each.includes(`${address}(`));
  if (!isExported) return `it is not exported to ${address}`;
  // By what it is listed as: exportfs -u does not follow the link.
  const here = `${HERE}:${target}`;
  const shared = await run(['exportfs', '-o', `ro,root_squash,no_subtree_check,fsid=${fsid}`, here], signal);
  if (shared.why !== undefined) return shared.why;
  try {
    const mounted = await run(['mount', '-t', 'nfs', '-o', PROBE_OPTIONS, `${HERE}:${path}`, folder], signal);
    return mounted.why ?? (await run(['umount', folder], signal)).why;
  } finally {
    await run(['exportfs', '-u', here], signal);
  }
}

function mustOf(run: RunProgram): (argv: Argv, signal: AbortSignal) => Promise<void> {
  return async (argv, signal) => {
    const { why } = await run(argv, signal);
    if (why !== undefined) throw new BrambleError('failed-precondition', `${argv[0]}: ${why}`);
  };
}

function ended({ status, stdout, stderr }: ExecResult): Ended {
  if (status === 0) return { out: stdout, why: undefined };
  const words = `${stderr}${stdout}`.trim().replaceAll(/\s+/g, ' ').slice(0, WORDS_MAX);
  return { out: stdout, why: words === '' ? `ended with ${status ?? 'a signal'}` : words };
}
