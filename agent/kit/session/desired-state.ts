import { BrambleError } from '../../../proto/contract/errors.js';
import type { Cadence, DesiredState } from '../../../proto/gen/bramble/agent/v1/desired.js';
import type { Files } from '../host/ports.js';
import { cadenceProblem } from './cadence.js';

export interface DesiredStateOptions {
  readonly files: Files;
  readonly path: string;
}

/** What the node should be, as far as it has got. Survives restarts. */
export class DesiredStateKeeper {
  readonly #options: DesiredStateOptions;
  #reachedRevision = 0;
  #cadence: Cadence | undefined;

  private constructor(options: DesiredStateOptions) {
    this.#options = options;
  }

  /** Never throws: what cannot be read is pulled again. */
  static async load(options: DesiredStateOptions): Promise<DesiredStateKeeper> {
    const keeper = new DesiredStateKeeper(options);
    const stored = parseStored(await options.files.readText(options.path).catch(() => undefined));
    if (stored !== undefined) [keeper.#reachedRevision, keeper.#cadence] = [stored.revision, stored.cadence];
    return keeper;
  }

  /** 0 = none yet. */
  get reachedRevision(): number {
    return this.#reachedRevision;
  }

  /** Of the revision that was reached. */
  get cadence(): Cadence | undefined {
    return this.#cadence;
  }

  /** True when it is worth a pull. An older one is what a controller says that was restored from a backup. */
  isNews(revision: number): boolean {
    return revision > this.#reachedRevision;
  }

  /** `false`: it is older than what the node has reached. @throws BrambleError `invalid-argument` */
  accepts({ revision, cadence }: Pick<DesiredState, 'revision' | 'cadence'>): boolean {
    if (revision < this.#reachedRevision) return false;
    const problem = cadence && cadenceProblem(cadence);
    if (problem !== undefined) throw new BrambleError('invalid-argument', `revision ${revision}: ${problem}`);
    return true;
  }

  /**
   * Takes a revision over and remembers it. `false`: it is older than what the node has reached, and nothing was done.
   * @throws BrambleError `invalid-argument` for what this node cannot be, or of the storage: the revision is not reached
   */
  async apply({ revision, cadence }: Pick<DesiredState, 'revision' | 'cadence'>): Promise<boolean> {
    if (!this.accepts({ revision, cadence })) return false;
    if (revision > this.#reachedRevision) {
      await this.#options.files.writeAtomic(this.#options.path, `${JSON.stringify({ revision, cadence })}\n`);
    }
    [this.#reachedRevision, this.#cadence] = [revision, cadence];
    return true;
  }
}

/** `undefined` for nothing and for damage alike: the controller has it, and pulling it again costs little. */
function parseStored(text: string | undefined): { revision: number; cadence: Cadence | undefined } | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('revision' in value)) return undefined;
    const { revision } = value;
    if (typeof revision !== 'number' || !Number.isSafeInteger(revision) || revision < 0) return undefined;
    const cadence = 'cadence' in value ? parseCadence(value.cadence) : undefined;
    return { revision, cadence };
  } catch {
    return undefined; // as the comment above says
  }
}

function parseCadence(value: unknown): Cadence | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const part = (name: keyof Cadence): number => (typeof fields[name] === 'number' ? fields[name] : 0);
  const cadence = {
    reportIntervalMs: part('reportIntervalMs'),
    probeAfterMs: part('probeAfterMs'),
    reconnectSpreadMs: part('reconnectSpreadMs'),
  };
  return cadenceProblem(cadence) === undefined ? cadence : undefined;
}
