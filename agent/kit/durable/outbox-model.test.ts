import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Event } from '../../../proto/gen/bramble/agent/v1/event.js';
import { failOnce, type SimFault } from '../testing/sim-disk.js';
import { makeSimHost, type SimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { Outbox } from './outbox.js';
import { decodeOutboxRecord } from './outbox-records.js';
import { decodeRecords } from './records.js';

const PATH = '/state/outbox';
const STAMP = { bootId: 'boot', uptimeMs: 1, wallClockUnixMs: 2 };

type Step =
  | { readonly do: 'add'; readonly size: number }
  | { readonly do: 'add-three' }
  | { readonly do: 'acknowledge'; readonly count: number }
  | { readonly do: 'kill' | 'power' | 'flush' }
  | { readonly do: 'fail'; readonly inOperations: number; readonly errno: string; readonly count: number }
  | { readonly do: 'room'; readonly bytes: number };

/** What must be true of an outbox, held against everything that was done to it. */
class Model {
  readonly #given = new Map<number, Event>();
  readonly #unacknowledged = new Set<number>();
  readonly #acknowledgedHere = new Set<number>();
  #lastSequence = 0;

  /** Added while storage had failed: they may die with the process. */
  readonly #unwritten = new Set<number>();

  added(event: Event, storageFailed: boolean): void {
    expect(this.#given.has(event.sequence), 'a sequence is used once').toBe(false);
    expect(event.sequence, 'sequences ascend').toBeGreaterThan(this.#lastSequence);
    this.#lastSequence = event.sequence;
    this.#given.set(event.sequence, event);
    this.#unacknowledged.add(event.sequence);
    if (storageFailed) this.#unwritten.add(event.sequence);
  }

  /** Storage works again: everything is written. */
  written(): void {
    this.#unwritten.clear();
  }

  acknowledged(events: readonly Event[]): void {
    for (const { sequence } of events) {
      this.#unacknowledged.delete(sequence);
      this.#acknowledgedHere.add(sequence);
    }
  }

  /** The process died, and may have taken with it what was only in memory. */
  restarted(found: readonly Event[], storageHadFailed: boolean): void {
    this.#acknowledgedHere.clear(); // acknowledgements may be forgotten: that only means sending again
    const sequences = new Set(found.map((event) => event.sequence));
    const lost = [...this.#unacknowledged].filter((sequence) => !sequences.has(sequence));
    const promised = lost.filter((sequence) => !this.#unwritten.has(sequence));
    expect(promised, 'an event that was written is not lost').toEqual([]);
    for (const sequence of this.#unwritten) this.#unacknowledged.delete(sequence);
    this.#unwritten.clear();
    if (storageHadFailed) this.#lastSequence = 0; // an outbox that was never written starts somewhere else
    this.check(found);
  }

  check(pending: readonly Event[]): void {
    const sequences = pending.map((event) => event.sequence);
    const expected = sequences.map((sequence) => this.#given.get(sequence));
    expect(pending, 'nothing is invented').toEqual(expected);
    expect(sequences, 'in order').toEqual([...sequences].sort((a, b) => a - b));
    const again = sequences.filter((sequence) => this.#acknowledgedHere.has(sequence));
    expect(again, 'what was acknowledged is not needed again').toEqual([]);
    const found = new Set(sequences);
    const missing = [...this.#unacknowledged].filter((sequence) => !found.has(sequence));
    expect(missing, 'what waits is offered').toEqual([]);
  }
}

class Rig {
  readonly #model = new Model();
  #host: SimHost;
  #outbox: Outbox;

  private constructor(host: SimHost, outbox: Outbox) {
    this.#host = host;
    this.#outbox = outbox;
  }

  static async start(seed: number): Promise<Rig> {
    const host = makeSimHost(new SimWorld(seed), 'a');
    return new Rig(host, await openOn(host));
  }

  get host(): SimHost {
    return this.#host;
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'add':
        this.#model.added(await this.#add(step.size), this.#outbox.storageFailed);
        break;
      case 'add-three':
        for (const event of await Promise.all([this.#add(1), this.#add(60), this.#add(3)])) {
          this.#model.added(event, this.#outbox.storageFailed);
        }
        break;
      case 'acknowledge':
        await this.#acknowledge(step.count);
        break;
      case 'flush':
        await this.#outbox.flush();
        break;
      case 'kill':
      case 'power':
        await this.#restart(step.do);
        break;
      case 'fail':
        this.#host.board.disk.fault = failSome(this.#host.board.disk.operations + step.inOperations, step);
        break;
      case 'room':
        this.#host.board.disk.capacityBytes = this.#host.board.disk.usedBytes + step.bytes;
        break;
    }
    if (!this.#outbox.storageFailed) this.#model.written();
    this.#model.check(this.#outbox.pending(0, 10_000));
  }

  async #restart(how: 'kill' | 'power'): Promise<void> {
    const { storageFailed } = this.#outbox;
    this.#host.crash(how);
    this.#host.board.disk.fault = () => undefined;
    this.#host.board.disk.capacityBytes = Number.POSITIVE_INFINITY;
    this.#host = this.#host.restart();
    this.#outbox = await openOn(this.#host);
    this.#model.restarted(this.#outbox.pending(0, 10_000), storageFailed);
  }

  #add(size: number): Promise<Event> {
    const kind = { $case: 'desiredStateFailed', value: { revision: 1, detail: 'x'.repeat(size) } } as const;
    return this.#outbox.add(kind, STAMP, size % 2 === 0 ? 'normal' : 'result');
  }

  async #acknowledge(count: number): Promise<void> {
    const events = this.#outbox.pending(0, count);
    await this.#outbox.acknowledge(events.at(-1)?.sequence ?? 0);
    this.#model.acknowledged(events);
  }
}

function openOn(host: SimHost): Promise<Outbox> {
  return Outbox.open({ files: host.files, path: PATH, random: host.random });
}

function failSome(from: number, { errno, count }: { errno: string; count: number }): SimFault {
  return ({ index }) => (index >= from && index < from + count ? errno : undefined);
}

const errno = fc.constantFrom('EIO', 'ENOSPC', 'EROFS');
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('add' as const), size: fc.nat(3000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('add-three' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('acknowledge' as const), count: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('kill' as const, 'power' as const, 'flush' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      inOperations: fc.nat(4),
      errno,
      count: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('room' as const), bytes: fc.nat(4000) }) },
);

test('property: nothing added is lost, nothing acknowledged is needed, no sequence is used twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(), async (steps, seed) => {
      const rig = await Rig.start(seed);
      for (const each of steps) await rig.take(each);
      await rig.take({ do: 'power' });
    }),
    { numRuns: 300 },
  );
});

const STORY: readonly Step[] = [
  { do: 'add', size: 10 },
  { do: 'add-three' },
  { do: 'acknowledge', count: 2 },
  ...Array.from({ length: 30 }, () => ({ do: 'add', size: 3000 }) as const),
  { do: 'acknowledge', count: 31 },
  { do: 'add', size: 7 },
  { do: 'flush' },
];

test.for(['EIO', 'ENOSPC', 'EROFS'])('%s at any single operation loses nothing', async (code) => {
  const clean = await Rig.start(1);
  for (const each of STORY) await clean.take(each);
  const operations = clean.host.board.disk.operations;
  expect(operations).toBeGreaterThan(60);
  for (let index = 0; index < operations + 5; index++) {
    const rig = await Rig.start(index);
    rig.host.board.disk.fault = failOnce(index, code);
    for (const each of STORY) await rig.take(each);
    await rig.take({ do: 'power' });
  }
});

test('a crash at any operation loses nothing that was resolved', async () => {
  for (let crashAt = 0; crashAt < 80; crashAt++) {
    for (const how of ['kill', 'power'] as const) {
      const world = new SimWorld(crashAt);
      const host = makeSimHost(world, 'a');
      host.board.disk.fault = ({ index }) => {
        if (index === crashAt) host.crash(how);
        return undefined;
      };
      const resolved: Event[] = [];
      const acknowledged = new Set<number>();
      void tellStory(host, resolved, acknowledged);
      await world.runFor(1);
      host.board.disk.fault = () => undefined;
      const found = (await openOn(host.restart())).pending(0, 1000).map((event) => event.sequence);
      for (const { sequence } of resolved) if (!acknowledged.has(sequence)) expect(found).toContain(sequence);
    }
  }
});

async function tellStory(host: SimHost, resolved: Event[], acknowledged: Set<number>): Promise<void> {
  const outbox = await openOn(host);
  for (let index = 0; index < 40; index++) {
    const detail = 'x'.repeat(3000);
    resolved.push(await outbox.add({ $case: 'desiredStateFailed', value: { revision: 1, detail } }, STAMP, 'normal'));
    if (index % 8 !== 7) continue;
    const through = outbox.pending(0, 7).at(-1)?.sequence ?? 0;
    for (const event of outbox.pending(0, 7)) acknowledged.add(event.sequence);
    await outbox.acknowledge(through);
  }
}

test('property: a file with damage anywhere opens, and what is found was really added', async () => {
  const rig = await Rig.start(1);
  for (const each of STORY.slice(0, 5)) await rig.take(each);
  const content = rig.host.board.disk.read(PATH) ?? new Uint8Array();
  const written = new Set(
    decodeRecords(content).payloads.flatMap((payload) => {
      const record = decodeOutboxRecord(payload);
      return record?.kind === 'added' ? [JSON.stringify(record.event)] : [];
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(content.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const host = makeSimHost(new SimWorld(2), 'b');
      const damaged = content.map((byte, index) => (index === at ? byte ^ flip : byte));
      host.board.disk.plant(PATH, damaged);
      const outbox = await openOn(host);
      expect(outbox.storageFailed).toBe(false);
      expect(outbox.damagedBytes).toBeGreaterThan(0);
      // Damage may hide an acknowledgement, so that its event is sent again; it never makes an event up.
      const invented = outbox.pending(0, 100).filter((event) => !written.has(JSON.stringify(event)));
      expect(invented).toEqual([]);
      await outbox.add({ $case: 'clockStepped', value: { stepMs: 1 } }, STAMP, 'normal');
      expect(outbox.storageFailed).toBe(false);
    }),
    { numRuns: 200 },
  );
});
