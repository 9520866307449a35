import { open } from 'node:fs/promises';
import type { ProgramIo, SettingsFile } from '../../program/program-io.js';
import { storageError } from '../storage-error.js';
import { errnoOf } from './errno.js';

const SIZE_LIMIT_BYTES = 256 * 1024;

/** The process that this program runs in. */
export function makeNodeProgramIo(): ProgramIo {
  return {
    args: process.argv.slice(2),
    environment: process.env,
    out: (text) => {
      process.stdout.write(text);
    },
    error: (text) => {
      process.stderr.write(text);
    },
    stopSignal: () => {
      const stop = new AbortController();
      for (const name of ['SIGTERM', 'SIGINT'] as const) {
        process.on(name, () => {
          stop.abort();
        });
      }
      return stop.signal;
    },
    onCrash: (call) => {
      process.on('uncaughtExceptionMonitor', call);
    },
    readSettings,
  };
}

async function readSettings(path: string): Promise<SettingsFile | undefined> {
  try {
    const handle = await open(path, 'r');
    try {
      // Mode and text of one open file: nobody can put another one in between.
      const { mode, size } = await handle.stat();
      if (size > SIZE_LIMIT_BYTES) throw storageError('EFBIG', `reading ${path}`);
      return { text: await handle.readFile('utf8'), mode: mode & 0o7777 };
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
