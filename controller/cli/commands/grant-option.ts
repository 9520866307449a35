import { InvalidArgumentError } from 'commander';
import { parseGrant, ROLES } from '../../../proto/contract/access.js';
import type { GrantView } from '../../../proto/contract/api/access.js';
import { BrambleError } from '../../../proto/contract/errors.js';

export const GRANT_HELP = `role, with sites when not for the whole fleet: operator@cam,ox; may be repeated (${ROLES.join(', ')})`;

/** For an option that may be given several times. */
export function collectGrant(text: string, before: readonly GrantView[] = []): readonly GrantView[] {
  try {
    const { role, sites } = parseGrant(text);
    return [...before, sites === 'all' ? { role } : { role, sites: [...sites] }];
  } catch (thrown) {
    const { message, hint } = BrambleError.from(thrown);
    throw new InvalidArgumentError(`${message}. ${hint ?? ''}`);
  }
}

export function grantText(grants: readonly GrantView[]): string {
  return grants.map(({ role, sites }) => (sites === undefined ? role : `${role}@${sites.join(',')}`)).join(' ');
}
