import { expect, test } from 'vitest';
import { recorded } from '../../../test/fixtures/index.js';
import { expectNoInvention, expectRefusalOfGarbage } from '../../../test/fixtures/parser-properties.js';
import { visibleFilesystems } from './filesystems-visible.js';
import { type Mount, parseMountInfo } from './mount-table.js';

const summary = (mounts: readonly Mount[]) =>
  mounts.map(({ mountPoint, type, source, isReadOnly }) => ({ mountPoint, type, source, isReadOnly }));

test.for(recorded('mountinfo'))('tells local from untouchable filesystems of $name', ({ input, expected: want }) => {
  const { local, untouchable } = visibleFilesystems(parseMountInfo(input));
  expect({ local: summary(local), untouchable: summary(untouchable) }).toEqual(want);
});

test('a cut table is refused, or its lines say the same', () => {
  for (const { input } of recorded('mountinfo')) {
    expectNoInvention(parseMountInfo, input, (cut, all) => expect(cut).toEqual(all.slice(0, cut.length)));
    expectRefusalOfGarbage((text) => visibleFilesystems(parseMountInfo(text)), input);
  }
});

const line = (id: number, parentId: number, mountPoint: string, type: string, more = ''): string =>
  `${id} ${parentId} 8:${id} / ${mountPoint} rw,relatime ${more}- ${type} /dev/sd${id} rw\n`;

test.for<[string, string, string[]]>([
  ['a disk under a network filesystem is out of reach', line(1, 0, '/', 'nfs') + line(2, 1, '/data', 'ext4'), []],
  [
    'so is one two mounts below it',
    line(1, 0, '/', 'ext4') +
      line(2, 1, '/net', 'autofs') +
      line(3, 2, '/net/x', 'tmpfs') +
      line(4, 3, '/net/x/y', 'ext4'),
    ['/'],
  ],
  ['a disk below memory filesystems is fine', line(1, 0, '/', 'tmpfs') + line(2, 1, '/data', 'xfs'), ['/data']],
  [
    'what is mounted over is gone',
    line(1, 0, '/', 'ext4') + line(2, 1, '/a', 'xfs') + line(3, 2, '/a', 'tmpfs'),
    ['/'],
  ],
  [
    'and so is what lay below it',
    line(1, 0, '/', 'ext4') + line(2, 1, '/a/b', 'xfs') + line(3, 2, '/a/b/c', 'xfs') + line(4, 1, '/a', 'tmpfs'),
    ['/'],
  ],
  [
    'a neighbour with a longer name stays',
    line(1, 0, '/', 'ext4') + line(2, 1, '/ab', 'xfs') + line(3, 1, '/a', 'tmpfs'),
    ['/', '/ab'],
  ],
  ['optional fields do not confuse', line(1, 0, '/', 'ext4', 'shared:1 master:2 '), ['/']],
  ['an overlay may rest on anything', line(1, 0, '/', 'overlay') + line(2, 1, '/data', 'ext4'), []],
])('%s', ([, table, want]) => {
  expect(visibleFilesystems(parseMountInfo(table)).local.map(({ mountPoint }) => mountPoint)).toEqual(want);
});
