import { expect, test } from 'vitest';
import type { PortChange } from '../../domain/switch/port-change.js';
import type { Store } from '../../usecases/ports.js';
import { nodeIdOf as id, sampleNode } from './samples.js';

function change(number: number, state: PortChange['state']): PortChange {
  return {
    ...{ id: `01890000-0000-7000-8000-00000000000${number}`, atMs: number, actor: 'kim', reason: 'r' },
    ...{ confirmWithinMs: 60_000, isByHand: false, isApproved: false, state, stateAtMs: number, detail: '' },
    ...{ restores: '', parts: [], expected: [{ nodeId: id(1), vlans: [10] }] },
  };
}

/** Changes of ports, and the plans that were kept. */
export function describeSwitches(current: () => Store): void {
  test('a change of ports is read back as it is now, among the open ones until it has ended, the newest first', async () => {
    const store = current();
    const [first, second] = [change(1, 'watching'), change(2, 'applying')];
    await store.transact(async (writer) => {
      for (const each of [first, second]) await writer.switches.putChange(each);
    });
    const { switches } = store.reader;
    expect(await switches.openChanges()).toEqual([first, second]);
    await store.transact((writer) => writer.switches.putChange({ ...first, state: 'kept' }));
    expect(await switches.openChanges()).toEqual([second]);
    expect((await switches.changes(10)).map(({ state }) => state)).toEqual(['applying', 'kept']);
    expect(await switches.change(first.id)).toEqual({ ...first, state: 'kept' });
    expect(await switches.change('none')).toBeUndefined();
  });

  test('the newest plan of a switch is the one with the highest revision; of many the oldest go', async () => {
    const store = current();
    const plan = (revision: number) => {
      const told = { changeId: 'c', atMs: revision, actor: 'kim', reason: 'r' };
      return { nodeId: id(1), revision, plan: `{"n":${revision}}`, ...told };
    };
    await store.transact(async (writer) => {
      await writer.putNode(sampleNode(1));
      for (let revision = 1; revision <= 210; revision++) await writer.switches.addKeptPlan(plan(revision));
    });
    const { switches } = store.reader;
    expect(await switches.keptPlan(id(1))).toEqual(plan(210));
    expect(await switches.keptPlan(id(2))).toBeUndefined();
    const kept = await switches.keptPlans(id(1), 1_000);
    expect([kept.length, kept.at(-1)?.revision]).toEqual([200, 11]);
  });
}
