import { expect, test } from 'vitest';
import { type FactName, isTextFact } from '../../proto/contract/facts.js';
import { siteId } from '../../proto/contract/ids.js';
import { nodeLoads } from './node-loads.js';
import { NodeEntry } from './node-table.js';
import { makeNode } from './testing/fleet.js';

type Numbers = readonly (readonly [FactName, string, number])[];

function entryOf(number: number, numbers: Numbers, over: Partial<NodeEntry['node']> = {}): NodeEntry {
  const entry = new NodeEntry(makeNode(number, over), { reportIntervalMs: 30_000, graceUntilMonotonicMs: 0 });
  entry.liveness = 'fresh';
  const facts = numbers.map(([fact, instance, value]) => ({ fact, instance, value }));
  expect(facts.some(({ fact }) => isTextFact(fact))).toBe(false);
  entry.facts.apply(facts, true);
  return entry;
}

const cpu = (permille: number): Numbers => [['cpu_busy_permille', '', permille]];
const names = (entries: readonly NodeEntry[], limit = 10, filter = {}) =>
  nodeLoads(entries, { limit, ...filter }).map(({ name }) => name);

test('who is nearest to one of its three limits is first; who tells nothing is last', () => {
  const entries = [
    entryOf(1, cpu(500)),
    entryOf(2, [
      ['temperature_millidegrees', 'soc', 40_000],
      ['temperature_millidegrees', 'disk', 84_000],
    ]),
    entryOf(3, [
      ['memory_total_bytes', '', 1_000],
      ['memory_available_bytes', '', 300],
    ]),
    entryOf(4, []),
  ];
  expect(nodeLoads(entries, { limit: 3 })).toEqual([
    expect.objectContaining({ name: 'pi-2', temperatureMillidegrees: 84_000 }),
    expect.objectContaining({ name: 'pi-3', memoryUsedPermille: 700 }),
    expect.objectContaining({ name: 'pi-1', cpuBusyPermille: 500 }),
  ]);
  expect(names(entries)).toEqual(['pi-2', 'pi-3', 'pi-1', 'pi-4']);
});

test('numbers of a node without contact are old, and those of other sites are not asked for', () => {
  const away = entryOf(1, cpu(999));
  away.liveness = 'silent';
  const late = entryOf(2, cpu(100));
  late.liveness = 'late';
  const elsewhere = entryOf(3, cpu(900), { site: siteId('elsewhere') });
  expect(names([away, late, elsewhere])).toEqual(['pi-3', 'pi-2']);
  expect(names([away, late, elsewhere], 10, { within: new Set([late.node.site]) })).toEqual(['pi-2']);
});

test('a machine without memory figures of sense has none', () => {
  const [load] = nodeLoads(
    [
      entryOf(1, [
        ['memory_total_bytes', '', 0],
        ['memory_available_bytes', '', 5],
      ]),
    ],
    { limit: 1 },
  );
  expect(load).not.toHaveProperty('memoryUsedPermille');
});
