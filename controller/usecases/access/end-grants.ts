import type { Grant } from '../../../proto/contract/access.js';
import type { SiteId } from '../../../proto/contract/ids.js';
import type { Actor } from '../../domain/access/actor.js';
import type { AuditEntry } from '../../domain/audit/record.js';
import type { StoreWriter } from '../ports.js';
import { renderGrants } from './users.js';

interface Ending {
  readonly site: SiteId;
  readonly atMs: number;
  readonly actor: Actor;
}

/**
 * Takes a site that is being deleted out of all grants, so that nobody has rights at another site that is given its name
 * one day. An API token that is left without rights is revoked; a user stays, and sees nothing.
 */
export async function endGrantsAt(writer: StoreWriter, { site, atMs, actor }: Ending): Promise<void> {
  const note = (
    target: string,
    before: readonly Grant[],
    grants: readonly Grant[],
    action: string,
  ): Promise<unknown> => {
    const details = {
      why: `site ${site} was deleted`,
      grantsBefore: renderGrants(before),
      grants: renderGrants(grants),
    };
    // Accounts are the whole fleet's.
    const entry: AuditEntry = { atMs, actor, action, target, site: undefined, outcome: 'done', details };
    return writer.audit.add(entry);
  };
  for (const user of await writer.access.users()) {
    const grants = without(user.grants, site);
    if (grants === undefined) continue;
    await writer.access.putUser({ ...user, grants });
    await note(`user:${user.name}`, user.grants, grants, 'user.change');
  }
  for (const token of await writer.access.apiTokens()) {
    const grants = without(token.grants, site);
    if (grants === undefined) continue;
    const isOver = grants.length === 0;
    await writer.access.putApiToken({
      ...token,
      grants,
      revokedAtMs: token.revokedAtMs ?? (isOver ? atMs : undefined),
    });
    await note(`api-token:${token.id}`, token.grants, grants, isOver ? 'api-token.revoke' : 'api-token.change');
  }
}

/** What is left of the grants; `undefined` = they do not speak of the site. */
function without(grants: readonly Grant[], site: SiteId): readonly Grant[] | undefined {
  if (!grants.some(({ sites }) => sites !== 'all' && sites.includes(site))) return undefined;
  return grants.flatMap(({ role, sites }): readonly Grant[] => {
    if (sites === 'all') return [{ role, sites }];
    const left = sites.filter((one) => one !== site);
    return left.length === 0 ? [] : [{ role, sites: left }];
  });
}
