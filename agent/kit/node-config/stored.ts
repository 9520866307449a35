import type { NodeConfig } from '../../../proto/contract/node-config/config.js';
import { parseNodeConfig } from '../../../proto/contract/node-config/parse.js';
import type { Files } from '../host/ports.js';

/** The newest revision that was tried and is not in place. It is not tried again. */
export interface FailedTry {
  readonly revision: number;
  readonly outcome: 'refused' | 'undone';
  readonly detail: string;
}

/** A revision between its first change and its proof. On storage before anything is touched. */
export interface Trial {
  readonly revision: number;
  readonly config: NodeConfig;
  /** `applying`: nobody knows how far it got. `applied`: it is in place, and waits for its proof. */
  readonly phase: 'applying' | 'applied';
  /** It puts right again what was in place before. */
  readonly isDrift: boolean;
  readonly changes: readonly string[];
  /** Boot that the deadline counts in, ms since that boot. */
  readonly bootId: string;
  readonly deadlineMs: number;
  /** Boots that it has been on trial in. */
  readonly boots: number;
}

export interface StoredConfig {
  /** What is in place, by the controller's last proven word; its `config` is what drift is judged by. */
  readonly reached?: { readonly revision: number; readonly config: NodeConfig | undefined };
  readonly failed?: FailedTry;
  readonly trial?: Trial;
}

/** Keeps it across restarts. */
export class ConfigFile {
  readonly #files: Files;
  readonly #path: string;
  #content: StoredConfig;

  private constructor(files: Files, path: string, content: StoredConfig) {
    this.#files = files;
    this.#path = path;
    this.#content = content;
  }

  /** Never throws: what cannot be read is as if it was never there, and root's own record still knows what to undo. */
  static async load(files: Files, path: string): Promise<ConfigFile> {
    const text = await files.readText(path).catch(() => undefined);
    return new ConfigFile(files, path, text === undefined ? {} : parseStored(text));
  }

  get content(): StoredConfig {
    return this.#content;
  }

  /** What holds from now on, also when it could not be stored. @throws BrambleError of the storage */
  async replace(content: StoredConfig): Promise<void> {
    this.#content = content;
    await this.#files.writeAtomic(this.#path, `${JSON.stringify(content)}\n`);
  }
}

function parseStored(text: string): StoredConfig {
  try {
    const { reached, failed, trial } = recordOf(JSON.parse(text));
    return {
      ...(reached !== undefined && { reached: parseReached(recordOf(reached)) }),
      ...(failed !== undefined && { failed: parseFailed(recordOf(failed)) }),
      ...(trial !== undefined && { trial: parseTrial(recordOf(trial)) }),
    };
  } catch {
    return {}; // as load() says
  }
}

type Fields = Readonly<Record<string, unknown>>;

function parseReached({ revision, config }: Fields): NonNullable<StoredConfig['reached']> {
  return { revision: numberOf(revision), config: config === undefined ? undefined : parseNodeConfig(config) };
}

function parseFailed({ revision, outcome, detail }: Fields): FailedTry {
  return { revision: numberOf(revision), outcome: outcome === 'undone' ? 'undone' : 'refused', detail: String(detail) };
}

function parseTrial(fields: Fields): Trial {
  const { changes } = fields;
  return {
    revision: numberOf(fields['revision']),
    config: parseNodeConfig(fields['config']),
    phase: fields['phase'] === 'applied' ? 'applied' : 'applying',
    isDrift: fields['isDrift'] === true,
    changes: Array.isArray(changes) ? changes.filter((each) => typeof each === 'string') : [],
    bootId: String(fields['bootId']),
    deadlineMs: numberOf(fields['deadlineMs']),
    boots: numberOf(fields['boots']),
  };
}

function numberOf(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new TypeError('not a count');
}

function recordOf(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new TypeError('not a record');
}
