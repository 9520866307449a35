import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from '../../setup/node-runtimes.js';

const KEY_CHARS = 16;

/** Told what is being made, because the first time takes minutes. */
export type Say = (line: string) => void;

export interface Artifact {
  readonly name: string;
  /** Everything that decides what is in it: another input is another artifact. */
  readonly inputs: readonly string[];
  /** Fills an empty folder. */
  make(dir: string): Promise<void>;
}

/** The folder of an artifact in the user's cache; made when it is not there. Half of one is never taken for whole. */
export async function cached({ name, inputs, make }: Artifact, say: Say): Promise<string> {
  const key = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, KEY_CHARS);
  const lab = path.join(cacheFolder(), 'lab');
  const dir = path.join(lab, `${name}-${key}`);
  if (existsSync(dir)) return dir;
  mkdirSync(lab, { recursive: true });
  const work = mkdtempSync(path.join(lab, `.${name}-`));
  const startedAtMs = performance.now();
  try {
    await make(work);
    try {
      renameSync(work, dir);
    } catch (thrown) {
      if (!existsSync(dir)) throw thrown; // else somebody else was quicker, with the same content
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  say(`built ${name} in ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`);
  return dir;
}
