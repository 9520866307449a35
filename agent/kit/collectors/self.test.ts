import { expect, test } from 'vitest';
import { recordedTrees } from '../../../test/fixtures/index.js';
import { expectNoInvention, expectRefusalOfGarbage } from '../../../test/fixtures/parser-properties.js';
import { SimKernelFiles } from '../../sim/sim-kernel-files.js';
import { collectOn, quietProbe, values } from '../testing/collect-on.js';
import { parseCpuMs, parseResidentBytes, parseWrittenBytes } from './own-process.js';
import { makeSelfCollector } from './self.js';

test.for(recordedTrees<Record<string, number>>('own-process'))(
  'reads what $name costs',
  async ({ input, expected: want }) => {
    const { run } = collectOn(makeSelfCollector(quietProbe()), {
      ...input,
      '/proc/self/fd/0': '',
      '/proc/self/fd/1': '',
    });
    expect(values(await run())).toMatchObject(want);
  },
);

test('a cut file is refused or says the same', () => {
  for (const { input } of recordedTrees('own-process')) {
    const parsers = { status: parseResidentBytes, stat: parseCpuMs, io: parseWrittenBytes };
    for (const [file, parse] of Object.entries(parsers)) {
      const text = input[`/proc/self/${file}`] ?? '';
      expectNoInvention(parse, text, (cut, all) => expect(cut).toBe(all));
      expectRefusalOfGarbage(parse, text);
    }
  }
});

test('a program name with spaces and parentheses does not shift the fields', () => {
  const rest = 'S 1 1 1 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 11 0 1 2 3\n';
  expect(parseCpuMs(`77 (a) b (c)) ${rest}`)).toBe(3_000);
});

test('tells what was lost and what stalled', async () => {
  const probe = quietProbe({
    stallMs: () => 480,
    configState: () => 'undone',
    configDriftsCount: () => 2,
    outboxEventsCount: () => 3,
    outboxDroppedCount: () => 2,
    valuesRefusedCount: () => 1,
    storageFailed: () => true,
  });
  expect(values(await collectOn(makeSelfCollector(probe), {}).run())).toEqual({
    agent_stall_ms: 480,
    agent_outbox_events_count: 3,
    agent_outbox_dropped_count: 2,
    agent_values_refused_count: 1,
    agent_storage_failed_flag: 1,
    config_state: 4,
    config_drifts_count: 2,
  });
});

test('under another root it still measures itself, not a process of that root', async () => {
  const own = new SimKernelFiles({ '/proc/self/status': 'VmRSS:\t 50 kB\n' });
  const { run } = collectOn(makeSelfCollector(quietProbe(), own), { '/proc/self/status': 'VmRSS:\t 999 kB\n' });
  expect(values(await run())).toMatchObject({ agent_resident_bytes: 51_200 });
});

test('its cost is looked at every five minutes', async () => {
  const { run, kernel, world } = collectOn(makeSelfCollector(quietProbe()), {
    '/proc/self/fd/0': '',
    '/proc/self/fd/1': '',
  });
  expect(values(await run())).toMatchObject({ agent_open_files_count: 1 });
  kernel.set('/proc/self/fd/2', '');
  expect(values(await run())).toMatchObject({ agent_open_files_count: 1 });
  await world.runFor(300_000);
  expect(values(await run())).toMatchObject({ agent_open_files_count: 2 });
});
