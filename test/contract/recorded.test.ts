import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ENUMS, TYPES } from './codecs.js';
import { generatedBytes, generatedMeaning } from './meaning.js';
import { record } from './record.js';
import { difference, FOLDER, readRecorded, readRecordedEnums, recordedMessages } from './recorded.js';

test('every message of the contract is recorded, and none was taken away (npm run record adds new ones)', () => {
  expect(recordedMessages()).toEqual(TYPES.map(({ name }) => name));
});

const SAMPLES = TYPES.flatMap((type) =>
  readRecorded(type.name).map((sample) => [type.name, sample.name, type, sample] as const),
);

test.for(SAMPLES)('%s "%s" decodes and means what it always meant', ([, , type, { bytes, means }]) => {
  const decoded = generatedMeaning(type, Buffer.from(bytes, 'hex'));
  expect(difference(type, means, decoded)).toBeUndefined();
  expect(Buffer.from(generatedBytes(type, means)).toString('hex')).toBe(bytes);
});

test('no enum value was renamed or removed', () => {
  const today = Object.fromEntries(ENUMS.map(({ name, values }) => [name, values]));
  expect(today).toMatchObject(readRecordedEnums());
});

describe('recording', () => {
  let folder = '';
  const contents = () => readdirSync(folder).map((file) => readFileSync(path.join(folder, file), 'utf8'));

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'bramble-recorded-'));
    cpSync(FOLDER, folder, { recursive: true });
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('adds nothing when everything is there', () => {
    expect(record(folder)).toBe(0);
  });

  test('adds samples of a message that has none', () => {
    rmSync(path.join(folder, 'Goodbye.json'));
    expect(record(folder)).toBe(readRecorded('Goodbye').length);
    expect(readRecorded('Goodbye', folder)).toEqual(readRecorded('Goodbye'));
  });

  test('refuses, and writes nothing, when a sample would change its meaning', () => {
    const [first, ...rest] = readRecorded('Probe').toReversed();
    const changed = [{ ...first, means: { nonce: 'something else' } }, ...rest];
    writeFileSync(path.join(folder, 'Probe.json'), JSON.stringify(changed));
    const before = contents();
    expect(() => record(folder)).toThrow('Probe');
    expect(contents()).toEqual(before);
  });

  test('refuses when a message is gone', () => {
    writeFileSync(path.join(folder, 'Gone.json'), '[]');
    expect(() => record(folder)).toThrow('Gone is recorded and is gone');
  });

  test('refuses when an enum value changed', () => {
    writeFileSync(path.join(folder, 'enums.json'), JSON.stringify({ NodeKind: { NODE_KIND_PI: 7 } }));
    expect(() => record(folder)).toThrow('NodeKind.NODE_KIND_PI was 7 and is 1');
  });
});
