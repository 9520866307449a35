import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from '../../setup/node-runtimes.js';
import { isSame, startTimeOf } from '../host/process.js';

const KEY_CHARS = 16;
/** Artifacts that nothing has asked for in this time make room for new ones. */
const UNUSED_MS_MAX = 14 * 86_400_000;

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
  const lab = labCache();
  const dir = path.join(lab, `${name}-${key}`);
  if (existsSync(dir)) {
    utimesSync(dir, new Date(), new Date()); // in use: see sweepCache()
    return dir;
  }
  mkdirSync(lab, { recursive: true });
  sweepCache(name);
  const work = mkdtempSync(path.join(lab, `.${name}-${process.pid}.${startTimeOf(process.pid) ?? ''}-`));
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

/** Removes what makers left that did not live to clean up; with a name, also what has long not been used of that name. */
export function sweepCache(name?: string): void {
  const lab = labCache();
  for (const each of existsSync(lab) ? readdirSync(lab) : []) {
    const dir = path.join(lab, each);
    const [work, pid, startTime] = /^\..+-(\d+)\.(\d*)-\w+$/.exec(each) ?? [];
    const isLeft = work !== undefined && !isSame(Number(pid), startTime);
    const isOfName = name !== undefined && new RegExp(`^${name}-[0-9a-f]{${KEY_CHARS}}$`).test(each);
    const isOld = isOfName && Date.now() - statSync(dir).mtimeMs > UNUSED_MS_MAX;
    if (isLeft || isOld) rmSync(dir, { recursive: true, force: true });
  }
}

const labCache = (): string => path.join(cacheFolder(), 'lab');
