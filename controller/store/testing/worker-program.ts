import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

export interface Program {
  readonly url: URL;
  readonly path: string;
  /** Removes the file. */
  remove(): void;
}

/**
 * Bundles a program as the controller is bundled: one file, better-sqlite3 beside it in node_modules, which is also why
 * it lies below node_modules and not in the system's folder for temporary files.
 */
export async function bundleProgram(source: string): Promise<Program> {
  const cache = path.resolve('node_modules/.cache/bramble');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(path.join(cache, 'program-'));
  const outfile = path.join(folder, 'program.mjs');
  await build({
    stdin: { contents: source, resolveDir: import.meta.dirname, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    external: ['better-sqlite3'],
    logLevel: 'silent',
  });
  return {
    url: pathToFileURL(outfile),
    path: outfile,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The thread that serves a store. */
export const WORKER_SOURCE = "import '../worker-main.js';";
