import type { NodeEntry } from './node-table.js';

/** It reports, and nothing grave is wrong with it. */
export function isEntryWell({
  liveness,
  conditions,
  hasReported,
}: Pick<NodeEntry, 'liveness' | 'conditions' | 'hasReported'>): boolean {
  const isIll = conditions.some(({ status, raised, severity }) => raised && status === 'true' && severity === 'error');
  return liveness === 'fresh' && hasReported && !isIll;
}
