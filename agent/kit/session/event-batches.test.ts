import { expect, test } from 'vitest';
import { Event, EventBatch } from '../../../proto/gen/bramble/agent/v1/event.js';
import { inBatches } from './event-batches.js';

const event = (sequence: number, characters: number): Event =>
  Event.create({
    sequence,
    kind: { $case: 'desiredStateFailed', value: { revision: 1, detail: 'x'.repeat(characters) } },
  });

test('events keep their order, and no frame gets too large', () => {
  const events = Array.from({ length: 64 }, (_, at) => event(at + 1, (at * 7_919) % 60_000));
  const batches = inBatches(events);
  expect(batches.flat().map(({ sequence }) => sequence)).toEqual(events.map(({ sequence }) => sequence));
  for (const batch of batches) expect(EventBatch.encode({ events: batch }).finish().length).toBeLessThan(140 * 1_024);
});

test('small ones share one frame; nothing makes no frame', () => {
  expect(inBatches([event(1, 10), event(2, 10)])).toHaveLength(1);
  expect(inBatches([])).toEqual([]);
});
