import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { arm64Node, cacheFolder } from './node-runtimes.js';

const run = promisify(execFile);

/** What a Pi's Debian has at least: its identity, its package manager, and the libraries of Node. */
const PACKAGES = ['base-files', 'base-passwd', 'apt', 'libc6', 'libgcc-s1', 'libstdc++6', 'libatomic1'] as const;
const BUILD_LIMIT_MS = 240_000;
export const EMULATOR = '/usr/bin/qemu-aarch64-static';

/** A Debian of this machine's release for 64-bit ARM, with Node.js and the emulator in it; built once into the user's cache. */
export async function arm64Root(): Promise<string> {
  const suite = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  if (suite === undefined) throw new Error('/etc/os-release names no release of Debian');
  const root = path.join(cacheFolder(), `arm64-${suite}`);
  if (existsSync(root)) return root;
  mkdirSync(cacheFolder(), { recursive: true });
  const work = mkdtempSync(path.join(cacheFolder(), 'arm64-'));
  try {
    const built = path.join(work, 'root');
    // Unpacked, not configured: no program of the foreign system has to run for that.
    const options = ['--quiet', '--architectures=arm64', '--variant=extract', `--include=${PACKAGES.join()}`];
    await run('mmdebstrap', [...options, suite, built], { timeout: BUILD_LIMIT_MS });
    copyFileSync(await arm64Node(), path.join(built, 'usr/bin/node'));
    copyFileSync(EMULATOR, path.join(built, EMULATOR));
    renameSync(built, root);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return root;
}
