import { BrambleError } from '../../../proto/contract/errors.js';
import { wholeNumber } from './sample.js';

/** USER_HZ: the tick in which Linux reports process times to user space on every architecture that Node runs on, ms. */
const TICK_MS = 10;

/**
 * Resident memory from /proc/PID/status. Not from statm: that counts pages, and a Pi 5's are of 16 KiB.
 * Source: proc_pid_status(5), VmRSS; its "kB" are 1024 bytes.
 * @throws BrambleError `data-loss`
 */
export function parseResidentBytes(status: string): number {
  const kib = /^VmRSS:\s+(\d+) kB\n/m.exec(status)?.[1];
  return wholeNumber(kib, '/proc/self/status VmRSS') * 1024;
}

/**
 * User and system time from /proc/PID/stat, ms. Source: proc_pid_stat(5), fields 14 and 15.
 * @throws BrambleError `data-loss`
 */
export function parseCpuMs(stat: string): number {
  // The second field is the program's name in parentheses, and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (!stat.endsWith('\n') || fields.length < 15) throw new BrambleError('data-loss', '/proc/self/stat: cut short');
  return (
    (wholeNumber(fields[11], '/proc/self/stat utime') + wholeNumber(fields[12], '/proc/self/stat stime')) * TICK_MS
  );
}

/**
 * Bytes that the process caused to be written to storage, from /proc/PID/io. Source: proc_pid_io(5), write_bytes.
 * @throws BrambleError `data-loss`
 */
export function parseWrittenBytes(io: string): number {
  return wholeNumber(/^write_bytes: (\d+)\n/m.exec(io)?.[1], '/proc/self/io write_bytes');
}
