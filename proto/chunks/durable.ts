import { execFile } from 'node:child_process';
import { mkdir, open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BrambleError } from '../contract/errors.js';
import { storageFailure } from './storage-failure.js';

const run = promisify(execFile);
/** A slow disk with gigabytes of unwritten pages; longer than that is a disk that hangs. */
const SYNC_MS_MAX = 600_000;

/** All of the filesystem that `dir` is on, in one go: one sync for each of ten thousand files takes minutes. Source: sync(1), -f. */
export async function syncFilesystem(dir: string): Promise<void> {
  try {
    await run('sync', ['-f', dir], { timeout: SYNC_MS_MAX });
  } catch (thrown) {
    throw new BrambleError('unavailable', `what was written to ${dir} may not be on storage`, { cause: thrown });
  }
}

/** Written aside, synced, renamed; its folder is made (0700) when absent. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const dir = dirname(path);
  const partial = join(dir, `.partial-${basename(path)}`);
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const file = await open(partial, 'w', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
    await syncFolder(dir);
  } catch (thrown) {
    throw storageFailure(thrown, `writing ${path}`);
  }
}

/** A name in it is durable only after this. Source: fsync(2), NOTES. */
export async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
