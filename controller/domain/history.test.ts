import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import { type HistoryRows, packHistory, unpackHistory, unpackSeries } from './history.js';

const MAX = Number.MAX_SAFE_INTEGER;

/** Numbers as facts have them: noise, steps, counters, extremes; -0 is 0 to every fact. */
const value = fc
  .oneof(
    fc.integer({ min: -300, max: 300 }),
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 }).map((n) => n * 4096),
    fc.maxSafeInteger(),
    fc.constantFrom(MAX, -MAX, MAX - 1, 0),
  )
  .map((n) => n + 0);

const column = (rows: number) =>
  fc.oneof(
    fc.array(fc.option(value, { nil: undefined }), { minLength: rows, maxLength: rows }),
    fc.array(value, { minLength: rows, maxLength: rows }),
    value.map((n) => Array.from({ length: rows }, () => n)),
    fc
      .tuple(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), fc.integer({ min: -90_000, max: 90_000 }))
      .map(([start, step]) => Array.from({ length: rows }, (_, i) => start + i * step)),
    fc.constant(Array.from({ length: rows }, () => undefined)),
  );

const table: fc.Arbitrary<HistoryRows> = fc.integer({ min: 0, max: 40 }).chain((rows) =>
  fc.record({
    atMs: fc.oneof(
      fc.array(value, { minLength: rows, maxLength: rows }),
      fc
        .array(fc.integer({ min: 29_900, max: 30_100 }), { minLength: rows, maxLength: rows })
        .map((gaps) => gaps.map((_, i) => gaps.slice(0, i).reduce((sum, gap) => sum + gap, 1_700_000_000_000))),
    ),
    columns: fc.uniqueArray(
      fc.record({
        factId: fc.integer({ min: 0, max: 500 }),
        instance: fc.oneof(fc.constantFrom('', '/', 'eth0', '/srv/nfs'), fc.string({ unit: 'binary', maxLength: 9 })),
        values: column(rows),
      }),
      { maxLength: 8, selector: ({ factId, instance }) => `${factId} ${instance}` },
    ),
  }),
);

test('property: what was packed comes back exactly, with gaps, negatives and values up to 2^53 - 1', () => {
  fc.assert(
    fc.property(table, (rows) => {
      expect(unpackHistory(packHistory(rows))).toEqual(rows);
    }),
    { numRuns: 300 },
  );
});

test('property: one series unpacked alone is its column without the gaps', () => {
  fc.assert(
    fc.property(table, (rows) => {
      const packed = packHistory(rows);
      for (const { factId, instance, values } of rows.columns) {
        const points = rows.atMs.map((atMs, row) => ({ atMs, value: values[row] }));
        expect(unpackSeries(packed, { factId, instance })).toEqual(points.filter((p) => p.value !== undefined));
      }
    }),
    { numRuns: 100 },
  );
});

const SAMPLE: HistoryRows = {
  atMs: [1_000, 31_000, 61_020, 91_003],
  columns: [
    { factId: 31, instance: '', values: [120, 118, 131, 125] },
    { factId: 71, instance: '/', values: [2 ** 33, 2 ** 33, undefined, 2 ** 33 - 4096] },
    { factId: 93, instance: 'eth0', values: [10_000, 20_017, 29_999, 40_404] },
  ],
};

/** Whatever is unreadable must be refused as data loss, never guessed at and never a crash. */
function expectRefused(bytes: Uint8Array): void {
  let thrown: unknown;
  try {
    unpackHistory(bytes);
  } catch (caught) {
    thrown = caught;
  }
  expect(thrown).toBeInstanceOf(BrambleError);
  expect(thrown).toMatchObject({ code: 'data-loss' });
}

test('every truncation is refused', () => {
  const packed = packHistory(SAMPLE);
  for (let end = 0; end < packed.length; end++) expectRefused(packed.slice(0, end));
});

test('every change of a single byte is refused', () => {
  const packed = packHistory(SAMPLE);
  for (let at = 0; at < packed.length; at++) {
    const changed = packed.slice();
    changed[at] = (changed[at] ?? 0) ^ 0x15;
    expectRefused(changed);
  }
});

test('bytes that follow are refused', () => {
  expectRefused(Uint8Array.of(...packHistory(SAMPLE), 0));
});

/** The checksum as the format has it, so that broken content reaches the readers behind it. */
function sealed(content: Uint8Array): Uint8Array {
  let hash = 0x811c9dc5;
  for (const byte of content) hash = Math.imul(hash ^ byte, 0x01000193);
  return Uint8Array.of(...content, hash & 0xff, (hash >>> 8) & 0xff, (hash >>> 16) & 0xff, hash >>> 24);
}

test('property: garbage behind a right checksum is refused or read within bounds', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (garbage) => {
      try {
        const { atMs, columns } = unpackHistory(sealed(Uint8Array.of(1, ...garbage)));
        for (const { values } of columns) expect(values.length).toBe(atMs.length);
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'data-loss' });
      }
    }),
    { numRuns: 2_000 },
  );
});

test.for<[string, number[]]>([
  ['more rows than a segment may have', [1, 0xff, 0xff, 0x7f, 0]],
  ['more columns than a segment may have', [1, 1, 0xff, 0x7f, 1, 0]],
  ['a version of a later release', [2, 0, 0]],
])('%s: refused before anything is allocated', ([, content]) => {
  expectRefused(sealed(Uint8Array.from(content)));
});

test('an hour of a constant column costs a few bytes', () => {
  const atMs = Array.from({ length: 120 }, (_, i) => i * 30_000);
  const constant = { factId: 50, instance: '', values: atMs.map(() => 4_137_000_960) };
  const without = packHistory({ atMs, columns: [] }).length;
  expect(packHistory({ atMs, columns: [constant] }).length - without).toBeLessThan(14);
});

test('page-sized steps cost no more than their count of pages', () => {
  const atMs = Array.from({ length: 120 }, (_, i) => i * 30_000);
  const pages = atMs.map((_, i) => (i * 7) % 16);
  const small = packHistory({ atMs, columns: [{ factId: 51, instance: '', values: pages }] }).length;
  const large = packHistory({ atMs, columns: [{ factId: 51, instance: '', values: pages.map((n) => n * 4096) }] });
  expect(large.length - small).toBeLessThanOrEqual(2);
});
