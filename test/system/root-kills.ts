import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { expect } from 'vitest';
import type { DriverName } from '../../agent/kit/roots/ports.js';
import { BOARD } from '../../agent/kit/testing/root-rig.js';
import { randomBelow, seededRandom } from '../../proto/contract/random.js';
import { openPoolDisk, type PoolDisk, type PoolKind } from './pool-disk.js';
import { NO_SERVICES, nodeDriver, pathsBelow, startRoots, writeImage } from './roots-rig.js';

/** Reimages one board with two images by turns, from a given one on, until it is killed. Says a line when it has begun, and after every round. */
const PROGRAM = `
import { nodeDriver, NO_SERVICES, pathsBelow, startRoots } from './test/system/roots-rig.js';
import { BOOT_SET, BOARD, orderOf } from './agent/kit/testing/root-rig.js';
const [folder, pool, kind, first] = process.argv.slice(2);
const { signal } = new AbortController();
const driver = await nodeDriver(kind, pool);
const { keeper, boot } = startRoots({ paths: pathsBelow(folder, pool), driver, images: folder + '/images', services: NO_SERVICES });
process.stdout.write('begun\\n');
await keeper.recoverAll(signal);
await boot.apply(BOOT_SET, signal);
for (let round = Number(first); ; round++) {
  const { generation } = await keeper.prepare(orderOf(round % 2 === 0 ? 'one' : 'two'), signal);
  await keeper.activate(BOARD.serial, generation, signal);
  if (round % 3 === 2) await keeper.rollBack(BOARD.serial, generation, signal);
  process.stdout.write('round\\n');
}
`;

/** Filesystems that can do it, in files, and the package that makes them. */
const DISKS: Readonly<Partial<Record<DriverName, { readonly kind: PoolKind; readonly needs: string }>>> = {
  btrfs: { kind: 'btrfs', needs: 'btrfs-progs' },
  reflink: { kind: 'xfs', needs: 'xfsprogs' },
};
const DRIVERS: readonly DriverName[] = ['btrfs', 'reflink', 'reflink', 'copy'];

/** Who is killed on a machine that has these packages. */
export function killedDrivers(present: readonly string[]): readonly DriverName[] {
  return DRIVERS.filter((driver) => {
    const needs = DISKS[driver]?.needs;
    return needs === undefined || present.includes(needs);
  });
}

/** So that there is something to be served, and it is known how long a round takes here and now. */
const FIRST_ROUNDS = 3;
/** Killed within so many rounds of its start. */
const ROUNDS_MAX = 2;
const FIRST_MS_MAX = 60_000;
const { signal } = new AbortController();

/** A board whose reimage is killed again and again, at random moments. */
class KilledRoots {
  readonly #folder: string;
  readonly #driver: DriverName;
  readonly #disk: PoolDisk;

  private constructor(folder: string, driver: DriverName, disk: PoolDisk) {
    this.#folder = folder;
    this.#driver = driver;
    this.#disk = disk;
  }

