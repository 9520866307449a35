import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import { plain, type SqlConnection } from './connection.js';
import { SqliteEngine } from './engine.js';
import { GROUP_LIMITS, GroupCommit, type Session } from './group-commit.js';
import { InlineConnection } from './inline-connection.js';
import { Lock } from './lock.js';
import { frozenClock } from './testing/samples.js';

let connection: InlineConnection;

beforeEach(async () => {
  const engine = SqliteEngine.open({ path: ':memory:', access: 'write', migrations: [], nowMs: 0 });
  connection = new InlineConnection(engine);
  await run('CREATE TABLE t (n INTEGER PRIMARY KEY, filling TEXT) STRICT');
});

afterEach(() => connection.close());

const run = (sql: string) => connection.execute([plain(sql)], 'anywhere');
const stored = async () => (await run('SELECT n FROM t ORDER BY n')).rows.map((row) => (row as { n: number }).n);
const insert = (n: number) => (session: Session) => session.execute(plain(`INSERT INTO t (n) VALUES (${n})`));
const commits = (over: Partial<SqlConnection> = {}, limits = GROUP_LIMITS, clock = frozenClock) => {
  const wrapped: SqlConnection = {
    execute: (statements, rule) => connection.execute(statements, rule),
    checkpoint: () => connection.checkpoint(),
    backup: (toPath) => connection.backup(toPath),
    close: () => connection.close(),
    ...over,
  };
  return new GroupCommit(wrapped, new Lock(), clock, limits);
};
const codes = (outcomes: readonly PromiseSettledResult<unknown>[]) =>
  outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'ok' : BrambleError.from(outcome.reason).code));

test('transactions that wait together take one commit', async () => {
  const group = commits();
  await Promise.all(Array.from({ length: 200 }, (_, n) => group.transact(insert(n))));
  expect(await stored()).toHaveLength(200);
  expect(group.counters()).toMatchObject({
    store_transactions_total: 200,
    store_commits_total: 1,
    store_group_largest: 200,
  });
});

test('a group ends after so many transactions, or after so long', async () => {
  const byCount = commits({}, { ...GROUP_LIMITS, groupMax: 10 });
  await Promise.all(Array.from({ length: 25 }, (_, n) => byCount.transact(insert(n))));
  expect(byCount.counters()).toMatchObject({ store_commits_total: 3, store_group_largest: 10 });
  let nowMs = 0;
  const ticking = { nowMs: () => 0, monotonicMs: () => nowMs++ };
  const byTime = commits({}, { ...GROUP_LIMITS, groupMs: 5 }, ticking);
  await Promise.all(Array.from({ length: 12 }, (_, n) => byTime.transact(insert(100 + n))));
  expect(byTime.counters()).toMatchObject({ store_transactions_total: 12, store_group_largest: 5 });
});

test('beyond its bound the queue refuses, and takes again when it is shorter', async () => {
  const group = commits({}, { ...GROUP_LIMITS, waitingMax: 3 });
  const outcomes = await Promise.allSettled([1, 2, 3, 4].map((n) => group.transact(insert(n))));
  expect(codes(outcomes)).toEqual(['ok', 'ok', 'ok', 'resource-exhausted']);
  expect(group.counters()['store_transactions_refused_total']).toBe(1);
  await group.transact(insert(4));
  expect(await stored()).toEqual([1, 2, 3, 4]);
});

test('nobody hears of success before the commit, and when it fails nobody does', async () => {
  let isBroken = true;
  let heard = 0;
  const group = commits({
    async execute(statements, rule) {
      if (statements.at(-1)?.sql === 'COMMIT') {
        expect(heard).toBe(0);
        if (isBroken) throw new BrambleError('unavailable', 'no space left');
      }
      return await connection.execute(statements, rule);
    },
  });
  const together = (from: number) =>
    Promise.allSettled(
      [0, 1, 2].map(async (n) => {
        await group.transact(insert(from + n));
        heard += 1;
      }),
    );
  expect(codes(await together(1))).toEqual(['unavailable', 'unavailable', 'unavailable']);
  expect(await stored()).toEqual([]);
  isBroken = false;
  expect(codes(await together(1))).toEqual(['ok', 'ok', 'ok']);
  expect(await stored()).toEqual([1, 2, 3]);
});

test('when nothing can begin, those that wait are refused, and the next ones are taken', async () => {
  let isBusy = true;
  const group = commits({
    async execute(statements, rule) {
      if (isBusy) throw new BrambleError('unavailable', 'another program holds the database');
      return await connection.execute(statements, rule);
    },
  });
  const outcomes = await Promise.allSettled([1, 2].map((n) => group.transact(insert(n))));
  expect(codes(outcomes)).toEqual(['unavailable', 'unavailable']);
  isBusy = false;
  await group.transact(insert(1));
  expect(await stored()).toEqual([1]);
});

test('a statement that fails may be caught, and its transaction goes on', async () => {
  const group = commits();
  await group.transact(insert(1));
  await group.transact(async (session) => {
    await expect(insert(1)(session)).rejects.toMatchObject({ code: 'already-exists' });
    await insert(2)(session);
  });
  expect(await stored()).toEqual([1, 2]);
});

test('a transaction that ends before its statements did is undone', async () => {
  const group = commits({
    async execute(statements, rule) {
      await Promise.resolve();
      return await connection.execute(statements, rule);
    },
  });
  const forgetful = group.transact(async (session) => {
    void insert(1)(session);
  });
  await expect(forgetful).rejects.toThrow('an await is missing');
  await group.transact(insert(2));
  expect(await stored()).toEqual([2]);
});

describe('a full disk', () => {
  const FILLING = `INSERT INTO t (filling) SELECT hex(zeroblob(2000)) FROM (
    WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 200) SELECT x FROM c)`;
  const fill = (session: Session) => session.execute(plain(FILLING));

  test('fails the transaction that needs the space, keeps the others whole, and goes on when there is space', async () => {
    const group = commits();
    await run('PRAGMA max_page_count = 60');
    const outcomes = await Promise.allSettled(
      [insert(1), fill, insert(2), fill, insert(3)].map((w) => group.transact(w)),
    );
    const told = codes(outcomes);
    expect(told[1]).toBe('unavailable');
    expect(told[3]).toBe('unavailable');
    // Whatever became of its neighbours, each is there whole or was told that it is not.
    const kept = [1, 2, 3].filter((_, i) => told[i * 2] === 'ok');
    expect(await stored()).toEqual(kept);
    await run('PRAGMA max_page_count = 100000');
    await group.transact(fill);
    expect(await stored()).toHaveLength(kept.length + 200);
  });

  test('that makes the database end the transaction by itself leaves nothing half done', async () => {
    let isLost = false;
    const group = commits({
      async execute(statements, rule) {
        if (isLost && rule === 'inside') {
          isLost = false;
          await run('ROLLBACK');
        }
        return await connection.execute(statements, rule);
      },
    });
    const outcomes = await Promise.allSettled([
      group.transact(insert(1)),
      group.transact(async (session) => {
        await insert(2)(session);
        isLost = true;
        await insert(3)(session);
      }),
      group.transact(insert(4)),
    ]);
    expect(codes(outcomes)).toEqual(['aborted', 'aborted', 'ok']);
    expect(await stored()).toEqual([4]);
  });
});
