import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { packHistory } from '../domain/history.js';
import { RealisticNode } from './testing/realistic-node.js';

const NODES = 8;
const HOURS = 24;
const ROWS_PER_HOUR = 120;

test('a value of an hour of a realistic node takes at most 1.3 bytes, times included', () => {
  let sizeBytes = 0;
  let valuesCount = 0;
  for (let seed = 1; seed <= NODES; seed++) {
    const node = new RealisticNode(seed, 1_700_000_000_000);
    for (let hour = 0; hour < HOURS; hour++) {
      const rows = node.rows(ROWS_PER_HOUR);
      sizeBytes += deflateRawSync(packHistory(rows)).length;
      valuesCount += ROWS_PER_HOUR * rows.columns.length;
    }
  }
  expect(sizeBytes / valuesCount).toBeLessThanOrEqual(1.3);
});
