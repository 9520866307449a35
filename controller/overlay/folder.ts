import { access, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BrambleError } from '../../proto/contract/errors.js';
import type { FolderChange, FolderFiles } from '../../proto/contract/overlay/folder.js';
import { GATEWAY_FILES } from '../../proto/contract/overlay/server-config.js';
import type { OverlayFolder } from '../usecases/overlay/ports.js';

const FILE_MODE = 0o640;

/**
 * A gateway's files, readable for the group of their folder: the process runs as a user of its own, which may read all of
 * this and nothing else of the controller's. The folders are packaged, and hand their group on (setgid).
 */
export class GatewayFolder implements OverlayFolder {
  readonly #dir: string;

  /** @param dir absolute */
  constructor(dir: string) {
    this.#dir = dir;
  }

  async read(): Promise<FolderFiles> {
    const files = new Map<string, string>();
    for (const name of [GATEWAY_FILES.config, GATEWAY_FILES.policy, GATEWAY_FILES.shaping]) {
      const text = await this.#readText(name);
      if (text !== undefined) files.set(name, text);
    }
    for (const name of await this.#clientNames()) {
      const path = `${GATEWAY_FILES.clients}/${name}`;
      const text = await this.#readText(path);
      if (text !== undefined) files.set(path, text);
    }
    return files;
  }

  async apply(changes: readonly FolderChange[]): Promise<void> {
    await mkdir(join(this.#dir, GATEWAY_FILES.clients), { recursive: true });
    for (const { path, content } of changes) {
      if (content === undefined) await rm(join(this.#dir, path), { force: true });
      else await this.#write(path, content);
    }
    for (const folder of new Set(changes.map(({ path }) => dirname(join(this.#dir, path))))) await syncFolder(folder);
  }

  async hasSecret(name: string): Promise<boolean> {
    return await access(join(this.#dir, name)).then(
      () => true,
      () => false,
    );
  }

  async writeSecret(name: string, content: string): Promise<void> {
    await mkdir(this.#dir, { recursive: true });
    await this.#write(name, content);
    await syncFolder(this.#dir);
  }

  /** Beside its place under a name that OpenVPN never asks for, then in its place. */
  async #write(path: string, content: string): Promise<void> {
    const target = join(this.#dir, path);
    const temporary = join(dirname(target), `.new-${path.replaceAll('/', '-')}`);
    try {
      const file = await open(temporary, 'w', FILE_MODE);
      try {
        await file.chmod(FILE_MODE); // whatever the umask leaves
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, target);
    } catch (cause) {
      throw new BrambleError('unavailable', `cannot write ${target}`, {
        cause,
        hint: 'look for a full or read-only disk',
      });
    }
  }

  async #clientNames(): Promise<readonly string[]> {
    const names = await readdir(join(this.#dir, GATEWAY_FILES.clients)).catch(() => []); // not made yet
    return names.filter((name) => !name.startsWith('.')).sort();
  }

  async #readText(path: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.#dir, path), 'utf8');
    } catch (thrown) {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
      throw new BrambleError('failed-precondition', `cannot read ${join(this.#dir, path)}`, {
        cause: thrown,
        hint: 'give it to the user that runs the controller',
      });
    }
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}
