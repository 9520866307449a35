import { type Random, randomBelow } from '../../../proto/contract/random.js';

/** A change that storage has accepted into memory but that no sync has made durable yet. */
type Change =
  | { readonly kind: 'append'; readonly from: number; readonly to: number }
  | { readonly kind: 'truncate'; readonly to: number };

interface Range {
  readonly from: number;
  readonly to: number;
}

/** One simulated file: what a reader sees now, and what a power cut may leave of it. */
export class SimInode {
  #bytes: Uint8Array = new Uint8Array(64);
  #size = 0;
  /** Everything in #bytes below this is durable, unless #base says otherwise. */
  #syncedSize = 0;
  /** The durable content, once an unsynced truncate has cut into it. */
  #base: Uint8Array | undefined;
  #pending: Change[] = [];
  /** Pages whose write failed: readers see the data, the medium never got it. */
  #holes: Range[] = [];

  get sizeBytes(): number {
    return this.#size;
  }

  read(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }

  append(content: Uint8Array): void {
    const from = this.#size;
    this.#size += content.length;
    if (this.#size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#size, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, from));
      this.#bytes = grown;
    }
    this.#bytes.set(content, from);
    this.#pending.push({ kind: 'append', from, to: this.#size });
  }

  truncate(to: number): void {
    if (to < this.#syncedSize && this.#base === undefined) this.#base = this.#bytes.slice(0, this.#syncedSize);
    if (to > this.#size) this.append(new Uint8Array(to - this.#size));
    this.#size = to;
    this.#pending.push({ kind: 'truncate', to });
    this.#holes = this.#holes.filter((hole) => hole.from < to);
  }

  sync(): void {
    this.#pending = [];
    this.#base = undefined;
    this.#syncedSize = this.#size;
  }

  /**
   * A sync that failed. The kernel marks the pages clean all the same, so a later sync that succeeds proves nothing.
   * Source: Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020.
   */
  failSync(random: Random): void {
    if (random.unit() < 0.5) return; // the error came before the pages were touched
    for (const change of this.#pending) {
      if (change.kind === 'append') this.#holes.push({ from: change.from, to: change.to });
    }
  }

  /** Power is gone: a random part of the unsynced changes survives, the last append torn at any byte. */
  crash(random: Random): void {
    const survivors = this.#pending.slice(0, randomBelow(random, this.#pending.length + 1));
    let content = this.#base ?? this.#bytes.slice(0, this.#syncedSize);
    for (const [index, change] of survivors.entries()) {
      if (change.kind === 'truncate') content = content.slice(0, change.to);
      else content = this.#torn(content, change, index === survivors.length - 1, random);
    }
    for (const hole of this.#holes)
      content.fill(0, Math.min(hole.from, content.length), Math.min(hole.to, content.length));
    this.#bytes = content;
    this.#size = content.length;
    this.#holes = [];
    this.sync();
  }

  #torn(content: Uint8Array, range: Range, isLast: boolean, random: Random): Uint8Array {
    const length = range.to - range.from;
    const kept = isLast ? randomBelow(random, length + 1) : length;
    // A file's size can reach the medium before its data: then zeros stand where the data should be.
    const zeros = isLast && random.unit() < 0.25 ? randomBelow(random, length - kept + 1) : 0;
    const result = new Uint8Array(content.length + kept + zeros);
    result.set(content);
    result.set(this.#bytes.subarray(range.from, range.from + kept), content.length);
    return result;
  }
}
