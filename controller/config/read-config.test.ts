import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import { systemClock } from '../system.js';
import { parseConfigText, readConfigFile } from './read-config.js';

const bomb = [
  'a: &a [x, x]',
  ...'bcdefghij'.split('').map((key, n) => `${key}: &${key} [${'*'.concat('abcdefghi'[n] ?? 'a', ', ').repeat(9)}]`),
];

test.for<[string, string, number]>([
  ['an alias bomb', bomb.join('\n'), 2],
  ['a tag of JavaScript', 'log:\n  level: !!js/function "() => 1"', 2],
  ['a tag of its own', 'dataDir: !secret /x', 1],
  ['a duplicate key', 'log: {}\nhttp: {}\nlog: {}', 3],
  ['an open bracket', 'http:\n  names: [a, b\nlog: {}', 3],
  ['a second document', 'log: {}\n---\nhttp: {}', 2],
])('T-54 %s in the configuration is refused with its line', ([, text, line]) => {
  const startMs = systemClock.monotonicMs();
  try {
    parseConfigText(text, '/etc/bramble/controller.yaml');
    expect.unreachable();
  } catch (thrown) {
    const { code, message } = BrambleError.from(thrown);
    expect([code, message]).toEqual(['invalid-argument', expect.stringContaining(`controller.yaml, line ${line}: `)]);
  }
  expect(systemClock.monotonicMs() - startMs).toBeLessThan(20_000);
});

test('T-54 a key of the prototype is data like any other, and changes nothing', () => {
  const raw = parseConfigText('__proto__: { polluted: 1 }\nconstructor: { prototype: { polluted: 1 } }', 'x');
  expect(Object.keys(raw ?? {})).toEqual(['__proto__', 'constructor']);
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
});

test('T-54 a file of 10 MB, a directory and what never ends are refused without being read whole', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'bramble-config-'));
  try {
    const [large, endless] = [join(dir, 'large.yaml'), join(dir, 'endless.yaml')];
    await writeFile(large, `# ${'x'.repeat(10 * 2 ** 20)}`);
    await symlink('/dev/zero', endless);
    for (const path of [large, endless]) {
      await expect(readConfigFile(path)).rejects.toMatchObject({ message: `${path} is larger than 1 MiB` });
    }
    await expect(readConfigFile(dir)).rejects.toMatchObject({ code: 'failed-precondition' });
    await writeFile(large, 'log: { level: debug }\n');
    expect(await readConfigFile(large)).toEqual({ log: { level: 'debug' } });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
