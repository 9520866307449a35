import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failOnce } from '../testing/sim-disk.js';
import { makeSimHost, type SimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { Journal } from './journal.js';
import { decodeRecords, encodeRecords } from './records.js';

const PATH = '/state/journal';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const texts = (records: readonly Uint8Array[]): string[] => records.map((record) => new TextDecoder().decode(record));

/** Opens it the way its owners do: what was found is what is alive, and more comes with every append. */
class Owner {
  readonly found: string[] = [];
  droppedBytes = 0;
  readonly #journal: Journal;
  readonly #alive: string[] = [];

  private constructor(host: SimHost) {
    const snapshot = (): Uint8Array[] => this.#alive.map(bytes);
    this.#journal = new Journal({ files: host.files, path: PATH, snapshot });
  }

  static async open(host: SimHost): Promise<Owner> {
    const owner = new Owner(host);
    const recovery = await owner.#journal.open((records) => {
      owner.found.push(...texts(records));
      owner.#alive.push(...owner.found);
    });
    owner.droppedBytes = recovery.droppedBytes;
    return owner;
  }

  async append(text: string): Promise<void> {
    await this.#journal.append([bytes(text)]);
    this.#alive.push(text);
  }

  async appendLazily(text: string): Promise<void> {
    await this.#journal.appendLazily([bytes(text)]);
    this.#alive.push(text);
  }
}

test('what was appended is there after the power went, whatever was torn behind it', async () => {
  const world = new SimWorld(1);
  let host = makeSimHost(world, 'a');
  const kept: string[] = [];
  for (let round = 0; round < 60; round++) {
    const owner = await Owner.open(host);
    expect(owner.found.filter((each) => each.startsWith('synced'))).toEqual(kept);
    await owner.append(`synced ${round}`);
    kept.push(`synced ${round}`);
    await owner.appendLazily(`lazy ${'.'.repeat(round)}`);
    host.crash('power');
    host = host.restart();
  }
});

test('says how many bytes of a torn tail it dropped, and goes on without them', async () => {
  const host = makeSimHost(new SimWorld(1), 'a');
  const whole = encodeRecords([bytes('one'), bytes('two')]);
  host.board.disk.plant(PATH, whole.subarray(0, whole.length - 1));
  const owner = await Owner.open(host);
  expect(owner.found).toEqual(['one']);
  expect(owner.droppedBytes).toBe(10);
  await owner.append('three');
  expect(texts(decodeRecords(host.board.disk.read(PATH) ?? new Uint8Array()).payloads)).toEqual(['one', 'three']);
});

test('calls that come while a sync is under way share the next one', async () => {
  const host = makeSimHost(new SimWorld(1), 'a');
  const owner = await Owner.open(host);
  const before = host.board.disk.operations;
  await Promise.all(Array.from({ length: 100 }, (_, index) => owner.append(`${index}`)));
  expect(host.board.disk.operations - before).toBe(4); // the first call, then the other 99: an append and a sync each
});

test('a failed append leaves no half record before the next one', async () => {
  const host = makeSimHost(new SimWorld(3), 'a');
  const owner = await Owner.open(host);
  await owner.append('one');
  host.board.disk.fault = failOnce(host.board.disk.operations, 'EIO');
  await expect(owner.append('a record that is torn by the error')).rejects.toThrow('EIO');
  await owner.append('two');
  expect((await Owner.open(host)).found).toEqual(['one', 'two']);
});

test('after a failed sync the file is never appended to again but replaced', async () => {
  for (let seed = 0; seed < 40; seed++) {
    const host = makeSimHost(new SimWorld(seed), 'a');
    const owner = await Owner.open(host);
    await owner.append('one');
    await owner.appendLazily('two'); // the failed sync below may lose its page, which then counts as clean
    host.board.disk.fault = ({ kind }) => (kind === 'sync' ? 'EIO' : undefined);
    await expect(owner.append('lost')).rejects.toThrow('EIO');
    host.board.disk.fault = () => undefined;
    await owner.append('three');
    host.crash('power');
    expect((await Owner.open(host.restart())).found).toEqual(['one', 'two', 'three']);
  }
});

test('what a killed process left in memory only is durable once its successor has opened the file', async () => {
  for (let seed = 0; seed < 40; seed++) {
    const host = makeSimHost(new SimWorld(seed), 'a');
    const owner = await Owner.open(host);
    host.board.disk.fault = ({ kind }) => (kind === 'sync' || kind === 'truncate' ? 'EIO' : undefined);
    await expect(owner.append('never synced')).rejects.toThrow('EIO');
    host.crash('kill');
    host.board.disk.fault = () => undefined;
    const successor = host.restart();
    const { found } = await Owner.open(successor);
    successor.crash('power');
    expect((await Owner.open(successor.restart())).found).toEqual(found);
  }
});

test('a full disk refuses, and the journal goes on when there is room again', async () => {
  const host = makeSimHost(new SimWorld(1), 'a');
  const owner = await Owner.open(host);
  await owner.append('one');
  host.board.disk.capacityBytes = host.board.disk.usedBytes + 5;
  await expect(owner.append('two')).rejects.toMatchObject({ code: 'resource-exhausted' });
  host.board.disk.capacityBytes = Number.POSITIVE_INFINITY;
  await owner.append('three');
  expect((await Owner.open(host)).found).toEqual(['one', 'three']);
});

test('property: damage anywhere drops the record that it hit and what follows, and never throws', async () => {
  const records = ['one', 'two', 'three', 'four'];
  const whole = encodeRecords(records.map(bytes));
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const host = makeSimHost(new SimWorld(1), 'a');
      host.board.disk.plant(
        PATH,
        whole.map((byte, index) => (index === at ? byte ^ flip : byte)),
      );
      const { found, droppedBytes } = await Owner.open(host);
      expect(found).toEqual(records.slice(0, found.length));
      expect(found.length).toBeLessThan(records.length);
      expect(droppedBytes).toBeGreaterThan(0);
    }),
  );
});

test('property: random bytes never throw and give no record that was not written', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
      const { payloads, goodBytes } = decodeRecords(noise);
      expect(encodeRecords(payloads)).toEqual(noise.slice(0, goodBytes));
    }),
  );
});
