import type { LoginLinkCreated } from '../../../proto/contract/api/access.js';
import { principalName } from '../../domain/access/principal.js';
import type { FleetApi } from '../api.js';
import { AuditTrail } from '../audit/trail.js';
import type { Store, Trust, World } from '../ports.js';
import { Accounts } from './accounts.js';
import { ApiTokens } from './api-tokens.js';
import { assertMay, type Caller } from './caller.js';
import { AccessChanges } from './changes.js';
import { LoginGuard } from './login-guard.js';
import { LoginLinks } from './login-links.js';
import { OwnPassword } from './own-password.js';
import type { Passwords } from './ports.js';
import { ScopedFleet } from './scoped-fleet.js';
import { Sessions } from './sessions.js';
import { Users } from './users.js';

export interface AccessDeps {
  readonly store: Store;
  readonly world: World;
  readonly trust: Pick<Trust, 'tokenHmac' | 'equal'>;
  readonly passwords: Passwords;
}

/** Who may come in, and what they may then do: the one place that the web asks. */
export class Access {
  readonly sessions: Sessions;
  readonly apiTokens: ApiTokens;
  readonly users: Users;
  readonly ownPassword: OwnPassword;
  readonly accounts: Accounts;
  readonly changes: AccessChanges;
  readonly trail: AuditTrail;
  readonly #links: LoginLinks;
  readonly #deps: AccessDeps;

  constructor(deps: AccessDeps) {
    const { store, world, trust } = deps;
    this.#deps = deps;
    this.changes = new AccessChanges();
    this.trail = new AuditTrail(store, world);
    this.accounts = new Accounts({ reader: store.reader, clock: world.clock });
    this.#links = new LoginLinks(world, trust);
    const { changes, trail, accounts } = this;
    const guard = new LoginGuard(world.clock);
    this.sessions = new Sessions({ ...deps, accounts, guard, links: this.#links, trail, changes });
    this.apiTokens = new ApiTokens({ ...deps, changes });
    this.ownPassword = new OwnPassword({ ...deps, guard, links: this.#links, trail, changes });
    this.users = new Users({ ...deps, changes, links: this.#links });
  }

  /** A path of the page that opens a session of this caller, once. The code is in the fragment, which is never sent. */
  async createLoginLink(ttlMs: number, caller: Caller): Promise<Omit<LoginLinkCreated, 'pageUrl'>> {
    assertMay(caller, 'access.manage');
    const { store, world } = this.#deps;
    const account = principalName(caller.principal);
    const atMs = world.clock.nowMs();
    await store.transact(async (writer) => {
      const base = { atMs, actor: caller.actor, target: account, site: undefined, outcome: 'done' } as const;
      await writer.audit.add({ ...base, action: 'login-link.create', details: { ttlMs } });
    });
    const code = this.#links.make(account, ttlMs);
    return { path: `/login.html#${code.reveal()}`, expiresAtMs: atMs + ttlMs };
  }

  /** The fleet as this caller may see and change it. */
  scoped(fleet: FleetApi, caller: Caller): ScopedFleet {
    const { reader } = this.#deps.store;
    const lookup = {
      joinTokenSite: async (keyId: string) => (await reader.token(keyId))?.site,
      enrollmentSite: async (fingerprint: string) => (await reader.enrollment(fingerprint))?.site,
    };
    return new ScopedFleet(fleet, lookup, caller);
  }
}
