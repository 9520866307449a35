import { expect, test } from 'vitest';
import type { Event } from '../../../proto/gen/bramble/agent/v1/event.js';
import { makeSimHost, type SimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { Outbox } from './outbox.js';

const PATH = '/state/outbox';
const STAMP = { bootId: 'boot', uptimeMs: 1, wallClockUnixMs: 2 };

const stepped = (stepMs: number): NonNullable<Event['kind']> => ({ $case: 'clockStepped', value: { stepMs } });
const failed = (detail: string): NonNullable<Event['kind']> => ({
  $case: 'desiredStateFailed',
  value: { revision: 1, detail },
});

function open(host: SimHost, limitBytes?: number): Promise<Outbox> {
  const options = { files: host.files, path: PATH, random: host.random, clock: host.clock };
  return Outbox.open({ ...options, ...(limitBytes !== undefined && { limitBytes }) });
}

const kinds = (events: readonly Event[]): string[] => events.map((event) => JSON.stringify(event.kind));

test('an event is offered by every later process until it is acknowledged', async () => {
  const world = new SimWorld(1);
  let host = makeSimHost(world, 'a');
  let outbox = await open(host);
  const first = await outbox.add(stepped(1), STAMP, 'normal');
  const second = await outbox.add(stepped(2), STAMP, 'result');
  host.crash('power');
  host = host.restart();
  outbox = await open(host);
  expect(outbox.pending(0, 10)).toEqual([first, second]);
  await outbox.acknowledge(first.sequence);
  expect(outbox.pending(0, 10)).toEqual([second]);
  await outbox.close();
  expect((await open(host.restart())).pending(0, 10)).toEqual([second]);
});

test('pending starts after a sequence and keeps to its limit', async () => {
  const outbox = await open(makeSimHost(new SimWorld(1), 'a'));
  const events = await Promise.all([1, 2, 3].map((step) => outbox.add(stepped(step), STAMP, 'normal')));
  expect(outbox.pending(events[0]?.sequence ?? 0, 1)).toEqual([events[1]]);
});

test('a lost outbox does not use the sequences of the one before it again', async () => {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'a');
  const old = await (await open(host)).add(stepped(1), STAMP, 'normal');
  await host.files.remove(PATH);
  const fresh = await (await open(host)).add(stepped(1), STAMP, 'normal');
  expect(Math.abs(fresh.sequence - old.sequence)).toBeGreaterThan(1000);
});

test('sequences given out while storage had failed are not given again after the process is gone', async () => {
  const world = new SimWorld(1);
  let host = makeSimHost(world, 'a');
  await (await open(host)).add(stepped(0), STAMP, 'normal');
  const given = new Set<number>();
  for (let process = 0; process < 5; process++) {
    host = host.restart();
    const outbox = await open(host);
    host.board.disk.readOnly = true;
    const { sequence } = await outbox.add(stepped(process), STAMP, 'normal');
    expect(given.has(sequence)).toBe(false);
    given.add(sequence);
    host.board.disk.readOnly = false;
  }
});

test('nothing is sent before it is durable', async () => {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'a');
  const outbox = await open(host);
  host.board.disk.latencyMs = () => 10;
  const adding = outbox.add(stepped(1), STAMP, 'normal');
  await world.runFor(5);
  expect(outbox.pending(0, 10)).toEqual([]);
  await world.settle(adding);
  expect(outbox.pending(0, 10)).toHaveLength(1);
});

test('a full disk keeps events in memory, says so, and writes them when there is room', async () => {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'a');
  const outbox = await open(host);
  await outbox.add(stepped(1), STAMP, 'normal');
  host.board.disk.capacityBytes = host.board.disk.usedBytes;
  await outbox.add(stepped(2), STAMP, 'normal');
  expect(outbox.storageFailed).toBe(true);
  expect(outbox.storageError).toMatchObject({ code: 'resource-exhausted' });
  expect(outbox.pending(0, 10)).toHaveLength(2);
  host.board.disk.capacityBytes = Number.POSITIVE_INFINITY;
  await outbox.flush();
  expect(outbox.storageFailed).toBe(false);
  host.crash('power');
  expect((await open(host.restart())).pending(0, 10)).toHaveLength(2);
});

test.for(['EROFS', 'ENOSPC', 'EIO', 'EACCES'])('opens on storage that answers %s, and recovers', async (errno) => {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'a');
  const before = await (await open(host)).add(stepped(1), STAMP, 'normal');
  host.board.disk.fault = () => errno;
  const outbox = await open(host.restart());
  const during = await outbox.add(stepped(2), STAMP, 'normal');
  expect(outbox.storageFailed).toBe(true);
  host.board.disk.fault = () => undefined;
  await outbox.flush();
  expect(outbox.pending(0, 10).map((event) => event.sequence)).toContain(before.sequence);
  expect(outbox.pending(0, 10).map((event) => event.sequence)).toContain(during.sequence);
  host.board.disk.crash();
});

