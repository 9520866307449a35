import { expect, test } from 'vitest';
import { measuresOf } from './measures.js';

test('what only goes up is a counter, everything else a gauge', () => {
  expect(measuresOf('core', { reports_total: 7, sessions_online: 2 })).toEqual([
    { name: 'bramble_core_reports_total', help: 'core reports.', kind: 'counter', value: 7 },
    { name: 'bramble_core_sessions_online', help: 'core sessions online.', kind: 'gauge', value: 2 },
  ]);
  expect(measuresOf('', { store_commits_total: 1 })[0]?.name).toBe('bramble_store_commits_total');
});
