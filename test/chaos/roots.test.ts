import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BOARD } from '../../agent/kit/testing/root-rig.js';
import { randomBelow, seededRandom } from '../../proto/contract/random.js';
import { NO_SERVICES, nodeDriver, pathsBelow, startRoots, writeImage } from '../system/roots-rig.js';

/** Reimages one board with two images by turns, until it is killed. Says a line when it has begun, and after every round. */
const PROGRAM = `
import { nodeDriver, NO_SERVICES, pathsBelow, startRoots } from './test/system/roots-rig.js';
import { BOOT_SET, BOARD, orderOf } from './agent/kit/testing/root-rig.js';
const [folder, pool] = process.argv.slice(2);
const { signal } = new AbortController();
const driver = await nodeDriver('copy', pool);
const { keeper, boot } = startRoots({ paths: pathsBelow(folder, pool), driver, images: folder + '/images', services: NO_SERVICES });
process.stdout.write('begun\\n');
await keeper.recoverAll(signal);
await boot.apply(BOOT_SET, signal);
for (let round = 0; ; round++) {
  const { generation } = await keeper.prepare(orderOf(round % 2 === 0 ? 'one' : 'two'), signal);
  await keeper.activate(BOARD.serial, generation, signal);
  if (round % 3 === 2) await keeper.rollBack(BOARD.serial, generation, signal);
  process.stdout.write('round\\n');
}
`;

const KILLS = Number(process.env['BRAMBLE_ROOT_KILLS'] ?? 2_000);
/** Of a slow machine: a second for every kill, three on a busy one. */
const LIMIT_MS = KILLS * 3_000 + 120_000;
/** A round takes about as long. */
const LATEST_MS = 700;
const isRoot = process.getuid?.() === 0;
const { signal } = new AbortController();

let folder: string;
const at = (...names: readonly string[]): string => join(folder, ...names);
const pool = (): string => at('pool');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bramble-root-kills-'));
  await mkdir(pool());
  for (const image of ['one', 'two']) await writeImage(at('images'), image);
  const stdin = { contents: PROGRAM, resolveDir: process.cwd() };
  await build({ stdin, outfile: at('reimage.mjs'), bundle: true, platform: 'node', format: 'esm' });
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

/** Killed so long after it has begun; answers with how many rounds it made. */
async function killAfter(ms: number): Promise<number> {
  const child = spawn(process.execPath, [at('reimage.mjs'), folder, pool()], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise((resolve) => child.once('close', resolve));
  let text = '';
  const begun = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('begun')) resolve();
    });
  });
  await Promise.race([begun, gone]);
  await sleep(ms);
  child.kill('SIGKILL');
  await gone;
  return text.split('round').length - 1;
}

/** What the board would get right now; throws for anything that is not one whole generation. */
async function served(): Promise<string> {
  const board = join(pool(), 'roots', BOARD.serial);
  const generation = await readlink(join(board, 'current'));
  const record: unknown = JSON.parse(await readFile(join(board, `${generation}.json`), 'utf8'));
  expect(record).toMatchObject({ generation: Number(generation.slice(4)), hostname: 'pi-01' });
  const image = await readFile(join(board, generation, 'root/version'), 'utf8');
  expect(record).toMatchObject({ image });
  const boot = join(pool(), 'boot/tftp/10.46.189.2', BOARD.serial);
  expect(await readFile(join(boot, 'version'), 'utf8')).toBe(image);
  expect(await readFile(join(boot, 'kernel8.img'), 'utf8')).toBe(`kernel8.img of ${image}\n`.repeat(300));
  expect(await readFile(join(boot, 'cmdline.txt'), 'utf8')).toMatch(
    / nfsroot=10\.46\.189\.1:\/export\/10\.46\.189\.2,.* rootwait\n$/,
  );
  const root = at('export/10.46.189.2');
  expect(await readFile(join(root, 'etc/hostname'), 'utf8')).toBe('pi-01\n');
  expect(await readdir(join(root, 'etc/ssh'))).toHaveLength(4);
  const key = await readFile(join(root, 'etc/ssh/ssh_host_ed25519_key.pub'), 'utf8');
  expect(JSON.stringify(record)).toContain(key.split(' ').slice(0, 2).join(' '));
  return image;
}

test.skipIf(!isRoot)(
  `a reimage that is killed ${KILLS} times always leaves a whole root, old or new`,
  { timeout: LIMIT_MS },
  async () => {
    const random = seededRandom(7);
    const rounds = await killAfter(10_000); // so that there is something to be served
    expect(rounds).toBeGreaterThan(0);
    const images = new Set<string>();
    for (let kill = 0; kill < KILLS; kill++) {
      await killAfter(randomBelow(random, LATEST_MS));
      images.add(await served());
    }
    expect(images).toEqual(new Set(['one', 'two']));
    const driver = await nodeDriver('copy', pool());
    const paths = pathsBelow(folder, pool());
    const { keeper } = startRoots({ paths, driver, images: at('images'), services: NO_SERVICES });
    await keeper.recoverAll(signal);
    const { underWay, generations } = await keeper.look(BOARD.serial);
    expect(underWay).toBeUndefined();
    const names = await readdir(join(pool(), 'roots', BOARD.serial));
    const whole = generations.map(({ generation }) => `gen-${generation}`);
    expect(names.filter((name) => /^gen-\d+$/.test(name)).sort()).toEqual(whole.sort());
  },
);
