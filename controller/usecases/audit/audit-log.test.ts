import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteStore } from '../../store/sqlite-store.js';
import { frozenClock, silentLog } from '../../store/testing/samples.js';
import type { Caller } from '../access/caller.js';
import { by } from '../testing/by.js';
import { testTrust } from '../testing/trust-bench.js';
import { AuditLog } from './audit-log.js';

const admin: Caller = { principal: { kind: 'administrator', name: undefined }, actor: by('admin') };

let dir = '';
let path = '';

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'bramble-audit-'));
  path = join(dir, 'bramble.db');
  await withStore(async (store) => {
    await store.transact(async ({ audit }) => {
      for (let n = 1; n <= 1_500; n++) {
        await audit.add({
          ...{ atMs: n, actor: by('user:kim'), action: 'node.revoke', target: `n-${n}`, site: undefined },
          ...{ outcome: 'done', details: { reason: 'sold', n } },
        });
      }
    });
  });
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

async function withStore<T>(work: (store: Awaited<ReturnType<typeof openSqliteStore>>) => Promise<T>): Promise<T> {
  const store = await openSqliteStore({ path, mode: 'inline', clock: frozenClock, log: silentLog });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** What somebody does who can write the file. */
function tamper(sql: string, isLocked = false): void {
  const db = new Database(path);
  if (!isLocked) db.exec('DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_removed;');
  try {
    db.exec(sql);
  } finally {
    db.close();
  }
}

function verify(remembered: readonly { readonly sequence: number; readonly hash: string }[] = []) {
  return withStore((store) =>
    new AuditLog({
      ...{ store, world: { clock: frozenClock }, trust: testTrust },
      remembered: () => [{ nodeName: 'pi-1', heads: remembered }],
    }).verify(admin),
  );
}

test('a log of several pages that nobody touched is intact', async () => {
  expect(await verify()).toMatchObject({ intact: true, recordsCount: 1_500, faults: [] });
});

test.for<[string, string, readonly [number, string][]]>([
  ['an edit', "UPDATE audit SET target = 'n-9' WHERE sequence = 1200", [[1200, 'edited']]],
  ['an edit of a detail', `UPDATE audit SET details = '{"reason":"","n":3}' WHERE sequence = 3`, [[3, 'edited']]],
  ['a deletion', 'DELETE FROM audit WHERE sequence = 1000', [[1000, 'missing']]],
  ['a deletion of the beginning', 'DELETE FROM audit WHERE sequence < 5', [[1, 'missing']]],
  [
    'a reorder',
    'UPDATE audit SET sequence = -1 WHERE sequence = 7; UPDATE audit SET sequence = 7 WHERE sequence = 8; ' +
      'UPDATE audit SET sequence = 8 WHERE sequence = -1',
    [
      [7, 'moved'],
      [8, 'moved'],
      [9, 'rewritten'],
    ],
  ],
])('T-56: %s of a row in the file is pinpointed', async ([, sql, faults]) => {
  tamper(sql);
  const verdict = await verify();
  expect(verdict.intact).toBe(false);
  expect(verdict.faults.map(({ sequence, kind }) => [sequence, kind])).toEqual(faults);
});

test('T-56: an end that was cut off is exposed by an agent alone', async () => {
  const head = await withStore((store) => store.reader.audit.head());
  tamper('DELETE FROM audit WHERE sequence > 1490');
  expect((await verify()).intact).toBe(true); // and this look at it is record 1491
  expect((await verify([head])).faults).toMatchObject([{ sequence: 1500, kind: 'truncated', rememberedBy: 'pi-1' }]);
});

test('our own mistakes cannot change or remove a record', () => {
  expect(() => tamper("UPDATE audit SET target = 'x' WHERE sequence = 1", true)).toThrow('only ever appended to');
  expect(() => tamper('DELETE FROM audit', true)).toThrow('only ever appended to');
});
