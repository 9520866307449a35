import type { Clock } from '../../../proto/contract/clock.js';
import type { AuditHead } from '../../../proto/gen/bramble/agent/v1/link.js';
import type { Files } from '../host/ports.js';

/** A head and when it was heard. */
export interface KeptHead {
  readonly sequence: number;
  /** Lower-case hex. */
  readonly hash: string;
  /** Wall clock of this board, Unix ms: only to keep them apart. */
  readonly atMs: number;
}

export const HEADS_MAX = 8;
/** The newest is renewed at most so often: a memory must not cost flash. */
const RENEW_AFTER_MS = 3_600_000;
/** Older ones are so far apart, so that a controller cannot push them all out in an afternoon. */
const APART_MS = 86_400_000;
const HASH = /^[0-9a-f]{64}$/;
const FILE_CHARACTERS_MAX = 4_096;

/**
 * The heads to keep after one was heard, newest first; the very same list when it changes nothing. A log only grows, so
 * one with a smaller number than is known is not believed: what is known is then worth more.
 */
export function keepHead(kept: readonly KeptHead[], heard: KeptHead): readonly KeptHead[] {
  const [newest, second] = kept;
  if (newest === undefined) return [heard];
  const ageMs = heard.atMs - newest.atMs;
  if (heard.sequence <= newest.sequence || (ageMs >= 0 && ageMs < RENEW_AFTER_MS)) return kept;
  const isNewestOnTrial = second !== undefined && newest.atMs - second.atMs < APART_MS;
  return [heard, ...(isNewestOnTrial ? kept.slice(1) : kept)].slice(0, HEADS_MAX);
}

/** What this agent remembers of the controller's audit log, over restarts. */
export class AuditMemory {
  readonly #files: Files;
  readonly #path: string;
  readonly #clock: Clock;
  #kept: readonly KeptHead[];

  private constructor(
    parts: { readonly files: Files; readonly path: string; readonly clock: Clock },
    kept: readonly KeptHead[],
  ) {
    this.#files = parts.files;
    this.#path = parts.path;
    this.#clock = parts.clock;
    this.#kept = kept;
  }

  /** Never throws: a memory that cannot be read is an empty one. */
  static async load(parts: {
    readonly files: Files;
    readonly path: string;
    readonly clock: Clock;
  }): Promise<AuditMemory> {
    const text = await parts.files.readText(parts.path).catch(() => undefined);
    return new AuditMemory(parts, parseKept(text ?? ''));
  }

  /** Newest first. */
  heads(): AuditHead[] {
    return this.#kept.map(({ sequence, hash }) => ({ sequence, hash: Buffer.from(hash, 'hex') }));
  }

  /** @throws BrambleError of the storage; what was known in memory stands */
  async heard({ sequence, hash }: AuditHead): Promise<void> {
    const text = hash.toString('hex');
    if (!HASH.test(text) || !Number.isSafeInteger(sequence) || sequence <= 0) return;
    const kept = keepHead(this.#kept, { sequence, hash: text, atMs: Math.floor(this.#clock.nowMs()) });
    if (kept === this.#kept) return;
    this.#kept = kept;
    const lines = kept.map((head) => `${head.sequence} ${head.hash} ${head.atMs}\n`);
    await this.#files.writeAtomic(this.#path, lines.join(''));
  }
}

function parseKept(text: string): readonly KeptHead[] {
  const lines = text.slice(0, FILE_CHARACTERS_MAX).split('\n').slice(0, HEADS_MAX);
  return lines.flatMap((line) => {
    const [, sequence, hash, atMs] = /^(\d{1,15}) ([0-9a-f]{64}) (\d{1,15})$/.exec(line) ?? [];
    return hash === undefined ? [] : [{ sequence: Number(sequence), hash, atMs: Number(atMs) }];
  });
}
