import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { BrambleError } from '../../../../proto/contract/errors.js';
import type { SysWriter } from '../../machine/led.js';
import { errnoOf } from './errno.js';
import { resolveInRoot } from './root-path.js';

/** Writes attributes that exist, under `root`. Links never lead out of it. */
export function makeSysWriter(root = '/'): SysWriter {
  return {
    write: (path, text) => {
      try {
        const real = root === '/' ? path : resolveInRoot(root, path);
        if (real === undefined) throw new BrambleError('not-found', `${path}: too many links`);
        // No O_CREAT: an attribute is there, or it is not. O_TRUNC is what the shell does; sysfs ignores it.
        const fd = openSync(real, constants.O_WRONLY | constants.O_TRUNC | constants.O_NONBLOCK);
        try {
          writeSync(fd, `${text}\n`);
        } finally {
          closeSync(fd);
        }
      } catch (cause) {
        const errno = errnoOf(cause);
        if (errno === undefined) throw cause;
        throw writeError(path, errno, cause);
      }
    },
  };
}

function writeError(path: string, errno: string, cause: unknown): BrambleError {
  if (errno === 'ENOENT') return new BrambleError('not-found', `there is no ${path}`, { cause });
  if (['EACCES', 'EPERM', 'EROFS'].includes(errno)) {
    const hint = 'the privileged helper unit of the agent may write there';
    return new BrambleError('permission-denied', `${path} may not be written: ${errno}`, { cause, hint });
  }
  return new BrambleError('unavailable', `writing ${path}: ${errno}`, { cause });
}
