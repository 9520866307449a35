import { BrambleError } from './errors.js';
import { type SiteId, siteId } from './ids.js';
import { visible } from './visible.js';

/** What a person or a program may be to the fleet, the least first. */
export const ROLES = ['viewer', 'operator', 'site-admin', 'fleet-admin', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

/** A role, everywhere or at some sites. */
export interface Grant {
  readonly role: Role;
  readonly sites: 'all' | readonly SiteId[];
}

/** Most sites that one grant names, and most grants that one account has. */
export const GRANT_SITES_MAX = 64;
export const GRANTS_MAX = 16;

/**
 * "viewer" or "operator@cam,ox".
 * @throws BrambleError `invalid-argument`
 */
export function parseGrant(text: string): Grant {
  const [name = '', sites, more] = text.split('@');
  const role = ROLES.find((one) => one === name);
  if (role === undefined || more !== undefined) {
    throw new BrambleError('invalid-argument', `${visible(text, 80)} is not a role`, {
      hint: `write one of ${ROLES.join(', ')}, with sites as in operator@cam,ox when it is not for the whole fleet`,
    });
  }
  return checkedGrant({ role, sites: sites === undefined ? 'all' : sites.split(',').map(siteId) });
}

/** @throws BrambleError `invalid-argument` for what no grant may say */
export function checkedGrant(grant: Grant): Grant {
  const { role, sites } = grant;
  if (sites === 'all') return grant;
  if (role === 'fleet-admin') {
    throw new BrambleError('invalid-argument', 'a fleet-admin is that of the whole fleet', {
      hint: 'for some sites give site-admin',
    });
  }
  if (sites.length === 0 || sites.length > GRANT_SITES_MAX) {
    throw new BrambleError('invalid-argument', `a grant names 1 to ${GRANT_SITES_MAX} sites, or none for all`);
  }
  return grant;
}

export function renderGrant({ role, sites }: Grant): string {
  return sites === 'all' ? role : `${role}@${sites.join(',')}`;
}