test('an acknowledgement never means an event that was found later and not offered yet', async () => {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'a');
  const old = await (await open(host)).add(stepped(1), STAMP, 'normal');
  host.board.disk.fault = () => 'EIO';
  const outbox = await open(host.restart());
  const young = await outbox.add(stepped(2), STAMP, 'normal');
  expect(outbox.pending(0, 10)).toEqual([young]);
  host.board.disk.fault = () => undefined;
  await outbox.flush();
  await outbox.acknowledge(Math.max(old.sequence, young.sequence));
  expect(outbox.pending(0, 10)).toEqual([old]);
});

test('the bound drops the oldest normal events before any result, counts them, and tells when there is room', async () => {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'a');
  const outbox = await open(host, 400);
  await outbox.add(failed('result'), STAMP, 'result');
  for (let step = 0; step < 30; step++) await outbox.add(stepped(step), STAMP, 'normal');
  const kept = outbox.pending(0, 100);
  expect(kept[0]?.kind).toEqual(failed('result'));
  expect(kept.at(-1)?.kind).toEqual(stepped(29));
  expect(outbox.droppedCount).toBe(31 - kept.length);
  expect(outbox.head().droppedCount).toBe(outbox.droppedCount);
  await outbox.acknowledge(kept.at(-1)?.sequence ?? 0);
  expect(kinds(outbox.pending(0, 10))).toEqual([
    JSON.stringify({ $case: 'eventsDropped', value: { droppedCount: outbox.droppedCount } }),
  ]);
});

test('results are dropped only when there is nothing else', async () => {
  const outbox = await open(makeSimHost(new SimWorld(1), 'a'), 300);
  for (let index = 0; index < 20; index++) await outbox.add(failed(`${index}`), STAMP, 'result');
  const kept = outbox.pending(0, 100);
  expect(kept.length + outbox.droppedCount).toBe(20);
  expect(kept.at(-1)?.kind).toEqual(failed('19'));
});

test('what was dropped stays dropped and counted after the power went', async () => {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'a');
  const outbox = await open(host, 400);
  for (let step = 0; step < 30; step++) await outbox.add(stepped(step), STAMP, 'normal');
  const [kept, dropped] = [outbox.pending(0, 100), outbox.droppedCount];
  host.crash('power');
  const again = await open(host.restart(), 400);
  expect(again.pending(0, 100)).toEqual(kept);
  expect(again.droppedCount).toBe(dropped);
  await again.add(stepped(99), STAMP, 'normal');
  await again.acknowledge(again.pending(0, 100).at(-1)?.sequence ?? 0);
  const told = again.pending(0, 10).find((event) => event.kind?.$case === 'eventsDropped')?.kind;
  expect(told).toMatchObject({ value: { droppedCount: again.droppedCount } });
});

test('an acknowledgement costs no sync, and an idle outbox writes nothing', async () => {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'a');
  const outbox = await open(host);
  const kindsSeen: string[] = [];
  const { sequence } = await outbox.add(stepped(1), STAMP, 'normal');
  outbox.pending(0, 1);
  host.board.disk.fault = ({ kind }) => {
    kindsSeen.push(kind);
    return undefined;
  };
  await outbox.acknowledge(sequence);
  expect(kindsSeen).toEqual(['append']);
  await outbox.acknowledge(sequence);
  await outbox.flush();
  expect(kindsSeen).toEqual(['append']);
});

test('the file stays small over many events, and loses none of those that wait', async () => {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'a');
  const outbox = await open(host);
  const waiting = await outbox.add(failed('waits all the time'), STAMP, 'result');
  for (let step = 0; step < 5000; step++) {
    const { sequence } = await outbox.add(failed('x'.repeat(40)), STAMP, 'normal');
    outbox.pending(waiting.sequence, 1);
    if (step === 4999) break;
    await outbox.acknowledge(sequence);
  }
  expect(host.board.disk.read(PATH)?.length).toBeLessThan(140 * 1024);
  expect(outbox.pending(0, 10)).toHaveLength(2);
  host.crash('power');
  expect((await open(host.restart())).pending(0, 10)).toHaveLength(2);
});

test('many events at once share their syncs', async () => {
  const host = makeSimHost(new SimWorld(1), 'a');
  const outbox = await open(host);
  const before = host.board.disk.operations;
  await Promise.all(Array.from({ length: 500 }, (_, step) => outbox.add(stepped(step), STAMP, 'normal')));
  expect(host.board.disk.operations - before).toBeLessThanOrEqual(4);
  expect(outbox.count).toBe(500);
});

test('an event that no frame could carry is refused', async () => {
  const outbox = await open(makeSimHost(new SimWorld(1), 'a'));
  await expect(outbox.add(failed('x'.repeat(70_000)), STAMP, 'normal')).rejects.toMatchObject({
    code: 'invalid-argument',
  });
  expect(outbox.count).toBe(0);
});
