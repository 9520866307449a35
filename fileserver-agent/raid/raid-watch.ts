import type { Collector } from '../../agent/kit/collect/collector.js';
import { lookEvery } from '../../agent/kit/collect/follow.js';
import type { AgentProbe } from '../../agent/kit/collect/probe.js';
import type { KernelFiles } from '../../agent/kit/host/ports.js';
import { RAID_CHANGES, type RaidDifference, raidChanged } from '../../agent/kit/report/raid-changed.js';
import { readMdArrays } from '../collectors/md-array.js';
import { compareRaid } from './raid-changes.js';
import { frozenNow, isSeen, type RaidSeen, seeRaid } from './raid-seen.js';

/** A change is told within 15 s at the latest: two looks that fail in between, each followed by a pause, cost nothing. */
const LOOK_EVERY_MS = 4_000;
const MARK = 'raid';

type Told = Pick<AgentProbe, 'remembered' | 'remember' | 'tellAndRemember'>;

/** What was told last, and what is still owed of the comparison that led there. */
interface Memory {
  readonly seen: RaidSeen;
  readonly owed: readonly RaidDifference[];
}

/**
 * Compares the md arrays with what was told last, and tells every difference once. Nothing depends on being there when it
 * happens: what changed while nobody looked, across restarts and boots too, is told at the next look. The first look ever
 * tells nothing: what is wrong then is a condition.
 */
export function makeRaidWatch(probe: Told): NonNullable<Collector['watch']> {
  let frozen: ReadonlySet<string> = new Set();
  return lookEvery(LOOK_EVERY_MS, async ({ kernel }, signal) => {
    frozen = await lookAtRaid(probe, kernel, signal, frozen);
  });
}

/**
 * One look.
 * @param frozenBefore what the look before gave back
 * @returns the arrays that are frozen now
 */
export async function lookAtRaid(
  probe: Told,
  kernel: KernelFiles,
  signal: AbortSignal,
  frozenBefore: ReadonlySet<string> = new Set(),
): Promise<ReadonlySet<string>> {
  if (kernel.list('/sys/block') === undefined) return frozenBefore; // not mounted (yet): not the end of all arrays
  const memory = parseMemory(probe.remembered(MARK));
  const arrays = readMdArrays(kernel);
  const frozen = frozenNow(arrays);
  if (memory === undefined) {
    await probe.remember({ name: MARK, text: JSON.stringify({ seen: seeRaid(arrays, {}), owed: [] }) });
    return frozen;
  }
  await tell(probe, memory);
  if (signal.aborted) return frozen;
  const seen = seeRaid(arrays, memory.seen, frozenBefore);
  await tell(probe, { seen, owed: compareRaid(memory.seen, seen) });
  return frozen;
}

/** In order and in one write, each with what is owed after it: whoever is killed in the middle of that goes on there. */
async function tell(probe: Told, { seen, owed }: Memory): Promise<void> {
  const told = owed.map((difference, at) => {
    const rest: Memory = { seen, owed: owed.slice(at + 1) };
    return probe.tellAndRemember(raidChanged(difference), { name: MARK, text: JSON.stringify(rest) });
  });
  await Promise.all(told);
}

/** `undefined` where there is none, or one of another form: then nothing is known of the time before. */
function parseMemory(text: string | undefined): Memory | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isMemory(value) ? value : undefined;
  } catch {
    return undefined; // not ours: as if there were none
  }
}

function isMemory(value: unknown): value is Memory {
  if (typeof value !== 'object' || value === null || !('seen' in value) || !('owed' in value)) return false;
  return isSeen(value.seen) && Array.isArray(value.owed) && value.owed.every(isDifference);
}

function isDifference(value: unknown): value is RaidDifference {
  if (typeof value !== 'object' || value === null || !('change' in value)) return false;
  const fields = Object.values(value);
  return fields.every((field) => typeof field === 'string') && Object.hasOwn(RAID_CHANGES, String(value.change));
}
