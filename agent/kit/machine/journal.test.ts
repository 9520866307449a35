import { expect, test } from 'vitest';
import type { JournalSource } from '../host/ports.js';
import { exited, type SimProgram } from '../testing/sim-exec.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { readJournal } from './journal.js';

const never = new AbortController().signal;
const SSH: JournalSource = { kind: 'unit', unit: 'ssh.service' };

function setUp(journalctl?: SimProgram) {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'node');
  const calls: string[][] = [];
  if (journalctl !== undefined) {
    host.board.programs.set('journalctl', (argv, limits) => {
      calls.push([...argv]);
      return journalctl(argv, limits);
    });
  }
  const read = (source: JournalSource, lines = 100) => world.settle(readJournal(host.exec, source, lines, never));
  return { calls, read };
}

test('a unit or the kernel, and so many lines, oldest first', async () => {
  const { calls, read } = setUp(() => exited(0, 'oldest\nnewest\n'));
  expect(await read(SSH, 5_000)).toBe('oldest\nnewest\n');
  await read({ kind: 'kernel' }, 3);
  const options = ['journalctl', '--no-pager', '--quiet', '--output=short-iso'];
  expect(calls).toEqual([
    [...options, '--lines=2000', '--unit=ssh.service'],
    [...options, '--lines=3', '--dmesg'],
  ]);
});

test('what is too long loses its oldest lines, and no line is cut', async () => {
  const { read } = setUp(() =>
    exited(0, Array.from({ length: 9_000 }, (_, n) => `line ${n} ${'x'.repeat(60)}\n`).join('')),
  );
  const text = await read(SSH);
  expect(text.length).toBeLessThanOrEqual(256 * 1024);
  expect(text).toMatch(/^line \d+ x{60}\n/);
  expect(text).toMatch(/\nline 8999 x{60}\n$/);
});

test('lines so long that the newest are cut off are asked for again, fewer of them', async () => {
  const { calls, read } = setUp((argv) => {
    const lines = Number(argv.find((word) => word.startsWith('--lines='))?.slice('--lines='.length));
    return exited(
      0,
      Array.from({ length: lines }, () => `${'ü'.repeat(2_000)}\n`)
        .join('')
        .slice(0, 2 ** 20),
    );
  });
  const text = await read(SSH, 2_000);
  expect(calls.map((argv) => argv.find((word) => word.startsWith('--lines=')))).toEqual([
    '--lines=2000',
    '--lines=500',
    '--lines=125',
  ]);
  expect(text).toMatch(/^ü{2000}\n/);
});

test.for<[string, SimProgram | undefined, string]>([
  ['no journalctl', undefined, 'unsupported'],
  [
    'no permission',
    () => exited(1, '', 'No journal files were opened due to insufficient permissions.\n'),
    'permission-denied',
  ],
  ['a damaged journal', () => exited(1, '', 'Failed to open files: Bad message\n'), 'unavailable'],
])('%s is told', async ([, journalctl, code]) => {
  await expect(setUp(journalctl).read(SSH)).rejects.toMatchObject({ code });
});

test('a name that is an option or a pattern is refused before any program runs', async () => {
  const { calls, read } = setUp(() => exited(0));
  for (const unit of ['--file=/etc/shadow', '*.service', 'a b.service', '']) {
    await expect(read({ kind: 'unit', unit })).rejects.toMatchObject({ code: 'invalid-argument' });
  }
  expect(calls).toEqual([]);
});
