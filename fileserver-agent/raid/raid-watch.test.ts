import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Outbox } from '../../agent/kit/durable/outbox.js';
import { EventRecorder } from '../../agent/kit/report/event-recorder.js';
import { RAID_CHANGES } from '../../agent/kit/report/raid-changed.js';
import { makeSimHost, type SimHost } from '../../agent/kit/testing/sim-host.js';
import { SimWorld } from '../../agent/kit/testing/sim-world.js';
import { lookAtRaid } from './raid-watch.js';

/** Names of the wire's numbers. */
const WORDS = new Map<number, string>(Object.entries(RAID_CHANGES).map(([word, number]) => [number, word]));

interface Member {
  readonly name: string;
  readonly flags: string;
  readonly slot: string;
}
interface Array {
  readonly state: string;
  readonly degraded: number;
  readonly action: string;
  readonly mismatches: number;
  readonly members: readonly Member[];
}
type State = Readonly<Record<string, Array>>;

const WHOLE: Array = {
  state: 'clean',
  degraded: 0,
  action: 'idle',
  mismatches: 0,
  members: [
    { name: 'sda3', flags: 'in_sync', slot: '0' },
    { name: 'sdb3', flags: 'in_sync', slot: '1' },
  ],
};

function show(host: SimHost, state: State): void {
  const { kernel } = host.board;
  const remove = (path: string): void => {
    const names = kernel.list(path);
    if (names === undefined) kernel.delete(path);
    else for (const name of names) remove(`${path}/${name}`);
  };
  remove('/sys/block');
  kernel.set('/sys/block/sda/size', '1\n');
  for (const [name, array] of Object.entries(state)) {
    const set = (file: string, value: string | number): void =>
      kernel.set(`/sys/block/${name}/md/${file}`, `${value}\n`);
    set('array_state', array.state);
    set('level', 'raid1');
    set('raid_disks', 2);
    set('degraded', array.degraded);
    set('sync_action', array.action);
    set('mismatch_cnt', array.mismatches);
    for (const member of array.members) {
      set(`dev-${member.name}/state`, member.flags);
      set(`dev-${member.name}/slot`, member.slot);
    }
  }
}

/** An agent that watches, and can be killed. What it told is what its outbox holds. */
class Rig {
  #host = makeSimHost(new SimWorld(1), 'fs');
  #outbox: Outbox | undefined;
  #frozen: ReadonlySet<string> = new Set();

