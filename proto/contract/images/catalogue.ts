/** What all entries of a file tree have. */
interface EntryBase {
  /** Relative, in normal form, '/' between names; '.' is the top folder itself. */
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits with set-user-id, set-group-id and sticky: 0 to 0o7777. */
  readonly mode: number;
  /** Seconds since 1970-01-01 UTC. */
  readonly mtimeS: number;
  /** Extended attributes, sorted by name. Values base64. */
  readonly xattrs: readonly Xattr[];
}

export interface Xattr {
  readonly name: string;
  readonly valueBase64: string;
}

/** One name in a file tree. Device nodes, sockets and pipes have no place in an image: their kind cannot be said. */
export type CatalogueEntry =
  | (EntryBase & { readonly kind: 'directory' })
  | (EntryBase & { readonly kind: 'file'; readonly sizeBytes: number })
  | (EntryBase & { readonly kind: 'symlink'; readonly target: string })
  /** Another name of a file that comes before it. */
  | { readonly kind: 'hard-link'; readonly path: string; readonly target: string };
