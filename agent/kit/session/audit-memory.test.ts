import { expect, test } from 'vitest';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { AuditMemory, HEADS_MAX, type KeptHead, keepHead } from './audit-memory.js';

const HOUR_MS = 3_600_000;
const head = (sequence: number, atMs: number): KeptHead => ({
  sequence,
  hash: sequence.toString(16).padStart(64, '0'),
  atMs,
});

/** One head per hour, as a busy controller tells them. */
function afterHours(hours: number): readonly KeptHead[] {
  let kept: readonly KeptHead[] = [];
  for (let hour = 0; hour <= hours; hour++) kept = keepHead(kept, head(hour + 1, hour * HOUR_MS));
  return kept;
}

test('within the hour nothing is kept anew, however often a head is told', () => {
  const kept = [head(1, 0)];
  for (const atMs of [0, 1, HOUR_MS - 1]) expect(keepHead(kept, head(9, atMs))).toBe(kept);
  expect(keepHead(kept, head(9, HOUR_MS))).toEqual([head(9, HOUR_MS), head(1, 0)]);
});

test('what is kept reaches back a week, a day apart, and is bounded', () => {
  const hours = afterHours(30 * 24).map(({ atMs }) => atMs / HOUR_MS);
  expect(hours).toHaveLength(HEADS_MAX);
  expect(hours[0]).toBe(30 * 24);
  expect((hours[0] ?? 0) - (hours.at(-1) ?? 0)).toBeGreaterThanOrEqual(6 * 24);
});

test('a log that shrank is not believed: what is known stays', () => {
  const kept = [head(50, 0), head(10, -100 * HOUR_MS)];
  expect(keepHead(kept, head(49, 10 * HOUR_MS))).toBe(kept);
  expect(keepHead(kept, { ...head(50, 10 * HOUR_MS), hash: 'f'.repeat(64) })).toBe(kept);
});

test('a clock that was set back does not stop the memory', () => {
  const kept = keepHead([head(1, 100 * HOUR_MS)], head(2, HOUR_MS));
  expect(kept[0]).toEqual(head(2, HOUR_MS));
});

test('it survives a restart, is written once an hour, and damage is no memory', async () => {
  const { files, clock } = makeSimHost(new SimWorld(1), 'a');
  const open = () => AuditMemory.load({ files, path: '/state/audit-heads', clock });
  const memory = await open();
  const hash = Buffer.alloc(32, 7);
  await memory.heard({ sequence: 7, hash });
  await memory.heard({ sequence: 8, hash });
  expect((await open()).heads()).toEqual([{ sequence: 7, hash }]);
  for (const bad of [
    { sequence: 9, hash: Buffer.alloc(5) },
    { sequence: 0, hash },
  ])
    await memory.heard(bad);
  expect(memory.heads()).toHaveLength(1);
  await files.writeAtomic('/state/audit-heads', 'what is this\n12 short 5\n');
  expect((await open()).heads()).toEqual([]);
});
