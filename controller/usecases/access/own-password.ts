import { BrambleError } from '../../../proto/contract/errors.js';
import type { Secret } from '../../../proto/contract/secret.js';
import { isUserName, type User } from '../../domain/access/account.js';
import { actorOf } from '../../domain/access/actor.js';
import { ANONYMOUS } from '../../domain/access/principal.js';
import type { AuditTrail } from '../audit/trail.js';
import type { Store, World } from '../ports.js';
import type { AccessChanges } from './changes.js';
import type { LoginGuard } from './login-guard.js';
import type { LoginLinks } from './login-links.js';
import type { Passwords } from './ports.js';
import { type Origin, type SignedIn, wrongPassword } from './sessions.js';
import { assertGoodPassword } from './users.js';

export interface OwnPasswordDeps {
  readonly store: Store;
  readonly world: Pick<World, 'clock'>;
  readonly passwords: Passwords;
  readonly guard: LoginGuard;
  readonly links: LoginLinks;
  readonly trail: AuditTrail;
  readonly changes: AccessChanges;
}

export interface OwnPasswordChange {
  readonly name: string;
  readonly password: Secret;
  readonly newPassword: Secret;
}

/**
 * A user replaces their own password, with no other right than to know the present one. Guessing it here is as slow as at
 * the login, and counts together with it.
 */
export class OwnPassword {
  readonly #deps: OwnPasswordDeps;

  constructor(deps: OwnPasswordDeps) {
    this.#deps = deps;
  }

  /**
   * Ends every other session of the user, and returns how many; `asking` stays when it is theirs.
   * @throws BrambleError `unauthenticated`, `resource-exhausted` (too many tries), `invalid-argument` (too weak)
   */
  async change(change: OwnPasswordChange, from: Origin, asking: SignedIn | undefined): Promise<number> {
    const { guard, passwords, links, changes } = this.#deps;
    const user = await this.#prove(change, from);
    // After the proof: what is wrong with a password of somebody else is none of a stranger's business.
    assertGoodPassword(change.newPassword, user.name);
    if (change.newPassword.reveal() === change.password.reveal()) {
      throw new BrambleError('invalid-argument', 'the new password is the present one', { hint: 'choose another' });
    }
    const passwordHash = await guard.hashing(() => passwords.hash(change.newPassword));
    const ended = await this.#store(user, passwordHash, { from, asking });
    links.forget(`user:${user.name}`);
    changes.changed(`user:${user.name}`);
    return ended;
  }

  async #prove({ name, password }: OwnPasswordChange, from: Origin): Promise<User> {
    const { store, guard, passwords } = this.#deps;
    const known = isUserName(name) ? name : '?';
    try {
      guard.begin(known, from.address);
    } catch (thrown) {
      this.#failed(known, 'too many tries', from);
      throw thrown;
    }
    const user = await store.reader.access.user(known);
    const { matches } = await guard.hashing(() => passwords.check(password, user?.passwordHash));
    if (user === undefined || !matches || user.disabled) {
      this.#failed(known, 'wrong name or password', from);
      throw wrongPassword();
    }
    guard.succeeded(known, from.address);
    return user;
  }

  async #store(
    { name, passwordHash: provenHash, grants }: User,
    passwordHash: string,
    { from, asking }: { readonly from: Origin; readonly asking: SignedIn | undefined },
  ): Promise<number> {
    const { store, world } = this.#deps;
    const account = `user:${name}`;
    const atMs = world.clock.nowMs();
    return await store.transact(async (writer) => {
      const stored = await writer.access.user(name);
      // Somebody else set one while this was hashed, or disabled the account: theirs counts.
      if (stored === undefined || stored.disabled || stored.passwordHash !== provenHash) throw wrongPassword();
      await writer.access.putUser({ ...stored, passwordHash, passwordSetAtMs: atMs });
      const kept = asking === undefined ? undefined : await writer.access.session(asking.idHmac);
      const removed = await writer.access.removeSessionsOf(account);
      const keeps = kept?.account === account;
      if (kept !== undefined && keeps) await writer.access.putSession(kept);
      const sessionsEnded = keeps ? removed - 1 : removed;
      await writer.audit.add({
        ...{ atMs, actor: actorOf({ kind: 'user', name, grants }, from.source, from.requestId) },
        ...{ action: 'user.own-password', target: account, site: undefined },
        ...{ outcome: 'done', details: { sessionsEnded } },
      });
      return sessionsEnded;
    });
  }

  #failed(target: string, why: string, { source, requestId }: Origin): void {
    this.#deps.trail.sampled({
      ...{ actor: actorOf(ANONYMOUS, source, requestId), action: 'user.own-password', target },
      ...{ site: undefined, outcome: 'denied', details: { why } },
    });
  }
}
