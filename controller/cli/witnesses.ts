import type { NodeView } from '../../proto/contract/api/fleet.js';

/**
 * Who has not been heard from since a change, of those who must be: the switch itself, and every fileserver of its site. They speak to
 * the controller on ways of their own, so that a change which cuts either off is not kept.
 */
export function witnesses(
  target: Pick<NodeView, 'id' | 'site'>,
  changedAtMs: number,
  nodes: readonly Pick<NodeView, 'id' | 'name' | 'site' | 'kind' | 'state' | 'lastSeenMs'>[],
): readonly string[] {
  const needed = nodes.filter(
    ({ id, kind, site, state }) =>
      id === target.id || (kind === 'fileserver' && site === target.site && state !== 'revoked'),
  );
  if (!needed.some(({ id }) => id === target.id)) return ['the switch is no longer there'];
  return needed
    .filter(({ lastSeenMs, state }) => (lastSeenMs ?? 0) <= changedAtMs || state === 'no-contact')
    .map(({ name }) => `${name} was not heard from since`);
}
