import { expect, test } from 'vitest';
import { recorded } from '../../../test/fixtures/index.js';
import { expectNoInvention, expectRefusalOfGarbage } from '../../../test/fixtures/parser-properties.js';
import { collectOn, values } from '../../kit/testing/collect-on.js';
import { makeNfsCollector, StallWatch } from './nfs.js';
import { type NfsMount, parseMountstats } from './nfs-mountstats.js';

test.for(recorded('mountstats'))('reads the NFS mounts of $name', ({ input, expected: want }) => {
  expect(parseMountstats(input)).toEqual(want);
});

test('a cut file is refused, or its mounts say the same', () => {
  for (const { input } of recorded('mountstats')) {
    expectNoInvention(parseMountstats, input, (cut, all) => expect(cut).toEqual(all.slice(0, cut.length)));
    expectRefusalOfGarbage(parseMountstats, input);
  }
});

const MOUNT: NfsMount = {
  server: 'fs:/x',
  mountPoint: '/x',
  operations: 0,
  retransmits: 0,
  timeouts: 0,
  roundTripMs: 0,
  sent: 0,
  received: 0,
  connects: 1,
};

type Look = readonly [atS: number, sent: number, received: number, more?: Partial<NfsMount>];

test.for<[string, readonly Look[], readonly (number | undefined)[]]>([
  [
    'the way is cut for half a minute, as recorded',
    [
      [108.8, 68, 68],
      [111.9, 68, 68],
      [117.1, 69, 68],
      [122.1, 69, 68],
      [142.4, 69, 68],
      [150.6, 73, 73],
      [166.8, 76, 76],
    ],
    [0, 0, 0, 5_000, 25_300, 0, 0],
  ],
  [
    'a mount that is used all the time always has a request under way',
    [
      [0, 101, 100],
      [30, 3001, 3000],
      [60, 9003, 9000],
      [90, 9403, 9402],
    ],
    [undefined, 0, 0, 0],
  ],
  [
    'what was lost with a connection is no stall afterwards',
    [
      [0, 100, 100],
      [30, 104, 100],
      [60, 104, 100],
      [90, 108, 104, { connects: 2 }],
      [120, 108, 104, { connects: 2 }],
      [150, 109, 104, { connects: 2 }],
      [180, 109, 104, { connects: 2 }],
    ],
    [0, 0, 30_000, 0, 0, 0, 30_000],
  ],
  [
    'nor what was sent twice over UDP',
    [
      [0, 100, 100, { connects: 0 }],
      [30, 103, 102, { connects: 0, retransmits: 1 }],
      [60, 103, 102, { connects: 0, retransmits: 1 }],
    ],
    [0, 0, 0],
  ],
  [
    'an agent that starts when nothing moves cannot know',
    [
      [0, 120, 100],
      [30, 120, 100],
      [60, 130, 110],
      [90, 130, 110],
    ],
    [undefined, undefined, 0, 0],
  ],
  [
    'counters of 32 bits wrap',
    [
      [0, 2 ** 32 - 2, 2 ** 32 - 2],
      [30, 3, 2 ** 32 - 1],
      [60, 3, 2 ** 32 - 1],
      [90, 3, 3],
    ],
    [0, 0, 30_000, 0],
  ],
])('%s', ([, looks, want]) => {
  const watch = new StallWatch();
  const seen = looks.map(([atS, sent, received, more]) =>
    watch.observe({ ...MOUNT, sent, received, ...more }, atS * 1000),
  );
  expect(seen.map((ms) => (ms === undefined ? undefined : Math.round(ms)))).toEqual(want);
});

const text = (name: string): string => recorded('mountstats').find((one) => one.name === name)?.input ?? '';

test('a mount is followed through a stall without being touched', async () => {
  const { run, kernel, world } = collectOn(makeNfsCollector(), {
    '/proc/self/mountstats': text('debian-12-guest-healthy'),
  });
  const facts = async () => values(await run());
  expect(await facts()).toEqual({
    'nfs_server_text /mnt/v4': '10.46.189.1:/',
    'nfs_operations_count /mnt/v4': 68,
    'nfs_retransmits_count /mnt/v4': 0,
    'nfs_timeouts_count /mnt/v4': 0,
    'nfs_stalled_ms /mnt/v4': 0,
  });
  kernel.set('/proc/self/mountstats', text('debian-12-guest-stalled'));
  await world.runFor(30_000);
  expect(await facts()).toMatchObject({ 'nfs_stalled_ms /mnt/v4': 0 });
  await world.runFor(30_000);
  expect(await facts()).toMatchObject({ 'nfs_stalled_ms /mnt/v4': 30_000 });
  kernel.set('/proc/self/mountstats', text('debian-12-guest-answers-again'));
  await world.runFor(30_000);
  expect(await facts()).toMatchObject({ 'nfs_stalled_ms /mnt/v4': 0, 'nfs_timeouts_count /mnt/v4': 3 });
  expect(await facts()).toHaveProperty('nfs_round_trip_us /mnt/v4');
});

test('the way to the server is told per interval, and stands while nothing is asked', async () => {
  const mount = (operations: number, ms: number) =>
    `device fs:/x mounted on /x with fstype nfs statvers=1.1\n\txprt:\ttcp 1 0 1 0 0 9 9 0 0 0 2 0 0\n` +
    `\tper-op statistics\n\t        READ: ${operations} ${operations} 0 1 1 0 ${ms} 9 0\n\n`;
  const { run, kernel } = collectOn(makeNfsCollector(), { '/proc/self/mountstats': mount(10, 100) });
  await run();
  kernel.set('/proc/self/mountstats', mount(14, 106));
  expect(values(await run())).toMatchObject({ 'nfs_round_trip_us /x': 1_500 });
  expect(values(await run())).toMatchObject({ 'nfs_round_trip_us /x': 1_500 });
  kernel.set('/proc/self/mountstats', mount(2, 3)); // mounted anew
  const facts = values(await run());
  expect(facts).toMatchObject({ 'nfs_operations_count /x': 2 });
  expect(facts).not.toHaveProperty('nfs_round_trip_us /x');
});

test('a machine without NFS is asked once a minute', async () => {
  let asked = 0;
  const { run, world } = collectOn(makeNfsCollector(), {
    '/proc/self/mountstats': () => {
      asked++;
      return 'device proc mounted on /proc with fstype proc\n';
    },
  });
  for (let poll = 0; poll < 4; poll++) {
    expect(await run()).toEqual({ kind: 'no-data', why: 'nothing is mounted over NFS' });
    await world.runFor(30_000);
  }
  expect(asked).toBe(2);
});
