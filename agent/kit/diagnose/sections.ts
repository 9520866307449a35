import { BrambleError } from '../../../proto/contract/errors.js';
import type { ActionHost } from '../command/handler.js';
import type { KernelLogRecord } from '../host/ports.js';

/** What a bundle is asked to hold beyond what every node has. */
export interface DiagnosePolicy {
  /** Units whose journal is asked for; where a helper reads it, root's own list counts. */
  readonly journalUnits: readonly string[];
  /** Settings of the agent that are no secrets, by name. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** One file of a bundle. Its text may hold secrets: whoever takes it takes them out. */
export interface Section {
  readonly name: string;
  /** @throws BrambleError when it cannot be had */
  read(signal: AbortSignal): Promise<string>;
}

const LINES_MAX = 2_000;
const UNITS_MAX = 8;

/** Kernel files that say what no fact says. None is on a filesystem that may hang. */
const KERNEL_FILES = [
  ['mounts.txt', '/proc/self/mountinfo'],
  ['network/interfaces.txt', '/proc/net/dev'],
  ['network/routes.txt', '/proc/net/route'],
  ['network/addresses6.txt', '/proc/net/if_inet6'],
  ['network/routes6.txt', '/proc/net/ipv6_route'],
  ['system/version.txt', '/proc/version'],
  ['system/interrupts.txt', '/proc/interrupts'],
  ['system/memory.txt', '/proc/meminfo'],
] as const;

/** Small and telling first: a bundle that grows too large loses what comes last. */
export function sectionsOf({ host, agent, commandId }: ActionHost, policy: DiagnosePolicy): readonly Section[] {
  const json = (name: string, value: () => unknown): Section => ({
    name,
    read: async () => `${JSON.stringify(value(), undefined, 2)}\n`,
  });
  return [
    json('agent.json', () => ({ commandId, takenAtUnixMs: host.clock.nowMs(), ...agent.describe() })),
    json('settings.json', () => policy.settings),
    json('report.json', () => ({ facts: agent.samples() })),
    ...KERNEL_FILES.map(([name, path]) => ({ name, read: async () => kernelFile(host.kernel.readText(path), path) })),
    { name: 'kernel.log', read: (signal) => kernelLog(host, signal) },
    ...policy.journalUnits.slice(0, UNITS_MAX).map((unit) => ({
      name: `journal/${unit.replaceAll(/[^A-Za-z0-9@_.-]/g, '_').slice(0, 80)}.log`,
      read: (signal: AbortSignal) => host.machine.journal({ kind: 'unit', unit }, LINES_MAX, signal),
    })),
  ];
}

function kernelFile(text: string | undefined, path: string): string {
  if (text !== undefined) return text;
  throw new BrambleError('not-found', `${path} cannot be read`);
}

/** The kernel's own ring where this process may read it, else what the journal has of it. */
async function kernelLog({ kernelLog: log, machine }: ActionHost['host'], signal: AbortSignal): Promise<string> {
  try {
    return log.last(LINES_MAX).map(renderRecord).join('');
  } catch (error) {
    if (BrambleError.from(error).code !== 'unsupported') throw error;
    return machine.journal({ kind: 'kernel' }, LINES_MAX, signal);
  }
}

function renderRecord({ atMs, facility, level, text }: KernelLogRecord): string {
  return `[${(atMs / 1_000).toFixed(3).padStart(12)}] <${facility * 8 + level}> ${text}\n`;
}
