import { expect, test } from 'vitest';
import { expectRefusalOfGarbage } from '../../../test/fixtures/parser-properties.js';
import type { ExecResult } from '../../kit/host/ports.js';
import { collectOn } from '../../kit/testing/collect-on.js';
import { exited } from '../../kit/testing/sim-exec.js';
import { makeHardwareCollector, parseInventory } from './hardware.js';

const PROGRAM = ['/usr/bin/node', '/usr/lib/bramble/bramble-inventory.mjs'] as const;
const PRINTED = '[["disk:sda","Samsung SSD 860 500 GB"],["firmware","SeaBIOS 1.16"]]\n';

function inventoryOf(answer: ExecResult) {
  const asked: (readonly string[])[] = [];
  const under = collectOn(makeHardwareCollector(PROGRAM), {}, (host) => ({
    ...host,
    exec: {
      run: async (argv) => {
        asked.push(argv);
        return answer;
      },
    },
  }));
  return { ...under, asked };
}

test('what is built in is asked of its own program, once a day', async () => {
  const { run, world, asked } = inventoryOf(exited(0, PRINTED));
  expect(await run()).toMatchObject({ kind: 'no-data' });
  await world.runFor(3_600_000);
  expect(await run()).toMatchObject({
    kind: 'ok',
    samples: [
      { fact: 'hardware_text', instance: 'disk:sda', value: 'Samsung SSD 860 500 GB' },
      { fact: 'hardware_text', instance: 'firmware', value: 'SeaBIOS 1.16' },
    ],
  });
  await world.runFor(22 * 3_600_000);
  await run();
  expect(asked).toEqual([PROGRAM]);
});

test('a program that fails is told with its last words', async () => {
  const { run, world } = inventoryOf(exited(1, '', 'first\nError: no such thing\n'));
  await run();
  await world.runFor(3_600_000);
  await expect(run()).rejects.toThrow('the inventory ended with 1: Error: no such thing');
});

test.for(['', '{}', '[1]', '[["a"]]', '[["a",1]]', PRINTED.slice(0, 30)])('%j is refused', (text) => {
  expect(() => parseInventory(text)).toThrow(expect.objectContaining({ code: 'data-loss' }));
});

test('garbage is refused', () => {
  expectRefusalOfGarbage(parseInventory, PRINTED);
});
