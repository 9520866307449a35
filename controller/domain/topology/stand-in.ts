import type { NodeRecord, SpareRecord } from './records.js';

/**
 * Whether a node can go on living on this board as it is. Boot files are those of a model, its root stays on its fileserver, and its
 * VLAN ends at its switch.
 */
export function canStandIn(
  { board, plug, fileserver }: SpareRecord,
  of: Pick<NodeRecord, 'board' | 'plug' | 'fileserver'>,
): boolean {
  return board.model === of.board.model && plug.switch === of.plug?.switch && fileserver === of.fileserver;
}
