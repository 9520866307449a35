import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeSimHost, type SimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { cadenceProblem, DEFAULT_CADENCE, saneCadence } from './cadence.js';
import { DesiredStateKeeper } from './desired-state.js';

const PATH = '/state/desired-state.json';
const cadence = { ...DEFAULT_CADENCE, reportIntervalMs: 5_000 };

function setUp() {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'node');
  const load = (on: SimHost) => world.settle(DesiredStateKeeper.load({ files: on.files, path: PATH }));
  return { world, host, load };
}

test('a revision that was reached survives a power cut', async () => {
  const { world, host, load } = setUp();
  const keeper = await load(host);
  expect([keeper.reachedRevision, keeper.isNews(0), keeper.isNews(1)]).toEqual([0, false, true]);
  expect(await world.settle(keeper.apply({ revision: 3, cadence }))).toBe(true);
  host.crash('power');
  const next = await load(host.restart());
  expect([next.reachedRevision, next.cadence, next.isNews(3)]).toEqual([3, cadence, false]);
});

test('an older revision is left alone, the same one again writes nothing', async () => {
  const { world, host, load } = setUp();
  const keeper = await load(host);
  await world.settle(keeper.apply({ revision: 3, cadence }));
  const { operations } = host.board.disk;
  expect(await world.settle(keeper.apply({ revision: 2, cadence: undefined }))).toBe(false);
  expect(await world.settle(keeper.apply({ revision: 3, cadence }))).toBe(true);
  expect([keeper.reachedRevision, keeper.cadence, host.board.disk.operations]).toEqual([3, cadence, operations]);
});

test('what makes no sense and what cannot be stored is not reached', async () => {
  const { world, host, load } = setUp();
  const keeper = await load(host);
  const silly = keeper.apply({ revision: 1, cadence: { ...cadence, probeAfterMs: 0 } });
  await expect(world.settle(silly)).rejects.toMatchObject({ code: 'invalid-argument' });
  host.board.disk.readOnly = true;
  await expect(world.settle(keeper.apply({ revision: 1, cadence }))).rejects.toMatchObject({
    code: 'failed-precondition',
  });
  expect(keeper.reachedRevision).toBe(0);
});

test('property: whatever is in the file, it loads as something sane', async () => {
  const { host, load } = setUp();
  const content = fc.oneof(
    fc.string(),
    fc.json(),
    fc.record({ revision: fc.jsonValue(), cadence: fc.jsonValue() }).map((each) => JSON.stringify(each)),
  );
  await fc.assert(
    fc.asyncProperty(content, async (text) => {
      host.board.disk.plant(PATH, new TextEncoder().encode(text));
      const keeper = await load(host);
      expect(Number.isSafeInteger(keeper.reachedRevision) && keeper.reachedRevision >= 0).toBe(true);
      expect(keeper.cadence === undefined || cadenceProblem(keeper.cadence) === undefined).toBe(true);
    }),
  );
});

test.for<[string, number, number]>([
  ['not assigned', 0, 30_000],
  ['too short', 9, 10],
  ['within bounds', 200, 200],
  ['too long', 3_600_001, 3_600_000],
])('a report interval that is %s becomes sane', ([, given, want]) => {
  expect(saneCadence({ ...cadence, reportIntervalMs: given }).reportIntervalMs).toBe(want);
});
