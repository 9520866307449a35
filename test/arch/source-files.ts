import { readdirSync } from 'node:fs';
import path from 'node:path';

/** Made by tools or by npm; never written by hand. */
const SKIPPED = new Set(['node_modules', 'dist', '.git', '.bramble', 'coverage', 'proto/gen', 'package-lock.json']);

/** Every file that people write, by path from the root of the repository. */
export function sourceFiles(folder = '.'): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name);
    if (SKIPPED.has(name)) return [];
    return entry.isDirectory() ? sourceFiles(name) : [name];
  });
}
