import { expect, test } from 'vitest';
import { leaks } from './leaks.js';
import { kim, SimRack } from './rack.js';

const MINUTE_MS = 60_000;

test('a Pi whose root does not come up: the rescue system shows that its board is well, then it gets the root before', async () => {
  const rack = await SimRack.start();
  await rack.core.healing.policies.set('name: test\nversion: 1\nmode: enforce\n', 'for the test', kim);
  await rack.pass(9 * MINUTE_MS);
  rack.breakRoot('swp2', '00000002');
  await rack.pass(100 * MINUTE_MS);
  const sagas = await rack.store.reader.provisioning.sagas('pi-2', 10);
  expect(sagas.toReversed().map(({ kind, state, actor }) => `${kind} ${state} ${actor}`)).toEqual([
    'rescue undone healing',
    'rollback succeeded healing',
  ]);
  expect(sagas.at(-1)?.steps.find(({ name }) => name === 'follow-rescue')?.detail).toContain(
    'it has mounted the rescue',
  );
  expect(rack.machines.roots.get('00000002')).toMatchObject({ current: 1 });
  expect(rack.machines.up.get('swp1')?.boot).toBe(1); // nobody else was touched
  expect(await leaks(rack, ['pi-1', 'pi-2'])).toEqual([]);
});

test('without a policy that enforces, nothing of it is begun', async () => {
  const rack = await SimRack.start();
  await rack.pass(9 * MINUTE_MS);
  rack.breakRoot('swp2', '00000002');
  await rack.pass(30 * MINUTE_MS);
  expect(await rack.store.reader.provisioning.sagas(undefined, 10)).toEqual([]);
  const records = await rack.store.reader.healing.explainRecords({ node: 'pi-2', limit: 50 });
  expect(records.map(({ record }) => `${record.decision} ${record.rung}`)).toContain('would-act R5');
});

test('what a person changes, healing keeps its hands off', async () => {
  const rack = await SimRack.start();
  await rack.core.healing.policies.set('name: test\nversion: 1\nmode: enforce\n', 'for the test', kim);
  await rack.pass(9 * MINUTE_MS);
  await rack.core.provisioning.start({ kind: 'rescue', node: 'pi-2', rescue: 'there', reason: 'a look' }, kim);
  await rack.untilSettled();
  expect((await rack.newest()).state).toBe('succeeded');
  const hold = { kind: 'pause', scope: 'pi-2', owner: undefined, reason: 'a look' } as const;
  const untilMs = rack.world.clock.nowMs() + 4 * 3_600_000;
  await rack.core.healing.holds.place({ ...hold, untilMs }, rack.core.healing.map, kim);
  await rack.pass(30 * MINUTE_MS);
  expect(await rack.store.reader.provisioning.sagas(undefined, 10)).toHaveLength(1);
});

test('an image that somebody takes back: what its board did with it is no reason to change its root once more', async () => {
  const rack = await SimRack.start();
  const policy = 'name: test\nversion: 1\nmode: enforce\ndiagnose: 30s\nchangeWindow: 1m\n';
  await rack.core.healing.policies.set(policy, 'for the test', kim);
  await rack.pass(9 * MINUTE_MS);
  await rack.core.provisioning.start({ kind: 'reimage', node: 'pi-1', image: 'panics-1', reason: 'a try' }, kim);
  await rack.untilSettled();
  await rack.pass(10 * MINUTE_MS);
  const sagas = await rack.store.reader.provisioning.sagas(undefined, 10);
  expect(sagas.map(({ kind, state, actor }) => `${kind} ${state} ${actor}`)).toEqual(['reimage undone admin:kim']);
  expect(rack.machines.roots.get('00000001')?.current).toBe(1);
});