  static async open(driver: DriverName): Promise<KilledRoots> {
    const folder = await mkdtemp(join(tmpdir(), 'bramble-root-kills-'));
    const roots = new KilledRoots(folder, driver, await openPoolDisk(DISKS[driver]?.kind ?? 'folder'));
    for (const image of ['one', 'two']) await writeImage(roots.#at('images'), image);
    const stdin = { contents: PROGRAM, resolveDir: process.cwd() };
    await build({ stdin, outfile: roots.#at('reimage.mjs'), bundle: true, platform: 'node', format: 'esm' });
    return roots;
  }

  async close(): Promise<void> {
    await this.#disk.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Kills it so many times, and after each looks at what is served; then everything is put right and nothing is left over. */
  async kill(count: number, seed: number): Promise<void> {
    const random = seededRandom(seed);
    const startedMs = performance.now();
    await this.#killWhen(0, (text) => text.split('round').length > FIRST_ROUNDS, FIRST_MS_MAX);
    const latestMs = Math.round(((performance.now() - startedMs) / FIRST_ROUNDS) * ROUNDS_MAX);
    const images = new Set<string>();
    for (let kill = 0; kill < count; kill++) {
      await this.#killWhen(kill, () => false, randomBelow(random, latestMs));
      images.add(await this.#served());
    }
    expect(images).toEqual(new Set(['one', 'two']));
    await this.#expectWhole();
  }

  /** Once it has begun: when it has said what `isEnough` waits for, or after so long. */
  async #killWhen(firstRound: number, isEnough: (text: string) => boolean, latestMs: number): Promise<void> {
    const argv = [this.#at('reimage.mjs'), this.#folder, this.#pool, this.#driver, String(firstRound)];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    const gone = new Promise((resolve) => child.once('close', resolve));
    let text = '';
    const said = (isSaid: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        child.stdout.on('data', () => {
          if (isSaid()) resolve();
        });
      });
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const enough = said(() => isEnough(text));
    await Promise.race([said(() => text.includes('begun')), gone]);
    const late = new AbortController();
    await Promise.race([enough, gone, sleep(latestMs, undefined, { signal: late.signal })]);
    late.abort();
    child.kill('SIGKILL');
    await gone;
  }

  /** What the board would get right now. @throws AssertionError for anything that is not one whole generation */
  async #served(): Promise<string> {
    const board = join(this.#pool, 'roots', BOARD.serial);
    const generation = await readlink(join(board, 'current'));
    const record: unknown = JSON.parse(await readFile(join(board, `${generation}.json`), 'utf8'));
    expect(record).toMatchObject({ generation: Number(generation.slice(4)), hostname: 'pi-01' });
    const image = await readFile(join(board, generation, 'root/version'), 'utf8');
    expect(record).toMatchObject({ image });
    const boot = join(this.#pool, 'boot/tftp/10.46.189.2', BOARD.serial);
    expect(await readFile(join(boot, 'version'), 'utf8')).toBe(image);
    expect(await readFile(join(boot, 'kernel8.img'), 'utf8')).toBe(`kernel8.img of ${image}\n`.repeat(300));
    expect(await readFile(join(boot, 'cmdline.txt'), 'utf8')).toMatch(
      / nfsroot=10\.46\.189\.1:\/export\/10\.46\.189\.2,.* rootwait\n$/,
    );
    const root = this.#at('export/10.46.189.2');
    expect(await readFile(join(root, 'etc/hostname'), 'utf8')).toBe('pi-01\n');
    expect(await readdir(join(root, 'etc/ssh'))).toHaveLength(4);
    const key = await readFile(join(root, 'etc/ssh/ssh_host_ed25519_key.pub'), 'utf8');
    expect(JSON.stringify(record)).toContain(key.split(' ').slice(0, 2).join(' '));
    return image;
  }

  async #expectWhole(): Promise<void> {
    const driver = await nodeDriver(this.#driver, this.#pool);
    const paths = pathsBelow(this.#folder, this.#pool);
    const { keeper } = startRoots({ paths, driver, images: this.#at('images'), services: NO_SERVICES });
    await keeper.recoverAll(signal);
    const { underWay, generations } = await keeper.look(BOARD.serial);
    expect(underWay).toBeUndefined();
    const names = await readdir(join(this.#pool, 'roots', BOARD.serial));
    const whole = generations.map(({ generation }) => `gen-${generation}`);
    expect(names.filter((name) => /^gen-\d+$/.test(name)).sort()).toEqual(whole.sort());
  }

  get #pool(): string {
    return this.#disk.pool;
  }

  #at(...names: readonly string[]): string {
    return join(this.#folder, ...names);
  }
}

/** Boards side by side, together killed so many times; each keeps its roots in another way. */
export async function killRoots(kills: number, drivers: readonly DriverName[]): Promise<void> {
  const lanes = drivers.length;
  const all = await Promise.all(drivers.map((driver) => KilledRoots.open(driver)));
  // All of them to their end: none is put away while another still works, and what one of them said is not lost by that.
  const ended = await Promise.allSettled(all.map((roots, lane) => roots.kill(Math.ceil(kills / lanes), lane + 7)));
  const closed = await Promise.allSettled(all.map((roots) => roots.close()));
  for (const outcome of [...ended, ...closed]) if (outcome.status === 'rejected') throw outcome.reason;
}
