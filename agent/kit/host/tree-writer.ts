import type { CatalogueEntry } from '../../../proto/contract/images/catalogue.js';

/** A file that is being written. */
export interface FileWriter {
  write(bytes: Uint8Array): void;
  /** Sets owner, mode and time, and closes. */
  finish(): void;
}

/**
 * Writes one file tree below one folder and nowhere else: no path is followed out of it, whoever changes what meanwhile.
 * Synchronous, because a thread pool costs five times the call; whoever drives it lets others have their turn.
 */
export interface TreeWriter {
  directory(entry: Extract<CatalogueEntry, { kind: 'directory' }>): void;
  file(entry: Extract<CatalogueEntry, { kind: 'file' }>): FileWriter;
  symlink(entry: Extract<CatalogueEntry, { kind: 'symlink' }>): void;
  hardLink(entry: Extract<CatalogueEntry, { kind: 'hard-link' }>): void;
  /** Owners, modes, times of directories and extended attributes, which writing into them would change; then all of it on storage. */
  finish(signal: AbortSignal): Promise<{ readonly xattrsLeftOutCount: number }>;
  /** Closes what is open. Leaves what was written: whoever made the folder wipes it. */
  abandon(): void;
}

export interface TreeWriters {
  /**
   * @param targetDir an absolute path of an empty folder; it is no link
   * @throws BrambleError `failed-precondition` (not empty, no folder), `permission-denied`
   */
  open(targetDir: string): Promise<TreeWriter>;
}
