import type { ApiTokenCreate, ApiTokenView } from '../../../proto/contract/api/access.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { Secret } from '../../../proto/contract/secret.js';
import { visible } from '../../../proto/contract/visible.js';
import { type ApiToken, apiTokenState } from '../../domain/access/account.js';
import type { Principal } from '../../domain/access/principal.js';
import { renderBase32 } from '../../domain/base32.js';
import { renderHex } from '../../domain/hex.js';
import {
  parseApiToken,
  renderApiToken,
  TOKEN_KEY_ID_CHARACTERS,
  TOKEN_SECRET_CHARACTERS,
} from '../../domain/token-format.js';
import type { Store, Trust, World } from '../ports.js';
import { assertMay, type Caller } from './caller.js';
import type { AccessChanges } from './changes.js';
import { grantsOf, grantViews, renderGrants } from './users.js';

export interface ApiTokensDeps {
  readonly store: Store;
  readonly world: World;
  readonly trust: Pick<Trust, 'tokenHmac' | 'equal'>;
  readonly changes: AccessChanges;
}

/** The last use is kept to the hour: enough to find tokens that nobody needs, and no write per request. */
const USED_WITHIN_MS = 3_600_000;

/** Credentials of programs: made by a person, shown once, kept only as a hash, never for ever. */
export class ApiTokens {
  readonly #deps: ApiTokensDeps;

  constructor(deps: ApiTokensDeps) {
    this.#deps = deps;
  }

  /** The program that holds this token; `undefined` for everything else, after the same work. */
  async find(text: Secret): Promise<Principal | undefined> {
    const { store, world, trust } = this.#deps;
    const parts = parseApiToken(text.reveal());
    if (parts === undefined) return undefined;
    const token = await store.reader.access.apiToken(parts.keyId);
    const encode = new TextEncoder();
    const shown = encode.encode(this.#hmac(parts.secret));
    const isIts = trust.equal(shown, encode.encode(token?.secretHmac ?? '0'.repeat(shown.length)));
    const nowMs = world.clock.nowMs();
    if (token === undefined || !isIts || apiTokenState(token, nowMs) !== 'usable') return undefined;
    if (nowMs - (token.lastUsedAtMs ?? 0) >= USED_WITHIN_MS) this.#noteUse(token.id, nowMs);
    return { kind: 'api-token', id: token.id, grants: token.grants };
  }

  async list(caller: Caller): Promise<readonly ApiTokenView[]> {
    assertMay(caller, 'access.read');
    const nowMs = this.#deps.world.clock.nowMs();
    return (await this.#deps.store.reader.access.apiTokens()).map((token) => apiTokenView(token, nowMs));
  }

  /** @throws BrambleError `invalid-argument` */
  async create(
    { label, grants, ttlMs }: ApiTokenCreate,
    caller: Caller,
  ): Promise<{ readonly token: Secret; readonly view: ApiTokenView }> {
    assertMay(caller, 'access.manage');
    const { store, world } = this.#deps;
    const { actor } = caller;
    const keyId = renderBase32(world.random.bytes(5), TOKEN_KEY_ID_CHARACTERS);
    const secret = renderBase32(world.random.bytes(20), TOKEN_SECRET_CHARACTERS);
    const atMs = world.clock.nowMs();
    const token: ApiToken = {
      ...{ id: keyId, secretHmac: this.#hmac(secret), label: visible(label, 100), grants: grantsOf(grants) },
      ...{ createdAtMs: atMs, createdBy: actor.name, expiresAtMs: atMs + ttlMs },
      ...{ lastUsedAtMs: undefined, revokedAtMs: undefined },
    };
    await store.transact(async (writer) => {
      if ((await writer.access.apiToken(keyId)) !== undefined) {
        throw new BrambleError('aborted', 'the token’s id is taken', { hint: 'ask again' });
      }
      await writer.access.putApiToken(token);
      const details = { label: token.label, grants: renderGrants(token.grants), expiresAtMs: token.expiresAtMs };
      const base = { atMs, actor, target: `api-token:${keyId}`, site: undefined, outcome: 'done', details } as const;
      await writer.audit.add({ ...base, action: 'api-token.create' });
    });
    return { token: new Secret(renderApiToken({ keyId, secret })), view: apiTokenView(token, atMs) };
  }

  /** Already revoked is success. @throws BrambleError `not-found` */
  async revoke(id: string, caller: Caller): Promise<ApiTokenView> {
    assertMay(caller, 'access.manage');
    const { store, world, changes } = this.#deps;
    const atMs = world.clock.nowMs();
    const revoked = await store.transact(async (writer) => {
      const stored = await writer.access.apiToken(id);
      if (stored === undefined) throw new BrambleError('not-found', `API token ${visible(id, 40)} is not known`);
      if (stored.revokedAtMs !== undefined) return stored;
      const token = { ...stored, revokedAtMs: atMs };
      await writer.access.putApiToken(token);
      const base = { atMs, actor: caller.actor, target: `api-token:${id}`, site: undefined, outcome: 'done' } as const;
      await writer.audit.add({ ...base, action: 'api-token.revoke', details: { label: token.label } });
      return token;
    });
    changes.changed(`api-token:${id}`);
    return apiTokenView(revoked, atMs);
  }

  #noteUse(id: string, nowMs: number): void {
    const { store, world } = this.#deps;
    void store
      .transact(async (writer) => {
        const stored = await writer.access.apiToken(id);
        if (stored === undefined || nowMs - (stored.lastUsedAtMs ?? 0) < USED_WITHIN_MS) return;
        await writer.access.putApiToken({ ...stored, lastUsedAtMs: nowMs });
      })
      .catch((thrown: unknown) => {
        world.log.warn({ err: thrown }, 'that an API token is in use could not be written down');
      });
  }

  #hmac(secret: string): string {
    return renderHex(this.#deps.trust.tokenHmac(new TextEncoder().encode(`bramble-api-token-v1\0${secret}`)));
  }
}

function apiTokenView(token: ApiToken, nowMs: number): ApiTokenView {
  const { id, label, grants, createdAtMs, createdBy, expiresAtMs, lastUsedAtMs } = token;
  const state = apiTokenState(token, nowMs);
  const base = { id, label, grants: grantViews(grants), createdAtMs, createdBy, expiresAtMs, state };
  return lastUsedAtMs === undefined ? base : { ...base, lastUsedAtMs };
}
