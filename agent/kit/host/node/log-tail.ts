import { type FileHandle, open } from 'node:fs/promises';
import type { LocalTime, LogTail, TailPosition, TailRead } from '../log-tail.js';
import { storageError } from '../storage-error.js';
import { errnoOf } from './errno.js';

const READ_MAX_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** Logs on a local filesystem. Opens them anew at every read: a file that is kept open would be the rotated one. */
export function makeNodeLogTail(): LogTail {
  return {
    async read(path, from) {
      const now = await readFrom(path, (fileId, sizeBytes) => {
        if (from === undefined) return Math.max(0, sizeBytes - READ_MAX_BYTES);
        // Another file of the name, or the same one cut to nothing: from its beginning.
        return from.fileId === fileId && from.offsetBytes <= sizeBytes ? from.offsetBytes : 0;
      });
      if (from === undefined || now?.position.fileId === from.fileId) return now;
      const rest = await restOfRotated(`${path}.1`, from);
      if (rest === undefined) return now;
      // The file before has more: the new one waits.
      if (rest.more || now === undefined) return rest;
      return { ...now, lines: [...rest.lines, ...now.lines], skippedBytes: rest.skippedBytes + now.skippedBytes };
    },
  };
}

async function restOfRotated(path: string, from: TailPosition): Promise<TailRead | undefined> {
  const read = await readFrom(path, (fileId, sizeBytes) => (fileId === from.fileId ? from.offsetBytes : sizeBytes));
  return read?.position.fileId === from.fileId ? read : undefined;
}

async function readFrom(
  path: string,
  startOf: (fileId: string, sizeBytes: number) => number,
): Promise<TailRead | undefined> {
  try {
    const handle = await open(path, 'r');
    try {
      const { dev, ino, size } = await handle.stat();
      const fileId = `${dev}:${ino}`;
      return await readLines(handle, fileId, startOf(fileId, size), size);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return undefined;
    if (errno === undefined) throw error;
    throw storageError(errno, `reading ${path}`, error);
  }
}

async function readLines(handle: FileHandle, fileId: string, start: number, size: number): Promise<TailRead> {
  const buffer = Buffer.alloc(Math.min(READ_MAX_BYTES, Math.max(0, size - start)));
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
  const bytes = buffer.subarray(0, bytesRead);
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  // A buffer full of one line is no log: it is passed over, and what follows begins in the middle.
  const isStuck = end === 0 && bytesRead === READ_MAX_BYTES;
  const offsetBytes = start + (isStuck ? bytesRead : end);
  const text = bytes.toString('utf8', 0, Math.max(0, end - 1));
  return {
    lines: end === 0 ? [] : text.split('\n'),
    position: { fileId, offsetBytes },
    skippedBytes: isStuck ? bytesRead : 0,
    more: offsetBytes < size && bytesRead === READ_MAX_BYTES,
  };
}

/** The time zone of this process. */
export const nodeLocalTime: LocalTime = ({ year, month, day, hour, minute, second }, nearMs) => {
  const at = (inYear: number): number => new Date(inYear, month - 1, day, hour, minute, second).getTime();
  if (year !== undefined) return at(year);
  const near = new Date(nearMs).getFullYear();
  const candidates = [near - 1, near, near + 1].map(at);
  return candidates.reduce((best, each) => (Math.abs(each - nearMs) < Math.abs(best - nearMs) ? each : best));
};
