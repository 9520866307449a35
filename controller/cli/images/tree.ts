import type { CatalogueEntry } from '../../../proto/contract/images/catalogue.js';

export type FileEntry = Extract<CatalogueEntry, { kind: 'file' }>;

/** A file tree that an image is made of. */
export interface SourceTree {
  /** In the order of their paths, parents before what is in them; not yet judged. */
  readonly entries: readonly CatalogueEntry[];
  /** What was not taken, in words for people. */
  readonly leftOut: readonly string[];
  /** Exactly `sizeBytes` bytes. @throws BrambleError `aborted` when the file has changed since */
  read(file: FileEntry): AsyncIterable<Uint8Array>;
}

/** By names, one after the other: what is in a folder comes right after it. */
export function comparePaths(one: string, other: string): number {
  if (one === other || one === '.') return one === other ? 0 : -1;
  if (other === '.') return 1;
  const [ones, others] = [one.split('/'), other.split('/')];
  for (let at = 0; ; at++) {
    const [a, b] = [ones[at], others[at]];
    if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
    if (a !== b) return a < b ? -1 : 1;
  }
}
