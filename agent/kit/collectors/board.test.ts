import { expect, test } from 'vitest';
import { recorded, recordedTrees, type Tree } from '../../../test/fixtures/index.js';
import { expectNoInvention, expectRefusalOfGarbage } from '../../../test/fixtures/parser-properties.js';
import { collectOn, values } from '../testing/collect-on.js';
import { makeBoardCollector } from './board.js';
import { architectureOf, cpuinfoField, parsePrettyName, parseRevisionCell } from './board-files.js';
import { ProcessView } from './process-view.js';

const makeCollector = () => makeBoardCollector(new ProcessView(false));
const pi = (): Tree => recordedTrees('host').find(({ name }) => name === 'pi-3b')?.input ?? {};

test.for(recordedTrees<{ board: object }>('host'))(
  'describes the board of $name',
  async ({ input, expected: want }) => {
    expect(values(await collectOn(makeCollector(), input).run())).toEqual(want.board);
  },
);

const describeCpuinfo = (text: string) => ({
  serial: cpuinfoField(text, 'Serial'),
  revision: cpuinfoField(text, 'Revision'),
  architecture: architectureOf(text),
});

test.for(recorded('cpuinfo'))('reads cpuinfo of $name', ({ input, expected: want }) => {
  expect(describeCpuinfo(input)).toEqual(want);
});

test.for(recorded('os-release'))('reads the name of the system of $name', ({ input, expected: want }) => {
  expect(parsePrettyName(input)).toBe(want);
});

test('a cut file says the same, or nothing', () => {
  for (const { input } of recorded('cpuinfo')) {
    expectNoInvention(describeCpuinfo, input, (cut, all) => {
      expect([undefined, all.serial]).toContain(cut.serial);
      expect([undefined, all.revision]).toContain(cut.revision);
      expect([undefined, all.architecture]).toContain(cut.architecture);
    });
    expectRefusalOfGarbage(describeCpuinfo, input);
  }
  for (const { input } of recorded('os-release')) {
    expectNoInvention(parsePrettyName, input, (cut, all) => expect([undefined, all]).toContain(cut));
    expectRefusalOfGarbage(parsePrettyName, input);
  }
});

test.for<[string, string, string | undefined]>([
  ['a Pi 3 B', '\x00\xa0\x20\x82', 'a02082'],
  ['an old-style code', '\x00\x00\x00\x0e', '000e'],
  ['a code with the overvoltage bit', '\x02\xa0\x20\x82', '2a02082'],
  ['no code', '\x00\x00\x00\x00', undefined],
  ['cut short', '\x00\xa0\x20', undefined],
  ['decoded as UTF-8 by mistake', '\x00\ufffd \ufffd', undefined],
])('revision of %s', ([, cell, want]) => {
  expect(parseRevisionCell(cell)).toBe(want);
});

test.for<[string, string, string | undefined]>([
  ['plain', 'PRETTY_NAME=Alpine\n', 'Alpine'],
  ['single quotes', "PRETTY_NAME='A b'\n", 'A b'],
  ['escapes', 'PRETTY_NAME="a \\"b\\" \\$c"\n', 'a "b" $c'],
  ['empty', 'PRETTY_NAME=\n', undefined],
  ['absent', 'NAME=x\n', undefined],
])('PRETTY_NAME %s', ([, text, want]) => {
  expect(parsePrettyName(text)).toBe(want);
});

test('a PC describes itself by DMI', async () => {
  const files = { '/sys/class/dmi/id/sys_vendor': 'LENOVO\n', '/sys/class/dmi/id/product_name': '20XW\n' };
  expect(values(await collectOn(makeCollector(), files).run())).toEqual({ board_model_text: 'LENOVO 20XW' });
});

test('an address that software set is not the permanent one', async () => {
  const { run } = collectOn(makeCollector(), { ...pi(), '/sys/class/net/eth0/addr_assign_type': '3\n' });
  expect(values(await run())).not.toHaveProperty('board_mac_text eth0');
});

test('the name of the system is read once: it may lie on a network filesystem that dies later', async () => {
  let reads = 0;
  const osRelease = () => {
    reads++;
    return 'PRETTY_NAME=x\n';
  };
  const { run } = collectOn(makeCollector(), { ...pi(), '/etc/os-release': osRelease });
  await run();
  expect(values(await run())).toMatchObject({ os_name_text: 'x' });
  expect(reads).toBe(1);
});

test('another root is asked for its own name', async () => {
  const files = { ...pi(), '/etc/hostname': 'donated-7\n' };
  expect(values(await collectOn(makeBoardCollector(new ProcessView(true)), files).run())).toMatchObject({
    hostname_text: 'donated-7',
  });
});
