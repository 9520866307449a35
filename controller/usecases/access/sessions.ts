import { BrambleError } from '../../../proto/contract/errors.js';
import { Secret } from '../../../proto/contract/secret.js';
import {
  isSessionOver,
  isUserName,
  SESSION_IDLE_MS,
  SESSION_LIFE_MS,
  type User,
  type WebSession,
} from '../../domain/access/account.js';
import type { Actor } from '../../domain/access/actor.js';
import { actorOf } from '../../domain/access/actor.js';
import type { Principal } from '../../domain/access/principal.js';
import { ANONYMOUS, principalName } from '../../domain/access/principal.js';
import { renderHex } from '../../domain/hex.js';
import type { AuditTrail } from '../audit/trail.js';
import type { Store, StoreWriter, Trust, World } from '../ports.js';
import type { Accounts } from './accounts.js';
import type { Caller } from './caller.js';
import type { AccessChanges } from './changes.js';
import type { LoginGuard } from './login-guard.js';
import type { LoginLinks } from './login-links.js';
import type { Passwords } from './ports.js';

/** Where somebody comes from who is nobody yet. */
export interface Origin {
  readonly address: string;
  readonly source: string;
  readonly requestId: string;
}

export interface NewSession {
  /** For the cookie. */
  readonly secret: Secret;
  readonly expiresAtMs: number;
}

export interface SignedIn {
  readonly principal: Principal;
  readonly idHmac: string;
  /** To be sent along with every change: a page of somebody else cannot read it. */
  readonly csrfToken: Secret;
  readonly expiresAtMs: number;
}

/** A password that was right, for the account as it was then. */
interface Login {
  readonly user: User;
  /** The same password by today's rules; `undefined` = it is hashed by them. */
  readonly rehashed: string | undefined;
}

const SECRET_BYTES = 32;
/** A sign of life is written down this often, not with every request. */
const TOUCH_EVERY_MS = 60_000;

export interface SessionsDeps {
  readonly store: Store;
  readonly world: World;
  readonly trust: Pick<Trust, 'tokenHmac'>;
  readonly passwords: Passwords;
  readonly accounts: Accounts;
  readonly guard: LoginGuard;
  readonly links: LoginLinks;
  readonly trail: AuditTrail;
  readonly changes: AccessChanges;
}

