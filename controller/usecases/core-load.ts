import { amnestyMs, reconnectSpreadMs } from '../domain/amnesty.js';
import { judgedOf } from '../domain/condition-record.js';
import { CONDITION_RULES } from '../domain/condition-rules/index.js';
import { storedDiskSight } from '../domain/disk-sight.js';
import type { Journal } from './journal.js';
import type { NodeTable } from './node-table.js';
import type { Store, World } from './ports.js';
import { NO_CONTACT_TYPE } from './transitions.js';

export const EPOCH_SETTING = 'epoch';
const LONGEST_INTERVAL_SETTING = 'report-interval-longest-ms';

export interface LoadedSettings {
  readonly epoch: number;
  /** Of this controller and of the one before it, by whose cadence agents may still work. */
  readonly longestReportIntervalMs: number;
}

/** What must be known before anybody connects. The epoch is made at the first start. */
export async function loadSettings(store: Store, reportIntervalMs: number): Promise<LoadedSettings> {
  return await store.transact(async (writer) => {
    const epoch = Number((await writer.setting(EPOCH_SETTING)) ?? 1);
    const before = Number((await writer.setting(LONGEST_INTERVAL_SETTING)) ?? 0);
    const longestReportIntervalMs = Math.max(before, reportIntervalMs);
    await writer.putSetting(EPOCH_SETTING, String(epoch));
    await writer.putSetting(LONGEST_INTERVAL_SETTING, String(longestReportIntervalMs));
    return { epoch, longestReportIntervalMs };
  });
}

/** Amnesty is over: every agent works by the present cadence now, or counts as silent. */
export function forgetEarlierCadence(journal: Journal, reportIntervalMs: number): void {
  journal.write((writer) => writer.putSetting(LONGEST_INTERVAL_SETTING, String(reportIntervalMs)));
}

export interface LoadTerms {
  readonly reportIntervalMs: number;
  readonly longestReportIntervalMs: number;
}

/**
 * Fills the table with nodes and their stored troubles. Returns until when silence means nothing, monotonic: this
 * controller was away, and its agents are still on their way back.
 */
export async function loadNodes(
  deps: { readonly store: Store; readonly world: World; readonly nodes: NodeTable; readonly journal: Journal },
  terms: LoadTerms,
): Promise<number> {
  const { store, world, nodes, journal } = deps;
  const { reportIntervalMs, longestReportIntervalMs } = terms;
  const stored = await store.reader.nodes();
  const spreadMs = reconnectSpreadMs(stored.length);
  // Whoever knows nobody has nobody on their way back; newcomers have a time of their own.
  const lastsMs = stored.length === 0 ? 0 : amnestyMs({ longestReportIntervalMs, reconnectSpreadMs: spreadMs });
  const graceUntilMonotonicMs = world.clock.monotonicMs() + lastsMs;
  for (const node of stored) nodes.put(node, { reportIntervalMs, graceUntilMonotonicMs });
  for (const settings of await store.reader.allNodeSettings()) {
    const entry = nodes.get(settings.nodeId);
    if (entry !== undefined) entry.settings = settings;
  }
  for (const condition of await store.reader.conditions()) {
    const entry = nodes.get(condition.nodeId);
    if (entry === undefined) continue;
    const judged = judgedOf(condition, CONDITION_RULES);
    const sight = storedDiskSight(condition);
    if (condition.type === NO_CONTACT_TYPE) entry.silentSinceMs = condition.sinceMs;
    else if (sight !== undefined) entry.diskSight = sight;
    else if (judged !== undefined) entry.conditions = [...entry.conditions, judged];
    else journal.write((writer) => writer.removeCondition(condition)); // no rule of this release knows it
  }
  return graceUntilMonotonicMs;
}
