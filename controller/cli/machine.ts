import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, cp, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BrambleError } from '../../proto/contract/errors.js';

/** What the CLI does on the machine that it runs on, beside talking to a controller. */

const OUTPUT_BYTES_MAX = 1024 * 1024;

/** Under its name only when it is whole. */
export async function copyFolder(from: string, to: string): Promise<void> {
  const partial = `${to}.partial`;
  try {
    await rm(partial, { recursive: true, force: true });
    await cp(from, partial, { recursive: true, errorOnExist: true, force: false });
    await chmod(partial, 0o700);
    for (const entry of await readdir(partial, { withFileTypes: true, recursive: true })) {
      await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o700 : 0o600);
    }
    await rename(partial, to);
  } catch (cause) {
    await rm(partial, { recursive: true, force: true });
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BrambleError('invalid-argument', `${from} cannot be copied to ${to}: ${why}`, {
      hint: 'the backup is whole where the controller wrote it; name a new folder that you may write',
      cause,
    });
  }
}

/** The controller that was installed beside this program. */
export function runController(args: readonly string[]): Promise<{ readonly exitCode: number; readonly out: string }> {
  const program = fileURLToPath(new URL('./bramble-controller.mjs', import.meta.url));
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: OUTPUT_BYTES_MAX, encoding: 'utf8' } as const;
    execFile(process.execPath, [program, ...args], options, (error, out, err) => {
      process.stderr.write(err);
      if (error === null) resolve({ exitCode: 0, out });
      else if (typeof error.code === 'number') resolve({ exitCode: error.code, out });
      else reject(new BrambleError('unavailable', `${program} cannot be run: ${error.message}`, { cause: error }));
    });
  });
}

export function readTextIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR'))
      return undefined;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BrambleError('invalid-argument', `${path} cannot be read: ${why}`, { cause });
  }
}

/** Under its name only when it is whole, 0600. */
export async function saveConfig(path: string, text: string): Promise<void> {
  const partial = `${path}.partial`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rm(partial, { force: true });
    const file = await open(partial, 'wx', 0o600);
    await file
      .writeFile(text)
      .then(() => file.sync())
      .finally(() => file.close());
    await rename(partial, path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BrambleError('failed-precondition', `${path} cannot be written: ${why}`, { cause });
  }
}
