import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, mkdir, open, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Copies the plain files of a folder, 0700 and 0600, each on disk when this returns; their names. */
export async function copyFolder(from: string, to: string): Promise<readonly string[]> {
  await mkdir(to, { mode: 0o700 });
  const entries = await readdir(from, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  for (const name of names) await copySecret(join(from, name), join(to, name));
  await syncPath(to);
  return names.sort();
}

/** A copy that its owner alone may read, from its first byte on. */
export async function copySecret(from: string, to: string): Promise<void> {
  const target = await open(to, 'wx', 0o600);
  await target.close();
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  const written = await open(to, 'r+');
  try {
    await written.chmod(0o600); // copyFile(3) gives it the mode of the original where the kernel copies
    await written.sync();
  } finally {
    await written.close();
  }
}

export async function writeSecret(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a name durable, or its being gone. */
export async function syncPath(path: string): Promise<void> {
  const dir = await open(path, 'r');
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
}

/** Lower-case hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Moves it when it is there. */
export async function moveIfThere(from: string, to: string): Promise<void> {
  if (await exists(from)) await rename(from, to);
}
