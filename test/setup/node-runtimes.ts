import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A Node.js that the bundles must run on: the path of its binary, or why it could not be had. */
export type NodeRuntime =
  | { readonly name: string; readonly binary: string }
  | { readonly name: string; readonly missing: string };

interface Pin {
  readonly version: string;
  /** By process.arch; subresource integrity of the package's archive, because what it holds is executed. */
  readonly integrity: Readonly<Record<string, string>>;
}

/** The npm registry carries Node's binaries as packages named node-linux-<arch>. */
const PINS: readonly Pin[] = [
  {
    version: '22.23.3',
    integrity: {
      x64: 'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
      arm64: 'sha512-l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==',
    },
  },
  {
    version: '24.21.0',
    integrity: {
      x64: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
      arm64: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
    },
  },
];

const DOWNLOAD_LIMIT_MS = 180_000;

/** The oldest release that the agents run on, for another processor than this machine's. */
const FOREIGN: Pin = {
  version: '20.20.2',
  integrity: {
    arm64: 'sha512-LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcWWpbbcs4Vo+CnGg==',
  },
};

/** Where tests keep what they fetched or built; outside of the sources. */
export function cacheFolder(): string {
  return path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'bramble');
}

async function fetchBinary({ version, integrity }: Pin, architecture: string, folder: string): Promise<void> {
  const wanted = integrity[architecture];
  if (process.platform !== 'linux' || wanted === undefined) throw new Error(`no pin for this ${process.platform}`);
  mkdirSync(cacheFolder(), { recursive: true });
  const work = mkdtempSync(path.join(cacheFolder(), 'fetch-'));
  try {
    const name = `node-linux-${architecture}`;
    await run('npm', ['pack', '--silent', `${name}@${version}`], { cwd: work, timeout: DOWNLOAD_LIMIT_MS });
    const archive = path.join(work, `${name}-${version}.tgz`);
    const got = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (got !== wanted) throw new Error(`${name}@${version} is not the archive that was pinned`);
    await run('tar', ['-xzf', archive, '-C', work, 'package/bin/node'], { timeout: DOWNLOAD_LIMIT_MS });
    // Renamed when complete: a cut-off download is never taken for a runtime.
    renameSync(path.join(work, 'package'), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Path of the binary of a release; fetched when it is not in the cache. */
async function binaryOf(pin: Pin, architecture: string): Promise<string> {
  const folder = path.join(cacheFolder(), `node-${pin.version}-${architecture}`);
  const binary = path.join(folder, 'bin', 'node');
  if (!existsSync(binary)) await fetchBinary(pin, architecture, folder);
  return binary;
}

/** A Node.js 20 for 64-bit ARM. */
export const arm64Node = (): Promise<string> => binaryOf(FOREIGN, 'arm64');

async function pinnedRuntime(pin: Pin): Promise<NodeRuntime> {
  const name = `Node ${pin.version}`;
  try {
    return { name, binary: await binaryOf(pin, process.arch) };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message.trim().split('\n')[0] : String(thrown);
    return { name, missing: `cannot be fetched: ${reason}` };
  }
}

/** This process's own Node.js first, then the newer ones, fetched once into the user's cache folder. */
export async function nodeRuntimes(): Promise<readonly NodeRuntime[]> {
  const own: NodeRuntime = { name: `Node ${process.versions.node}`, binary: process.execPath };
  return [own, ...(await Promise.all(PINS.map(pinnedRuntime)))];
}
