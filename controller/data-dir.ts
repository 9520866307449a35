import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BrambleError } from '../proto/contract/errors.js';

/**
 * Makes the data directory when it is absent (0700) and checks that this process may keep its state there.
 * @param path absolute
 * @throws BrambleError `failed-precondition`
 */
export async function prepareDataDir(path: string): Promise<void> {
  try {
    await makeDir(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (thrown) {
    throw new BrambleError('failed-precondition', `cannot write in the data directory ${path}: ${reasonOf(thrown)}`, {
      hint: 'give the directory to the user that runs the controller, or name another one with --data',
      cause: thrown,
    });
  }
  const { mode } = await stat(path);
  if ((mode & 0o022) !== 0) {
    throw new BrambleError('failed-precondition', `others may write in the data directory ${path}`, {
      hint: `it holds the keys of the fleet: run chmod 700 ${path}`,
    });
  }
}

/** Node's own `recursive` tries for ever where the kernel lets nobody make a directory (/proc, /sys). */
async function makeDir(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path || (await exists(parent))) throw thrown;
    await makeDir(parent);
    await mkdir(path, { mode: 0o700 });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
}

function reasonOf(thrown: unknown): string {
  switch (codeOf(thrown)) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EROFS':
      return 'the filesystem is read-only';
    case 'ENOSPC':
      return 'no space left';
    case 'ENOENT':
      return 'no directory can be made there';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a part of the path is not a directory';
    default:
      return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
