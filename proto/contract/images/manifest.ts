import type { Digest } from './digest.js';

/** What an image carries: the file tree that a board mounts as its root, and what its boot ROM loads. */
export type ImagePart = 'root' | 'boot';

/** A piece of an image's bytes. */
export interface Chunk {
  readonly digest: Digest;
  /** 1 to CHUNK_BYTES_MAX. */
  readonly sizeBytes: number;
}

/** How much of one file tree there is. Its catalogue says what; its content is that of all files, one after the other. */
export interface PartSize {
  /** Everything that has a name in it: directories, files, links. */
  readonly entriesCount: number;
  readonly catalogueBytes: number;
  readonly contentBytes: number;
  readonly catalogueChunks: number;
  readonly contentChunks: number;
}

/** What is signed. Everything else of an image follows from these bytes by SHA-256. */
export interface ImageManifest {
  /** For people. */
  readonly name: string;
  /** What it may be used for, such as "pi-root"; versions count within a class. */
  readonly imageClass: string;
  /** 1 and up; a higher one is newer. */
  readonly version: number;
  /** Lowest version of the class that may be used from now on. */
  readonly floor: number;
  /** Ms since 1970-01-01 UTC. */
  readonly createdAtMs: number;
  /** Not to be used for anything new from then on. */
  readonly expiresAtMs: number;
  readonly root: PartSize;
  /** `undefined`: it carries no boot files. */
  readonly boot: PartSize | undefined;
  /** Pieces of the chunk list, in order. See index.ts. */
  readonly index: readonly Chunk[];
}
