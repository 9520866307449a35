import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BootRecord } from './record.js';
import { parseBootRecord, renderBootRecord } from './record-text.js';

const time = fc.integer({ min: -1e9, max: 1e12 });
const records: fc.Arbitrary<BootRecord> = fc.record({
  mac: fc.constantFrom('', 'b8:27:eb:00:00:01'),
  serial: fc.constantFrom('', '0a1b2c3d'),
  address: fc.constantFrom('', '10.46.189.2'),
  interfaceName: fc.constantFrom('', 'eth0.10'),
  startedMs: time,
  stagesMs: fc.record({ 'dhcp-seen': time, 'kernel-served': time }, { requiredKeys: [] }),
  firstFileMs: fc.option(time, { nil: undefined }),
  missedMs: fc.option(time, { nil: undefined }),
  missedFirmware: fc.boolean(),
  startsMs: fc.array(time, { maxLength: 8 }),
  seenMs: time,
});

test('a record that was written is read as it was', () => {
  fc.assert(
    fc.property(records, (record) => {
      const text = renderBootRecord(record);
      expect(parseBootRecord(text)).toEqual(record);
      expect(text.length).toBeLessThanOrEqual(1_024);
    }),
  );
});

test('what is no record is none, and never fails', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(() => parseBootRecord(text)).not.toThrow();
    }),
  );
  for (const text of ['', '{}', 'null', '{"mac":1}', `{"mac":"${'x'.repeat(65)}"}`]) {
    expect(parseBootRecord(text)).toBeUndefined();
  }
});
