import { BrambleError } from '../../../proto/contract/errors.js';
import type { Files } from '../host/ports.js';
import type { Step } from './steps.js';

/** What was changed and not confirmed yet, with all that it takes to go back. */
export interface UndoRecord {
  readonly revision: number;
  readonly steps: readonly Step[];
}

/** Root's own file. It is on storage before the first change, and empty again, durably, when the change is settled. */
export class UndoStore {
  readonly #files: Files;
  readonly #path: string;

  constructor(files: Files, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** @throws BrambleError `data-loss` when what is there cannot be read: nobody knows then what was before */
  async load(): Promise<UndoRecord | undefined> {
    const text = await this.#files.readText(this.#path);
    if (text === undefined) return undefined;
    const record = parseRecord(text);
    if (record !== undefined) return record.steps.length === 0 ? undefined : record;
    throw new BrambleError('data-loss', `${this.#path} is damaged: what a config changed cannot be taken back`, {
      hint: 'look at the files that are managed, then remove it',
    });
  }

  async save(record: UndoRecord): Promise<void> {
    await this.#files.writeAtomic(this.#path, `${JSON.stringify(record)}\n`);
  }

  /** Written, not removed: a power cut could bring a removed file back, and with it an undo that nobody wants. */
  async settle(revision: number): Promise<void> {
    await this.save({ revision, steps: [] });
  }
}

/** Only this program writes it, atomically, where only root can: what parses is what was written. */
function parseRecord(text: string): UndoRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('revision' in value) || !('steps' in value)) return undefined;
    const { revision, steps } = value;
    if (typeof revision !== 'number' || !Array.isArray(steps)) return undefined;
    return { revision, steps: steps as readonly Step[] }; // as the sentence above says
  } catch {
    return undefined; // the caller says so
  }
}
