import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Clock } from '../../proto/contract/clock.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { UNFINISHED_RESTORE } from './backup-folder.js';
import { copySecret, exists, moveIfThere, sha256Of, syncPath, writeSecret } from './files.js';
import { DATABASE_FILE, KEYS_DIR, MANIFEST_FILE, type Manifest, parseManifest } from './manifest.js';

export interface RestoreDeps {
  readonly clock: Clock;
  /** Checks the copy, and marks it so that its controller holds commands. @throws BrambleError */
  readonly adopt: (path: string, becauseOf: string) => void;
}

export interface Restored {
  readonly madeAtMs: number;
  readonly withKeys: boolean;
  /** Where everything is that was replaced; `undefined` when there was nothing. */
  readonly replaced: string | undefined;
}

/**
 * Puts a backup in the place of what the data directory holds. All is copied and checked before anything is replaced, and
 * what is replaced is moved aside, not removed. The caller holds the lock of the data directory.
 * @throws BrambleError `data-loss` (damaged), `failed-precondition` (no keys anywhere, newer schema)
 */
export async function restoreBackup(backup: string, dataDir: string, deps: RestoreDeps): Promise<Restored> {
  const from = resolve(backup);
  const manifest = await readManifest(from);
  const withKeys = manifest.files.some(({ path }) => path.startsWith(`${KEYS_DIR}/`));
  if (!withKeys && !(await exists(join(dataDir, KEYS_DIR)))) {
    throw new BrambleError('failed-precondition', `neither the backup nor ${dataDir} has the keys of the fleet`, {
      hint: `put the folder ${KEYS_DIR} of the old controller there, or restore a backup that was made with its keys`,
    });
  }
  const staged = join(dataDir, 'restore.partial');
  await rm(staged, { recursive: true, force: true });
  await stage(from, staged, manifest);
  const because = `this controller was restored from the backup of ${new Date(manifest.madeAtMs).toISOString()}`;
  deps.adopt(join(staged, DATABASE_FILE), because);
  const replaced = await replace(staged, dataDir, withKeys, deps.clock.nowMs());
  return { madeAtMs: manifest.madeAtMs, withKeys, replaced };
}

async function readManifest(from: string): Promise<Manifest> {
  try {
    return parseManifest(await readFile(join(from, MANIFEST_FILE), 'utf8'), from);
  } catch (cause) {
    if (cause instanceof BrambleError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BrambleError('failed-precondition', `${from} cannot be read as a backup: ${why}`, {
      hint: 'name a folder that bramble backup wrote',
      cause,
    });
  }
}

/** What is checked is the copy: nobody can change it between the check and its use. */
async function stage(from: string, staged: string, manifest: Manifest): Promise<void> {
  await mkdir(staged, { mode: 0o700 });
  await mkdir(join(staged, KEYS_DIR), { mode: 0o700 });
  for (const { path, sha256 } of manifest.files) {
    const copy = join(staged, path);
    await copySecret(join(from, path), copy).catch((cause: unknown) => {
      throw new BrambleError('data-loss', `${path} of the backup ${from} cannot be read`, {
        hint: 'restore another backup',
        cause,
      });
    });
    if ((await sha256Of(copy)) === sha256) continue;
    throw new BrambleError('data-loss', `${path} of the backup ${from} is not what was written there`, {
      hint: 'restore another backup',
    });
  }
  await syncPath(join(staged, KEYS_DIR));
  await syncPath(staged);
}

/** Cut off in here, the mark keeps a controller from starting with half of it; restoring again goes on. */
async function replace(staged: string, dataDir: string, withKeys: boolean, nowMs: number): Promise<string | undefined> {
  const mark = join(dataDir, UNFINISHED_RESTORE);
  await rm(mark, { force: true });
  await writeSecret(mark, 'a restore was cut off: run bramble restore again\n');
  await syncPath(dataDir);
  const aside = join(dataDir, `replaced-${new Date(nowMs).toISOString().replaceAll(/[-:.]/g, '')}`);
  const hadOne = await exists(join(dataDir, DATABASE_FILE));
  await mkdir(aside, { mode: 0o700 });
  // The log goes with its database: one that is applied to another database destroys it.
  for (const suffix of ['', '-wal', '-shm']) {
    await moveIfThere(join(dataDir, `${DATABASE_FILE}${suffix}`), join(aside, `${DATABASE_FILE}${suffix}`));
  }
  if (withKeys) await moveIfThere(join(dataDir, KEYS_DIR), join(aside, KEYS_DIR));
  await syncPath(aside);
  if (withKeys) await rename(join(staged, KEYS_DIR), join(dataDir, KEYS_DIR));
  await rename(join(staged, DATABASE_FILE), join(dataDir, DATABASE_FILE));
  await rm(staged, { recursive: true, force: true });
  await syncPath(dataDir);
  await rm(mark);
  await syncPath(dataDir);
  return hadOne ? aside : undefined;
}
