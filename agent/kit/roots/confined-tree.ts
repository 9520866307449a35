/** A file's owner is root; mode as chmod(2) has it. */
export interface OwnFile {
  /** Below the tree, without a leading slash. */
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/**
 * A tree that somebody else made. No name in it is followed out of it: a link where a folder or file should be is refused,
 * whatever it points to. Changes are durable once the volume that it is in was synced.
 */
export interface ConfinedTree {
  /** Replaces or makes it, and the folders above it. @throws BrambleError `failed-precondition` for a link in the way */
  write(file: OwnFile): Promise<void>;
  /** Makes an empty folder, and those above it, unless it is there. */
  makeFolder(path: string, mode: number): Promise<void>;
  /** Names in a folder; empty when it is absent. */
  list(path: string): Promise<readonly string[]>;
  /** At most its first 64 KiB; `undefined` when absent. */
  read(path: string): Promise<string | undefined>;
  /** A file or a link itself. */
  remove(path: string): Promise<void>;
  /**
   * Lets everybody read every plain file and folder of the tree. Answers with the first thing that is neither; `undefined` when
   * there is none.
   */
  openUp(): Promise<string | undefined>;
  close(): Promise<void>;
}
