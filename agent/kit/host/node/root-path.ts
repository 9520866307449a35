import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from './errno.js';

/** As the kernel's own limit. Source: path_resolution(7). */
const LINKS_MAX = 40;

/**
 * Where `path` leads when `root` is the root directory: links are followed inside it, absolute ones from it, and ".."
 * never leaves it. As chroot(2) would resolve it. `undefined` for a loop of links.
 */
export function resolveInRoot(root: string, path: string): string | undefined {
  let waiting = path.split('/');
  let inside: string[] = [];
  for (let links = 0; ; ) {
    const name = waiting.shift();
    if (name === undefined) return join(root, ...inside);
    if (name === '' || name === '.') continue;
    if (name === '..') {
      inside.pop();
      continue;
    }
    const target = linkTarget(join(root, ...inside, name));
    if (target === undefined) {
      inside.push(name);
      continue;
    }
    links += 1;
    if (links > LINKS_MAX) return undefined;
    if (target.startsWith('/')) inside = [];
    waiting = [...target.split('/'), ...waiting];
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined; // no link, or nothing at all: opening it will tell
  }
}
