import { expect, test } from 'vitest';
import { recorded } from '../../../test/fixtures/index.js';
import { expectNoInvention, expectRefusalOfGarbage } from '../../../test/fixtures/parser-properties.js';
import { type KernelLogRead, KernelLogReader, parseKernelRecord } from './kernel-record.js';

test.for<[string, string, object | undefined]>([
  [
    'of the kernel',
    '6,339,5140900,-;NET: Registered protocol family 10\n',
    { sequence: 339, facility: 0, level: 6, atMs: 5140.9, text: 'NET: Registered protocol family 10' },
  ],
  [
    'of a program, with pairs and a caller',
    '30,340,5690716,-,caller=T1;udevd[80]: starting\n SUBSYSTEM=acpi\n DEVICE=+acpi:PNP0A03:00\n',
    { sequence: 340, facility: 3, level: 6, atMs: 5690.716, text: 'udevd[80]: starting' },
  ],
  ['with a semicolon of its own', '4,1,0,c;a;b\n', { sequence: 1, facility: 0, level: 4, atMs: 0, text: 'a;b' }],
  ['that is empty', '4,1,0,-;\n', { sequence: 1, facility: 0, level: 4, atMs: 0, text: '' }],
  ['that is cut short', '4,1,0,-;half a li', undefined],
  ['without a head', 'half a line\n', undefined],
])('a record %s', ([, text, want]) => {
  expect(parseKernelRecord(text)).toEqual(want);
});

test('a cut record is none, or the same', () => {
  const [log] = recorded('kmsg').filter(({ name }) => name === 'everything-fails');
  for (const record of (log?.input ?? '').split(/^(?! )/m).slice(0, 8)) {
    expectNoInvention(parseKernelRecord, record, (cut, all) => {
      if (cut !== undefined) expect(cut).toEqual(all);
    });
    expectRefusalOfGarbage(parseKernelRecord, record);
  }
});

const record = (sequence: number): string => `6,${sequence},0,-;line ${sequence}\n`;

function readerOf(reads: readonly KernelLogRead[]) {
  const left = [...reads];
  return new KernelLogReader(() => left.shift() ?? 'empty');
}

const sequences = (batch: ReturnType<KernelLogReader['read']>) => [
  batch.records.map(({ sequence }) => sequence),
  batch.droppedCount,
];

test('what was overwritten before the first look is nobody’s loss; later gaps are counted', () => {
  const reader = readerOf([record(70), record(71), 'empty', 'overwritten', record(90), record(91), 'empty']);
  expect(sequences(reader.read(10))).toEqual([[70, 71], 0]);
  expect(sequences(reader.read(10))).toEqual([[90, 91], 18]);
});

test('a read is bounded, and goes on where it stopped', () => {
  const reader = readerOf([record(1), record(2), record(3), 'empty']);
  expect(sequences(reader.read(2))).toEqual([[1, 2], 0]);
  expect(sequences(reader.read(2))).toEqual([[3], 0]);
  expect(sequences(reader.read(2))).toEqual([[], 0]);
});

test('a record of another form is lost, and only that one', () => {
  const reader = readerOf([record(1), 'what is this\n', record(3), 'empty']);
  expect(sequences(reader.read(10))).toEqual([[1, 3], 1]);
});

test('a kernel that overwrites faster than it is read does not hold the reader', () => {
  const reader = new KernelLogReader(() => 'overwritten');
  expect(sequences(reader.read(100))).toEqual([[], 0]);
});