/** Browsers that signed in, by password or by link. */
export class Sessions {
  readonly #deps: SessionsDeps;

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
  }

  /**
   * The same answer, after the same time, whether the name or the password is wrong or the account is disabled.
   * @throws BrambleError `unauthenticated`, `resource-exhausted` (too many tries)
   */
  async login(name: string, password: Secret, from: Origin): Promise<NewSession> {
    const { store, guard, passwords } = this.#deps;
    const known = isUserName(name) ? name : '?';
    try {
      guard.begin(known, from.address);
    } catch (thrown) {
      this.#failed(known, 'too many tries', from);
      throw thrown;
    }
    const user = await store.reader.access.user(known);
    const { matches, isOutdated } = await guard.hashing(() => passwords.check(password, user?.passwordHash));
    if (user === undefined || !matches || user.disabled) {
      this.#failed(known, 'wrong name or password', from);
      throw wrongPassword();
    }
    guard.succeeded(known, from.address);
    const rehashed = isOutdated ? await guard.hashing(() => passwords.hash(password)) : undefined;
    return await this.#open({ kind: 'user', name: user.name, grants: user.grants }, 'password', from, {
      ...{ user, rehashed },
    });
  }

  /** Not slowed down: nobody guesses 160 bits, and nobody can close this way for others. @throws BrambleError `unauthenticated` */
  async loginByLink(code: Secret, from: Origin): Promise<NewSession> {
    const { links, accounts } = this.#deps;
    const account = links.use(code);
    const principal = account === undefined ? undefined : await accounts.principal(account);
    if (principal === undefined) {
      this.#failed('login link', 'used, expired or unknown', from);
      throw new BrambleError('unauthenticated', 'this login link was used already, or has expired', {
        hint: 'make a new one on the machine of the controller: bramble login-link',
      });
    }
    return await this.#open(principal, 'link', from);
  }

  /** Whose session a cookie holds; `undefined` = none that counts. Using it keeps it alive. */
  async find(secret: Secret): Promise<SignedIn | undefined> {
    const { store, world, accounts } = this.#deps;
    if (!/^[0-9a-f]{64}$/.test(secret.reveal())) return undefined;
    const session = await store.reader.access.session(this.#hmac('bramble-session-v1', secret));
    const nowMs = world.clock.nowMs();
    if (session === undefined || isSessionOver(session, nowMs)) return undefined;
    const principal = await accounts.principal(session.account);
    if (principal === undefined) return undefined;
    if (nowMs - session.lastUsedAtMs >= TOUCH_EVERY_MS) this.#touch(session, nowMs);
    const csrfToken = new Secret(this.#hmac('bramble-csrf-v1', secret));
    return { principal, idHmac: session.idHmac, csrfToken, expiresAtMs: session.expiresAtMs };
  }

  /** Ends one session, or all of the same account; returns how many. */
  async logout(idHmac: string, caller: Caller, everywhere: boolean): Promise<number> {
    const { store, world, changes } = this.#deps;
    const account = principalName(caller.principal);
    if (everywhere) this.#deps.links.forget(account);
    const count = await store.transact(async (writer) => {
      const ended = everywhere ? await writer.access.removeSessionsOf(account) : 1;
      if (!everywhere) await writer.access.removeSession(idHmac);
      const action = everywhere ? 'session.logout-everywhere' : 'session.logout';
      await writer.audit.add({
        ...{ atMs: world.clock.nowMs(), actor: caller.actor, action, target: account },
        ...{ site: undefined, outcome: 'done', details: { sessions: ended } },
      });
      return ended;
    });
    changes.changed(account);
    return count;
  }

  async #open(principal: Principal, how: 'password' | 'link', from: Origin, login?: Login): Promise<NewSession> {
    const { store, world } = this.#deps;
    const secret = new Secret(renderHex(world.random.bytes(SECRET_BYTES)));
    const nowMs = world.clock.nowMs();
    const account = principalName(principal);
    const expiresAtMs = nowMs + SESSION_LIFE_MS;
    await store.transact(async (writer) => {
      await writer.access.pruneSessions(nowMs - SESSION_IDLE_MS, nowMs);
      if (login !== undefined) await confirmLogin(writer, login);
      await writer.access.putSession({
        ...{ idHmac: this.#hmac('bramble-session-v1', secret), account, createdAtMs: nowMs },
        ...{ lastUsedAtMs: nowMs, expiresAtMs, address: from.address },
      });
      await writer.audit.add({
        ...{ atMs: nowMs, actor: this.#actor(principal, from), action: 'session.login', target: account },
        ...{ site: undefined, outcome: 'done', details: { how } },
      });
    });
    return { secret, expiresAtMs };
  }

  #actor(principal: Principal, { source, requestId }: Origin): Actor {
    return actorOf(principal, source, requestId);
  }

  #failed(target: string, why: string, from: Origin): void {
    this.#deps.trail.sampled({
      ...{ actor: this.#actor(ANONYMOUS, from), action: 'session.login', target },
      ...{ site: undefined, outcome: 'denied', details: { why } },
    });
  }

  #touch(session: WebSession, nowMs: number): void {
    const { store, world } = this.#deps;
    void store
      .transact(async (writer) => {
        const stored = await writer.access.session(session.idHmac);
        if (stored !== undefined) await writer.access.putSession({ ...stored, lastUsedAtMs: nowMs });
      })
      .catch((thrown: unknown) => {
        world.log.warn({ err: thrown }, 'that a session is in use could not be written down');
      });
  }

  #hmac(domain: string, secret: Secret): string {
    return renderHex(this.#deps.trust.tokenHmac(new TextEncoder().encode(`${domain}\0${secret.reveal()}`)));
  }
}

/**
 * Hashing takes a while: whoever set another password or disabled the account meanwhile ended its sessions, and one more
 * by the old password must not come after that.
 */
async function confirmLogin(writer: StoreWriter, { user, rehashed }: Login): Promise<void> {
  const stored = await writer.access.user(user.name);
  if (stored === undefined || stored.disabled || stored.passwordHash !== user.passwordHash) throw wrongPassword();
  if (rehashed !== undefined) await writer.access.putUser({ ...stored, passwordHash: rehashed });
}

/** In the same words whatever was wrong. */
export function wrongPassword(): BrambleError {
  return new BrambleError('unauthenticated', 'the name or the password is wrong', {
    hint: 'after five tries the way is closed for a quarter of an hour',
  });
}
