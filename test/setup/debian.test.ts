import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withoutServices } from './debian.js';

let dir = '';
let policy = '';

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'bramble-policy-'));
  policy = path.join(dir, 'policy-rc.d');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** As invoke-rc.d asks. */
function answer(): number {
  try {
    execFileSync(policy, ['prometheus', 'start']);
    return 0;
  } catch (thrown) {
    return thrown instanceof Error && 'status' in thrown ? Number(thrown.status) : -1;
  }
}

test('no service is started while packages are installed, and afterwards nothing is left of it', async () => {
  expect(await withoutServices(async () => answer(), policy)).toBe(101);
  expect(existsSync(policy)).toBe(false);
  await expect(withoutServices(() => Promise.reject(new Error('no network')), policy)).rejects.toThrow('no network');
  expect(existsSync(policy)).toBe(false);
});

test('a policy that was there before stays, also afterwards', async () => {
  writeFileSync(policy, '#!/bin/sh\nexit 104\n', { mode: 0o755 });
  const { mtimeMs } = statSync(policy);
  expect(await withoutServices(async () => answer(), policy)).toBe(104);
  expect(readFileSync(policy, 'utf8')).toContain('104');
  expect(statSync(policy).mtimeMs).toBe(mtimeMs);
});
