import { mkdirSync } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { BrambleError } from '../proto/contract/errors.js';

/**
 * Makes the data directory when it is absent (0700) and checks that this process may keep its state there.
 * @throws BrambleError `failed-precondition`
 */
export async function prepareDataDir(path: string): Promise<void> {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 }); // the asynchronous one never returns for a path below /proc
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

function reasonOf(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EROFS':
      return 'the filesystem is read-only';
    case 'ENOSPC':
      return 'no space left';
    case 'ENOENT':
      return 'it cannot be made there';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a part of the path is not a directory';
    default:
      return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
