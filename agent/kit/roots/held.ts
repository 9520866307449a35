import type { PoolFiles } from './ports.js';

/** A board that started over and over again from one generation: it gets nothing until it is served another one, or that one anew. */
export interface HeldBoard {
  readonly serial: string;
  readonly generation: number;
}

/** Boards that the loop detector holds back, in the pool: whoever publishes the boot path knows them. */
export class HeldBoards {
  readonly #files: Pick<PoolFiles, 'readText' | 'writeText'>;
  readonly #path: string;

  constructor(files: Pick<PoolFiles, 'readText' | 'writeText'>, pool: string) {
    this.#files = files;
    this.#path = `${pool}/boot/held.json`;
  }

  /** What cannot be read holds nobody: the detector finds them again. */
  async list(): Promise<readonly HeldBoard[]> {
    try {
      const value: unknown = JSON.parse((await this.#files.readText(this.#path)) ?? '[]');
      return Array.isArray(value) ? value.filter(isHeld) : [];
    } catch {
      return []; // as said above
    }
  }

  async hold(boards: readonly HeldBoard[]): Promise<void> {
    const before = await this.list();
    const isNew = ({ serial, generation }: HeldBoard): boolean =>
      !before.some((each) => each.serial === serial && each.generation === generation);
    const added = boards.filter(isNew);
    if (added.length === 0) return;
    const others = before.filter(({ serial }) => !added.some((each) => each.serial === serial));
    await this.#write([...others, ...added]);
  }

  async release(serial: string): Promise<void> {
    const before = await this.list();
    if (before.some((each) => each.serial === serial))
      await this.#write(before.filter((each) => each.serial !== serial));
  }

  async #write(boards: readonly HeldBoard[]): Promise<void> {
    await this.#files.writeText(this.#path, `${JSON.stringify(boards)}\n`);
  }
}

function isHeld(value: unknown): value is HeldBoard {
  if (typeof value !== 'object' || value === null || !('serial' in value) || !('generation' in value)) return false;
  return typeof value.serial === 'string' && typeof value.generation === 'number';
}
