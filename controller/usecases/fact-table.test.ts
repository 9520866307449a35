import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FactName } from '../../proto/contract/facts.js';
import type { FactChange } from './agent-messages.js';
import { FactTable, SERIES_PER_NODE_MAX } from './fact-table.js';

const change = (fact: FactName, instance: string, value: FactChange['value']): FactChange => ({
  fact,
  instance,
  value,
});

test('a full report says what there is, a delta changes it, and a withdrawn series has no data', () => {
  const table = new FactTable();
  table.apply(
    [
      change('hostname_text', '', 'pi-07'),
      change('filesystem_size_bytes', '/', 100),
      change('filesystem_size_bytes', '/boot', 50),
    ],
    true,
  );
  table.apply([change('filesystem_size_bytes', '/', undefined), change('hostname_text', '', 'pi-08')], false);
  expect(table.number('filesystem_size_bytes', '/')).toBeUndefined();
  expect(table.number('filesystem_size_bytes', '/boot')).toBe(50);
  expect(table.text('hostname_text', '')).toBe('pi-08');
  expect(table.instances('filesystem_size_bytes')).toEqual(['/boot']);
  table.apply([change('load_1m_milli', '', 100)], true);
  expect(table.values()).toEqual([{ fact: 'load_1m_milli', instance: '', value: 100 }]);
});

test('a value that is no number is no data, and is counted', () => {
  const table = new FactTable();
  table.apply([change('load_1m_milli', '', 100)], true);
  expect(table.apply([change('load_1m_milli', '', Number.NaN)], false)).toBe(1);
  expect(table.number('load_1m_milli', '')).toBeUndefined();
});

test('a node with more series than the limit keeps the first ones, and the others are counted', () => {
  const table = new FactTable();
  const changes = Array.from({ length: SERIES_PER_NODE_MAX + 3 }, (_, i) => change('network_speed_mbps', `eth${i}`, i));
  expect(table.apply(changes, true)).toBe(3);
  expect(table.seriesCount).toBe(SERIES_PER_NODE_MAX);
  expect(table.number('network_speed_mbps', 'eth4095')).toBe(4_095);
});

test('only the latest boots are remembered', () => {
  const table = new FactTable();
  for (let i = 1; i <= 9; i++) table.addBoot(i);
  expect(table.bootsAtMs).toEqual([5, 6, 7, 8, 9]);
});

test('property: after any reports the table says the same as a map', () => {
  const facts = ['hostname_text', 'board_mac_text', 'load_1m_milli', 'network_speed_mbps'] as const;
  const anyChange = fc
    .record({
      fact: fc.constantFrom(...facts),
      instance: fc.constantFrom('', 'eth0', 'eth1'),
      value: fc.option(fc.integer(), { nil: undefined }),
    })
    .map(({ fact, instance, value }) =>
      change(fact, instance, fact.endsWith('_text') && value !== undefined ? `text ${value}` : value),
    );
  const anyReport = fc.record({ full: fc.boolean(), changes: fc.array(anyChange, { maxLength: 12 }) });
  fc.assert(
    fc.property(fc.array(anyReport, { maxLength: 12 }), (reports) => {
      const table = new FactTable();
      const model = new Map<string, FactChange['value']>();
      for (const { full, changes } of reports) {
        table.apply(changes, full);
        if (full) model.clear();
        for (const { fact, instance, value } of changes) {
          if (value === undefined) model.delete(`${fact} ${instance}`);
          else model.set(`${fact} ${instance}`, value);
        }
        const told = new Map(table.values().map(({ fact, instance, value }) => [`${fact} ${instance}`, value]));
        expect(told).toEqual(model);
        for (const fact of facts) {
          for (const instance of ['', 'eth0', 'eth1']) {
            const isText = fact === 'hostname_text' || fact === 'board_mac_text';
            const value = isText ? table.text(fact, instance) : table.number(fact, instance);
            expect(value).toBe(model.get(`${fact} ${instance}`));
          }
        }
      }
    }),
  );
});
