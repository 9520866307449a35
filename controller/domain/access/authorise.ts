import { FLEET_WIDE, MATRIX, type Permission } from './permission.js';
import type { Principal } from './principal.js';

/** The sites for which a principal has a permission. */
export type Scope = 'all' | ReadonlySet<string>;

const NOWHERE: Scope = new Set();

export function scopeOf(principal: Principal, permission: Permission): Scope {
  if (principal.kind === 'administrator') return 'all';
  if (principal.kind === 'anonymous') return NOWHERE;
  const sites = new Set<string>();
  for (const grant of principal.grants) {
    if (!MATRIX[grant.role].has(permission)) continue;
    if (grant.sites === 'all') return 'all';
    if (FLEET_WIDE.has(permission)) continue;
    for (const site of grant.sites) sites.add(site);
  }
  return sites;
}

export function covers(scope: Scope, site: string): boolean {
  return scope === 'all' || scope.has(site);
}

export function isNowhere(scope: Scope): boolean {
  return scope !== 'all' && scope.size === 0;
}

/** May this principal do it at that site; without a site: anywhere at all. */
export function authorise(principal: Principal, permission: Permission, site?: string): boolean {
  const scope = scopeOf(principal, permission);
  return site === undefined ? !isNowhere(scope) : covers(scope, site);
}
