import { apiTokenState } from '../../domain/access/account.js';
import { authorise } from '../../domain/access/authorise.js';
import type { Permission } from '../../domain/access/permission.js';
import { type Principal, parsePrincipalName } from '../../domain/access/principal.js';
import type { StoreReader, World } from '../ports.js';

/** Looks recorded names up again: what an account may do now, whatever it could do then. */
export class Accounts {
  readonly #reader: StoreReader;
  readonly #clock: World['clock'];

  constructor(deps: { readonly reader: StoreReader; readonly clock: World['clock'] }) {
    this.#reader = deps.reader;
    this.#clock = deps.clock;
  }

  /** `undefined`: there is no such account, or it is disabled, revoked or expired. */
  async principal(name: string): Promise<Principal | undefined> {
    const ref = parsePrincipalName(name);
    switch (ref?.kind) {
      case undefined:
        return undefined;
      case 'administrator':
        return { kind: 'administrator', name: name.includes(':') ? name.slice(name.indexOf(':') + 1) : undefined };
      case 'user': {
        const user = await this.#reader.access.user(ref.name);
        if (user === undefined || user.disabled) return undefined;
        return { kind: 'user', name: user.name, grants: user.grants };
      }
      case 'api-token': {
        const token = await this.#reader.access.apiToken(ref.id);
        if (token === undefined || apiTokenState(token, this.#clock.nowMs()) !== 'usable') return undefined;
        return { kind: 'api-token', id: token.id, grants: token.grants };
      }
    }
  }

  /** Whether what this account asked for earlier may still be carried out. */
  async mayStill(name: string, permission: Permission, site: string): Promise<boolean> {
    const principal = await this.principal(name);
    return principal !== undefined && authorise(principal, permission, site);
  }
}
