import { inject } from 'vitest';

/** Why tests that need root's rights and these Debian packages are left out here, for their name; empty when they run. */
export function whySkipped(packages: readonly string[]): string {
  if (process.getuid?.() !== 0) return ' (skipped: not root)';
  const { present } = inject('debian');
  const absent = packages.filter((name) => !present.includes(name));
  return absent.length === 0 ? '' : ` (skipped: without ${absent.join(', ')})`;
}
