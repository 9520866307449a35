/** One directory for exactly one address. */
export interface ExportLine {
  readonly path: string;
  readonly address: string;
  /** UUID of this export: handles of the one before it are stale, never somebody else's files. */
  readonly fsid: string;
  readonly access: 'rw' | 'ro';
  /** Where the filesystem of it is mounted; while it is not, there is no export: an empty folder is nobody's root. */
  readonly mountPoint: string | undefined;
}

/**
 * A file of /etc/exports.d. A board's root is root's own there, so that uid 0 keeps its meaning; devices and setuid files
 * are without effect on the fileserver by its own mount options. Source: exports(5).
 */
export function renderExports(lines: readonly ExportLine[]): string {
  const head = '# Written by the fileserver agent; read by exportfs -r.\n';
  return head + lines.map((each) => `${each.path} ${each.address}(${optionsOf(each)})\n`).join('');
}

function optionsOf({ access, fsid, mountPoint }: ExportLine): string {
  const rights = access === 'rw' ? ['rw', 'no_root_squash'] : ['ro', 'root_squash'];
  return [
    ...rights,
    'sync',
    'no_subtree_check',
    'sec=sys',
    `fsid=${fsid}`,
    ...(mountPoint === undefined ? [] : [`mp=${mountPoint}`]),
  ].join(',');
}
