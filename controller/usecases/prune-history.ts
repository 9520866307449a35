import type { Log, PruneBefore, Store } from './ports.js';

/** How long things are kept, in ms, and how large the database may become. */
export interface Retention {
  readonly eventsMs: number;
  readonly agentEventsMs: number;
  readonly commandsMs: number;
  readonly historyMs: number;
  /** Beyond it history goes before its age, oldest first; events and commands never do. */
  readonly databaseBytesMax: number;
}

const DAY_MS = 86_400_000;

export const DEFAULT_RETENTION: Retention = {
  eventsMs: 90 * DAY_MS,
  agentEventsMs: 90 * DAY_MS,
  commandsMs: 365 * DAY_MS,
  historyMs: 30 * DAY_MS,
  databaseBytesMax: 4 * 2 ** 30,
};

/** Rows deleted in one transaction: some milliseconds, then others have their turn. */
const BATCH = 500;
/** Deleting for size goes a little further, so that it does not run every time. */
const ENOUGH = 0.95;
/** How far the oldest kept moment moves at a time while the database is too large. */
const SIZE_STEP_MS = 6 * 3_600_000;

export interface PruneDeps {
  readonly store: Store;
  /** Bytes in use by the database. */
  readonly sizeBytes: () => Promise<number>;
  readonly log: Log;
}

export interface Pruned {
  readonly removedCount: number;
  /** History before this was removed for size, not for age; `undefined` when size was no trouble. */
  readonly shortenedToMs: number | undefined;
}

/** Removes what is too old, then the oldest history while the database is too large. @throws BrambleError of the store */
export async function pruneStore(deps: PruneDeps, retention: Retention, nowMs: number): Promise<Pruned> {
  const before: PruneBefore = {
    eventsBeforeMs: nowMs - retention.eventsMs,
    agentEventsBeforeMs: nowMs - retention.agentEventsMs,
    commandsBeforeMs: nowMs - retention.commandsMs,
    historyBeforeMs: nowMs - retention.historyMs,
  };
  let removedCount = await removeBefore(deps.store, before);
  let sizeBytes = await deps.sizeBytes();
  if (sizeBytes <= retention.databaseBytesMax) return { removedCount, shortenedToMs: undefined };
  let { historyBeforeMs } = before;
  while (sizeBytes > retention.databaseBytesMax * ENOUGH && historyBeforeMs < nowMs) {
    historyBeforeMs = Math.min(historyBeforeMs + SIZE_STEP_MS, nowMs);
    removedCount += await removeBefore(deps.store, { ...before, historyBeforeMs });
    sizeBytes = await deps.sizeBytes();
  }
  const told = { sizeBytes, limitBytes: retention.databaseBytesMax, historyFromMs: historyBeforeMs };
  if (sizeBytes > retention.databaseBytesMax) deps.log.error(told, 'the database is too large even without history');
  else deps.log.warn(told, 'history is kept for a shorter time: the database reached its limit');
  return { removedCount, shortenedToMs: historyBeforeMs };
}

async function removeBefore(store: Store, before: PruneBefore): Promise<number> {
  let removedCount = 0;
  for (let count = BATCH; count >= BATCH; removedCount += count) {
    count = await store.transact((writer) => writer.prune(before, BATCH));
  }
  return removedCount;
}
