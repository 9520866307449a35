import { type FileHandle, open, stat } from 'node:fs/promises';
import type { LocalTime, LogTail, TailPosition, TailRead } from '../log-tail.js';
import { storageError } from '../storage-error.js';
import { errnoOf } from './errno.js';

const READ_MAX_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/**
 * Logs on a local filesystem. A look at a log that did not grow asks for its size and no more: a shelf's is looked at every
 * second, and most seconds nobody writes. The file stays open for as long as it is the one of that name.
 */
export function makeNodeLogTail(): LogTail {
  const opened = new Map<string, OpenLog>();
  return {
    async read(path, from) {
      const now = await readCurrent(opened, path, from);
      if (from === undefined || now?.position.fileId === from.fileId) return now;
      const rest = await restOfRotated(`${path}.1`, from);
      if (rest === undefined) return now;
      // The file before has more: the new one waits.
      if (rest.more || now === undefined) return rest;
      return { ...now, lines: [...rest.lines, ...now.lines], skippedBytes: rest.skippedBytes + now.skippedBytes };
    },
  };
}

interface OpenLog {
  readonly fileId: string;
  readonly handle: FileHandle;
}

async function readCurrent(
  opened: Map<string, OpenLog>,
  path: string,
  from: TailPosition | undefined,
): Promise<TailRead | undefined> {
  const found = await orUndefined(path, () => stat(path));
  let log = opened.get(path);
  if (log !== undefined && log.fileId !== (found && idOf(found))) {
    opened.delete(path);
    await log.handle.close();
    log = undefined;
  }
  if (found === undefined) return undefined;
  if (from !== undefined && from.fileId === idOf(found) && from.offsetBytes === found.size) {
    return { lines: [], position: from, skippedBytes: 0, more: false };
  }
  log ??= await openLog(path);
  if (log === undefined) return undefined;
  opened.set(path, log);
  const { handle, fileId } = log;
  const { size } = fileId === idOf(found) ? found : await handle.stat(); // it was rotated in between
  return orUndefined(path, () => readLines(handle, fileId, startIn(from, fileId, size), size));
}

/** Another file of the name, or the same one cut to nothing: from its beginning. */
function startIn(from: TailPosition | undefined, fileId: string, sizeBytes: number): number {
  if (from === undefined) return Math.max(0, sizeBytes - READ_MAX_BYTES);
  return from.fileId === fileId && from.offsetBytes <= sizeBytes ? from.offsetBytes : 0;
}

async function restOfRotated(path: string, from: TailPosition): Promise<TailRead | undefined> {
  const log = await openLog(path);
  if (log === undefined) return undefined;
  try {
    if (log.fileId !== from.fileId) return undefined;
    const { handle, fileId } = log;
    return await orUndefined(path, async () => readLines(handle, fileId, from.offsetBytes, (await handle.stat()).size));
  } finally {
    await log.handle.close();
  }
}

async function openLog(path: string): Promise<OpenLog | undefined> {
  return orUndefined(path, async () => {
    const handle = await open(path, 'r');
    return { handle, fileId: idOf(await handle.stat()) };
  });
}

const idOf = ({ dev, ino }: { readonly dev: number; readonly ino: number }): string => `${dev}:${ino}`;

/** `undefined` where there is no such file. @throws BrambleError for any other failure of the storage */
async function orUndefined<Found>(path: string, find: () => Promise<Found>): Promise<Found | undefined> {
  try {
    return await find();
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
