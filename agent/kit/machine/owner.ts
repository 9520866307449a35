import { assert } from '../../../proto/contract/assert.js';
import type { KernelFiles } from '../host/ports.js';

/** A process, told apart from a later one with the same number. */
export interface Owner {
  readonly pid: number;
  /** Clock ticks since boot. Source: proc_pid_stat(5), field 22. */
  readonly startedTicks: number;
}

export function ownProcess(kernel: Pick<KernelFiles, 'readText'>): Owner {
  const own = parse(kernel.readText('/proc/self/stat'));
  assert(own !== undefined, 'a process can read its own /proc/self/stat');
  return own;
}

export function isRunning(kernel: Pick<KernelFiles, 'readText'>, { pid, startedTicks }: Owner): boolean {
  return parse(kernel.readText(`/proc/${pid}/stat`))?.startedTicks === startedTicks;
}

/** The name in brackets may hold anything, brackets too: fields are counted from the last one. */
function parse(stat: string | undefined): Owner | undefined {
  const pid = Number(stat?.split(' ', 1)[0]);
  const startedTicks = Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  return Number.isSafeInteger(pid) && Number.isSafeInteger(startedTicks) ? { pid, startedTicks } : undefined;
}
