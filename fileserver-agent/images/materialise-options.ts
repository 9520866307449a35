import type { HostClock } from '../../agent/kit/host/ports.js';
import type { TreeWriters } from '../../agent/kit/host/tree-writer.js';
import type { Digest, ImageDigest } from '../../proto/contract/images/digest.js';
import type { ImageManifest, ImagePart } from '../../proto/contract/images/manifest.js';

/** Chunks and manifests as they lie on the fileserver: nothing that comes from here is believed before it is checked. */
export interface ImageSource {
  /** `undefined`: not here. */
  readManifest(image: ImageDigest): Promise<Uint8Array | undefined>;
  /** minisign signatures of that manifest. */
  readSignatures(image: ImageDigest): Promise<readonly string[]>;
  /** Content whose SHA-256 is `digest`. @throws BrambleError `not-found`, `data-loss` (it is there, and damaged) */
  readChunk(digest: Digest): Promise<Uint8Array>;
}

/** Whose signatures count here, and what may be used now. */
export interface ImageTrust {
  /** @throws BrambleError `failed-precondition` whose details.reason is an Unusable, `data-loss` for what is no manifest */
  judge(image: ImageDigest, manifest: Uint8Array, signatures: readonly string[]): Promise<ImageManifest>;
}

export interface MaterialisePorts {
  readonly source: ImageSource;
  readonly trust: ImageTrust;
  readonly sha256: (bytes: Uint8Array) => Digest;
  readonly trees: TreeWriters;
  readonly clock: HostClock;
}

/** How far it is. Told at most ten times a second, and at the end. */
export interface MaterialiseProgress {
  /** 0 to 100, whole. */
  readonly percent: number;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface MaterialiseOptions {
  readonly part: ImagePart;
  /** Absolute path of an empty folder, or of a filesystem just made ("lost+found" in it does not count). */
  readonly targetDir: string;
  /** What becomes of set-user-id and set-group-id bits: a root needs them for sudo; default `keep`, `strip` takes them away. */
  readonly setuid?: 'keep' | 'strip';
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: MaterialiseProgress) => void;
}

export interface Materialised {
  readonly entriesCount: number;
  readonly contentBytes: number;
  /** Extended attributes that this machine or this filesystem cannot keep. */
  readonly xattrsLeftOutCount: number;
}

/**
 * materialise(image, options, ports) writes one part of an image into an empty folder: verified first, then confined to it. What was
 * cut off is done again from the start, into a fresh folder.
 *
 * @throws BrambleError `failed-precondition` (it may not be used, or the folder is not empty), `not-found` (not here, or it has no such
 * part), `data-loss` (what is here is damaged), `resource-exhausted` (no space), `cancelled`
 */
export type Materialise = (
  image: ImageDigest,
  options: MaterialiseOptions,
  ports: MaterialisePorts,
) => Promise<Materialised>;
