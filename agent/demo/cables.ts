import * as z from 'zod/mini';
import type { Files } from '../kit/host/ports.js';
import { errorFields, type Log } from '../kit/log.js';

/**
 * The cables between simulated boards and a simulated switch in another process: small files, each written by one process alone
 * and read by the others every few seconds.
 */
export interface CableFiles {
  /** Written by the switch: boards whose ports give no power. */
  readonly powerFile: string;
  /** Written by the processes of the boards: boards whose link is down. A process of boards has one, the switch all of them. */
  readonly linkFiles: readonly string[];
}

const NAMES = z.array(z.string());

/** Names in these files; a file that is not there, or cannot be read, names nobody. */
export async function readNames(
  files: Pick<Files, 'readText'>,
  paths: readonly string[],
): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (const path of paths) {
    for (const name of parseNames(await files.readText(path).catch(() => undefined))) names.add(name);
  }
  return names;
}

function parseNames(text: string | undefined): readonly string[] {
  try {
    return NAMES.parse(JSON.parse(text ?? '[]'));
  } catch {
    return [];
  }
}

/** Writes names when they are others than before. */
export class NamesFile {
  readonly #files: Pick<Files, 'writeAtomic'>;
  readonly #path: string;
  readonly #log: Log;
  #written: string | undefined;

  constructor(files: Pick<Files, 'writeAtomic'>, path: string, log: Log) {
    this.#files = files;
    this.#path = path;
    this.#log = log;
  }

  async write(names: Iterable<string>): Promise<void> {
    const text = `${JSON.stringify([...names].sort())}\n`;
    if (text === this.#written) return;
    try {
      await this.#files.writeAtomic(this.#path, text);
      this.#written = text;
    } catch (error) {
      this.#log.warn(errorFields(error), 'a simulated cable is not connected');
    }
  }
}
