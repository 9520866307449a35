import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commandId, nodeId } from '../../proto/contract/ids.js';
import { UploadFiles } from './upload-files.js';

const NODE = nodeId('n-0000000000001');
const COMMAND = commandId('01890a5d-ac96-774b-bcce-b302099a8057');
const order = (name: string, sizeBytes = 3) => ({ nodeId: NODE, commandId: COMMAND, name, sizeBytes });

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bramble-uploads-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

test('an upload has its name only when it is whole, and is its owner’s alone', async () => {
  const writer = await new UploadFiles(dir).open(order('log.tar'));
  await writer.write(Buffer.from('ab'));
  await writer.write(Buffer.from('c'));
  const path = join(dir, NODE, COMMAND);
  expect(existsSync(path)).toBe(false);
  await writer.finish();
  expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['abc', 0o600]);
});

test('an abandoned upload leaves nothing, and what a crash left is taken away by the next', async () => {
  const files = new UploadFiles(dir);
  const abandoned = await files.open(order('a'));
  await abandoned.write(Buffer.from('x'));
  await abandoned.abandon();
  await abandoned.abandon();
  expect(readdirSync(join(dir, NODE))).toEqual([]);
  writeFileSync(join(dir, NODE, '.partial-old'), 'x');
  await (await files.open(order('b'))).finish();
  expect(readdirSync(join(dir, NODE))).toEqual([COMMAND]);
});

test('a command is uploaded for once, whatever its node calls the file', async () => {
  const files = new UploadFiles(dir);
  await (await files.open(order('a'))).finish();
  await expect(files.open(order('b'))).rejects.toMatchObject({ code: 'already-exists' });
});

test('an upload is found when it is whole, by the ids of its node and command', async () => {
  const files = new UploadFiles(dir);
  const writer = await files.open(order('a'));
  await writer.write(Buffer.from('abc'));
  expect(await files.find(NODE, COMMAND)).toBeUndefined();
  await writer.finish();
  const found = await files.find(NODE, COMMAND);
  expect(found?.sizeBytes).toBe(3);
  expect(await text(found?.read() ?? Readable.from([]))).toBe('abc');
  expect(await files.find(nodeId('n-0000000000002'), COMMAND)).toBeUndefined();
});

/** Files of a node, each a second younger than the one before. */
function put(node: string, names: readonly string[], sizeBytes: number, newestAtMs: number): void {
  mkdirSync(join(dir, node), { recursive: true });
  for (const [n, name] of names.entries()) {
    const path = join(dir, node, name);
    writeFileSync(path, '');
    truncateSync(path, sizeBytes);
    const atS = newestAtMs / 1_000 - (names.length - 1 - n);
    utimesSync(path, atS, atS);
  }
}

const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `file-${n}`);

test('a node fills its own share: its oldest give way, nobody else’s do', async () => {
  put(NODE, names(16), 1, 1_000_000);
  put('n-0000000000002', names(16), 1, 500_000);
  await (await new UploadFiles(dir).open(order('a'))).finish();
  expect(readdirSync(join(dir, NODE)).sort()).toEqual([COMMAND, ...names(16).slice(1)].sort());
  expect(readdirSync(join(dir, 'n-0000000000002'))).toHaveLength(16);
});

test('large ones give way too, and more than its share is refused before anything is removed', async () => {
  put(NODE, names(4), 16 * 2 ** 20, 1_000_000);
  const files = new UploadFiles(dir);
  await expect(files.open(order('a', 65 * 2 ** 20))).rejects.toMatchObject({ code: 'resource-exhausted' });
  expect(readdirSync(join(dir, NODE))).toHaveLength(4);
  await (await files.open(order('a', 20 * 2 ** 20))).finish();
  expect(readdirSync(join(dir, NODE)).sort()).toEqual([COMMAND, 'file-2', 'file-3'].sort());
});

test('retention removes what is old, then the oldest of what is too much, over all nodes', async () => {
  put(NODE, names(3), 10, 1_000_000);
  put('n-0000000000002', names(3), 10, 990_000);
  const files = new UploadFiles(dir);
  expect(await files.prune({ bytesMax: 60, ageMaxMs: 12_000 }, 1_000_000)).toBe(0);
  expect(await files.prune({ bytesMax: 60, ageMaxMs: 11_000 }, 1_000_000)).toBe(1);
  expect(await files.prune({ bytesMax: 30, ageMaxMs: 11_000 }, 1_000_000)).toBe(2);
  expect([readdirSync(join(dir, NODE)), readdirSync(join(dir, 'n-0000000000002'))]).toEqual([names(3), []]);
  expect(await new UploadFiles(join(dir, 'none')).prune({ bytesMax: 0, ageMaxMs: 0 }, 0)).toBe(0);
});

test('a disk that cannot be written is said to be that', async () => {
  writeFileSync(join(dir, 'file'), '');
  await expect(new UploadFiles(join(dir, 'file')).open(order('a'))).rejects.toMatchObject({ code: 'unavailable' });
});
