import { checkedGrant, type Grant, renderGrant } from '../../../proto/contract/access.js';
import type { GrantView, UserChange, UserView } from '../../../proto/contract/api/access.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { siteId } from '../../../proto/contract/ids.js';
import { Secret } from '../../../proto/contract/secret.js';
import { visible } from '../../../proto/contract/visible.js';
import { isUserName, judgePassword, type User } from '../../domain/access/account.js';
import type { Store, World } from '../ports.js';
import { assertMay, type Caller } from './caller.js';
import type { AccessChanges } from './changes.js';
import type { LoginLinks } from './login-links.js';
import type { Passwords } from './ports.js';

export interface UsersDeps {
  readonly store: Store;
  readonly world: Pick<World, 'clock'>;
  readonly passwords: Passwords;
  readonly changes: AccessChanges;
  readonly links: LoginLinks;
}

/** Accounts of people. */
export class Users {
  readonly #deps: UsersDeps;

  constructor(deps: UsersDeps) {
    this.#deps = deps;
  }

  async list(caller: Caller): Promise<readonly UserView[]> {
    assertMay(caller, 'access.read');
    return (await this.#deps.store.reader.access.users()).map(userView);
  }

  /** @throws BrambleError `invalid-argument`, `already-exists` */
  async create(
    { name, password, grants }: { readonly name: string; readonly password: Secret; readonly grants: readonly Grant[] },
    caller: Caller,
  ): Promise<UserView> {
    assertMay(caller, 'access.manage');
    if (!isUserName(name)) {
      throw new BrambleError('invalid-argument', `not a name for a user: ${visible(name, 64)}`, {
        hint: 'a name is a lower-case letter, then at most 31 letters, digits, dots, dashes or underscores',
      });
    }
    assertGoodPassword(password, name);
    const { store, world, passwords } = this.#deps;
    const passwordHash = await passwords.hash(password);
    const atMs = world.clock.nowMs();
    const { actor } = caller;
    const times = { createdAtMs: atMs, passwordSetAtMs: atMs };
    const user: User = { name, grants, passwordHash, disabled: false, createdBy: actor.name, ...times };
    await store.transact(async (writer) => {
      if ((await writer.access.user(name)) !== undefined) {
        throw new BrambleError('already-exists', `there is a user ${name} already`, {
          hint: 'a disabled user can be enabled again: bramble user enable',
        });
      }
      await writer.access.putUser(user);
      const details = { grants: renderGrants(grants) };
      const base = { atMs, actor, target: `user:${name}`, site: undefined, outcome: 'done', details } as const;
      await writer.audit.add({ ...base, action: 'user.create' });
    });
    return userView(user);
  }

  /** @throws BrambleError `not-found`, `invalid-argument` */
  async change(name: string, change: UserChange, caller: Caller): Promise<UserView> {
    assertMay(caller, 'access.manage');
    const { store, world, passwords, changes, links } = this.#deps;
    const password = change.password === undefined ? undefined : new Secret(change.password);
    if (password !== undefined) assertGoodPassword(password, name);
    const passwordHash = password === undefined ? undefined : await passwords.hash(password);
    const atMs = world.clock.nowMs();
    const user = await store.transact(async (writer) => {
      const stored = await writer.access.user(name);
      if (stored === undefined) throw new BrambleError('not-found', `user ${visible(name, 64)} is not known`);
      const changed: User = {
        ...stored,
        grants: change.grants === undefined ? stored.grants : grantsOf(change.grants),
        disabled: change.disabled ?? stored.disabled,
        ...(passwordHash === undefined ? {} : { passwordHash, passwordSetAtMs: atMs }),
      };
      await writer.access.putUser(changed);
      const endsSessions = passwordHash !== undefined || changed.disabled;
      const sessions = endsSessions ? await writer.access.removeSessionsOf(`user:${name}`) : 0;
      const details = {
        sessionsEnded: sessions,
        passwordSet: passwordHash !== undefined,
        ...(change.grants === undefined
          ? {}
          : { grantsBefore: renderGrants(stored.grants), grants: renderGrants(changed.grants) }),
        ...(change.disabled === undefined ? {} : { disabled: change.disabled }),
      };
      const base = { atMs, actor: caller.actor, target: `user:${name}`, site: undefined, outcome: 'done' } as const;
      await writer.audit.add({ ...base, action: 'user.change', details });
      return changed;
    });
    if (passwordHash !== undefined || user.disabled) links.forget(`user:${name}`);
    changes.changed(`user:${name}`);
    return userView(user);
  }
}

/** @throws BrambleError `invalid-argument` */
export function grantsOf(views: readonly GrantView[]): readonly Grant[] {
  return views.map(({ role, sites }) => checkedGrant({ role, sites: sites === undefined ? 'all' : sites.map(siteId) }));
}

export function grantViews(grants: readonly Grant[]): GrantView[] {
  return grants.map(({ role, sites }) => (sites === 'all' ? { role } : { role, sites: [...sites] }));
}

export function renderGrants(grants: readonly Grant[]): string {
  return grants.map(renderGrant).join(' ');
}

/** @throws BrambleError `invalid-argument` */
export function assertGoodPassword(password: Secret, name: string): void {
  const wrong = judgePassword(password.reveal(), name);
  if (wrong === undefined) return;
  throw new BrambleError('invalid-argument', `this password is too weak: ${wrong}`, {
    hint: 'take a few words that belong together for you alone',
  });
}

function userView({ name, grants, disabled, createdAtMs, createdBy, passwordSetAtMs }: User): UserView {
  return { name, grants: grantViews(grants), disabled, createdAtMs, createdBy, passwordSetAtMs };
}
