import { constants, open } from 'node:fs/promises';
import { BrambleError } from '../../../../proto/contract/errors.js';
import { storageError } from '../storage-error.js';
import { errnoOf } from './errno.js';

const SIZE_LIMIT_BYTES = 64 * 1024;

/**
 * Text of a file that only `ownerUid` can have written: it owns it, nobody else may write it, and the last name of the
 * path is no link.
 * @throws BrambleError `failed-precondition` (absent, or others may write it), or that of the storage
 */
export async function readOwnedText(path: string, ownerUid: number): Promise<string> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { uid, mode, size } = await handle.stat();
      if (uid !== ownerUid || (mode & 0o022) !== 0) {
        const hint = `chown ${ownerUid} ${path} && chmod go-w ${path}`;
        throw new BrambleError('failed-precondition', `${path} could have been written by somebody else`, { hint });
      }
      if (size > SIZE_LIMIT_BYTES) throw storageError('EFBIG', `reading ${path}`);
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    if (errno === 'ENOENT') throw new BrambleError('failed-precondition', `${path} does not exist`, { cause: error });
    throw storageError(errno, `reading ${path}`, error);
  }
}
