import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  const path = join(dir, NODE, `${COMMAND}-log.tar`);
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
  expect(readdirSync(join(dir, NODE))).toEqual([`${COMMAND}-b`]);
});

test('a name is used once', async () => {
  const files = new UploadFiles(dir);
  await (await files.open(order('a'))).finish();
  await expect(files.open(order('a'))).rejects.toMatchObject({ code: 'already-exists' });
});

test('a node fills its own share and no more', async () => {
  mkdirSync(join(dir, NODE), { recursive: true });
  for (let i = 0; i < 63; i++) writeFileSync(join(dir, NODE, `file-${i}`), '');
  const files = new UploadFiles(dir);
  await (await files.open(order('last'))).finish();
  await expect(files.open(order('one-more'))).rejects.toMatchObject({ code: 'resource-exhausted' });
  const other = { ...order('a'), nodeId: nodeId('n-0000000000002') };
  await (await files.open(other)).finish();
  await expect(files.open({ ...other, name: 'b', sizeBytes: 65 * 2 ** 20 })).rejects.toMatchObject({
    code: 'resource-exhausted',
    hint: expect.stringContaining('delete'),
  });
});

test('a disk that cannot be written is said to be that', async () => {
  writeFileSync(join(dir, 'file'), '');
  await expect(new UploadFiles(join(dir, 'file')).open(order('a'))).rejects.toMatchObject({ code: 'unavailable' });
});
