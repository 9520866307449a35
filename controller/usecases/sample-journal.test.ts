import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FACTS, type NumberFactName } from '../../proto/contract/facts.js';
import type { FactChange } from './agent-messages.js';
import { SampleJournal } from './sample-journal.js';

const series = fc.constantFrom<readonly [NumberFactName, string]>(
  ['cpu_busy_permille', ''],
  ['memory_available_bytes', ''],
  ['network_received_bytes', 'eth0'],
  ['network_received_bytes', 'wlan0'],
  ['filesystem_size_bytes', '/'],
);
const change: fc.Arbitrary<FactChange> = fc
  .tuple(series, fc.option(fc.oneof(fc.integer(), fc.maxSafeInteger()), { nil: undefined }))
  .map(([[fact, instance], value]) => ({ fact, instance, value: value === undefined ? value : value + 0 }));
const report = fc.record({
  afterMs: fc.integer({ min: -5_000, max: 60_000 }),
  full: fc.boolean(),
  changes: fc.uniqueArray(change, { selector: ({ fact, instance }) => `${fact} ${instance}` }),
  restart: fc.boolean(),
});

/** A row as people think of it: which series has which value. */
type Row = readonly [atMs: number, values: Readonly<Record<string, number>>];

function rowsOf(journal: SampleJournal): readonly Row[] {
  const { atMs, columns } = journal.table();
  return atMs.map((at, row) => {
    const values = columns.flatMap(({ factId, instance, values: column }) => {
      const value = column[row];
      return value === undefined ? [] : [[`${factId} ${instance}`, value] as const];
    });
    return [at, Object.fromEntries(values)] as const;
  });
}

test('property: the table has every row with the values that held at its time', () => {
  fc.assert(
    fc.property(fc.array(report, { maxLength: 20 }), (reports) => {
      const journal = new SampleJournal();
      let now: Record<string, number> = {};
      let rows: Row[] = [];
      let atMs = 1_700_000_000_000;
      for (const { afterMs, full, changes, restart } of reports) {
        if (restart) {
          journal.restart();
          rows = [];
        }
        atMs += afterMs;
        journal.add(atMs, full, changes);
        if (full) now = {};
        for (const { fact, instance, value } of changes) {
          const key = `${FACTS[fact].id} ${instance}`;
          if (typeof value === 'number') now[key] = value;
          else delete now[key];
        }
        rows.push([atMs, { ...now }]);
        expect(rowsOf(journal)).toEqual(rows);
      }
    }),
    { numRuns: 200 },
  );
});

test('texts have no history, and values that are not whole are left out and counted', () => {
  const journal = new SampleJournal();
  const leftOut = journal.add(1_000, true, [
    { fact: 'hostname_text', instance: '', value: 'pi-1' },
    { fact: 'cpu_busy_permille', instance: '', value: 12.5 },
    { fact: 'load_1m_milli', instance: '', value: Number.NaN },
    { fact: 'load_5m_milli', instance: '', value: 7 },
  ]);
  expect(leftOut).toBe(2);
  expect(rowsOf(journal)).toEqual([[1_000, { [`${FACTS.load_5m_milli.id} `]: 7 }]]);
});

test('series beyond the bound are left out, the others go on', () => {
  const journal = new SampleJournal();
  const changes = Array.from({ length: 5_000 }, (_, i): FactChange => {
    return { fact: 'network_received_bytes', instance: `if${i}`, value: i };
  });
  expect(journal.add(1_000, true, changes)).toBe(5_000 - 4_096);
  expect(journal.table().columns).toHaveLength(4_096);
});

test('series that had no data at a restart are forgotten, so that interfaces which come and go do not pile up', () => {
  const journal = new SampleJournal();
  for (let i = 0; i < 3_000; i++) {
    journal.add(i, true, [{ fact: 'network_received_bytes', instance: `veth${i}`, value: i }]);
    journal.add(i, true, [{ fact: 'network_received_bytes', instance: `veth${i + 1}`, value: i }]);
    journal.restart();
  }
  expect(journal.add(3_000, false, [{ fact: 'cpu_busy_permille', instance: '', value: 1 }])).toBe(0);
  expect(journal.table().columns).toHaveLength(2);
});
