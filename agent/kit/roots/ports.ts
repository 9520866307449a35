import type { Progress } from '../../../proto/contract/progress.js';
import type { ConfinedTree } from './confined-tree.js';

/**
 * Directories that only root writes: the pool that roots are made in, and what dnsmasq and NFS read. Paths are absolute.
 * Every change is durable when it resolves, and can be made twice.
 */
export interface PoolFiles {
  /** Sorted; empty when there is no such folder. */
  list(path: string): Promise<readonly string[]>;
  /** `undefined` when absent. */
  readText(path: string): Promise<string | undefined>;
  /** `undefined` when absent, or no link. */
  readLink(path: string): Promise<string | undefined>;
  /** With everything above it; 0755. */
  makeFolder(path: string): Promise<void>;
  /** Atomic: the content before or the content after. 0644, as daemons that are no root read it. */
  writeText(path: string, text: string): Promise<void>;
  /** A symbolic link, atomically in the place of the one before it. */
  link(path: string, target: string): Promise<void>;
  /** A file, a link, or a folder with everything in it; links in it are not followed. */
  remove(path: string): Promise<void>;
  /** The tree of a board or an image, of which nothing is trusted to be what it seems. */
  openTree(path: string): Promise<ConfinedTree>;
}

/** Told how far something is. */
export type Tell = (progress: Progress) => void;

export type DriverName = 'lvm-thin' | 'btrfs' | 'reflink' | 'copy';

/** What a way of keeping roots promises; shown to the operator. */
export interface DriverCapabilities {
  /** A root is a filesystem of its own: whoever guesses a file handle finds nothing but its own files. */
  readonly isolation: boolean;
  /** The size of a volume is held. */
  readonly quota: boolean;
  /** A root shares its space with its image until it is changed. */
  readonly shared: boolean;
}

/** Below the pool: "images/NAME", "roots/SERIAL/gen-3", "roots/SERIAL/data". Each name is of a form of ours. */
export type VolumeId = string;

/**
 * One way of keeping trees. A volume is at its id below the pool once it is made or attached. Everything may be asked
 * twice, and after a crash in the middle of it.
 */
export interface RootDriver {
  readonly name: DriverName;
  readonly capabilities: DriverCapabilities;
  /** Volumes are mount points of their own. */
  readonly isMounted: boolean;
  /** Why it cannot be used here; `undefined` when it can. */
  probe(signal: AbortSignal): Promise<string | undefined>;
  /** Empty and writable; must not be there. */
  make(volume: VolumeId, sizeBytes: number | undefined, signal: AbortSignal): Promise<void>;
  /** `to` must not be there. */
  clone(from: VolumeId, to: VolumeId, signal: AbortSignal): Promise<void>;
  /** Puts a volume at its place again, as after a start of the machine; nothing when there is no such volume. */
  attach(volume: VolumeId, signal: AbortSignal): Promise<void>;
  /** Whatever there is of it; nothing is fine. */
  destroy(volume: VolumeId, signal: AbortSignal): Promise<void>;
  /** Everything written to it is on storage. */
  sync(volume: VolumeId, signal: AbortSignal): Promise<void>;
}

/** Unpacks images that were verified before. */
export interface ImageSource {
  /**
   * Writes the trees of an image into `root` and `boot` below a folder that is there and empty.
   * @throws BrambleError `not-found` (no such image here), `data-loss` (it is not what was signed), of the storage
   */
  /** Whether it could be unpacked now, as far as is known without reading it. */
  has(image: string): Promise<boolean>;
  materialise(image: string, targetFolder: string, signal: AbortSignal, tell: Tell): Promise<void>;
}

/** A fresh Ed25519 or P-256 key pair, as raw numbers. */
export interface RawKeyPair {
  readonly privateKey: Uint8Array;
  /** Ed25519: 32 bytes; P-256: uncompressed point, 65 bytes. */
  readonly publicKey: Uint8Array;
}

/** What makes a root different from all others. */
export interface Uniqueness {
  ed25519(): RawKeyPair;
  p256(): RawKeyPair;
  bytes(count: number): Uint8Array;
}
