import { BrambleError } from '../../../proto/contract/errors.js';
import type { Actor } from '../../domain/access/actor.js';
import { authorise } from '../../domain/access/authorise.js';
import { PERMISSIONS, type Permission } from '../../domain/access/permission.js';
import { type Principal, roleText } from '../../domain/access/principal.js';

/** Who asks, with the rights that they have at this moment, and how it is recorded. */
export interface Caller {
  readonly principal: Principal;
  readonly actor: Actor;
}

/**
 * Without a site: the right anywhere at all.
 * @throws BrambleError `unauthenticated` for nobody, `permission-denied`
 */
export function assertMay({ principal, actor }: Caller, permission: Permission, site?: string): void {
  if (authorise(principal, permission, site)) return;
  if (principal.kind === 'anonymous') throw signInFirst();
  const where = site === undefined ? '' : ` at site ${site}`;
  throw new BrambleError('permission-denied', `${actor.name} may not ${PERMISSIONS[permission]}${where}`, {
    hint: `the roles of this account are: ${roleText(principal) || 'none'}; a fleet-admin can grant more`,
  });
}

export function signInFirst(): BrambleError {
  return new BrambleError('unauthenticated', 'nobody has signed in', {
    hint: 'sign in on the page, send an API token, or use the administrator’s socket',
  });
}
