import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { packHistory } from '../../controller/domain/history.js';
import { RealisticNode } from '../../controller/store/testing/realistic-node.js';
import type { Figure } from './figure.js';

const NODES = 40;
const HOURS = 24;
const ROWS_PER_HOUR = 120;

/** Bytes that a value takes in packed history, times included, against one SQLite row per sample of the same data. */
export function historyBytes(): Figure {
  const dir = mkdtempSync(join(tmpdir(), 'bramble-bench-'));
  try {
    const db = new Database(join(dir, 'rows.db'));
    db.exec('CREATE TABLE sample (node INTEGER, series INTEGER, at_s INTEGER, value INTEGER) STRICT');
    const insert = db.prepare('INSERT INTO sample VALUES (?, ?, ?, ?)');
    let packedBytes = 0;
    let values = 0;
    for (let seed = 1; seed <= NODES; seed++) {
      const node = new RealisticNode(seed, 1_700_000_000_000);
      for (let hour = 0; hour < HOURS; hour++) {
        const rows = node.rows(ROWS_PER_HOUR);
        packedBytes += deflateRawSync(packHistory(rows)).length;
        values += ROWS_PER_HOUR * rows.columns.length;
        if (seed > 4) continue; // one row per sample is slow, and needs no more data to be sure of
        db.transaction(() => {
          for (const [series, column] of rows.columns.entries()) {
            column.values.forEach((value, at) => {
              if (value !== undefined) insert.run(seed, series, Math.round((rows.atMs[at] ?? 0) / 1_000), value);
            });
          }
        })();
      }
    }
    const { count } = db.prepare('SELECT count(*) AS count FROM sample').get() as { count: number }; // one column
    db.close();
    return {
      figure: 'ingest.history_bytes_per_value',
      value: packedBytes / values,
      unit: 'bytes',
      baseline: statSync(join(dir, 'rows.db')).size / count,
      baselineName: 'SQLite row per sample',
      goal: 1.3,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
