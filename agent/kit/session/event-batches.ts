import { Event } from '../../../proto/gen/bramble/agent/v1/event.js';

/** Bytes of events in one frame, well below the largest message of the transport. */
const BATCH_BYTES_MAX = 128 * 1_024;

/** The same events in the same order, cut into what one frame can carry. A single large one gets a frame of its own. */
export function inBatches(events: readonly Event[]): readonly Event[][] {
  const batches: Event[][] = [];
  let roomBytes = 0;
  for (const event of events) {
    const bytes = Event.encode(event).finish().length;
    const last = batches.at(-1);
    if (last === undefined || bytes > roomBytes) {
      batches.push([event]);
      roomBytes = BATCH_BYTES_MAX;
    } else {
      last.push(event);
    }
    roomBytes -= bytes;
  }
  return batches;
}
