import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteStore, type SqliteStore } from '../store/sqlite-store.js';
import {
  frozenClock,
  nodeIdOf,
  sampleAgentEvent,
  sampleCommand,
  sampleFleetEvent,
  sampleNode,
  sampleSegment,
  silentLog,
  T0_MS,
} from '../store/testing/samples.js';
import { DEFAULT_RETENTION, pruneStore } from './prune-history.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PAGE = { limit: 1_000 };

let store: SqliteStore;

beforeEach(async () => {
  store = await openSqliteStore({ path: ':memory:', mode: 'inline', clock: frozenClock, log: silentLog });
});

afterEach(() => store.close());

const deps = () => ({ store, sizeBytes: () => store.sizeBytes(), log: silentLog });

test('each kind goes at its own age, and not a millisecond before', async () => {
  await store.transact(async (writer) => {
    await writer.putNode(sampleNode(1));
    for (const days of [0, 29, 30, 31, 89, 90, 91, 364, 365, 366]) {
      const atMs = T0_MS - days * DAY_MS;
      await writer.addFleetEvent(sampleFleetEvent(0, { atMs, message: String(days) }));
      await writer.addAgentEvent(nodeIdOf(1), sampleAgentEvent(days), atMs);
      await writer.putCommand(sampleCommand(days, { state: 'succeeded', updatedAtMs: atMs }), undefined);
      await writer.addHistory(sampleSegment(1, atMs - HOUR_MS, atMs));
    }
  });
  const { removedCount, shortenedToMs } = await pruneStore(deps(), DEFAULT_RETENTION, T0_MS);
  expect(removedCount).toBe(4 + 4 + 1 + 7);
  expect(shortenedToMs).toBeUndefined();
  const events = await store.reader.eventsNewest(undefined, PAGE);
  expect(events.map(({ message }) => Number(message)).sort((a, b) => a - b)).toEqual([0, 29, 30, 31, 89, 90]);
  expect(await store.reader.commandsInState(['succeeded'], PAGE)).toHaveLength(9);
  expect(await store.reader.history(nodeIdOf(1), 0, T0_MS)).toHaveLength(3);
});

test('many rows go in small transactions', async () => {
  await store.transact(async (writer) => {
    for (let n = 0; n < 1_700; n++) await writer.addFleetEvent(sampleFleetEvent(n - 200 * DAY_MS));
  });
  const before = store.counters()['store_transactions_total'] ?? 0;
  expect(await pruneStore(deps(), DEFAULT_RETENTION, T0_MS)).toMatchObject({ removedCount: 1_700 });
  expect((store.counters()['store_transactions_total'] ?? 0) - before).toBe(4);
});

test('a database that is too large loses its oldest history, and nothing else', async () => {
  const packed = new Uint8Array(20_000).fill(7);
  await store.transact(async (writer) => {
    for (let n = 0; n < 100; n++) await writer.addFleetEvent(sampleFleetEvent(n));
    for (let hours = 0; hours < 200; hours++) {
      await writer.addHistory({ ...sampleSegment(1, T0_MS - (hours + 1) * HOUR_MS, T0_MS - hours * HOUR_MS), packed });
    }
  });
  const databaseBytesMax = 2_200_000;
  expect(await store.sizeBytes()).toBeGreaterThan(databaseBytesMax);
  const { shortenedToMs } = await pruneStore(deps(), { ...DEFAULT_RETENTION, databaseBytesMax }, T0_MS);
  expect(await store.sizeBytes()).toBeLessThan(databaseBytesMax);
  const left = await store.reader.history(nodeIdOf(1), 0, T0_MS);
  expect(left.length).toBeGreaterThan(70);
  expect(left.every(({ toMs }) => toMs >= (shortenedToMs ?? 0))).toBe(true);
  expect(left.at(-1)?.toMs).toBe(T0_MS);
  expect(await store.reader.eventsNewest(undefined, PAGE)).toHaveLength(100);
});

test('a limit that cannot be kept is told, and ends', async () => {
  const told: string[] = [];
  const log = { ...silentLog, error: (_fields: object, message: string) => told.push(message) };
  await store.transact((writer) => writer.addHistory(sampleSegment(1, T0_MS - HOUR_MS, T0_MS - 1)));
  const retention = { ...DEFAULT_RETENTION, databaseBytesMax: 1_000 };
  await pruneStore({ ...deps(), log }, retention, T0_MS);
  expect(told).toEqual(['the database is too large even without history']);
  expect(await store.reader.history(nodeIdOf(1), 0, T0_MS)).toEqual([]);
});
