import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { VERSION } from '../../proto/contract/build.js';
import type { Clock } from '../../proto/contract/clock.js';
import type { MadeBackup } from '../usecases/backups.js';
import { copyFolder, exists, sha256Of, syncPath, writeSecret } from './files.js';
import { DATABASE_FILE, KEYS_DIR, MANIFEST_FILE, type Manifest } from './manifest.js';

/** Older ones make way: a full disk would stop the controller. */
const KEPT = 10;
const NAME = /^bramble-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/;
const UNFINISHED = '.partial';

export interface BackupFolderDeps {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly schemaVersion: number;
  /** Writes a consistent copy of the database into a new file. */
  readonly copyDatabase: (toPath: string) => Promise<void>;
}

/**
 * Backups in the data directory, one folder each. The names are this program's own, so that nobody who asks for a backup
 * chooses where a copy of the keys is written.
 */
export class BackupFolder {
  readonly #deps: BackupFolderDeps;
  readonly #dir: string;

  constructor(deps: BackupFolderDeps) {
    this.#deps = deps;
    this.#dir = join(deps.dataDir, 'backups');
  }

  /** Whole and on disk when it resolves. @throws BrambleError `unavailable` (disk), `already-exists` */
  async make(withKeys: boolean): Promise<MadeBackup> {
    const { dataDir, clock, schemaVersion, copyDatabase } = this.#deps;
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    await this.#removeUnfinished();
    const madeAtMs = clock.nowMs();
    const name = `bramble-${new Date(madeAtMs).toISOString().replaceAll(/[-:.]/g, '')}`;
    const path = join(this.#dir, name);
    const partial = `${path}${UNFINISHED}`;
    await mkdir(partial, { mode: 0o700 });
    try {
      await copyDatabase(join(partial, DATABASE_FILE));
      const keys = withKeys ? await copyFolder(join(dataDir, KEYS_DIR), join(partial, KEYS_DIR)) : [];
      const paths = [DATABASE_FILE, ...keys.map((key) => `${KEYS_DIR}/${key}`)];
      const files = await Promise.all(paths.map((file) => describe(partial, file)));
      const manifest: Manifest = { format: 'bramble-backup-1', madeAtMs, version: VERSION, schemaVersion, files };
      await writeSecret(join(partial, MANIFEST_FILE), `${JSON.stringify(manifest, undefined, 2)}\n`);
      await syncPath(partial);
      await rename(partial, path);
      await syncPath(this.#dir);
      await this.#removeOldest();
      const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
      return { name, path, madeAtMs, schemaVersion, sizeBytes, withKeys };
    } catch (thrown) {
      await rm(partial, { recursive: true, force: true });
      throw thrown;
    }
  }

  async #removeOldest(): Promise<void> {
    const names = (await readdir(this.#dir)).filter((name) => NAME.test(name)).sort();
    for (const name of names.slice(0, -KEPT)) await rm(join(this.#dir, name), { recursive: true, force: true });
  }

  /** Of a controller that was killed while it wrote one. */
  async #removeUnfinished(): Promise<void> {
    for (const name of await readdir(this.#dir)) {
      if (name.endsWith(UNFINISHED)) await rm(join(this.#dir, name), { recursive: true, force: true });
    }
  }
}

async function describe(dir: string, path: string): Promise<Manifest['files'][number]> {
  const full = join(dir, path);
  return { path, sizeBytes: (await stat(full)).size, sha256: await sha256Of(full) };
}

/** When the newest backup that is kept in a data directory was made; `undefined` = there is none. */
export async function newestBackupMs(dataDir: string): Promise<number | undefined> {
  const names = await readdir(join(dataDir, 'backups')).catch(() => []); // made with the first backup
  const newest = names
    .filter((name) => NAME.test(name))
    .sort()
    .at(-1);
  return newest === undefined ? undefined : Date.parse(newest.replace(NAME, '$1-$2-$3T$4:$5:$6.$7Z'));
}

/** What a cut-off restore leaves behind; see restore.ts. */
export async function isRestoreUnfinished(dataDir: string): Promise<boolean> {
  return exists(join(dataDir, UNFINISHED_RESTORE));
}

export const UNFINISHED_RESTORE = 'restore-unfinished';
