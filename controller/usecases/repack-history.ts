import type { NodeId } from '../../proto/contract/ids.js';
import { packHistory, unpackHistory } from '../domain/history.js';
import { mergeHistory } from '../domain/history-merge.js';
import type { HistorySegment, Log, Store } from './ports.js';

const HOUR_MS = 3_600_000;
/** Every chunk of an hour is in the store this long after its end, see CHUNK_MS. */
const SETTLED_MS = 600_000;
/** After a long absence older hours stay in their chunks: they are read all the same. */
const CATCH_UP_MS = 48 * HOUR_MS;
const NODES_PER_WRITE = 16;
const DONE_SETTING = 'history-repacked-through-ms';

interface Replacement {
  readonly old: readonly HistorySegment[];
  readonly merged: HistorySegment;
}

/**
 * Merges the chunks of every finished hour into one segment per node and hour, which takes about half of the bytes and
 * far fewer rows. May be stopped at any moment: an hour that was not finished is done again.
 * @returns how many segments were made
 * @throws BrambleError of the store
 */
export async function repackHistory(
  deps: { readonly store: Store; readonly log: Log },
  nowMs: number,
): Promise<number> {
  const { store } = deps;
  const endMs = Math.floor((nowMs - SETTLED_MS) / HOUR_MS) * HOUR_MS;
  const done = Number((await store.reader.setting(DONE_SETTING)) ?? 0);
  // A mark in the future was set by a clock that was wrong; it must not keep history in chunks until then.
  const startMs = done > endMs ? endMs : Math.max(done, endMs - CATCH_UP_MS);
  let count = 0;
  for (let hourMs = startMs; hourMs < endMs; hourMs += HOUR_MS) {
    count += await repackHour(deps, hourMs);
    await store.transact((writer) => writer.putSetting(DONE_SETTING, String(hourMs + HOUR_MS)));
  }
  if (done > endMs) await store.transact((writer) => writer.putSetting(DONE_SETTING, String(endMs)));
  return count;
}

async function repackHour(deps: { readonly store: Store; readonly log: Log }, hourMs: number): Promise<number> {
  let waiting: Replacement[] = [];
  let count = 0;
  const write = async (): Promise<void> => {
    const replacements = waiting;
    waiting = [];
    await deps.store.transact(async (writer) => {
      const old = replacements.flatMap((replacement) => replacement.old);
      await Promise.all(old.map((segment) => writer.removeHistory(segment)));
      await Promise.all(replacements.map(({ merged }) => writer.addHistory(merged)));
    });
    count += replacements.length;
  };
  for (const { id } of await deps.store.reader.nodes()) {
    const replacement = await mergedHour(deps, id, hourMs);
    if (replacement !== undefined) waiting.push(replacement);
    if (waiting.length >= NODES_PER_WRITE) await write();
  }
  if (waiting.length > 0) await write();
  return count;
}

/** `undefined` when there is nothing to merge. A segment belongs to the hour in which it starts. */
async function mergedHour(
  { store, log }: { readonly store: Store; readonly log: Log },
  nodeId: NodeId,
  hourMs: number,
): Promise<Replacement | undefined> {
  const overlapping = await store.reader.history(nodeId, hourMs, hourMs + HOUR_MS);
  const old = overlapping.filter(({ fromMs }) => fromMs >= hourMs);
  const [first] = old;
  if (first === undefined || old.length < 2) return undefined;
  try {
    const table = mergeHistory(old.map(({ packed }) => unpackHistory(packed)));
    if (table === undefined) return undefined;
    const toMs = Math.max(...old.map((segment) => segment.toMs));
    return { old, merged: { nodeId, fromMs: first.fromMs, toMs, packed: packHistory(table) } };
  } catch (thrown) {
    log.error({ err: thrown, nodeId, hourMs }, 'an hour of history is damaged and stays as it is');
    return undefined;
  }
}
