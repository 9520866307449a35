import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readTlsFiles } from './tls-files.js';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bramble-tls-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

test('a key that every user can read is refused; one for a group is fine, and is never shown', async () => {
  const paths = { certificate: join(dir, 'page.pem'), key: join(dir, 'page.key') };
  await writeFile(paths.certificate, 'the certificate');
  await writeFile(paths.key, 'the key');
  await chmod(paths.key, 0o644);
  await expect(readTlsFiles(paths)).rejects.toMatchObject({
    code: 'failed-precondition',
    hint: expect.stringContaining('chmod'),
  });
  await chmod(paths.key, 0o640);
  const { certificatePem, privateKey } = await readTlsFiles(paths);
  expect([certificatePem, `${privateKey}`, privateKey.reveal()]).toEqual(['the certificate', '***', 'the key']);
});

test('a file that is not there is named', async () => {
  const paths = { certificate: join(dir, 'none.pem'), key: join(dir, 'none.key') };
  await expect(readTlsFiles(paths)).rejects.toMatchObject({ message: expect.stringContaining('none.pem') });
});
