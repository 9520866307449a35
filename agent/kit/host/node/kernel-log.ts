import { closeSync, constants, openSync, readSync } from 'node:fs';
import { BrambleError } from '../../../../proto/contract/errors.js';
import { type KernelLogRead, KernelLogReader, tailOf } from '../kernel-record.js';
import type { KernelLog } from '../ports.js';
import { errnoOf } from './errno.js';

/** The kernel refuses to cut a record: this is its own bound on one (PRINTKRB_RECORD_MAX and CONSOLE_EXT_LOG_MAX). */
const RECORD_MAX_BYTES = 8 * 1024;

export interface NodeKernelLog extends KernelLog {
  /** Gives the file back; reading opens it again, at the oldest record. */
  close(): void;
}

/**
 * Reads /dev/kmsg: one record per read(2), without waiting. The root, or CAP_SYSLOG where kernel.dmesg_restrict is set (as on
 * Debian), is needed. Source: Linux Documentation/ABI/testing/dev-kmsg.
 */
export function makeKernelLog(path = '/dev/kmsg'): NodeKernelLog {
  const buffer = Buffer.allocUnsafe(RECORD_MAX_BYTES);
  let open: { readonly fd: number; readonly reader: KernelLogReader } | undefined;
  return {
    read: (recordsMax) => {
      if (open === undefined) {
        const fd = openLog(path);
        open = { fd, reader: new KernelLogReader(() => readRecord(fd, buffer)) };
      }
      return open.reader.read(recordsMax);
    },
    last: (recordsMax) => {
      const fd = openLog(path); // each open file has a place of its own in the log
      try {
        return tailOf(new KernelLogReader(() => readRecord(fd, buffer)), recordsMax);
      } finally {
        closeSync(fd);
      }
    },
    close: () => {
      if (open !== undefined) closeSync(open.fd);
      open = undefined;
    },
  };
}

/** A log that belongs to another kernel than the one that runs here: that of a root that is only looked at. */
export function noKernelLog(): KernelLog {
  const refuse = (): never => {
    throw new BrambleError('unsupported', 'the log of another kernel cannot be read');
  };
  return { read: refuse, last: refuse };
}

function openLog(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
    throw unreadable(path, cause);
  }
}

function readRecord(fd: number, buffer: Buffer): KernelLogRead {
  try {
    const count = readSync(fd, buffer, 0, buffer.length, null);
    return count === 0 ? 'empty' : buffer.toString('latin1', 0, count);
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === 'EAGAIN') return 'empty';
    if (errno === 'EPIPE') return 'overwritten';
    throw errno === undefined ? cause : unreadable('the kernel log', cause);
  }
}

function unreadable(what: string, cause: unknown): BrambleError {
  return new BrambleError('unsupported', `${what} cannot be read`, {
    cause,
    hint: 'give the agent CAP_SYSLOG and the device /dev/kmsg (see its systemd unit)',
  });
}
