import { HISTORY_ROWS_MAX, type HistoryColumn, type HistoryRows } from './history.js';

/**
 * One table out of several of the same node, their rows one after the other. A series that a table does not have has no
 * data there. `undefined` when the result would be larger than a segment may be.
 */
export function mergeHistory(tables: readonly HistoryRows[]): HistoryRows | undefined {
  const atMs = tables.flatMap((table) => table.atMs);
  if (atMs.length > HISTORY_ROWS_MAX) return undefined;
  const columns = new Map<string, HistoryColumn & { readonly values: (number | undefined)[] }>();
  let rowsCount = 0;
  for (const table of tables) {
    for (const { factId, instance, values } of table.columns) {
      const key = `${factId} ${instance}`;
      const column = columns.get(key) ?? { factId, instance, values: [] };
      columns.set(key, column);
      while (column.values.length < rowsCount) column.values.push(undefined);
      for (const value of values) column.values.push(value);
    }
    rowsCount += table.atMs.length;
  }
  for (const { values } of columns.values()) while (values.length < rowsCount) values.push(undefined);
  return { atMs, columns: [...columns.values()] };
}
