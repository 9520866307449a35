import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { BrambleError } from '../../proto/contract/errors.js';
import type { Asset, Assets } from './options.js';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Reads the built page into memory: a handful of small files, so that no request ever names a file of this machine.
 * @throws BrambleError `failed-precondition` when the page was not built
 */
export async function loadAssets(dir: string): Promise<Assets> {
  const names = await readdir(dir).catch((cause: unknown) => {
    const hint = 'run npm run build, and start the controller from dist/';
    throw new BrambleError('failed-precondition', `the status page is missing: ${dir}`, { hint, cause });
  });
  const assets = new Map<string, Asset>();
  for (const name of names.sort()) {
    const contentType = CONTENT_TYPES[extname(name)];
    if (contentType === undefined) continue; // source maps and the like
    const body = await readFile(join(dir, name));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    assets.set(name === 'index.html' ? '/' : `/${name}`, { contentType, body, etag });
  }
  return assets;
}
