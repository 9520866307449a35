import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import type { Machine } from '../../agent/kit/host/ports.js';
import { orNothing } from './helper-answer.js';
import { type MdArray, readMdArrays } from './md-array.js';

const INTERVAL_MS = 5 * 60_000;

type Events = ReadonlyMap<string, number>;

/** How new the superblocks of the members are, through a helper: what decides at a boot which of them is believed. */
export function makeRaidEventsCollector(): Collector {
  return {
    name: 'raid-events',
    intervalMs: INTERVAL_MS,
    timeoutMs: 4 * 60_000,
    async collect({ kernel, machine }, signal) {
      const samples = new Samples();
      for (const array of readMdArrays(kernel)) {
        let events = await readEvents(machine, array, signal);
        // Superblocks are written one after the other: what differs is looked at once more.
        if (typeof events !== 'string' && skewOf(events) !== 0) events = await readEvents(machine, array, signal);
        if (typeof events === 'string') return noData(events);
        for (const [member, count] of events) {
          samples.number('raid_member_events_count', count, `${array.name}/${member}`);
        }
        samples.number('raid_event_skew_count', skewOf(events), array.name);
      }
      return samples.list.length === 0 ? noData('no md array') : ok(samples.list);
    },
  };
}

/** By member that is in sync; a text = why nobody can tell here. */
async function readEvents(machine: Machine, array: MdArray, signal: AbortSignal): Promise<Events | string> {
  const events = new Map<string, number>();
  for (const { name, state } of array.members) {
    if (state !== 'in-sync') continue;
    const answer = await orNothing(machine.storage({ kind: 'raid-member', member: name }, signal));
    if ('nothing' in answer) return answer.nothing;
    const count = /^MD_EVENTS=(\d{1,15})$/m.exec(answer.found)?.[1];
    if (count !== undefined) events.set(name, Number(count));
  }
  return events;
}

/** `undefined` with less than two to compare. */
function skewOf(events: Events): number | undefined {
  const counts = [...events.values()];
  return counts.length < 2 ? undefined : Math.max(...counts) - Math.min(...counts);
}