  show(state: State): void {
    show(this.#host, state);
  }

  /** As where sysfs is not mounted. */
  hide(): void {
    show(this.#host, {});
    this.#host.board.kernel.delete('/sys/block/sda/size');
  }

  async look(): Promise<void> {
    const outbox = await this.#open();
    const recorder = new EventRecorder(outbox, this.#host.clock, 'boot');
    const told: Parameters<typeof lookAtRaid>[0] = {
      remembered: (name) => outbox.mark(name),
      remember: (mark) => outbox.setMark(mark),
      tellAndRemember: (kind, mark) => recorder.recordMarked(kind, mark),
    };
    this.#frozen = await lookAtRaid(told, this.#host.kernel, new AbortController().signal, this.#frozen);
  }

  /** Looks, and is killed when the storage has done so many more operations. */
  async lookAndDie(afterOperations: number, how: 'kill' | 'power'): Promise<void> {
    await this.#open();
    const { disk } = this.#host.board;
    const last = disk.operations + afterOperations;
    const host = this.#host;
    let isDead = false;
    disk.fault = ({ index }) => {
      if (index < last || isDead) return undefined;
      isDead = true;
      host.crash(how);
      return undefined;
    };
    await Promise.race([this.look().catch(() => undefined), this.#settled()]);
    if (!isDead) host.crash(how);
    disk.fault = () => undefined;
    this.#host = host.restart();
    this.#outbox = undefined;
  }

  async told(): Promise<readonly string[]> {
    const outbox = await this.#open();
    return outbox.pending(0, 10_000).flatMap(({ kind }) => {
      if (kind?.$case !== 'raidChanged') return [];
      const { array, member, change, before, after } = kind.value;
      return [`${array}${member === '' ? '' : `/${member}`} ${WORDS.get(change)} ${before} -> ${after}`];
    });
  }

  async #open(): Promise<Outbox> {
    const { files, random, clock } = this.#host;
    this.#outbox ??= await Outbox.open({ files, path: '/state/outbox', random, clock });
    return this.#outbox;
  }

  /** A killed process never answers: all that it could still have done is done after this. */
  async #settled(): Promise<void> {
    for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What is told of the states, looked at one after the other by an agent that lives on. */
async function toldOf(...states: readonly State[]): Promise<readonly string[]> {
  const rig = new Rig();
  for (const state of states) {
    rig.show(state);
    await rig.look();
  }
  return rig.told();
}

const failed: Array = {
  ...WHOLE,
  degraded: 1,
  members: [
    { name: 'sda3', flags: 'in_sync', slot: '0' },
    { name: 'sdb3', flags: 'faulty', slot: 'none' },
  ],
};
const removed: Array = { ...failed, members: failed.members.slice(0, 1) };
const rebuilding: Array = {
  ...failed,
  action: 'recover',
  members: [
    { name: 'sda3', flags: 'in_sync', slot: '0' },
    { name: 'sdb3', flags: 'spare', slot: '1' },
  ],
};

test('a disk that fails, is replaced and rebuilt is told step by step, each once', async () => {
  const states = [WHOLE, failed, failed, removed, rebuilding, rebuilding, WHOLE, WHOLE].map((md0) => ({ md0 }));
  expect(await toldOf(...states)).toEqual([
    'md0/sdb3 member-state in-sync -> faulty',
    'md0 missing-count 0 -> 1',
    'md0/sdb3 member-state faulty -> ',
    'md0/sdb3 member-state  -> rebuilding',
    'md0 sync-action idle -> recover',
    'md0/sdb3 member-state rebuilding -> in-sync',
    'md0 missing-count 1 -> 0',
    'md0 sync-action recover -> idle',
  ]);
});

test('what was missed in between shows in what is left of it', async () => {
  expect(await toldOf({ md0: WHOLE }, { md0: rebuilding })).toEqual([
    'md0/sdb3 member-state in-sync -> rebuilding',
    'md0 missing-count 0 -> 1',
    'md0 sync-action idle -> recover',
  ]);
});

test('a sync is told to be frozen when it stays so, not while mdadm adds a member', async () => {
  const frozen: Array = { ...failed, action: 'frozen' };
  expect(
    await toldOf({ md0: failed }, { md0: frozen }, { md0: rebuilding }, { md0: { ...rebuilding, action: 'frozen' } }),
  ).toEqual(['md0/sdb3 member-state faulty -> rebuilding', 'md0 sync-action idle -> recover']);
  expect(await toldOf({ md0: failed }, { md0: frozen }, { md0: frozen }, { md0: frozen })).toEqual([
    'md0 sync-action idle -> frozen',
  ]);
});

test('a check tells its findings at its end', async () => {
  const checking: Array = { ...WHOLE, action: 'check', mismatches: 64 };
  expect(await toldOf({ md0: WHOLE }, { md0: checking }, { md0: { ...WHOLE, mismatches: 128 } })).toEqual([
    'md0 sync-action idle -> check',
    'md0 sync-action check -> idle',
    'md0 mismatches 0 -> 128',
  ]);
});

test('arrays come, stop and go', async () => {
  const md1 = { ...WHOLE, state: 'inactive' };
  expect(await toldOf({ md0: WHOLE }, { md0: WHOLE, md1: WHOLE }, { md0: WHOLE, md1 }, { md0: WHOLE })).toEqual([
    'md1 array-appeared  -> raid1, running, 2 of 2 members',
    'md1 array-state running -> inactive',
    'md1 array-vanished raid1, inactive, 2 of 2 members -> ',
  ]);
});

test('writes, and a first look at a broken array, tell nothing', async () => {
  const states = ['clean', 'active', 'write-pending', 'active-idle', 'read-auto'];
  expect(await toldOf(...states.map((state) => ({ md0: { ...WHOLE, state } })))).toEqual([]);
  expect(await toldOf({ md0: failed }, { md0: failed })).toEqual([]);
});

test('a kernel that shows no block devices for a moment has not lost its arrays', async () => {
  const rig = new Rig();
  rig.show({ md0: WHOLE });
  await rig.look();
  rig.hide();
  await rig.look();
  expect(await rig.told()).toEqual([]);
  rig.show({});
  await rig.look();
  expect(await rig.told()).toEqual(['md0 array-vanished raid1, running, 2 of 2 members -> ']);
});

const member = (name: string): fc.Arbitrary<Member> =>
  fc.constantFrom(
    { name, flags: 'in_sync', slot: '0' },
    { name, flags: 'faulty', slot: 'none' },
    { name, flags: 'spare', slot: 'none' },
    { name, flags: 'spare', slot: '1' },
  );
const anArray: fc.Arbitrary<Array> = fc.record({
  state: fc.constantFrom('clean', 'active', 'readonly', 'inactive', 'broken', 'a-new-word'),
  degraded: fc.integer({ min: 0, max: 2 }),
  action: fc.constantFrom('idle', 'check', 'recover', 'resync', 'reshape', 'repair'),
  mismatches: fc.constantFrom(0, 128),
  members: fc
    .tuple(fc.subarray(['sda3', 'sdb3', 'sdc3']), fc.tuple(member('sda3'), member('sdb3'), member('sdc3')))
    .map(([names, all]) => all.filter(({ name }) => names.includes(name))),
});
const aState: fc.Arbitrary<State> = fc
  .tuple(anArray, fc.option(anArray, { nil: undefined }))
  .map(([md0, md1]) => (md1 === undefined ? { md0 } : { md0, md1 }));
const aStep = fc.record({
  state: aState,
  /** Storage operations after which the agent dies while it looks at this state; `undefined` = it lives. */
  dies: fc.option(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.constantFrom('kill' as const, 'power' as const)), {
    nil: undefined,
  }),
});

test('any sequence of states is told as it is, wherever the agent dies', async () => {
  await fc.assert(
    fc.asyncProperty(aState, fc.array(aStep, { minLength: 1, maxLength: 8 }), async (first, steps) => {
      const rig = new Rig();
      rig.show(first);
      await rig.look();
      for (const { state, dies } of steps) {
        rig.show(state);
        if (dies !== undefined) await rig.lookAndDie(...dies);
        await rig.look();
      }
      expect(await rig.told()).toEqual(await toldOf(first, ...steps.map(({ state }) => state)));
    }),
    { numRuns: 60 },
  );
});
